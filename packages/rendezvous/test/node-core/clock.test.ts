// The clocks of the system, the one that somebody may set and the steady one, as nodes take them that are given none.
import { createSigner } from '@mimirjs/crypto'
import { steadyClock } from '@mimirjs/transport'
import { createRandom } from '@mimirjs/transport/testing'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { RendezvousNode, type RendezvousNodeOptions } from '../../src/index.js'
import { createMemoryRendezvous, type MemoryRendezvous } from '../../src/testing/index.js'
import { OPEN_DOOR } from '../support/node-world.js'

const HOUR_MS = 3_600_000

const nodes: RendezvousNode[] = []

beforeEach(() => {
  vi.useFakeTimers({ now: 1_700_000_000_000, toFake: ['Date', 'performance', 'setTimeout', 'clearTimeout'] })
})
afterEach(async () => {
  const closing = Promise.all(nodes.splice(0).map((node) => node.close()))
  await pass(10_000)
  await closing
  vi.useRealTimers()
})

/** Somebody sets the clock; no time passes. @param byMs - from what is right, and what it showed at first */
function setClock(byMs: number): void {
  vi.setSystemTime(steadyClock.nowMs() + byMs)
}

async function pass(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms)
}

/** Logged in everywhere. */
async function online(
  { platform, urls }: MemoryRendezvous,
  fill: number,
  options: Partial<RendezvousNodeOptions> = {},
): Promise<RendezvousNode> {
  const signer = createSigner(new Uint8Array(32).fill(fill))
  const node = await RendezvousNode.open({ signer, platform, servers: urls, ...options })
  nodes.push(node)
  await pass(100)
  expect(node.servers().map(({ state }) => state)).toEqual(urls.map(() => 'ready'))
  return node
}

describe.each([
  ['back', -HOUR_MS],
  ['ahead', HOUR_MS],
])('the clock is set %s by an hour', (_, byMs) => {
  test('while a server is waited for: it is dialled as soon as if it had not been', async () => {
    const memory = createMemoryRendezvous()
    const [server] = memory.servers
    const ann = await online(memory, 1)
    server?.stop()
    await pass(10_000)
    setClock(byMs)
    const { state, retryAtMs = 0 } = ann.servers()[0] ?? {}
    expect(state).toBe('waiting')
    expect(retryAtMs - Date.now()).toBeLessThan(300_000)
    server?.start()
    await pass(retryAtMs - Date.now() + 100)
    expect(ann.servers()).toMatchObject([{ state: 'ready' }])
  })

  test('while a link is open whose other side has vanished: that is noticed', async () => {
    const memory = createMemoryRendezvous()
    const [ann, ben] = [await online(memory, 1), await online(memory, 2, OPEN_DOOR)]
    const connecting = ann.connect(ben.publicKey)
    await pass(100)
    const link = await connecting
    memory.rtc.setReachable(false)
    memory.rtc.disturb()
    await pass(1000)
    setClock(byMs)
    await pass(70_000)
    expect([link.state, link.closeCode]).toEqual(['closed', 'lost'])
  })
})

test('a date that was told stays the same while nobody sets the clock, however the two clocks tick', async () => {
  const memory = createMemoryRendezvous()
  const [ann, ben] = [await online(memory, 1), await online(memory, 2)]
  const told: number[] = []
  ben.on('knock', ({ expiresMs }) => told.push(expiresMs))
  void ann.connect(ben.publicKey).catch(() => {})
  await pass(100)
  for (const byMs of [-1, 1, -900, 900]) {
    setClock(byMs)
    told.push(...ben.knocks().map(({ expiresMs }) => expiresMs))
  }
  expect(new Set(told).size).toBe(1)
  expect(told).toHaveLength(5)
  setClock(1001)
  expect(ben.knocks()).toMatchObject([{ expiresMs: (told[0] ?? 0) + 1001 }])
})

test.each([1, 2, 3, 4, 5, 6, 7, 8])('people meet and stay together while the clock jumps, seed %i', async (seed) => {
  const random = createRandom(seed)
  const memory = createMemoryRendezvous({ servers: 2 })
  const [ann, ben] = [await online(memory, 1), await online(memory, 2)]
  const left: unknown[] = []
  for (const node of [ann, ben]) node.on('server', ({ state }) => state === 'ready' || left.push(state))
  /** Some time, in which the clock is set now and then. */
  const jumpAround = async (totalMs: number): Promise<void> => {
    for (let ms = 0; ms < totalMs; ms += totalMs / 5) {
      // Not before it was opened: its words would be of the future.
      setClock(random.chance(0.5) ? 0 : random.integer(48 * HOUR_MS))
      await pass(totalMs / 5)
    }
  }
  await jumpAround(random.integer(600_000))
  const connecting = ann.connect(ben.publicKey)
  await pass(100)
  await jumpAround(random.integer(100_000))
  const [knock] = ben.knocks()
  expect((knock?.expiresMs ?? 0) - Date.now()).toBeGreaterThan(0)
  expect((knock?.expiresMs ?? 0) - Date.now()).toBeLessThanOrEqual(120_000)
  ben.accept(ann.publicKey)
  await pass(100)
  const link = await connecting
  await jumpAround(random.integer(1_200_000))
  const sending = link.sendChat('still there?')
  await pass(100)
  await sending
  expect([link.state, ben.links().length, left]).toEqual(['open', 1, []])
})
