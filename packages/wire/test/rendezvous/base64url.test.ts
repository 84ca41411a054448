import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { b64uLength, isB64u } from '../../src/rendezvous/base64url.js'
import { decodeB64u, encodeB64u, formatFingerprint } from '../../src/rendezvous/index.js'
import { codeOf } from '../support/errors.js'
import { bytesOf } from '../support/frames.js'

const SEED = 0x6236_3475
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** The engine's own, in the ordinary alphabet: the other opinion. */
function expected(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}

test('bytes of every length, as the engine writes them', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const text = encodeB64u(bytes)
      expect(text).toBe(expected(bytes))
      expect(text).toHaveLength(b64uLength(bytes.length))
      expect(decodeB64u(text)).toEqual(bytes)
      expect(decodeB64u(text, bytes.length)).toEqual(bytes)
      expect(isB64u(text)).toBe(true)
    }),
    { seed: SEED, numRuns: 300 },
  )
})

test('every text of up to three characters: taken only if it is the one of its bytes', () => {
  const encodings = new Set<string>()
  for (let first = 0; first < 256; first++) {
    encodings.add(expected(Uint8Array.of(first)))
    for (let second = 0; second < 256; second++) encodings.add(expected(Uint8Array.of(first, second)))
  }
  const texts = [...ALPHABET].flatMap((first) => [
    first,
    ...[...ALPHABET].flatMap((second) => [first + second, ...[...ALPHABET].map((third) => first + second + third)]),
  ])
  const wrong = texts.filter((text) => {
    const isTaken = codeOf(() => decodeB64u(text)) === undefined
    return isTaken !== encodings.has(text) || isB64u(text) !== encodings.has(text)
  })
  expect(texts).toHaveLength(64 + 64 ** 2 + 64 ** 3)
  expect(wrong).toEqual([])
})

describe('no other character, wherever it stands', () => {
  test.each(['=', '+', '/', ' ', '\n', '\0', '.', 'é', '\u0141', '🙂', '\ud800'])('%j', (character) => {
    for (const length of [2, 3, 4, 8]) {
      for (let at = 0; at < length; at++) {
        const text = 'A'.repeat(at) + character + 'A'.repeat(length - at - 1)
        expect(codeOf(() => decodeB64u(text))).toBe('b64u')
        expect(isB64u(text)).toBe(false)
      }
    }
  })
})

test('a size that is asked for is the only one', () => {
  fc.assert(
    fc.property(fc.nat(70), fc.nat(70), (size, asked) => {
      const text = encodeB64u(new Uint8Array(size))
      expect(codeOf(() => decodeB64u(text, asked))).toBe(size === asked ? undefined : 'b64u')
    }),
    { seed: SEED, numRuns: 300 },
  )
})

test('a fingerprint is six groups of four, and its first 15 bytes decide it', () => {
  fc.assert(
    fc.property(bytesOf(32), (digest) => {
      const text = formatFingerprint(digest)
      expect(text).toMatch(/^([a-z2-7]{4}-){5}[a-z2-7]{4}$/)
      expect(formatFingerprint(digest.subarray(0, 15))).toBe(text)
      let bits = ''
      for (const character of text.replaceAll('-', '')) {
        bits += 'abcdefghijklmnopqrstuvwxyz234567'.indexOf(character).toString(2).padStart(5, '0')
      }
      const bytes = (bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2))
      expect(Uint8Array.from(bytes)).toEqual(digest.subarray(0, 15))
    }),
    { seed: SEED, numRuns: 100 },
  )
  expect(codeOf(() => formatFingerprint(new Uint8Array(14)))).toBe('length')
})
