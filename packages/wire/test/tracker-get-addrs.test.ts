import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  decodeGetAddrsRequest,
  decodeGetAddrsResponse,
  encodeGetAddrsHeadInto,
  encodeGetAddrsRequest,
  encodeGetAddrsRequestInto,
  encodeGetAddrsResponse,
  encodeGetAddrsResponseInto,
  encodeRecordInto,
  GET_ADDRS_RESPONSE_HEAD_BYTES,
  RECORD_BYTES,
  type TrackerRecord,
} from '../src/tracker/index.js'
import {
  ADDRESS_1,
  ADDRESS_2,
  bytes,
  GET_ADDRS_REQUEST,
  GET_ADDRS_RESPONSE_0,
  GET_ADDRS_RESPONSE_2,
  hex,
  RECORD_1,
  SIGNATURE_1,
  SIGNATURE_2,
  USER_KEY,
} from './tracker-samples.js'

const RECORDS: TrackerRecord[] = [
  {
    address: bytes(ADDRESS_1),
    signature: bytes(SIGNATURE_1),
    port: 5050,
    priority: 3,
    clientId: 0x0a0b0c0d,
    ttlSeconds: 3600n,
  },
  {
    address: bytes(ADDRESS_2),
    signature: bytes(SIGNATURE_2),
    port: 65535,
    priority: 255,
    clientId: 0xffff_fffe,
    ttlSeconds: 3600n,
  },
]

describe('getAddrs request', () => {
  const request = { nonce: 0xa1b2c3d4, publicKey: bytes(USER_KEY) }

  test('a real one, both ways', () => {
    expect(decodeGetAddrsRequest(bytes(GET_ADDRS_REQUEST))).toEqual(request)
    expect(hex(encodeGetAddrsRequest(request))).toBe(GET_ADDRS_REQUEST)
  })

  test('truncated at every offset; surplus and any version are accepted', () => {
    const whole = bytes(GET_ADDRS_REQUEST)
    for (let length = 0; length < whole.length; length++) {
      expect(() => decodeGetAddrsRequest(whole.subarray(0, length))).toThrow(
        expect.objectContaining({ code: 'truncated' }),
      )
    }
    expect(decodeGetAddrsRequest(bytes(`00${GET_ADDRS_REQUEST.slice(2)}00`))).toEqual(request)
  })

  test('refusals of the encoder', () => {
    expect(() => encodeGetAddrsRequest({ ...request, nonce: 2 ** 32 })).toThrow(
      expect.objectContaining({ code: 'out-of-range' }),
    )
    expect(() => encodeGetAddrsRequest({ ...request, publicKey: new Uint8Array(33) })).toThrow(
      expect.objectContaining({ code: 'length' }),
    )
    expect(() => encodeGetAddrsRequestInto(request, new Uint8Array(38), 1)).toThrow(
      expect.objectContaining({ code: 'length' }),
    )
  })
})

describe('getAddrs response', () => {
  test('real ones, both ways', () => {
    expect(decodeGetAddrsResponse(bytes(GET_ADDRS_RESPONSE_2))).toEqual({ nonce: 0xa1b2c3d4, records: RECORDS })
    expect(hex(encodeGetAddrsResponse({ nonce: 0xa1b2c3d4, records: RECORDS }))).toBe(GET_ADDRS_RESPONSE_2)
    expect(decodeGetAddrsResponse(bytes(GET_ADDRS_RESPONSE_0))).toEqual({ nonce: 0xa1b2c3d4, records: [] })
    expect(hex(encodeGetAddrsResponse({ nonce: 0xa1b2c3d4, records: [] }))).toBe(GET_ADDRS_RESPONSE_0)
  })

  test('truncated at every offset: the head by its length, the body by the count', () => {
    const whole = bytes(GET_ADDRS_RESPONSE_2)
    for (let length = 0; length < whole.length; length++) {
      expect(() => decodeGetAddrsResponse(whole.subarray(0, length))).toThrow(
        expect.objectContaining({
          name: 'WireError',
          code: length < GET_ADDRS_RESPONSE_HEAD_BYTES ? 'truncated' : 'length',
        }),
      )
    }
  })

  test('a count above the body is refused whole, up to the highest', () => {
    for (const count of ['02', '7f', '80', 'ff']) {
      expect(() => decodeGetAddrsResponse(bytes(`a1b2c3d401${count}${RECORD_1}`))).toThrow(
        expect.objectContaining({ code: 'length', field: 'getAddrsResponse.records' }),
      )
    }
  })

  test('the count is unsigned and surplus bytes are accepted', () => {
    const many = decodeGetAddrsResponse(bytes(`a1b2c3d401c8${RECORD_1.repeat(200)}ffff`))
    expect(many.records).toHaveLength(200)
    expect(many.records[199]).toEqual(RECORDS[0])
  })

  test('another command is refused', () => {
    expect(() => decodeGetAddrsResponse(bytes('a1b2c3d40000'))).toThrow(
      expect.objectContaining({ code: 'unexpected-type' }),
    )
  })

  test('the encoder refuses a count that would wrap, and fields that do not fit', () => {
    const record = RECORDS[0]!
    const records = Array.from({ length: 256 }, () => record)
    expect(() => encodeGetAddrsResponse({ nonce: 1, records })).toThrow(
      expect.objectContaining({ code: 'out-of-range' }),
    )
    const wrong: [Partial<TrackerRecord>, string][] = [
      [{ port: -1 }, 'out-of-range'],
      [{ priority: 256 }, 'out-of-range'],
      [{ clientId: 2 ** 32 }, 'out-of-range'],
      [{ ttlSeconds: 2n ** 64n }, 'out-of-range'],
      [{ address: new Uint8Array(15) }, 'length'],
      [{ signature: new Uint8Array(63) }, 'length'],
    ]
    for (const [change, code] of wrong) {
      expect(() => encodeGetAddrsResponse({ nonce: 1, records: [{ ...record, ...change }] })).toThrow(
        expect.objectContaining({ code }),
      )
    }
    expect(() => encodeGetAddrsResponseInto({ nonce: 1, records: RECORDS }, new Uint8Array(195), 0)).toThrow(
      expect.objectContaining({ code: 'length' }),
    )
  })

  test('head and records written one by one are the whole', () => {
    const target = new Uint8Array(GET_ADDRS_RESPONSE_HEAD_BYTES + 2 * RECORD_BYTES)
    let end = encodeGetAddrsHeadInto(0xa1b2c3d4, 2, target, 0)
    for (const record of RECORDS) end = encodeRecordInto(record, target, end)
    expect(end).toBe(target.length)
    expect(hex(target)).toBe(GET_ADDRS_RESPONSE_2)
  })

  test('decode after encode is the identity', () => {
    const octets = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
    const record = fc.record({
      address: octets(16),
      signature: octets(64),
      port: fc.integer({ min: 0, max: 0xffff }),
      priority: fc.integer({ min: 0, max: 0xff }),
      clientId: fc.integer({ min: 0, max: 0xffff_ffff }),
      ttlSeconds: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    })
    const response = fc.record({
      nonce: fc.integer({ min: 0, max: 0xffff_ffff }),
      records: fc.array(record, { maxLength: 12 }),
    })
    fc.assert(
      fc.property(response, (value) => {
        expect(decodeGetAddrsResponse(encodeGetAddrsResponse(value))).toEqual(value)
      }),
      { seed: 42, numRuns: 60 },
    )
  })
})
