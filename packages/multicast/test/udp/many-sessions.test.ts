import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createClock } from '@mimirjs/transport/testing'
import { expect, onTestFinished, test } from 'vitest'
import { MulticastNode, type MulticastNodeOptions, type MulticastSession } from '../../src/index.js'
import { multicastUdp } from '../../src/udp.js'
import { signer } from '../node/support.js'
import { LOOPBACK } from './support.js'

setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc') as () => void

const SESSIONS = 2000
/** What one session may cost with both its ends, after one request: some 11 kB on a 64-bit machine. */
const MOST_BYTES_PER_SESSION = 16_000
/** What may be left when all have idled out: the list of finished ones, and what the engine keeps of its code. */
const MOST_BYTES_LEFT = 3_000_000
const IDLE_MS = 600_000

/** Of both ends, so that each may have so many, from one key and one host, as fast as it goes. */
const limits = {
  sessions: SESSIONS,
  sessionsPerPeer: SESSIONS,
  halfOpenPerPeer: SESSIONS,
  signaturesPerSecond: 100_000,
  signaturesPerSourcePerSecond: 100_000,
  signaturesPerSourceBurst: 100_000,
  responsesPerPeerPerSecond: 100_000,
}

function usedBytes(): number {
  gc()
  gc()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

test('two thousand sessions on one socket: bounded memory for each, none when they have idled out', async () => {
  const clock = createClock(1_000_000)
  const open = async (number: number, options: Partial<MulticastNodeOptions> = {}): Promise<MulticastNode> => {
    const node = await MulticastNode.open({
      signer: signer(number),
      network: multicastUdp(),
      interface: LOOPBACK,
      group: 'ipv4',
      port: 0,
      joinDelayMs: 0,
      limits,
      clock,
      ...options,
    })
    onTestFinished(() => node.close())
    return node
  }
  const [a, b] = [await open(1), await open(2, { policy: 'anybody' })]
  b.answer((payload) => payload)
  const exchange = async (session: MulticastSession): Promise<void> => {
    const [answer] = await session.request(Uint8Array.of(7))
    if (answer !== 7) throw new Error('another answer')
  }
  const openMany = async (count: number): Promise<MulticastSession[]> => {
    const sessions: MulticastSession[] = []
    while (sessions.length < count) {
      // Few at a time: what overflows the buffer of the socket waits for a clock that stands still.
      const opening = Array.from({ length: Math.min(25, count - sessions.length) }, () => a.connect(b.address))
      const batch = await Promise.all(opening)
      await Promise.all(batch.map(exchange))
      sessions.push(...batch)
    }
    return sessions
  }
  const idleOut = async (): Promise<void> => {
    clock.advance(IDLE_MS)
    await expect.poll(() => [a.counters.sessions, b.counters.sessions]).toEqual([0, 0])
  }
  // Everything has run once: what the engine makes of code and its caches do not count.
  await openMany(300)
  await idleOut()

  const beforeBytes = usedBytes()
  const sessions = await openMany(SESSIONS)
  expect(a.counters).toMatchObject({ sessions: SESSIONS })
  expect(b.counters).toMatchObject({ sessions: SESSIONS, 'drop:limit': 0, 'drop:rate': 0 })
  const perSession = (usedBytes() - beforeBytes) / SESSIONS
  expect(perSession).toBeLessThan(MOST_BYTES_PER_SESSION)

  // All of them are in use, whichever it is.
  for (let index = 0; index < SESSIONS; index += 97) await exchange(sessions[index] as MulticastSession)
  sessions.length = 0
  await idleOut()
  expect(a.sessions).toEqual([])
  expect(usedBytes() - beforeBytes).toBeLessThan(MOST_BYTES_LEFT)
})
