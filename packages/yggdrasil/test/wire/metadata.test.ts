import { generateKeyPair, sign } from '@mimirjs/crypto'
import { describe, expect, test } from 'vitest'
import { encodeGreeting, greetingHash, openGreeting } from '../../src/handshake.js'
import {
  decodeMetadata,
  encodeMetadata,
  METADATA_BYTES,
  type Metadata,
  metadataBytes,
} from '../../src/wire/metadata.js'
import { bytesOf, codeOf, concat, expectExact, expectTotal } from './support/bytes.js'

const { seed, publicKey } = generateKeyPair()
const signer = (message: Uint8Array) => sign(message, seed)
const NO_PASSWORD = new Uint8Array(0)
const PASSWORD = new TextEncoder().encode('päßword')
const greeting = (password = NO_PASSWORD) => encodeGreeting({ publicKey, priority: 7 }, password, signer)
const SIGNATURE = new Uint8Array(64).fill(0x55)
const PLAIN: Metadata = { majorVersion: 0, minorVersion: 5, publicKey, priority: 255, signature: SIGNATURE }

describe('layout', () => {
  test('is the same there and back', () => {
    expect(decodeMetadata(encodeMetadata(PLAIN))).toEqual(PLAIN)
    expect(encodeMetadata(PLAIN)).toHaveLength(METADATA_BYTES)
    expect(decodeMetadata(encodeMetadata({ signature: SIGNATURE }))).toEqual({ signature: SIGNATURE })
  })

  test('six bytes tell how many there are', () => {
    expect(metadataBytes(greeting().subarray(0, 6))).toBe(123)
    expect(metadataBytes(bytesOf('6d657461ffff'))).toBe(65_541)
  })

  test('no byte less, no byte more', () => {
    expectExact(encodeMetadata(PLAIN), decodeMetadata, 'handshake')
  })

  test.each([
    ['an HTTP answer', '485454502f31'],
    ['other letters', '4d4554410075'],
    ['a length below that of a signature', '6d657461003f'],
    ['too few bytes', '6d65746100'],
  ])('%s is told by the first bytes', (_, hex) => {
    expect(codeOf(() => metadataBytes(bytesOf(hex)))).toBe('handshake')
  })

  /** A message with these fields in front of the signature. */
  const withFields = (hex: string) => {
    const fields = bytesOf(hex)
    return concat(bytesOf('6d657461'), Uint8Array.of(0, fields.length + 64), fields, SIGNATURE)
  }

  test('unknown fields are skipped, of repeated ones the last counts', () => {
    expect(decodeMetadata(withFields('00090003aabbcc'))).toEqual({ signature: SIGNATURE })
    expect(decodeMetadata(withFields('00030001070003000109'))).toMatchObject({ priority: 9 })
  })

  test.each([
    ['1 stray byte', '00'],
    ['3 stray bytes', '000300'],
    ['a field that reaches into the signature', '0009000100'.slice(0, 8)],
    ['a version of one byte', '0000000100'],
    ['a version of three bytes', '00010003000500'],
    ['a priority without a byte', '00030000'],
    ['a key of 31 bytes', `0002001f${'aa'.repeat(31)}`],
  ])('%s: refused', (_, hex) => {
    expect(codeOf(() => decodeMetadata(withFields(hex)))).toBe('handshake')
  })

  test('any bytes are metadata or refused', () => {
    expectTotal([encodeMetadata(PLAIN), withFields('00090003aabbcc')], decodeMetadata, encodeMetadata)
  })

  test.each([
    { priority: 256 },
    { priority: -1 },
    { majorVersion: 65_536 },
    { minorVersion: 0.5 },
    { publicKey: SIGNATURE },
    { signature: publicKey },
  ])('%o to encode: refused', (change) => {
    expect(codeOf(() => encodeMetadata({ ...PLAIN, ...change }))).toBe('misuse')
  })
})

describe('greeting', () => {
  test('opens with the same password only', () => {
    expect(openGreeting(greeting(), NO_PASSWORD)).toEqual({ publicKey, priority: 7 })
    expect(openGreeting(greeting(PASSWORD), PASSWORD)).toEqual({ publicKey, priority: 7 })
    expect(codeOf(() => openGreeting(greeting(PASSWORD), NO_PASSWORD))).toBe('wrong-password')
    expect(codeOf(() => openGreeting(greeting(), PASSWORD))).toBe('wrong-password')
  })

  test('without a priority it is 0', () => {
    const { priority: _, ...rest } = decodeMetadata(greeting())
    expect(openGreeting(encodeMetadata(rest), NO_PASSWORD)).toEqual({ publicKey, priority: 0 })
  })

  test.each([
    ['major version 1', { majorVersion: 1 }],
    ['minor version 4', { minorVersion: 4 }],
    ['minor version 6', { minorVersion: 6 }],
    ['no major version', { majorVersion: undefined }],
    ['no minor version', { minorVersion: undefined }],
    ['no key', { publicKey: undefined }],
  ])('%s: incompatible', (_, change) => {
    const message = encodeMetadata({ ...decodeMetadata(greeting()), ...change })
    expect(codeOf(() => openGreeting(message, NO_PASSWORD))).toBe('incompatible')
  })

  test('a wrong signature is told before a wrong version, as in the reference', () => {
    const message = encodeMetadata({ ...decodeMetadata(greeting()), minorVersion: 4, signature: SIGNATURE })
    expect(codeOf(() => openGreeting(message, NO_PASSWORD))).toBe('wrong-password')
  })

  test('a key that is no point is refused', () => {
    const message = encodeMetadata({ ...decodeMetadata(greeting()), publicKey: new Uint8Array(32).fill(0xff) })
    expect(codeOf(() => openGreeting(message, NO_PASSWORD))).toBe('wrong-password')
  })

  test('a password is at most 64 bytes', () => {
    expect(greetingHash(publicKey, new Uint8Array(64))).toHaveLength(64)
    expect(codeOf(() => greetingHash(publicKey, new Uint8Array(65)))).toBe('misuse')
  })
})
