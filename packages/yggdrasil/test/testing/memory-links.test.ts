import { createSigner } from '@mimirjs/crypto'
import { createClock, createRandom, type ManualClock } from '@mimirjs/transport/testing'
import { describe, expect, test } from 'vitest'
import { isYggdrasilError, type YggdrasilError } from '../../src/error.js'
import { DEFAULT_LIMITS } from '../../src/limits.js'
import { Links } from '../../src/links/links.js'
import type { Link, ListenHandlers, RawLink } from '../../src/links/types.js'
import { parsePeerUri } from '../../src/links/uri.js'
import { type MemoryLinks, memoryLinks } from '../../src/testing/index.js'

/** One end of a connection, and everything that it was told. */
class End {
  readonly raw: RawLink
  readonly #clock: ManualClock
  readonly arrivals: { atMs: number; bytes: number[] }[] = []
  drains = 0
  ends: (YggdrasilError | undefined)[] = []

  constructor(raw: RawLink, clock: ManualClock) {
    this.raw = raw
    this.#clock = clock
  }

  start(): this {
    this.raw.start({
      data: (chunk) => void this.arrivals.push({ atMs: this.#clock.nowMs(), bytes: [...chunk] }),
      drain: () => void this.drains++,
      closed: (error) => void this.ends.push(error),
    })
    return this
  }

  get bytes(): number[] {
    return this.arrivals.flatMap(({ bytes }) => bytes)
  }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve()
}

async function connect(options: { delayMs?: number; jitterMs?: number; seed?: number } = {}) {
  const clock = createClock()
  const links = memoryLinks({ clock, ...options })
  let far: RawLink | undefined
  const handlers: ListenHandlers = {
    admit: () => ({ release() {} }),
    link: (raw) => void (far = raw),
    failed() {},
  }
  await links.driver('a').listen?.(parsePeerUri('memory://a', 'listen'), handlers)
  const near = await dial(links, clock)
  if (far === undefined) throw new Error('nobody was told')
  return { clock, links, near: new End(near, clock).start(), far: new End(far, clock).start() }
}

async function dial(links: MemoryLinks, clock: ManualClock, signal = new AbortController().signal): Promise<RawLink> {
  const dialled = links.driver('b').dial(parsePeerUri('memory://a', 'dial'), signal, 1000)
  dialled.catch(() => {})
  clock.advance(1000)
  return dialled
}

async function codeOf(work: Promise<unknown> | undefined): Promise<string | undefined> {
  try {
    await work
  } catch (error) {
    if (isYggdrasilError(error)) return error.code
    throw error
  }
  return undefined
}

describe('a connection in memory', () => {
  test('carries bytes both ways, so late as it was told, and as they were when written', async () => {
    const { clock, near, far } = await connect({ delayMs: 7 })
    const startMs = clock.nowMs()
    const bytes = Uint8Array.of(1, 2, 3)
    expect(near.raw.write(bytes)).toBe('sent')
    bytes.fill(9)
    far.raw.write(Uint8Array.of(4))
    clock.advance(6)
    expect([near.bytes, far.bytes]).toEqual([[], []])
    clock.advance(1)
    expect(far.arrivals).toEqual([{ atMs: startMs + 7, bytes: [1, 2, 3] }])
    expect(near.bytes).toEqual([4])
  })

  test('keeps the order however the delays fall, and the same seed gives the same delays', async () => {
    const run = async (seed: number) => {
      const { clock, near, far } = await connect({ delayMs: 1, jitterMs: 50, seed })
      for (let number = 0; number < 50; number++) {
        near.raw.write(Uint8Array.of(number))
        clock.advance(1)
      }
      clock.advance(100)
      expect(far.bytes).toEqual(Array.from({ length: 50 }, (_, at) => at))
      return far.arrivals.map(({ atMs }) => atMs)
    }
    expect(await run(1)).toEqual(await run(1))
    expect(await run(1)).not.toEqual(await run(2))
  })

  test('ends in order: everything that was written arrives first', async () => {
    const { clock, near, far } = await connect()
    near.raw.write(Uint8Array.of(1))
    near.raw.close()
    near.raw.write(Uint8Array.of(2))
    expect(near.ends).toEqual([])
    clock.advance(10)
    expect(far.bytes).toEqual([1])
    expect([near.ends, far.ends]).toEqual([[undefined], [undefined]])
    far.raw.close()
    clock.advance(10)
    expect(far.ends).toHaveLength(1)
  })

  test('can be cut, and not dialled again until it is restored', async () => {
    const { clock, links, near, far } = await connect()
    expect(links.count('a', 'b')).toBe(1)
    near.raw.write(Uint8Array.of(1))
    links.cut('b', 'a')
    expect(links.count('a', 'b')).toBe(0)
    clock.advance(10)
    expect(far.bytes).toEqual([])
    expect([near.ends, far.ends].map(([error]) => error?.code)).toEqual(['link', 'link'])
    expect(await codeOf(dial(links, clock))).toBe('refused')
    links.restore('a', 'b')
    expect(await codeOf(dial(links, clock))).toBeUndefined()
  })

  test('asks to wait when much is on its way', async () => {
    const { clock, near, far } = await connect()
    const chunk = new Uint8Array(100_000)
    expect([1, 2, 3, 4].map(() => near.raw.write(chunk))).toEqual(['sent', 'sent', 'full', 'full'])
    clock.advance(10)
    expect(far.bytes).toHaveLength(400_000)
    expect(near.drains).toBe(1)
    expect(near.raw.write(chunk)).toBe('sent')
  })

  test('holds what arrives while the reader pauses, the end too', async () => {
    const { clock, near, far } = await connect()
    far.raw.pause()
    near.raw.write(Uint8Array.of(1))
    near.raw.close()
    clock.advance(10)
    expect([far.bytes, far.ends]).toEqual([[], []])
    far.raw.resume()
    expect(far.bytes).toEqual([])
    clock.advance(0)
    expect([far.bytes, far.ends]).toEqual([[1], [undefined]])
  })

  test('to where nobody listens is refused, and given up when it is not wanted any more', async () => {
    const clock = createClock()
    const links = memoryLinks({ clock })
    expect(await codeOf(dial(links, clock))).toBe('refused')
    const aborted = new AbortController()
    const dialled = links.driver('b').dial(parsePeerUri('memory://a', 'dial'), aborted.signal, 1000)
    aborted.abort()
    expect(await codeOf(dialled)).toBe('closed')
    expect(clock.nextDueMs).toBeUndefined()
    expect(await codeOf(dial(links, clock, aborted.signal))).toBe('closed')
  })

  test('takes a name for one listener at a time', async () => {
    const links = memoryLinks({ clock: createClock() })
    const uri = parsePeerUri('memory://a', 'listen')
    const handlers: ListenHandlers = { admit: () => undefined, link() {}, failed() {} }
    const listen = () => links.driver('a').listen?.(uri, handlers)
    const listener = await listen()
    expect(await codeOf(listen())).toBe('address-in-use')
    await listener?.close()
    expect(await codeOf(listen())).toBeUndefined()
  })

  test('that is not admitted breaks at once', async () => {
    const clock = createClock()
    const links = memoryLinks({ clock })
    const handlers: ListenHandlers = { admit: () => undefined, link() {}, failed() {} }
    await links.driver('a').listen?.(parsePeerUri('memory://a', 'listen'), handlers)
    const end = new End(await dial(links, clock), clock).start()
    clock.advance(10)
    expect(end.ends[0]?.code).toBe('link')
  })
})

test('nodes shake hands over it, lose each other, and find together again', async () => {
  const clock = createClock(1_000_000)
  const links = memoryLinks({ clock, delayMs: 5, jitterMs: 5 })
  const random = createRandom(1)
  const node = (name: string, byte: number) => {
    const up = new Set<Link>()
    const signer = createSigner(new Uint8Array(32).fill(byte))
    const all = new Links({
      signer,
      drivers: [links.driver(name)],
      clock,
      random: (bytes) => random.bytes(bytes),
      limits: DEFAULT_LIMITS,
      sink: {
        up: (link) => void up.add(link),
        down: (link) => void up.delete(link),
        frame() {},
        batchEnd() {},
        drained() {},
      },
    })
    return { all, up, signer }
  }
  const [a, b] = [node('a', 1), node('b', 2)]
  const turn = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 10) {
      clock.advance(10)
      await settle()
    }
  }
  await a.all.listen('memory://a')
  b.all.addPeer('memory://a')
  await turn(200)
  expect([...a.up].map(({ publicKey }) => publicKey)).toEqual([b.signer.publicKey])
  expect([...b.up].map(({ publicKey }) => publicKey)).toEqual([a.signer.publicKey])
  links.cut('a', 'b')
  await turn(100)
  expect([a.up.size, b.up.size]).toEqual([0, 0])
  links.restore('a', 'b')
  await turn(5000)
  expect([a.up.size, b.up.size]).toEqual([1, 1])
  const closed = Promise.all([a.all.close(), b.all.close()])
  await turn(100)
  await closed
  expect(links.count('a', 'b')).toBe(0)
})
