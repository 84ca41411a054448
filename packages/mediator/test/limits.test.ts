import { expect, test } from 'vitest'
import { Buffered } from '../src/buffered.js'
import type { Connection } from '../src/connection.js'
import { Counters } from '../src/counters.js'
import { createMediator } from '../src/index.js'
import { completeLimits, DEFAULT_LIMITS } from '../src/limits.js'
import { Nonces } from '../src/nonces.js'
import { RequestRates } from '../src/rate-limits.js'
import { RotatingMap, TokenBucket } from '../src/rates.js'
import { sourceOf } from '../src/source.js'
import { signerOf, transports } from './support/raw-client.js'

const key = (byte: number): Uint8Array => new Uint8Array(32).fill(byte)

test('nonces: one per key and connection, the oldest of nine goes, ten thousand in all', () => {
  const nonces = new Nonces({ noncesPerConnection: 8, nonces: 100 })
  const [here, there] = [{}, {}]
  expect(nonces.issue(here, key(1), key(101), false, 0)).toBe(true)
  expect(nonces.issue(there, key(1), key(102), false, 0)).toBe(true)
  expect(nonces.judge(here, key(1), key(101), 0)).toBeUndefined()
  expect(nonces.judge(there, key(1), key(101), 0)).toBe('nonceDifferent')
  expect(nonces.judge({}, key(1), key(101), 0)).toBe('nonceUnknown')
  nonces.issue(here, key(1), key(103), false, 0)
  expect(nonces.judge(here, key(1), key(101), 0)).toBe('nonceDifferent')
  expect(nonces.size).toBe(2)
  for (let at = 2; at <= 9; at++) nonces.issue(here, key(at), key(200), false, 0)
  expect(nonces.judge(here, key(1), key(103), 0)).toBe('nonceUnknown')
  expect(nonces.judge(here, key(2), key(200), 0)).toBeUndefined()
  expect(nonces.size).toBe(9)
  nonces.consume(here, key(2))
  expect(nonces.judge(here, key(2), key(200), 0)).toBe('nonceUnknown')
  nonces.forget(here)
  expect(nonces.size).toBe(1)

  const others = Array.from({ length: 99 }, () => ({}))
  for (const one of others) expect(nonces.issue(one, key(1), key(2), false, 0)).toBe(true)
  expect(nonces.issue({}, key(1), key(2), false, 119_999)).toBe(false)
  // Replacing one takes no room; what has ended makes room.
  expect(nonces.issue(there, key(1), key(2), false, 119_999)).toBe(true)
  expect(nonces.issue({}, key(1), key(2), false, 121_000)).toBe(true)
  expect(nonces.size).toBe(2)
})

test('a full table of nonces: who holds several loses the oldest, so that everybody gets a first one', () => {
  const nonces = new Nonces({ noncesPerConnection: 8, nonces: 80 })
  // Who is gone stands in nobody's way.
  const gone = {}
  for (let at = 0; at < 8; at++) nonces.issue(gone, key(at), key(200), false, 0)
  nonces.forget(gone)
  const greedy = Array.from({ length: 10 }, () => ({}))
  for (const one of greedy) for (let at = 0; at < 8; at++) nonces.issue(one, key(at), key(200), false, 0)
  const modest = Array.from({ length: 70 }, () => ({}))
  for (const one of modest) expect(nonces.issue(one, key(1), key(201), false, 1)).toBe(true)
  expect(nonces.size).toBe(80)
  for (const one of modest) expect(nonces.judge(one, key(1), key(201), 1)).toBeUndefined()
  for (const one of greedy) expect(nonces.judge(one, key(7), key(200), 1)).toBeUndefined()
  expect(nonces.issue({}, key(1), key(2), false, 1)).toBe(false)
})

test('nonces end after two minutes, those of the own key after thirty', () => {
  const nonces = new Nonces(DEFAULT_LIMITS)
  const here = {}
  nonces.issue(here, key(1), key(9), false, 0)
  nonces.issue(here, key(2), key(9), true, 0)
  expect(nonces.judge(here, key(1), key(9), 119_999)).toBeUndefined()
  expect(nonces.judge(here, key(1), key(9), 120_000)).toBe('nonceUnknown')
  expect(nonces.judge(here, key(2), key(9), 1_799_999)).toBeUndefined()
  expect(nonces.judge(here, key(2), key(9), 1_800_000)).toBe('nonceUnknown')
})

test('a bucket gives its burst, then its rate; a clock set back gives nothing', () => {
  const bucket = new TokenBucket(2, 3, 1_000)
  expect([1, 2, 3, 4].map(() => bucket.take(1_000))).toEqual([true, true, true, false])
  expect(bucket.take(1_499)).toBe(false)
  expect(bucket.take(1_500)).toBe(true)
  expect(bucket.take(0)).toBe(false)
  expect(bucket.take(499)).toBe(false)
  expect(bucket.take(500)).toBe(true)
  expect(bucket.isFull(1_999)).toBe(false)
  expect(bucket.isFull(60_000)).toBe(true)
  expect([1, 2, 3, 4].map(() => bucket.take(60_000))).toEqual([true, true, true, false])
  expect(bucket.take(60_500, 2)).toBe(false)
})

