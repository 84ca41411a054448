import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type AnnounceRequest,
  decodeAnnounceRequest,
  decodeAnnounceResponse,
  encodeAnnounceRequest,
  encodeAnnounceRequestInto,
  encodeAnnounceResponse,
  encodeAnnounceResponseInto,
} from '../src/tracker/index.js'
import {
  ADDRESS_1,
  ADDRESS_2,
  ANNOUNCE_REQUEST,
  ANNOUNCE_REQUEST_EXTREMES,
  ANNOUNCE_RESPONSE,
  bytes,
  hex,
  SIGNATURE_1,
  SIGNATURE_2,
  USER_KEY,
} from './tracker-samples.js'

const REQUEST: AnnounceRequest = {
  nonce: 0x01020304,
  publicKey: bytes(USER_KEY),
  port: 5050,
  priority: 3,
  clientId: 0x0a0b0c0d,
  address: bytes(ADDRESS_1),
  signature: bytes(SIGNATURE_1),
}

describe('announce request', () => {
  test('a real one, both ways', () => {
    expect(decodeAnnounceRequest(bytes(ANNOUNCE_REQUEST))).toEqual(REQUEST)
    expect(hex(encodeAnnounceRequest(REQUEST))).toBe(ANNOUNCE_REQUEST)
  })

  test('integers are unsigned', () => {
    const decoded = decodeAnnounceRequest(bytes(ANNOUNCE_REQUEST_EXTREMES))
    expect(decoded).toEqual({
      nonce: 0xffff_ffff,
      publicKey: bytes(USER_KEY),
      port: 65535,
      priority: 255,
      clientId: 0xffff_fffe,
      address: bytes(ADDRESS_2),
      signature: bytes(SIGNATURE_2),
    })
    expect(hex(encodeAnnounceRequest(decoded))).toBe(ANNOUNCE_REQUEST_EXTREMES)
  })

  test('any version byte and surplus bytes are accepted, and never written', () => {
    expect(decodeAnnounceRequest(bytes(`07${ANNOUNCE_REQUEST.slice(2)}aabbcc`))).toEqual(REQUEST)
  })

  test('truncated at every offset', () => {
    const whole = bytes(ANNOUNCE_REQUEST)
    for (let length = 0; length < whole.length; length++) {
      expect(() => decodeAnnounceRequest(whole.subarray(0, length))).toThrow(
        expect.objectContaining({ name: 'WireError', code: 'truncated' }),
      )
    }
  })

  test('the layout of 2022 without an address is too short', () => {
    expect(() => decodeAnnounceRequest(bytes(ANNOUNCE_REQUEST.replace(ADDRESS_1, '')))).toThrow(
      expect.objectContaining({ code: 'truncated' }),
    )
  })

  test('another command is refused', () => {
    const other = bytes(ANNOUNCE_REQUEST)
    other[5] = 1
    expect(() => decodeAnnounceRequest(other)).toThrow(expect.objectContaining({ code: 'unexpected-type' }))
  })

  test('the encoder refuses what does not fit its field', () => {
    const wrong: [Partial<AnnounceRequest>, string][] = [
      [{ nonce: -1 }, 'out-of-range'],
      [{ nonce: 2 ** 32 }, 'out-of-range'],
      [{ port: 65536 }, 'out-of-range'],
      [{ port: 1.5 }, 'out-of-range'],
      [{ priority: 256 }, 'out-of-range'],
      [{ clientId: Number.NaN }, 'out-of-range'],
      [{ publicKey: new Uint8Array(31) }, 'length'],
      [{ address: new Uint8Array(4) }, 'length'],
      [{ signature: new Uint8Array(65) }, 'length'],
    ]
    for (const [change, code] of wrong) {
      expect(() => encodeAnnounceRequest({ ...REQUEST, ...change })).toThrow(expect.objectContaining({ code }))
    }
  })

  test('into a target, nothing around it is touched', () => {
    const target = new Uint8Array(140).fill(0xee)
    expect(encodeAnnounceRequestInto(REQUEST, target, 7)).toBe(132)
    expect(hex(target)).toBe(`${'ee'.repeat(7)}${ANNOUNCE_REQUEST}${'ee'.repeat(8)}`)
    expect(() => encodeAnnounceRequestInto(REQUEST, target, 16)).toThrow(expect.objectContaining({ code: 'length' }))
    expect(() => encodeAnnounceRequestInto(REQUEST, target, -1)).toThrow(expect.objectContaining({ code: 'length' }))
  })

  test('works on a view that does not start its buffer', () => {
    const padded = bytes(`ffffff${ANNOUNCE_REQUEST}ff`)
    expect(decodeAnnounceRequest(padded.subarray(3))).toEqual(REQUEST)
  })

  test('decode after encode is the identity', () => {
    const octets = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
    const request = fc.record({
      nonce: fc.integer({ min: 0, max: 0xffff_ffff }),
      publicKey: octets(32),
      port: fc.integer({ min: 0, max: 0xffff }),
      priority: fc.integer({ min: 0, max: 0xff }),
      clientId: fc.integer({ min: 0, max: 0xffff_ffff }),
      address: octets(16),
      signature: octets(64),
    })
    fc.assert(
      fc.property(request, (value) => {
        expect(decodeAnnounceRequest(encodeAnnounceRequest(value))).toEqual(value)
      }),
      { seed: 41 },
    )
  })
})

describe('announce response', () => {
  test('a real one, both ways', () => {
    expect(decodeAnnounceResponse(bytes(ANNOUNCE_RESPONSE))).toEqual({ nonce: 0x01020304, ttlSeconds: 600n })
    expect(hex(encodeAnnounceResponse({ nonce: 0x01020304, ttlSeconds: 600n }))).toBe(ANNOUNCE_RESPONSE)
  })

  test('64 bits stay exact', () => {
    for (const ttlSeconds of [0n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n]) {
      expect(decodeAnnounceResponse(encodeAnnounceResponse({ nonce: 1, ttlSeconds }))).toEqual({ nonce: 1, ttlSeconds })
    }
  })

  test('out of range is refused', () => {
    for (const ttlSeconds of [-1n, 2n ** 64n]) {
      expect(() => encodeAnnounceResponse({ nonce: 1, ttlSeconds })).toThrow(
        expect.objectContaining({ code: 'out-of-range' }),
      )
    }
  })

  test('truncated at every offset, surplus accepted', () => {
    const whole = bytes(ANNOUNCE_RESPONSE)
    for (let length = 0; length < whole.length; length++) {
      expect(() => decodeAnnounceResponse(whole.subarray(0, length))).toThrow(
        expect.objectContaining({ code: 'truncated' }),
      )
    }
    expect(decodeAnnounceResponse(bytes(`${ANNOUNCE_RESPONSE}00`)).ttlSeconds).toBe(600n)
  })

  test('another command is refused', () => {
    expect(() => decodeAnnounceResponse(bytes('01020304010000000000000258'))).toThrow(
      expect.objectContaining({ code: 'unexpected-type' }),
    )
  })

  test('into a target', () => {
    const target = new Uint8Array(14)
    expect(encodeAnnounceResponseInto({ nonce: 0x01020304, ttlSeconds: 600n }, target, 1)).toBe(14)
    expect(hex(target)).toBe(`00${ANNOUNCE_RESPONSE}`)
    expect(() => encodeAnnounceResponseInto({ nonce: 1, ttlSeconds: 1n }, target, 2)).toThrow(
      expect.objectContaining({ code: 'length' }),
    )
  })
})
