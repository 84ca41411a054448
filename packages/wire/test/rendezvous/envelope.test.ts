import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  decodeEnvelope,
  ENVELOPE_OVERHEAD_BYTES,
  type Envelope,
  type EnvelopeKind,
  encodeEnvelope,
  envelopeSigningBytes,
  MAX_ENVELOPE_BYTES,
  unsignedEnvelope,
} from '../../src/rendezvous/index.js'
import { codeOf } from '../support/errors.js'
import { bytesOf } from '../support/frames.js'

const SEED = 0x7264_7631
const u64 = fc.oneof(fc.constantFrom(0n, 1n, 2n ** 53n, 2n ** 64n - 1n), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }))

const envelopes: fc.Arbitrary<Envelope> = fc
  .record({
    kind: fc.integer({ min: 1, max: 7 }) as fc.Arbitrary<EnvelopeKind>,
    from: bytesOf(32),
    to: bytesOf(32),
    sid: bytesOf(16),
    epoch: u64,
    ctr: fc.oneof(fc.constantFrom(0, 0xffff_ffff), fc.nat()),
    exp: u64,
    body: fc.oneof(fc.uint8Array({ maxLength: 60 }), fc.constantFrom(255, 256, 16_384).chain(bytesOf)),
    signature: bytesOf(64),
  })
  .filter(({ from, to }) => from.some((byte, at) => byte !== to[at]))

function sample(change: Partial<Envelope> = {}): Envelope {
  return {
    kind: 3,
    from: new Uint8Array(32).fill(1),
    to: new Uint8Array(32).fill(2),
    sid: new Uint8Array(16).fill(3),
    epoch: 1_700_000_000_000n,
    ctr: 4,
    exp: 1_700_000_060_000n,
    body: new TextEncoder().encode('{}'),
    signature: new Uint8Array(64).fill(5),
    ...change,
  }
}

test('is decoded as it was encoded, at any offset of a larger buffer, without a copy', () => {
  fc.assert(
    fc.property(envelopes, fc.nat(9), (envelope, offset) => {
      const bytes = encodeEnvelope(envelope)
      const around = new Uint8Array(bytes.length + 20)
      around.set(bytes, offset)
      const decoded = decodeEnvelope(around.subarray(offset, offset + bytes.length))
      expect(decoded).toEqual(envelope)
      expect(encodeEnvelope(decoded)).toEqual(bytes)
      for (const member of Object.values(decoded)) {
        if (member instanceof Uint8Array) expect(member.buffer).toBe(around.buffer)
      }
    }),
    { seed: SEED, numRuns: 60 },
  )
})

test('cut anywhere, and with anything behind it, it is refused for its length', () => {
  const bytes = encodeEnvelope(sample())
  for (let size = 0; size < bytes.length; size++)
    expect(codeOf(() => decodeEnvelope(bytes.subarray(0, size)))).toBe('length')
  for (const more of [1, 2, 63, 64, 65_536]) {
    const longer = new Uint8Array(bytes.length + more)
    longer.set(bytes)
    expect(codeOf(() => decodeEnvelope(longer))).toBe('length')
  }
})

test('each byte of the head is looked at in the order of the checks', () => {
  const refusal = (change: (bytes: Uint8Array) => void) => {
    const bytes = encodeEnvelope(sample())
    change(bytes)
    return codeOf(() => decodeEnvelope(bytes))
  }
  for (const version of [0, 2, 255]) expect(refusal((bytes) => bytes.fill(version, 0, 1))).toBe('version')
  for (let kind = 0; kind < 256; kind++) {
    expect(refusal((bytes) => bytes.fill(kind, 1, 2))).toBe(kind >= 1 && kind <= 7 ? undefined : 'kind')
  }
  for (let bit = 0; bit < 8; bit++) {
    expect(refusal((bytes) => bytes.fill(1 << bit, 2, 3))).toBe('flags')
    expect(refusal((bytes) => bytes.fill(1 << bit, 3, 4))).toBe('flags')
  }
  expect(refusal((bytes) => bytes.copyWithin(36, 4, 36))).toBe('self')
  // Everything at once: the first in the order is told.
  expect(refusal((bytes) => bytes.fill(0, 0, 106))).toBe('version')
  expect(refusal((bytes) => bytes.fill(0, 1, 106))).toBe('length')
})

test('the largest is 16554 bytes, the least 170', () => {
  expect(ENVELOPE_OVERHEAD_BYTES).toBe(170)
  expect(MAX_ENVELOPE_BYTES).toBe(16_554)
  expect(encodeEnvelope(sample({ body: new Uint8Array(0) }))).toHaveLength(170)
  const largest = encodeEnvelope(sample({ body: new Uint8Array(16_384) }))
  expect(largest).toHaveLength(16_554)
  expect(decodeEnvelope(largest).body).toHaveLength(16_384)
})

describe('the encoder refuses what its decoder would refuse', () => {
  test.each([
    ['kind 0', { kind: 0 as EnvelopeKind }, 'kind'],
    ['kind 8', { kind: 8 as EnvelopeKind }, 'kind'],
    ['half a kind', { kind: 1.5 as EnvelopeKind }, 'kind'],
    ['to oneself', { to: new Uint8Array(32).fill(1) }, 'self'],
    ['a body too long', { body: new Uint8Array(16_385) }, 'length'],
    ['a key of 31 bytes', { from: new Uint8Array(31) }, 'length'],
    ['a receiver of 33 bytes', { to: new Uint8Array(33) }, 'length'],
    ['a sid of 15 bytes', { sid: new Uint8Array(15) }, 'length'],
    ['a signature of 63 bytes', { signature: new Uint8Array(63) }, 'length'],
    ['a counter that does not fit', { ctr: 2 ** 32 }, 'out-of-range'],
    ['an epoch below zero', { epoch: -1n }, 'out-of-range'],
    ['an expiry that does not fit', { exp: 2n ** 64n }, 'out-of-range'],
  ] as const)('%s', (_, change, code) => {
    expect(codeOf(() => encodeEnvelope(sample(change)))).toBe(code)
  })
})

test('what is signed is the label and all but the signature', () => {
  const bytes = encodeEnvelope(sample())
  const signed = envelopeSigningBytes(bytes)
  expect(new TextDecoder().decode(signed.subarray(0, 20))).toBe('rendezvous/1 signal\0')
  expect(signed.subarray(20)).toEqual(bytes.subarray(0, -64))
  expect(envelopeSigningBytes(unsignedEnvelope(sample()))).toEqual(signed)
  expect(codeOf(() => envelopeSigningBytes(bytes.subarray(0, 169)))).toBe('length')
})
