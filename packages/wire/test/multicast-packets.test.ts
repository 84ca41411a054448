import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromHex, toHex } from '../src/index.js'
import {
  ADDRESS_DECLARATION_BYTES,
  ADDRESS_DECLARATION_SIGNED_BYTES,
  type AddressDeclaration,
  decodeAddressDeclaration,
  decodeSessionData,
  decodeSessionInitiation,
  encodeAddressDeclaration,
  encodeSessionData,
  encodeSessionInitiation,
  MULTICAST_MAX_DATAGRAM_BYTES,
  SESSION_DATA_HEAD_BYTES,
  SESSION_DATA_OVERHEAD_BYTES,
  SESSION_INITIATION_BYTES,
  SESSION_INITIATION_SIGNED_BYTES,
  type SessionData,
  type SessionInitiation,
  signedAddressDeclarationBytes,
  signedSessionInitiationBytes,
  unsignedAddressDeclaration,
  unsignedSessionInitiation,
  writeSessionDataHead,
} from '../src/multicast/index.js'
import { codeOf } from './support/errors.js'
import { bytesOf } from './support/frames.js'

const SEED = 0x6d70_3270

const declarations: fc.Arbitrary<AddressDeclaration> = fc.record({
  port: fc.oneof(fc.constantFrom(0, 1, 255, 256, 1024, 65_535), fc.nat(65_535)),
  address: bytesOf(16),
  src: bytesOf(32),
  signature: bytesOf(64),
})
const initiations: fc.Arbitrary<SessionInitiation> = fc.record({
  sessionId: bytesOf(16),
  src: bytesOf(32),
  dst: bytesOf(32),
  sessionKey: bytesOf(32),
  signature: bytesOf(64),
})
const packets: fc.Arbitrary<SessionData> = fc.record({
  sessionId: bytesOf(16),
  nonce: bytesOf(12),
  ciphertext: fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.constantFrom(0, 1, 1187, 1455).chain(bytesOf)),
  tag: bytesOf(16),
})

describe.each([
  ['address declaration', declarations, encodeAddressDeclaration, decodeAddressDeclaration, 0],
  ['session initiation', initiations, encodeSessionInitiation, decodeSessionInitiation, 1],
  ['session data', packets, encodeSessionData, decodeSessionData, 2],
] as [string, fc.Arbitrary<object>, (value: object) => Uint8Array, (bytes: Uint8Array) => object, number][])(
  '%s',
  (_, values, encode, decode, type) => {
    test('is decoded as it was encoded, at any offset of a larger buffer, without a copy', () => {
      fc.assert(
        fc.property(values, fc.nat(9), (value, offset) => {
          const bytes = encode(value)
          expect(bytes[0]).toBe(type)
          const around = new Uint8Array(bytes.length + 20)
          around.set(bytes, offset)
          const decoded = decode(around.subarray(offset, offset + bytes.length))
          expect(decoded).toEqual(value)
          expect(encode(decoded)).toEqual(bytes)
          for (const member of Object.values(decoded)) {
            if (member instanceof Uint8Array) expect(member.buffer).toBe(around.buffer)
          }
        }),
        { seed: SEED, numRuns: 60 },
      )
    })

    test('no other type is taken, whatever follows', () => {
      const bytes = encode(fc.sample(values, { seed: SEED, numRuns: 1 })[0] as object)
      for (let other = 0; other < 256; other++) {
        if (other === type) continue
        bytes[0] = other
        expect(codeOf(() => decode(bytes))).toBe('unexpected-type')
      }
      expect(codeOf(() => decode(new Uint8Array(0)))).toBe('truncated')
    })

    test('the encoder refuses fields of another length', () => {
      const value = fc.sample(values, { seed: SEED, numRuns: 1 })[0] as Record<string, unknown>
      for (const [name, member] of Object.entries(value)) {
        if (!(member instanceof Uint8Array) || name === 'ciphertext') continue
        for (const size of [0, member.length - 1, member.length + 1]) {
          expect(codeOf(() => encode({ ...value, [name]: new Uint8Array(size) }))).toBe('length')
        }
      }
    })
  },
)

