import { describe, expect, test } from 'vitest'
import { codeOf, hex, type Suite } from '../helpers.js'
import { smallOrderEncodings } from '../points.js'

export function basicsSuite(crypto: Suite): void {
  describe('isSmallOrder', () => {
    test('knows exactly the 14 encodings', () => {
      const all = smallOrderEncodings()
      expect(all).toHaveLength(14)
      for (const encoding of all) {
        expect(crypto.isSmallOrder(encoding)).toBe(true)
        for (let at = 0; at < 32; at++) {
          const near = encoding.slice()
          near[at] = (near[at] as number) ^ 0x08
          expect(crypto.isSmallOrder(near)).toBe(false)
        }
        expect(crypto.isSmallOrder(encoding.subarray(1))).toBe(false)
        expect(crypto.isSmallOrder(Uint8Array.of(...encoding, 0))).toBe(false)
      }
      expect(crypto.isSmallOrder(crypto.generateKeyPair().publicKey)).toBe(false)
      expect(crypto.isSmallOrder(new Uint8Array(0))).toBe(false)
    })
  })

  describe('isPoint', () => {
    test('takes public keys, and points of small order in their one right encoding', () => {
      expect(crypto.isPoint(crypto.generateKeyPair().publicKey)).toBe(true)
      expect(smallOrderEncodings().filter((encoding) => crypto.isPoint(encoding))).toHaveLength(8)
    })

    test.each([
      ['no point', '02'.repeat(32)],
      ['no point', `02${'00'.repeat(31)}`],
      ['y is the prime', `ed${'ff'.repeat(30)}7f`],
      ['y is above the prime', `f0${'ff'.repeat(30)}7f`],
      ['negative zero', `01${'00'.repeat(30)}80`],
      ['too short', '01'.repeat(31)],
      ['too long', '01'.repeat(33)],
      ['nothing', ''],
    ])('refuses %s: %s', (_, encoding) => {
      expect(crypto.isPoint(hex(encoding))).toBe(false)
    })
  })

  describe('equalConstantTime', () => {
    test('is equality of bytes', () => {
      expect(crypto.equalConstantTime(hex('010203'), hex('010203'))).toBe(true)
      expect(crypto.equalConstantTime(hex('010203'), hex('010204'))).toBe(false)
      expect(crypto.equalConstantTime(hex('010203'), hex('0102'))).toBe(false)
      expect(crypto.equalConstantTime(hex(''), hex(''))).toBe(true)
      expect(codeOf(() => crypto.equalConstantTime('a' as unknown as Uint8Array, hex('61')))).toBe('argument')
    })
  })

  describe('randomBytes', () => {
    test.each([0, 1, 32, 65_536, 65_537, 200_000])('gives %s bytes', (length) => {
      expect(crypto.randomBytes(length)).toHaveLength(length)
    })

    test('gives small pieces that are their own, differ, and are nowhere else', () => {
      const pieces = Array.from({ length: 1_000 }, (_, at) => crypto.randomBytes(8 + (at % 57)))
      expect(new Set(pieces.map((piece) => piece.subarray(0, 8).join())).size).toBe(1_000)
      for (const piece of pieces) expect(piece.buffer.byteLength).toBe(piece.length)
    })

    test('fills every chunk of a long request', () => {
      const bytes = crypto.randomBytes(150_000)
      for (let at = 0; at < bytes.length; at += 10_000)
        expect(bytes.subarray(at, at + 10_000).some((byte) => byte !== 0)).toBe(true)
      expect(crypto.randomBytes(32)).not.toEqual(crypto.randomBytes(32))
    })

    test.each([-1, 0.5, Number.NaN, 2 ** 31])('refuses %s', (length) => {
      expect(codeOf(() => crypto.randomBytes(length))).toBe('argument')
    })
  })

  describe('CryptoError', () => {
    test('is recognised by name, with code, blame and cause', () => {
      const error = new crypto.CryptoError('authentication', 'text', { cause: 7 })
      expect(error).toMatchObject({ name: 'CryptoError', code: 'authentication', blame: 'remote', cause: 7 })
      expect(crypto.isCryptoError(error)).toBe(true)
      expect(crypto.isCryptoError(Object.assign(new Error('text'), { name: 'CryptoError' }))).toBe(true)
      expect(crypto.isCryptoError(new Error('text'))).toBe(false)
      expect(crypto.isCryptoError(undefined)).toBe(false)
    })
  })
}
