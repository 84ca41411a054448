import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { createRandom } from '@mimirjs/transport/testing'
import { udp } from '@mimirjs/transport/udp'
import { decodeResponse, decodeTrackerResponse } from '@mimirjs/wire/tracker'
import { afterAll, expect, test } from 'vitest'
import { overUdp } from './kill-overlay.js'
import { announce, type Client, getAddrs, openClient } from './support.js'
import { announceNode, getNodes, nodeKeyOf } from './support-current.js'

const folder = mkdtempSync(path.join(tmpdir(), 'mimir-tracker-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** What differs between the generations here. */
interface Spoken {
  readonly ttlSeconds: bigint
  /** Kills. Each start of a process takes its time. */
  readonly rounds: number
  connect(address: string): Promise<Client>
  announce(user: number): Uint8Array
  /** Nonce, which is the user, and the time granted. */
  acknowledged(bytes: Uint8Array): { readonly nonce: number; readonly ttlSeconds: bigint }
  getAddrs(user: number): Uint8Array
  clientIds(bytes: Uint8Array): number[]
}

const SPOKEN: Readonly<Record<'classic' | 'current', Spoken>> = {
  classic: {
    ttlSeconds: 600n,
    rounds: 3,
    connect: (address) => openClient(udp(), 'udp://127.0.0.1:0', address),
    announce: (user) => announce(user, { nonce: user }),
    acknowledged(bytes) {
      const answer = decodeResponse(bytes)
      if (answer.command !== 'announce') throw new Error('expected an acknowledgement')
      return answer
    },
    getAddrs: (user) => getAddrs(user),
    clientIds(bytes) {
      const answer = decodeResponse(bytes)
      return answer.command === 'getAddrs' ? answer.records.map(({ clientId }) => clientId) : []
    },
  },
  current: {
    ttlSeconds: 240n,
    rounds: 2,
    connect: (address) => {
      const [, key, port] = /^ygg:\/\/(\w+):(\d+)$/.exec(address)!
      const transport = overUdp(nodeKeyOf(2), new Map([[key!, `udp://127.0.0.1:${port}`]]))
      return openClient(transport, 'ygg://[::]:69', `ygg://${key}:69`)
    },
    announce: (user) => announceNode(user, user, { nonce: user }),
    acknowledged: (bytes) => decodeTrackerResponse('v2', 'announce', bytes),
    getAddrs: (user) => getNodes(user),
    clientIds: (bytes) => decodeTrackerResponse('v2', 'getAddrs', bytes).records.map(({ clientId }) => clientId),
  },
}

async function startChild(
  store: string,
  generation: string,
): Promise<{ child: ChildProcess; address: string; records: number }> {
  const child = fork(fileURLToPath(new URL('kill-child.ts', import.meta.url)), [store, generation], {
    execArgv: ['--conditions=mimir:source', '--import', 'tsx'],
  })
  const [ready] = (await once(child, 'message')) as [{ address: string; records: number }]
  return { child, ...ready }
}

test.concurrent.each(['classic', 'current'] as const)(
  'whoever was acknowledged is found after a SIGKILL (%s)',
  { timeout: 120_000 },
  async (generation) => {
    const spoken = SPOKEN[generation]
    const store = path.join(folder, `${generation}.sqlite`)
    const random = createRandom(64)
    const acknowledged = new Set<number>()
    let user = 0
    for (let round = 0; round < spoken.rounds; round++) {
      const { child, address, records } = await startChild(store, generation)
      expect(records).toBeGreaterThanOrEqual(acknowledged.size)
      const client = await spoken.connect(address)
      const first = user
      const nextKill = 20 + random.integer(60)
      // Many at once, so that the kill falls between a commit and its answers, or between two commits.
      for (let sent = 0; sent < 100; sent++) client.send(spoken.announce(user++))
      for (let count = 0; count < nextKill; count++) {
        const { nonce, ttlSeconds } = spoken.acknowledged(await client.next())
        expect(ttlSeconds).toBe(spoken.ttlSeconds)
        acknowledged.add(nonce)
      }
      child.kill('SIGKILL')
      await once(child, 'exit')
      for (const bytes of client.received) acknowledged.add(spoken.acknowledged(bytes).nonce)
      expect([...acknowledged].filter((nonce) => nonce >= first).length).toBeGreaterThanOrEqual(nextKill)
      await client.close()
    }
    const { child, address } = await startChild(store, generation)
    const client = await spoken.connect(address)
    for (const one of acknowledged) {
      client.send(spoken.getAddrs(one))
      expect(spoken.clientIds(await client.next())).toEqual([77])
    }
    await client.close()
    // A tracker that is closed leaves nothing behind that keeps its process alive.
    child.send('close')
    const [code] = (await once(child, 'exit')) as [number]
    expect(code).toBe(0)
  },
)
