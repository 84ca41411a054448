import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createSigner, generateSeed } from '@mimirjs/crypto'
import { steadyClock, Transports } from '@mimirjs/transport'
import { tcp } from '@mimirjs/transport/tcp'
import { createRandom } from '@mimirjs/transport/testing'
import { fromHex, toHex } from '@mimirjs/wire'
import { MessageType } from '@mimirjs/wire/peer'
import { afterEach, describe, expect, test } from 'vitest'
import { FileServerClient } from '../../src/file-server/client.js'
import { FAULT_POINTS, type FaultPoint } from '../../src/files/faults.js'
import { createMemoryStore } from '../../src/store-memory.js'
import { openSqliteStore } from '../../src/store-sqlite.js'
import { createNet } from '../support/file-server.js'
import type { CrashOptions, CrashReport } from './support/crashing.js'
import { filesIn, newFolder } from './support/folders.js'
import { leftovers } from './support/leftovers.js'
import { NetworkPerson, type NetworkPersonOptions } from './support/network.js'
import { until } from './support/until.js'
import './support/cleanup.js'

// A real process dies exactly at each step, by SIGKILL; then its folder is opened again, here.

const PROGRAM = fileURLToPath(new URL('./support/crashing.ts', import.meta.url))
const SERVER = '5e'.repeat(32)
const bytes = createRandom(16).bytes(1_200_000)
const children: ChildProcess[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

/** @returns what it told before it died */
async function runUntilItDies(
  options: CrashOptions,
  onReport: (report: CrashReport) => void = () => {},
): Promise<CrashReport[]> {
  const child = fork(PROGRAM, [JSON.stringify(options)], {
    execArgv: ['--conditions=mimir:source', '--import', 'tsx'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  children.push(child)
  const reports: CrashReport[] = []
  child.on('message', (report: CrashReport) => {
    reports.push(report)
    onReport(report)
  })
  const [, signal] = (await once(child, 'exit')) as [number, string]
  expect(signal).toBe('SIGKILL')
  return reports
}

function reopen(seed: string, folder: string, options: Partial<NetworkPersonOptions> = {}): NetworkPerson {
  const store = openSqliteStore(join(folder, 'messenger.sqlite'))
  leftovers.push(() => store.close())
  return new NetworkPerson({ transport: tcp(), signer: createSigner(fromHex(seed)), store, folder, ...options })
}

const RECEIVING: readonly FaultPoint[] = [
  'wanted',
  'part-named',
  'part-synced',
  'part-counted',
  'verified',
  'claimed',
  'landed',
  'completed',
]
const SENDING: readonly FaultPoint[] = ['staged', 'upload-starting', 'uploaded', 'prepared', 'serving']

test('every step is one of those below', () => {
  expect([...RECEIVING, ...SENDING].sort()).toEqual([...FAULT_POINTS].sort())
})

describe('a receiver that dies', { timeout: 60_000 }, () => {
  test.each(RECEIVING)('at %s has the file once, whole, after it came back', async (point) => {
    const ann = new NetworkPerson({ transport: tcp() })
    const address = await ann.listen('tcp://127.0.0.1:0')
    const seed = toHex(generateSeed())
    const folder = newFolder()
    const ben = toHex(createSigner(fromHex(seed)).publicKey)
    const { guid, payload } = await ann.person.send(ben, { bytes, name: 'report.pdf' })
    const peer = ann.person.key
    await runUntilItDies({
      folder,
      seed,
      point,
      passes: 0,
      other: { peer, address },
      message: { guid: String(guid), payload: toHex(payload) },
    })

    const again = reopen(seed, folder)
    again.addresses.set(peer, address)
    const before = (await again.person.store.file(peer, false, guid))!
    await again.person.transfers.start()
    if (before.state === 'wanted') await again.person.event(({ state }) => state === 'complete')
    expect(before.state).toBe(point === 'completed' ? 'complete' : 'wanted')
    expect(filesIn(join(folder, 'downloads'))).toEqual(['report.pdf'])
    expect(Buffer.compare(readFileSync(join(folder, 'downloads', 'report.pdf')), bytes)).toBe(0)
    await until(() => filesIn(join(folder, 'files')).length === 0)
    expect(await again.person.store.file(peer, false, guid)).toMatchObject({
      state: 'complete',
      path: 'downloads/report.pdf',
      partPath: '',
    })
    // What was counted is not fetched again, and what was whole needs nobody.
    if (point === 'part-counted') expect(before.doneBytes).toBeGreaterThan(0)
    const first = again.person.events[0]
    if (before.state === 'complete') expect(first).toBeUndefined()
    else if (before.doneBytes === bytes.length) expect(first?.state).toBe('complete')
    else if (before.doneBytes > 0) expect(first?.doneBytes).toBeGreaterThanOrEqual(before.doneBytes)
    expect(again.person.errors).toEqual([])
    await again.close()
  })
})

describe('a sender that dies', { timeout: 60_000 }, () => {
  const write = (): string => {
    const path = join(newFolder(), 'report.pdf')
    writeFileSync(path, bytes)
    return path
  }

  test('when the copy is there and the message is not has promised nothing, and nothing is left of it', async () => {
    const seed = toHex(generateSeed())
    const folder = newFolder()
    const other = { peer: 'ab'.repeat(32), address: 'tcp://127.0.0.1:1' }
    const reports = await runUntilItDies({ folder, seed, point: 'staged', passes: 0, other, path: write() })
    expect(reports.map(({ event }) => event)).toEqual(['listening'])
    expect(filesIn(join(folder, 'files', 'out'))).toHaveLength(1)
    const again = reopen(seed, folder)
    await again.person.transfers.start()
    expect(filesIn(join(folder, 'files'))).toEqual([])
    expect(await again.person.store.counts()).toMatchObject({ messages: 0 })
    await again.close()
  })

  test.each(['upload-starting', 'uploaded', 'prepared'] as const)(
    'at %s uploads the same bytes once',
    async (point) => {
      const net = createNet('tcp')
      const server = await net.server()
      const seed = toHex(generateSeed())
      const folder = newFolder()
      const peer = 'ab'.repeat(32)
      await runUntilItDies({
        folder,
        seed,
        point,
        passes: 0,
        other: { peer, address: 'tcp://127.0.0.1:1' },
        path: write(),
        fileServer: { key: SERVER, address: server.address },
      })
      const again = reopen(seed, folder, { fileServer: SERVER, connectFileServer: () => net.client(server) })
      const [message] = await again.person.store.history(peer, { limit: 9 })
      // Nothing was promised unless the message is there; it was committed with its key and hash.
      const guid = message!.guid
      const before = (await again.person.store.file(peer, true, guid))!
      expect(message?.state).toBe(point === 'prepared' ? 'stored' : 'preparing')
      expect(before.state).toBe(point === 'prepared' ? 'offered' : 'preparing')
      await again.person.transfers.start()
      await until(async () => (await again.person.store.message(peer, guid, true))?.state === 'stored')
      const after = (await again.person.store.file(peer, true, guid))!
      expect(after).toMatchObject({ state: 'offered', hash: before.hash, key: before.key, server: SERVER })
      const stored = filesIn(server.folder).filter((name) => !name.endsWith('.meta'))
      expect(stored).toEqual([expect.stringMatching(new RegExp(`${before.hash}$`))])

      const ben = new NetworkPerson({
        transport: tcp(),
        fileServer: SERVER,
        connectFileServer: () =>
          new FileServerClient({
            dial: (signal) => new Transports([tcp()]).dial(server.address, { signal }),
            signer: createSigner(generateSeed()),
            clock: steadyClock,
          }),
      })
      await ben.person.receive(again.person.key, (await again.person.store.message(peer, guid, true))!)
      const { path } = await ben.person.transfers.download(again.person.key, guid)
      expect(Buffer.compare(readFileSync(path), bytes)).toBe(0)
      await again.close()
    },
  )

  test('while it sends the file goes on when it is back', async () => {
    const seed = toHex(generateSeed())
    const folder = newFolder()
    const ann = toHex(createSigner(fromHex(seed)).publicKey)
    const ben = new NetworkPerson({ transport: tcp(), store: createMemoryStore(), limits: { rangeBytes: 300_000 } })
    let download: Promise<{ path: string }> | undefined
    await runUntilItDies(
      {
        folder,
        seed,
        point: 'serving',
        passes: 2,
        other: { peer: ben.person.key, address: 'tcp://127.0.0.1:1' },
        path: write(),
      },
      (report) => {
        if (report.event === 'listening') ben.addresses.set(ann, report.address)
        else {
          const message = { guid: BigInt(report.guid), payload: fromHex(report.payload), messageType: MessageType.file }
          download = ben.person.receive(ann, message).then(() => ben.person.transfers.download(ann, message.guid))
        }
      },
    )
    const again = reopen(seed, folder)
    await again.person.transfers.start()
    ben.addresses.set(ann, await again.listen('tcp://127.0.0.1:0'))
    const { path } = (await download)!
    expect(Buffer.compare(readFileSync(path), bytes)).toBe(0)
    const progress = ben.person.events.filter(({ state }) => state === 'progress').map(({ doneBytes }) => doneBytes)
    expect(progress).toEqual([...progress].sort((a, b) => a - b))
    await again.close()
  })
})
