import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isWireError } from '../src/error.js'
import {
  decodeRequest,
  decodeResponse,
  encodeAnnounceRequest,
  encodeAnnounceResponse,
  encodeGetAddrsRequest,
  encodeGetAddrsResponse,
  peekResponse,
} from '../src/tracker/index.js'
import {
  ANNOUNCE_REQUEST,
  ANNOUNCE_RESPONSE,
  bytes,
  GET_ADDRS_REQUEST,
  GET_ADDRS_RESPONSE_2,
  hex,
  USER_KEY,
} from './tracker-samples.js'

describe('dispatch', () => {
  test('requests by their command', () => {
    expect(decodeRequest(bytes(ANNOUNCE_REQUEST))).toMatchObject({ command: 'announce', port: 5050 })
    expect(decodeRequest(bytes(GET_ADDRS_REQUEST))).toEqual({
      command: 'getAddrs',
      nonce: 0xa1b2c3d4,
      publicKey: bytes(USER_KEY),
    })
  })

  test('responses by their command', () => {
    expect(decodeResponse(bytes(ANNOUNCE_RESPONSE))).toEqual({
      command: 'announce',
      nonce: 0x01020304,
      ttlSeconds: 600n,
    })
    expect(decodeResponse(bytes(GET_ADDRS_RESPONSE_2))).toMatchObject({ command: 'getAddrs', nonce: 0xa1b2c3d4 })
  })

  test('unknown commands and inputs without one', () => {
    for (const decode of [decodeRequest, decodeResponse]) {
      expect(() => decode(new Uint8Array(0))).toThrow(expect.objectContaining({ code: 'truncated' }))
    }
    expect(() => decodeRequest(bytes(`010102030402${USER_KEY}`))).toThrow(
      expect.objectContaining({ code: 'unexpected-type', field: 'request.command' }),
    )
    expect(() => decodeResponse(bytes('0102030402000000'))).toThrow(
      expect.objectContaining({ code: 'unexpected-type', field: 'response.command' }),
    )
  })

  test('peekResponse reads what five bytes tell', () => {
    expect(peekResponse(bytes('ffffffff01'))).toEqual({ nonce: 0xffff_ffff, command: 1 })
    expect(peekResponse(bytes(ANNOUNCE_RESPONSE))).toEqual({ nonce: 0x01020304, command: 0 })
    for (let length = 0; length < 5; length++) expect(peekResponse(new Uint8Array(length))).toBeUndefined()
  })

  test('any bytes give a message or a WireError, and a message survives encoding again', () => {
    const samples = [ANNOUNCE_REQUEST, GET_ADDRS_REQUEST, ANNOUNCE_RESPONSE, GET_ADDRS_RESPONSE_2].map(bytes)
    const noise = fc.uint8Array({ maxLength: 300 })
    const damaged = fc
      .tuple(fc.constantFrom(...samples), fc.nat(400), fc.nat(255), fc.nat(400))
      .map(([sample, at, value, length]) => {
        const copy = sample.slice(0, length)
        if (at < copy.length) copy[at] = value
        return copy
      })
    fc.assert(
      fc.property(fc.oneof(noise, damaged), (input) => {
        const request = attempt(() => decodeRequest(input))
        if (request?.command === 'announce')
          expect(hex(input.subarray(1))).toContain(hex(encodeAnnounceRequest(request)).slice(2))
        if (request?.command === 'getAddrs')
          expect(hex(input.subarray(1))).toContain(hex(encodeGetAddrsRequest(request)).slice(2))
        const response = attempt(() => decodeResponse(input))
        if (response?.command === 'announce') expect(hex(input)).toContain(hex(encodeAnnounceResponse(response)))
        if (response?.command === 'getAddrs') expect(hex(input)).toContain(hex(encodeGetAddrsResponse(response)))
      }),
      { seed: 43, numRuns: 2000 },
    )
  })
})

function attempt<T>(decode: () => T): T | undefined {
  try {
    return decode()
  } catch (error) {
    if (!isWireError(error)) throw error
    return undefined
  }
}
