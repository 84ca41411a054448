import { encodeSyncHello, encodeSyncPing, encodeSyncRecord, type SyncRecord } from '@mimirjs/wire/tracker'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { completeLimits } from '../src/limits.js'
import { SyncLink } from '../src/sync/link.js'
import { nodeKeyOf } from './support-current.js'

const PEER = nodeKeyOf(1)
const HELLO = encodeSyncHello({ publicKey: PEER })
const PING = encodeSyncPing()
const RECORD: SyncRecord = {
  hop: 3,
  publicKey: nodeKeyOf(2),
  address: nodeKeyOf(3),
  signature: new Uint8Array(64),
  priority: 1,
  clientId: 77,
  lifetimeSeconds: 300n,
  ttlMinutes: 4,
}
const FRAME = encodeSyncRecord(RECORD)

function linkTo({ incoming = false, chance = 0, nowMs = 0 } = {}): SyncLink {
  return new SyncLink({ incoming, peerKey: PEER, limits: completeLimits(), chance, nowMs })
}

function joined(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]))
}

describe('opening', () => {
  test('who was dialed waits for the key, however it is cut; what follows is read', () => {
    const stream = joined(HELLO, PING, FRAME)
    for (let at = 0; at <= stream.length; at++) {
      const link = linkTo({ incoming: true })
      expect(link.open).toBe(false)
      const records = [...link.receive(stream.subarray(0, at), 0), ...link.receive(stream.subarray(at), 0)]
      expect(records).toMatchObject([{ clientId: 77, hop: 3 }])
      expect(link.open).toBe(true)
    }
  })

  test('who dialed waits for nothing', () => {
    const link = linkTo()
    expect(link.open).toBe(true)
    expect(link.receive(FRAME, 0)).toHaveLength(1)
  })

  test('another key than the network knows ends it (B-16)', () => {
    const link = linkTo({ incoming: true })
    expect(() => link.receive(encodeSyncHello({ publicKey: nodeKeyOf(2) }), 0)).toThrow(
      expect.objectContaining({ name: 'TrackerError', code: 'sync-violation', blame: 'remote' }),
    )
  })

  test('half a key is not waited for longer than five seconds', () => {
    const link = linkTo({ incoming: true })
    link.receive(HELLO.subarray(0, 31), 4000)
    expect(link.nextDeadlineMs).toBe(5000)
    expect(link.tick(4999)).toBe(false)
    expect(() => link.tick(5000)).toThrow(expect.objectContaining({ code: 'sync-timeout', blame: 'timeout' }))
  })
})

describe('time', () => {
  test.each([
    [0, 15_000],
    [0.999_999, 24_999],
  ])('keep-alives go out at an interval drawn once (chance %d)', (chance, intervalMs) => {
    const link = linkTo({ chance })
    for (let round = 1; round <= 3; round++) {
      const dueMs = link.nextDeadlineMs
      expect(Math.floor(dueMs / round)).toBe(intervalMs)
      link.receive(PING, dueMs - 1)
      expect(link.tick(dueMs - 0.5)).toBe(false)
      expect(link.tick(dueMs)).toBe(true)
    }
  })

  test('any frame shows that the other side lives; 45 s without one are too long', () => {
    for (const frame of [PING, FRAME]) {
      const link = linkTo()
      link.receive(frame, 40_000)
      link.tick(84_999)
      expect(() => link.tick(85_000)).toThrow(expect.objectContaining({ code: 'sync-timeout' }))
    }
    const silent = linkTo()
    silent.tick(44_999)
    expect(() => silent.tick(45_000)).toThrow(expect.objectContaining({ code: 'sync-timeout' }))
  })

  test('half a frame is no frame, and not waited for longer than ten seconds (B-19)', () => {
    const link = linkTo()
    link.receive(joined(PING, FRAME.subarray(0, 50)), 1000)
    link.receive(FRAME.subarray(50, 60), 9000)
    link.tick(10_999)
    expect(() => link.tick(11_000)).toThrow(expect.objectContaining({ code: 'sync-timeout' }))
  })

  test('the ten seconds are those of one frame', () => {
    const link = linkTo()
    for (let atMs = 0; atMs < 100_000; atMs += 9000) {
      link.receive(FRAME.subarray(0, 50), atMs)
      link.tick(atMs)
      expect(link.receive(joined(FRAME.subarray(50), FRAME.subarray(0, 50)), atMs + 4000)).toHaveLength(1)
      link.tick(atMs + 8000)
      link.receive(FRAME.subarray(50), atMs + 8999)
    }
    expect(link.deliveredMs).toBe(99_000 + 8999)
  })
})

describe('bytes that are none', () => {
  test.each([
    ['an unknown command', '0b'],
    ['more than it may hold', '0a00001001'],
    ['a record of an older tracker', '0a038a88e3dd'],
    ['no fields', '0a00000000'],
    ['half a field', '0a000000020901'],
  ])('%s: the link ends', (_name, hex) => {
    const link = linkTo()
    expect(() => link.receive(Uint8Array.from(Buffer.from(hex, 'hex')), 0)).toThrow(
      expect.objectContaining({ code: 'sync-violation' }),
    )
  })

  test('whatever comes: records, or a reason to end', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 })), fc.boolean(), (chunks, incoming) => {
        const link = linkTo({ incoming })
        try {
          for (const chunk of chunks) link.receive(chunk, 0)
        } catch (error) {
          expect(error).toMatchObject({ name: 'TrackerError', code: 'sync-violation' })
        }
      }),
      { seed: 66 },
    )
  })
})
