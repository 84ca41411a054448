import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  decodeSessionInit,
  decodeSessionInitMessage,
  decodeSessionTraffic,
  encodeSessionInit,
  encodeSessionInitMessage,
  encodeSessionTraffic,
  MIN_SESSION_TRAFFIC_BYTES,
  SESSION_INIT_BYTES,
  SESSION_INIT_PLAIN_BYTES,
  type SessionInit,
  SessionType,
  sessionTrafficHeadBytes,
  signedSessionBytes,
  writeSessionTrafficHead,
} from '../../src/wire/session.js'
import { bytesOf, codeOf, concat, expectExact, expectTotal, u64 } from './support/bytes.js'

const KEY_A = new Uint8Array(32).fill(0xaa)
const KEY_B = new Uint8Array(32).fill(0xbb)
const INIT: SessionInit = {
  signature: new Uint8Array(64).fill(0x55),
  current: KEY_A,
  next: KEY_B,
  keySeq: 2n ** 64n - 1n,
  seq: 1_750_000_000n,
}
const MESSAGE = { type: SessionType.init, ephemeralKey: KEY_A, sealed: new Uint8Array(160).fill(7) }
const TRAFFIC = { localKeySeq: 1n, remoteKeySeq: 300n, nonce: 2n ** 64n - 1n, sealed: new Uint8Array(50).fill(9) }

describe('init', () => {
  test('is the same there and back, in its exact length', () => {
    const plain = encodeSessionInit(INIT)
    expect(plain).toHaveLength(SESSION_INIT_PLAIN_BYTES)
    expect(decodeSessionInit(plain)).toEqual(INIT)
    expectExact(plain, decodeSessionInit)
  })

  test('as a message too, init or ack', () => {
    const message = encodeSessionInitMessage(MESSAGE)
    expect(message).toHaveLength(SESSION_INIT_BYTES)
    expect(decodeSessionInitMessage(message)).toEqual(MESSAGE)
    expectExact(message, decodeSessionInitMessage)
    message[0] = SessionType.ack
    expect(decodeSessionInitMessage(message)).toEqual({ ...MESSAGE, type: SessionType.ack })
    message[0] = SessionType.traffic
    expect(codeOf(() => decodeSessionInitMessage(message))).toBe('malformed')
  })

  test('what is signed is the ephemeral key and what follows the signature', () => {
    expect(signedSessionBytes(KEY_B, INIT)).toEqual(concat(KEY_B, encodeSessionInit(INIT).subarray(64)))
  })

  test('numbers above 64 bits, and parts of another length, are refused to encode', () => {
    expect(codeOf(() => encodeSessionInit({ ...INIT, seq: 2n ** 64n }))).toBe('misuse')
    expect(codeOf(() => encodeSessionInit({ ...INIT, keySeq: -1n }))).toBe('misuse')
    expect(codeOf(() => encodeSessionInit({ ...INIT, next: INIT.signature }))).toBe('misuse')
    expect(codeOf(() => encodeSessionInitMessage({ ...MESSAGE, sealed: KEY_A }))).toBe('misuse')
  })
})

describe('traffic', () => {
  test('is the same there and back', () => {
    fc.assert(
      fc.property(u64, u64, u64, fc.uint8Array({ minLength: 48, maxLength: 90 }), (local, remote, nonce, sealed) => {
        const value = { localKeySeq: local, remoteKeySeq: remote, nonce, sealed }
        expect(decodeSessionTraffic(encodeSessionTraffic(value))).toEqual(value)
      }),
      { seed: 1 },
    )
  })

  test('what stands in front of the sealed part is written in place', () => {
    const size = sessionTrafficHeadBytes(1n, 300n, 5n)
    const target = new Uint8Array(size + 2).fill(0xee)
    expect(writeSessionTrafficHead(target, 1, 1n, 300n, 5n)).toBe(1 + size)
    expect(target).toEqual(bytesOf('ee0301ac0205ee'))
  })

  test('the shortest is 52 bytes', () => {
    const shortest = encodeSessionTraffic({ localKeySeq: 0n, remoteKeySeq: 0n, nonce: 1n, sealed: new Uint8Array(48) })
    expect(shortest).toHaveLength(MIN_SESSION_TRAFFIC_BYTES)
    for (let end = 0; end < shortest.length; end++) {
      expect(codeOf(() => decodeSessionTraffic(shortest.subarray(0, end)))).toBe('malformed')
    }
    expect(codeOf(() => encodeSessionTraffic({ ...TRAFFIC, sealed: new Uint8Array(47) }))).toBe('misuse')
  })

  test('other types are refused', () => {
    const message = encodeSessionTraffic(TRAFFIC)
    message[0] = SessionType.init
    expect(codeOf(() => decodeSessionTraffic(message))).toBe('malformed')
  })
})

test('any bytes are a message or refused', () => {
  expectTotal([encodeSessionInit(INIT)], decodeSessionInit, encodeSessionInit)
  expectTotal([encodeSessionInitMessage(MESSAGE)], decodeSessionInitMessage, encodeSessionInitMessage)
  expectTotal([encodeSessionTraffic(TRAFFIC)], decodeSessionTraffic, encodeSessionTraffic)
})