describe.each([
  ['address declaration', decodeAddressDeclaration, 0, ADDRESS_DECLARATION_BYTES],
  ['session initiation', decodeSessionInitiation, 1, SESSION_INITIATION_BYTES],
] as const)('the size of a %s', (_, decode, type, sizeBytes) => {
  test('is exactly one', () => {
    const bytes = new Uint8Array(MULTICAST_MAX_DATAGRAM_BYTES + 100)
    bytes[0] = type
    for (let size = 0; size <= bytes.length; size++) {
      const expected = size < sizeBytes ? 'truncated' : size > sizeBytes ? 'trailing' : undefined
      expect(codeOf(() => decode(bytes.subarray(0, size)))).toBe(expected)
    }
  })
})

test('session data has 45 to 1500 bytes', () => {
  const bytes = new Uint8Array(1600)
  bytes[0] = 2
  for (let size = 0; size <= bytes.length; size++) {
    const expected = size < SESSION_DATA_OVERHEAD_BYTES ? 'truncated' : size > 1500 ? 'length' : undefined
    expect(codeOf(() => decodeSessionData(bytes.subarray(0, size)))).toBe(expected)
  }
  const value = { sessionId: new Uint8Array(16), nonce: new Uint8Array(12), tag: new Uint8Array(16) }
  expect(encodeSessionData({ ...value, ciphertext: new Uint8Array(1455) })).toHaveLength(1500)
  expect(codeOf(() => encodeSessionData({ ...value, ciphertext: new Uint8Array(1456) }))).toBe('length')
})

test('ports are 16 bits', () => {
  const value = { address: new Uint8Array(16), src: new Uint8Array(32), signature: new Uint8Array(64) }
  for (const port of [-1, 65_536, 1.5, Number.NaN]) {
    expect(codeOf(() => encodeAddressDeclaration({ ...value, port }))).toBe('out-of-range')
  }
})

test('an unsigned datagram is the signed one without its signature, and so is what is signed', () => {
  fc.assert(
    fc.property(declarations, initiations, (declaration, initiation) => {
      const said = encodeAddressDeclaration(declaration)
      const unsaid = unsignedAddressDeclaration(declaration)
      expect(unsaid.subarray(ADDRESS_DECLARATION_SIGNED_BYTES)).toEqual(new Uint8Array(64))
      expect(signedAddressDeclarationBytes(unsaid)).toEqual(said.subarray(0, 51))
      expect(signedAddressDeclarationBytes(said)).toEqual(said.subarray(0, 51))
      unsaid.set(declaration.signature, ADDRESS_DECLARATION_SIGNED_BYTES)
      expect(unsaid).toEqual(said)

      const begun = encodeSessionInitiation(initiation)
      const unbegun = unsignedSessionInitiation(initiation)
      expect(unbegun.subarray(SESSION_INITIATION_SIGNED_BYTES)).toEqual(new Uint8Array(64))
      expect(signedSessionInitiationBytes(unbegun)).toEqual(begun.subarray(0, 113))
      expect(signedSessionInitiationBytes(begun)).toEqual(begun.subarray(0, 113))
      unbegun.set(initiation.signature, SESSION_INITIATION_SIGNED_BYTES)
      expect(unbegun).toEqual(begun)
    }),
    { seed: SEED, numRuns: 30 },
  )
})

test('the head of session data is written in front of what is sealed', () => {
  const sessionId = fromHex('101112131415161718191a1b1c1d1e1f')
  const nonce = fromHex('050505050505050505050505')
  const target = new Uint8Array(SESSION_DATA_OVERHEAD_BYTES + 1).fill(0xee)
  writeSessionDataHead(target, sessionId, nonce)
  expect(toHex(target.subarray(0, SESSION_DATA_HEAD_BYTES))).toBe(`02${toHex(sessionId)}${toHex(nonce)}`)
  expect(target.subarray(SESSION_DATA_HEAD_BYTES)).toEqual(new Uint8Array(17).fill(0xee))
  expect(codeOf(() => writeSessionDataHead(new Uint8Array(28), sessionId, nonce))).toBe('length')
  expect(codeOf(() => writeSessionDataHead(target, nonce, nonce))).toBe('length')
  expect(codeOf(() => writeSessionDataHead(target, sessionId, sessionId))).toBe('length')
})
