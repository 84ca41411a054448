import { describe, expect, inject, test } from 'vitest'
import { type NatsBus, openNatsBus } from '../../src/nats.js'
import { freePort, startNats } from './support/servers.js'

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString()
const bytes = (value: string): Uint8Array => new Uint8Array(Buffer.from(value))

/** Publish until something arrives; a subscription takes its time to get to the server. */
async function until(check: () => boolean, poke: () => void = () => {}): Promise<void> {
  for (const end = Date.now() + 15_000; !check(); ) {
    if (Date.now() > end) throw new Error('it did not happen within 15 s')
    poke()
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

async function opened<T>(count: number, run: (buses: NatsBus[]) => Promise<T>, prefix = 'test'): Promise<T> {
  const own = `${prefix}.${process.pid}-${Math.floor(performance.now() * 1000)}`
  const buses = await Promise.all(
    Array.from({ length: count }, () => openNatsBus({ servers: inject('natsUrl'), prefix: own })),
  )
  try {
    return await run(buses)
  } finally {
    await Promise.all(buses.map((bus) => bus.close()))
  }
}

describe('a bus over NATS', () => {
  test('reaches the others, in order, and not itself; until it is unsubscribed', async () => {
    await opened(3, async ([a, b, c]) => {
      const heard: Record<string, string[]> = { a: [], b: [], c: [] }
      a!.subscribe('chat.1', (message) => heard['a']!.push(text(message)))
      const stop = b!.subscribe('chat.1', (message) => heard['b']!.push(text(message)))
      c!.subscribe('chat.2', (message) => heard['c']!.push(text(message)))
      await until(
        () => heard['b']!.includes('hello'),
        () => a!.publish('chat.1', bytes('hello')),
      )
      heard['b'] = []
      for (let n = 0; n < 100; n++) a!.publish('chat.1', bytes(`${n}`))
      await until(() => heard['b']!.includes('99'))
      expect(heard['b']!.filter((message) => message !== 'hello')).toEqual(
        Array.from({ length: 100 }, (_, n) => `${n}`),
      )
      expect(heard['a']).toEqual([])
      expect(heard['c']).toEqual([])
      stop()
      b!.subscribe('chat.3', (message) => heard['c']!.push(text(message)))
      heard['b'] = []
      await until(
        () => heard['c']!.includes('later'),
        () => {
          a!.publish('chat.1', bytes('nobody hears this'))
          a!.publish('chat.3', bytes('later'))
        },
      )
      expect(heard['b']).toEqual([])
      expect([a, b, c].map((bus) => bus!.local)).toEqual([false, false, false])
    })
  })

  test('what is too large, or more than may wait, is dropped and counted; nothing throws', async () => {
    const bus = await openNatsBus({ servers: inject('natsUrl'), maxPendingBytes: 5_000_000 })
    bus.publish('a', new Uint8Array(1_048_577))
    expect(bus.dropped).toBe(1)
    for (let n = 0; n < 8; n++) bus.publish('a', new Uint8Array(1_000_000))
    expect(bus.dropped).toBe(4)
    // There is room again when the server has taken it.
    let before = bus.dropped
    await until(
      () => bus.dropped === before,
      () => {
        before = bus.dropped
        bus.publish('a', new Uint8Array(1_000_000))
      },
    )
    await bus.close()
    bus.publish('a', new Uint8Array(1))
    expect(bus.dropped).toBeGreaterThan(before)
    await bus.close()
  })

  test('a server that goes away and comes back: subscriptions go on; what was published meanwhile is dropped', async () => {
    const first = await startNats()
    const servers = first.url
    const [a, b] = await Promise.all([openNatsBus({ servers }), openNatsBus({ servers })])
    const heard: string[] = []
    b.subscribe('chat', (message) => heard.push(text(message)))
    await until(
      () => heard.length > 0,
      () => a.publish('chat', bytes('one')),
    )
    await first.stop()
    await until(
      () => a.dropped > 0,
      () => a.publish('chat', bytes('lost')),
    )
    const again = await startNats(first.port)
    try {
      await until(
        () => heard.includes('two'),
        () => a.publish('chat', bytes('two')),
      )
    } finally {
      await Promise.all([a.close(), b.close()])
      await again.stop()
    }
  })

  test('closed while its server is away, it ends', async () => {
    const server = await startNats()
    const bus = await openNatsBus({ servers: [server.url] })
    await server.stop()
    await until(
      () => bus.dropped > 0,
      () => bus.publish('chat', bytes('lost')),
    )
    await bus.close()
  })

  test('nobody there, and subjects that reach further than meant', async () => {
    const nobody = `nats://127.0.0.1:${await freePort()}`
    await expect(openNatsBus({ servers: nobody })).rejects.toMatchObject({ name: 'MediatorServerError', code: 'bus' })
    await expect(openNatsBus({ servers: nobody, prefix: 'a.*' })).rejects.toThrow(TypeError)
    await opened(1, async ([bus]) => {
      for (const subject of ['', '*', 'chat.>', 'a b', '.a', 'a.']) {
        expect(() => bus!.subscribe(subject, () => {})).toThrow(TypeError)
        expect(() => bus!.publish(subject, bytes('x'))).toThrow(TypeError)
      }
    })
  })
})
