// Keys of a session change at the first packets and then every minute, while packets go both ways and none is lost.
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { startGo, startOurs } from './support/members.js'

/** More than the minute after which keys may change again. */
const DURATION_MS = 66_000
const PAUSE_MS = 40

test('a minute and more: both change their keys, and every packet comes back', {
  timeout: 2 * DURATION_MS,
}, async () => {
  const go = await startGo({ listen: ['tcp://127.0.0.1:0'] })
  const ours = await startOurs({ peers: [...go.listening] })
  const theirs = await startGo({ peers: [...go.listening] })
  expect((await ours.ping([go.key, theirs.key], 20_000)).size).toBe(2)
  await go.node.setMode('echo')
  ours.traffic.setMode('echo')
  const endMs = performance.now() + DURATION_MS
  const keySeqs = (): [number, number] => {
    const [session] = ours.node.sessions().filter(({ publicKey }) => Buffer.compare(publicKey, go.key) === 0)
    return [session?.localKeySeq ?? 0, session?.remoteKeySeq ?? 0]
  }
  const packets = { count: 5, minBytes: 8, maxBytes: 3000, windowBytes: 8192, stallMs: 5000 }
  const whole = { sent: packets.count, returned: packets.count, lost: 0, wrong: 0 }
  let early: [number, number] | undefined
  for (let round = 0; performance.now() < endMs; round++) {
    // Ours to one of theirs, and the other of theirs to ours.
    expect(await ours.traffic.echo(go.key, { ...packets, seed: round })).toMatchObject(whole)
    expect(await theirs.node.echo(ours.key, { ...packets, seed: round })).toMatchObject(whole)
    if (round === 10) early = keySeqs()
    await sleep(PAUSE_MS)
  }
  const [local, remote] = keySeqs()
  expect(early).toBeDefined()
  expect(local).toBeGreaterThan(early?.[0] ?? local)
  expect(remote).toBeGreaterThan(early?.[1] ?? remote)
})
