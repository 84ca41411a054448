import { createReadStream, readFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { createSha256 } from '@mimirjs/crypto'
import type { StreamTransport } from '@mimirjs/transport'
import { createMemoryNetwork } from '@mimirjs/transport/memory'
import { tcp } from '@mimirjs/transport/tcp'
import { createRandom, faultyStreams } from '@mimirjs/transport/testing'
import { toHex } from '@mimirjs/wire'
import { describe, expect, test } from 'vitest'
import type { OutgoingFile } from '../../src/content.js'
import { countingDisk } from './support/counting-disk.js'
import { filesIn, newFolder } from './support/folders.js'
import { NetworkPerson, type NetworkPersonOptions } from './support/network.js'
import { until } from './support/until.js'
import './support/cleanup.js'

const bytes = createRandom(13).bytes(3_000_000)

const NETWORKS: readonly { name: string; listen: string; make(): StreamTransport }[] = [
  { name: 'memory', listen: 'memory://ann', make: () => createMemoryNetwork().streams },
  { name: 'tcp', listen: 'tcp://127.0.0.1:0', make: () => tcp() },
]

/** Ann listens and has sent a file; Ben has the message and knows where she is. */
async function meet(
  network: (typeof NETWORKS)[number],
  file: OutgoingFile,
  options: { ann?: Partial<NetworkPersonOptions>; ben?: Partial<NetworkPersonOptions> } = {},
) {
  const transport = network.make()
  const ann = new NetworkPerson({ transport, ...options.ann })
  const ben = new NetworkPerson({ transport, ...options.ben })
  const address = await ann.listen(network.listen)
  ben.addresses.set(ann.person.key, address)
  const message = await ann.person.send(ben.person.key, file)
  await ben.person.receive(ann.person.key, message)
  return { ann, ben, message, transport, address, peer: ann.person.key }
}

const errorsOf = (...people: NetworkPerson[]): unknown[] => people.flatMap(({ person }) => person.errors)

describe.each(NETWORKS)('real sessions over $name', (network) => {
  test.each([0, 9, 65_000, 65_537, 3_000_000])('carry a file of %d bytes', async (size) => {
    const expected = bytes.subarray(0, size)
    const { ann, ben, message, peer } = await meet(network, { bytes: expected, name: 'a.bin' })
    const { path } = await ben.person.transfers.download(peer, message.guid)
    expect(Buffer.compare(readFileSync(path), expected)).toBe(0)
    expect(filesIn(join(ben.person.folder, 'files'))).toEqual([])
    if (size > 0) await ann.person.event(({ state }) => state === 'complete')
    expect(errorsOf(ann, ben)).toEqual([])
  })

  test('carry it to one who is not of our kind', async () => {
    const unbound = { peer: { challenges: { bound: false } } }
    const { ben, message, peer } = await meet(network, { bytes, name: 'a.bin' }, { ann: unbound, ben: unbound })
    const { path } = await ben.person.transfers.download(peer, message.guid)
    expect(ben.connections[0]?.extended).toBe(false)
    expect(Buffer.compare(readFileSync(path), bytes)).toBe(0)
  })

  test('carry several files both ways at once', async () => {
    const { ann, ben, peer } = await meet(
      network,
      { bytes, name: 'a.bin' },
      { ben: { limits: { rangeBytes: 300_000 } } },
    )
    const sizes = [100, 70_000, 500_000, 1_000_000]
    const there = await Promise.all(
      sizes.map((size) => ann.person.send(ben.person.key, { bytes: bytes.subarray(0, size), name: 'there' })),
    )
    const back = await Promise.all(
      sizes.map((size) => ben.person.send(ann.person.key, { bytes: bytes.subarray(size), name: 'back' })),
    )
    for (const message of there) await ben.person.receive(ann.person.key, message)
    for (const message of back) await ann.person.receive(ben.person.key, message)
    const files = await Promise.all([
      ...there.map(({ guid }) => ben.person.transfers.download(peer, guid)),
      ...back.map(({ guid }) => ann.person.transfers.download(ben.person.key, guid)),
    ])
    const expected = [...sizes.map((size) => bytes.subarray(0, size)), ...sizes.map((size) => bytes.subarray(size))]
    for (const [index, { path }] of files.entries()) {
      expect(Buffer.compare(readFileSync(path), expected[index]!)).toBe(0)
    }
    expect(errorsOf(ann, ben)).toEqual([])
  })

  test('are cut at any byte, again and again, and the file arrives once, whole', async () => {
    const inner = network.make()
    const bad = faultyStreams(inner, { cutAfterBytes: 500_000, splitBytes: 30_000 }, { seed: 14 })
    let dials = 0
    const dial = bad.dial.bind(bad)
    bad.dial = (...args) => {
      dials++
      return dial(...args)
    }
    const { ann, ben, message, peer } = await meet(
      { ...network, make: () => inner },
      { bytes, name: 'a.bin' },
      { ben: { transport: bad, limits: { rangeBytes: 400_000 } } },
    )
    const { path } = await ben.person.transfers.download(peer, message.guid)
    expect(Buffer.compare(readFileSync(path), bytes)).toBe(0)
    expect(filesIn(join(ben.person.folder, 'downloads'))).toEqual(['a.bin'])
    expect(errorsOf(ann, ben)).toEqual([])
    // It really broke, and it really went on.
    expect(dials).toBeGreaterThan(6)
    const progress = ben.person.events.filter(({ state }) => state === 'progress').map(({ doneBytes }) => doneBytes)
    expect(progress).toEqual([...progress].sort((a, b) => a - b))
  })

  test('end with the process of the receiver, whose next one goes on', async () => {
    const inner = network.make()
    const slow = faultyStreams(inner, { bytesPerSecond: 4_000_000 }, { seed: 17 })
    const { ann, ben, message, transport, address, peer } = await meet(
      { ...network, make: () => inner },
      { bytes, name: 'a.bin' },
      { ben: { transport: slow, limits: { rangeBytes: 300_000, countMs: 0 } } },
    )
    const closed = expect(ben.person.transfers.download(peer, message.guid)).rejects.toMatchObject({ code: 'closed' })
    await ben.person.event(({ doneBytes }) => doneBytes > 0)
    await until(async () => ((await ben.person.store.file(peer, false, message.guid))?.doneBytes ?? 0) > 0)
    await ben.close()
    await closed
    const { doneBytes } = (await ben.person.store.file(peer, false, message.guid))!
    const again = new NetworkPerson({
      transport,
      signer: ben.signer,
      store: ben.person.store,
      folder: ben.person.folder,
    })
    again.addresses.set(peer, address)
    await again.person.transfers.start()
    const { path = '' } = await again.person.event(({ state }) => state === 'complete')
    expect(Buffer.compare(readFileSync(path), bytes)).toBe(0)
    const first = again.person.events.find(({ state }) => state === 'progress')
    expect(first?.doneBytes ?? doneBytes + 1).toBeGreaterThan(doneBytes)
    expect(errorsOf(ann, ben, again)).toEqual([])
  })

  test('end with the process of the sender, whose next one goes on', async () => {
    const { ann, ben, message, transport, peer } = await meet(
      network,
      { bytes, name: 'a.bin' },
      { ben: { limits: { rangeBytes: 300_000 } } },
    )
    const done = ben.person.transfers.download(peer, message.guid)
    await ben.person.event(({ doneBytes }) => doneBytes > 0)
    await ann.close()
    const again = new NetworkPerson({
      transport,
      signer: ann.signer,
      store: ann.person.store,
      folder: ann.person.folder,
    })
    await again.person.transfers.start()
    ben.addresses.set(peer, await again.listen(network.listen === 'memory://ann' ? 'memory://again' : network.listen))
    const { path } = await done
    expect(Buffer.compare(readFileSync(path), bytes)).toBe(0)
    expect(errorsOf(ann, ben, again)).toEqual([])
  })

  test('are paused and go on, without a second connection', async () => {
    const { ben, message, peer } = await meet(
      network,
      { bytes, name: 'a.bin' },
      { ben: { limits: { rangeBytes: 1_000_000 } } },
    )
    const done = ben.person.transfers.download(peer, message.guid)
    const aborted = expect(done).rejects.toMatchObject({ code: 'aborted' })
    await ben.person.event(({ doneBytes }) => doneBytes > 0)
    await ben.person.transfers.pause(peer, message.guid)
    await aborted
    const [connection] = ben.connections
    const { path } = await ben.person.transfers.download(peer, message.guid)
    expect(Buffer.compare(readFileSync(path), bytes)).toBe(0)
    expect(ben.connections).toEqual([connection])
  })
})

describe.each(NETWORKS)('fifty megabytes over $name', (network) => {
  test.each([
    ['our kind', true],
    ['an original', false],
  ])('to %s pass through little memory', { timeout: 60_000 }, async (_, bound) => {
    const source = join(newFolder(), 'large.bin')
    const expected = await writeLarge(source, 50)
    const peer = { challenges: { bound } }
    const [from, to] = [countingDisk(), countingDisk()]
    const met = await meet(network, { path: source }, { ann: { peer, disk: from }, ben: { peer, disk: to } })
    from.readBytes = 0
    let most = 0
    // What was read here and is not written there yet is in somebody's memory: ours, or the system's for its sockets.
    from.onMoved = () => {
      most = Math.max(most, from.readBytes - to.writtenBytes)
    }
    const { path } = await met.ben.person.transfers.download(met.peer, met.message.guid)
    const got = createSha256()
    for await (const piece of createReadStream(path)) got.update(piece as Uint8Array)
    expect(toHex(got.digest())).toBe(expected)
    expect(from.readBytes).toBe(50 * 1_048_576)
    expect(most).toBeLessThan((network.name === 'memory' ? 3 : 16) * 1_048_576)
  })
})

/** @returns its SHA-256 */
async function writeLarge(path: string, megabytes: number): Promise<string> {
  const sha256 = createSha256()
  const piece = createRandom(15).bytes(1_048_576)
  const file = await open(path, 'wx')
  for (let megabyte = 0; megabyte < megabytes; megabyte++) {
    piece[0] = megabyte
    sha256.update(piece)
    await file.write(piece)
  }
  await file.close()
  return toHex(sha256.digest())
}
