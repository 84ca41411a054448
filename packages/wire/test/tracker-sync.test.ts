import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  decodeSyncHello,
  decodeSyncPing,
  decodeSyncRecord,
  decodeSyncStreamHello,
  encodeSyncHello,
  encodeSyncPing,
  encodeSyncRecord,
  encodeSyncStreamHello,
  MAX_SYNC_PAYLOAD_BYTES,
  type SyncFrame,
  SyncReader,
  type SyncRecord,
} from '../src/tracker/index.js'
import { chunks, concat, cuts } from './support/cuts.js'
import { codeOf } from './support/errors.js'
import { mutated } from './support/mutate.js'
import { bytes, USER_KEY } from './tracker-samples.js'

const octets = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const record: fc.Arbitrary<SyncRecord> = fc.record({
  hop: fc.nat(255),
  publicKey: octets(32),
  address: octets(32),
  signature: octets(64),
  priority: fc.nat(255),
  clientId: fc.nat(0xffff_ffff),
  lifetimeSeconds: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  ttlMinutes: fc.nat(0xffff_ffff),
})
const frame: fc.Arbitrary<SyncFrame> = fc.oneof(
  record.map((each) => ({ type: 'record', ...each }) as const),
  fc.constant({ type: 'ping' } as const),
)

function encode(each: SyncFrame): Uint8Array {
  return each.type === 'ping' ? encodeSyncPing() : encodeSyncRecord(each)
}

function readAll(stream: Uint8Array, sizes: readonly number[], reader = new SyncReader(4096)): unknown[] {
  const said: unknown[] = []
  const code = codeOf(() => {
    for (const chunk of chunks(stream, sizes)) {
      reader.push(chunk)
      for (let next: SyncFrame | undefined; (next = reader.next()); ) said.push(next)
    }
    reader.end()
  })
  return code === undefined ? said : [...said, code]
}

describe('one frame', () => {
  test('decode after encode is the identity, in the size of the protocol', () => {
    fc.assert(
      fc.property(record, (value) => {
        const encoded = encodeSyncRecord(value)
        expect(encoded).toHaveLength(167)
        expect(decodeSyncRecord(encoded)).toEqual(value)
      }),
      { seed: 1 },
    )
  })

  test('openings', () => {
    const publicKey = bytes(USER_KEY)
    expect(decodeSyncHello(encodeSyncHello({ publicKey }))).toEqual({ publicKey })
    expect(decodeSyncStreamHello(encodeSyncStreamHello({ publicKey }))).toEqual({ publicKey })
    for (const wrong of [encodeSyncHello, encodeSyncStreamHello]) {
      expect(codeOf(() => wrong({ publicKey: new Uint8Array(31) }))).toBe('length')
    }
    expect(codeOf(() => decodeSyncHello(new Uint8Array(33)))).toBe('trailing')
    expect(codeOf(() => decodeSyncPing(new Uint8Array(0)))).toBe('truncated')
  })

  test('truncated at every offset', () => {
    const [value] = fc.sample(record, { seed: 2, numRuns: 1 })
    const whole = encodeSyncRecord(value!)
    for (let length = 0; length < whole.length; length++) {
      expect(codeOf(() => decodeSyncRecord(whole.subarray(0, length)))).toBe('truncated')
    }
    expect(codeOf(() => decodeSyncRecord(concat([whole, Uint8Array.of(0)])))).toBe('trailing')
  })

  test('the encoder refuses what does not fit', () => {
    const [value] = fc.sample(record, { seed: 2, numRuns: 1 })
    for (const change of [{ hop: 256 }, { ttlMinutes: -1 }, { lifetimeSeconds: 2n ** 64n }, { address: bytes('00') }]) {
      expect(codeOf(() => encodeSyncRecord({ ...value!, ...change }))).toBeDefined()
    }
  })
})

describe('a stream', () => {
  test('frames cut anyhow are the same frames, and belong to the caller', () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 8 }), cuts, (frames, sizes) => {
        expect(readAll(concat(frames.map(encode)), sizes)).toEqual(frames)
      }),
      { seed: 3 },
    )
  })

  test('any bytes give the same frames and the same error, cut or not', () => {
    const seeds = fc.sample(record, { seed: 4, numRuns: 5 }).map((each) => {
      return concat([encodeSyncRecord(each), encodeSyncPing(), encodeSyncRecord(each)])
    })
    fc.assert(
      fc.property(mutated(seeds), cuts, (stream, sizes) => {
        expect(readAll(stream, sizes)).toEqual(readAll(stream, [1_000_000]))
      }),
      { seed: 5, numRuns: 500 },
    )
  })

  test('a length above the limit is refused before its bytes come', () => {
    expect(readAll(bytes('0a00001001'), [1])).toEqual(['frame-too-large'])
    expect(readAll(bytes('0a00001000'), [1])).toEqual(['truncated'])
    const most = new SyncReader()
    expect(readAll(bytes('0a00010001'), [1], most)).toEqual(['frame-too-large'])
    expect(() => new SyncReader(MAX_SYNC_PAYLOAD_BYTES + 1)).toThrow()
  })

  test('an unknown command ends it for good', () => {
    const reader = new SyncReader()
    reader.push(bytes('140b14'))
    expect(reader.next()).toEqual({ type: 'ping' })
    expect(codeOf(() => reader.next())).toBe('unexpected-type')
    reader.push(bytes('14'))
    expect(codeOf(() => reader.next())).toBe('unexpected-type')
  })
})