test('a bucket that has refused gives nothing until some have come back: what is sent behind a refused message is refused', () => {
  const bucket = new TokenBucket(20, 3, 0, 2)
  expect([1, 2, 3, 4].map(() => bucket.take(0))).toEqual([true, true, true, false])
  expect([bucket.take(50), bucket.take(99)]).toEqual([false, false])
  expect([bucket.take(100), bucket.take(100), bucket.take(100)]).toEqual([true, true, false])
})

test('rates of a connection are forgotten when they would say the same as new ones', () => {
  const rates = new RequestRates({ ...DEFAULT_LIMITS, commandsPerSecond: 1, commandsBurst: 2 }, 0)
  expect(rates.isFresh(0)).toBe(true)
  expect(rates.takes(10, 0)).toBe(true)
  expect(rates.isFresh(500)).toBe(false)
  expect(rates.isFresh(1_000)).toBe(true)
  rates.refused()
  expect(rates.isFresh(10_000)).toBe(false)
  rates.granted()
  rates.granted()
  expect(rates.isFresh(10_000)).toBe(true)
})

test('of the source that holds most, the connection that holds most goes', () => {
  const connections = new Set<Connection>()
  const connect = (source: string, bufferedBytes: number): Connection => {
    const session = { bufferedBytes } as Connection['session']
    const connection = { source, session, slotBytes: 0, held: undefined, countedBytes: 0 } as Connection
    connections.add(connection)
    return connection
  }
  const counters = new Counters()
  const buffered = new Buffered(connections, counters, { ...DEFAULT_LIMITS, bufferedBytes: 100_000 })
  const alone = connect('alone', 40_000)
  const [small, large] = [connect('many', 25_000), connect('many', 30_000)]
  const late = connect('late', 4_096)
  for (const connection of [alone, small, large]) expect(buffered.count(connection)).toBeUndefined()
  late.slotBytes = 5_000
  expect(buffered.count(late)).toBe(large)
  large.isCut = true
  expect(buffered.count(large)).toBeUndefined()
  expect(counters.bufferedBytes).toBe(40_000 + 25_000 + 9_096)
})

test('a rotating map forgets what was not touched for longest', () => {
  const map = new RotatingMap<number, number>(10)
  for (let at = 0; at < 5; at++) map.set(at, at)
  for (let at = 5; at < 8; at++) map.set(at, at)
  expect(map.get(0)).toBe(0)
  for (let at = 8; at < 12; at++) map.set(at, at)
  expect([0, 1, 5].map((at) => map.get(at))).toEqual([0, undefined, 5])
})

test('a source is a key, a host, or half of an IPv6 address', () => {
  const from = (remoteAddress: string, remotePublicKey?: Uint8Array): string =>
    sourceOf({ remoteAddress, ...(remotePublicKey && { remotePublicKey }) } as Parameters<typeof sourceOf>[0])
  expect(from('tcp://10.0.0.1:5', key(1))).toBe('01'.repeat(32))
  expect(from('tcp://10.0.0.1:5')).toBe(from('tcp://10.0.0.1:6'))
  expect(from('tcp://[2001:db8::1]:5')).toBe(from('tcp://[2001:db8::ffff:1]:5'))
  expect(from('tcp://[2001:db8::1]:5')).not.toBe(from('tcp://[2001:db8:0:1::1]:5'))
  expect(from('tcp://[200::1]:5')).not.toBe(from('tcp://[200::2]:5'))
  expect(from('something else')).toBe('something else')
})

test('limits and options that make no sense are refused with their name', async () => {
  expect(completeLimits({ nonces: 5 })).toEqual({ ...DEFAULT_LIMITS, nonces: 5 })
  for (const limits of [
    { nonces: 0 },
    { idleMs: Number.NaN },
    { blobBytes: 52_428_722 },
    { remembered: Infinity },
    { no: 1 },
  ])
    expect(() => completeLimits(limits)).toThrow(Object.keys(limits)[0])
  const sound = { signer: signerOf(0), transports, listen: ['tcp://127.0.0.1:0'], store: ':memory:' }
  for (const [name, wrong] of [
    ['signer', { signer: { publicKey: new Uint8Array(31) } }],
    ['moderation', { moderation: 'mild' as 'strict' }],
    ['retentionDays', { retentionDays: -1 }],
    ['tlvDialect', { listen: [{ address: 'tcp://127.0.0.1:0', tlvDialect: 'binary' as 'tlv' }] }],
    ['http.address', { http: { address: 'ftp://127.0.0.1:0' } }],
    ['limits.queueFrames', { limits: { queueFrames: -1 } }],
  ] as const) {
    const failure = await createMediator({ ...sound, ...wrong }).catch((error: unknown) => error)
    expect(failure).toMatchObject({ name: 'MediatorServerError', code: 'bad-option', blame: 'local' })
    expect((failure as Error).message).toContain(name)
  }
  const taken = await createMediator(sound)
  const failure = await createMediator({ ...sound, listen: taken.addresses }).catch((error: unknown) => error)
  expect(failure).toMatchObject({ code: 'listen', blame: 'transport' })
  await taken.close()
})
