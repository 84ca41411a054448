import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { createRandom } from '@mimirjs/transport/testing'
import { udp } from '@mimirjs/transport/udp'
import { decodeResponse } from '@mimirjs/wire/tracker'
import { afterAll, expect, test } from 'vitest'
import { announce, getAddrs, openClient } from './support.js'

const folder = mkdtempSync(path.join(tmpdir(), 'mimir-tracker-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function startChild(store: string): Promise<{ child: ChildProcess; address: string; records: number }> {
  const child = fork(fileURLToPath(new URL('kill-child.ts', import.meta.url)), [store], {
    execArgv: ['--conditions=mimir:source', '--import', 'tsx'],
  })
  const [ready] = (await once(child, 'message')) as [{ address: string; records: number }]
  return { child, ...ready }
}

test('whoever was acknowledged is found after a SIGKILL', { timeout: 60_000 }, async () => {
  const store = path.join(folder, 'tracker.sqlite')
  const random = createRandom(64)
  const acknowledged = new Set<number>()
  let user = 0
  for (let round = 0; round < 3; round++) {
    const { child, address, records } = await startChild(store)
    expect(records).toBeGreaterThanOrEqual(acknowledged.size)
    const client = await openClient(udp(), 'udp://127.0.0.1:0', address)
    const first = user
    const nextKill = 20 + random.integer(60)
    // Many at once, so that the kill falls between a commit and its answers, or between two commits.
    for (let sent = 0; sent < 100; sent++) client.send(announce(user, { nonce: user++ }))
    for (let count = 0; count < nextKill; count++) {
      const answer = decodeResponse(await client.next())
      expect(answer).toMatchObject({ command: 'announce', ttlSeconds: 600n })
      acknowledged.add(answer.nonce)
    }
    child.kill('SIGKILL')
    await once(child, 'exit')
    for (const bytes of client.received) acknowledged.add(decodeResponse(bytes).nonce)
    expect([...acknowledged].filter((nonce) => nonce >= first).length).toBeGreaterThanOrEqual(nextKill)
    await client.close()
  }
  const { child, address } = await startChild(store)
  const client = await openClient(udp(), 'udp://127.0.0.1:0', address)
  for (const one of acknowledged) {
    expect(await client.ask(getAddrs(one))).toMatchObject({ command: 'getAddrs', records: [{ clientId: 77 }] })
  }
  await client.close()
  // A tracker that is closed leaves nothing behind that keeps its process alive.
  child.send('close')
  const [code] = (await once(child, 'exit')) as [number]
  expect(code).toBe(0)
})
