import { describe, expect, test } from 'vitest'
import { codeOf, EDGE_LENGTHS, hex, SeededBytes, type Suite, toHex, utf8 } from '../helpers.js'

export function aeadSuite(crypto: Suite): void {
  describe('ChaCha20-Poly1305', () => {
    test('RFC 8439 §2.8.2', () => {
      const key = Uint8Array.from({ length: 32 }, (_, at) => 0x80 + at)
      const nonce = hex('070000004041424344454647')
      const associatedData = hex('50515253c0c1c2c3c4c5c6c7')
      const plaintext = utf8(
        "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
      )
      const sealed = crypto.chacha20Poly1305Seal(key, nonce, plaintext, associatedData)
      expect(toHex(sealed)).toBe(
        'd31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6' +
          '3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36' +
          '92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc' +
          '3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691',
      )
      expect(crypto.chacha20Poly1305Open(key, nonce, sealed, associatedData)).toEqual(plaintext)
    })
  })

  describe('AES-256-GCM', () => {
    test('the GCM specification, test cases 13, 14 and 16', () => {
      const zeroKey = new Uint8Array(32)
      const zeroNonce = new Uint8Array(12)
      expect(toHex(crypto.aes256GcmSeal(zeroKey, zeroNonce, new Uint8Array(0)))).toBe(
        '530f8afbc74536b9a963b4f1c4cb738b',
      )
      expect(toHex(crypto.aes256GcmSeal(zeroKey, zeroNonce, new Uint8Array(16)))).toBe(
        'cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919',
      )
      const key = hex('feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308')
      const plaintext = hex(
        'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72' +
          '1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39',
      )
      const associatedData = hex('feedfacedeadbeeffeedfacedeadbeefabaddad2')
      expect(toHex(crypto.aes256GcmSeal(key, hex('cafebabefacedbaddecaf888'), plaintext, associatedData))).toBe(
        '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa' +
          '8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662' +
          '76fc6ece0f4e1768cddf8853bb2d551b',
      )
    })
  })

  describe.each([
    ['chacha20Poly1305', crypto.chacha20Poly1305Seal, crypto.chacha20Poly1305Open],
    ['aes256Gcm', crypto.aes256GcmSeal, crypto.aes256GcmOpen],
  ] as const)('%s', (_, seal, open) => {
    const random = new SeededBytes(1)
    const key = random.bytes(32)
    const nonce = random.bytes(12)
    const sealed = seal(key, nonce, utf8('plain'), utf8('data'))

    test('what was sealed opens, at any offset of a larger buffer', () => {
      const around = new Uint8Array(64)
      around.set(sealed, 3)
      expect(open(key, nonce, around.subarray(3, 3 + sealed.length), utf8('data'))).toEqual(utf8('plain'))
    })

    test('no associated data is empty associated data', () => {
      expect(seal(key, nonce, utf8('plain'))).toEqual(seal(key, nonce, utf8('plain'), new Uint8Array(0)))
    })

    test('cut at every length, it does not open', () => {
      for (let length = 0; length < sealed.length; length++)
        expect(codeOf(() => open(key, nonce, sealed.subarray(0, length), utf8('data')))).toBe('authentication')
    })

    test('with any one bit turned over, anywhere, it does not open', () => {
      for (let round = 0; round < 60; round++) {
        expect(codeOf(() => open(key, nonce, random.flipped(sealed), utf8('data')))).toBe('authentication')
        expect(codeOf(() => open(random.flipped(key), nonce, sealed, utf8('data')))).toBe('authentication')
        expect(codeOf(() => open(key, random.flipped(nonce), sealed, utf8('data')))).toBe('authentication')
        expect(codeOf(() => open(key, nonce, sealed, random.flipped(utf8('data'))))).toBe('authentication')
      }
      expect(codeOf(() => open(key, nonce, sealed))).toBe('authentication')
    })

    test('keys and nonces of another length are the caller’s mistake', () => {
      for (const work of [seal, open]) {
        for (const length of [0, 16, 24, 31, 33, 64])
          expect(codeOf(() => work(new Uint8Array(length), nonce, sealed))).toBe('argument')
        for (const length of [0, 8, 11, 13, 16, 24])
          expect(codeOf(() => work(key, new Uint8Array(length), sealed))).toBe('argument')
        expect(codeOf(() => work(key, nonce, 'text' as unknown as Uint8Array))).toBe('argument')
        expect(codeOf(() => work(key, nonce, sealed, 'text' as unknown as Uint8Array))).toBe('argument')
      }
    })

    test('inputs are left as they are', () => {
      const plaintext = utf8('plain')
      const copies = [key.slice(), nonce.slice(), sealed.slice()]
      open(key, nonce, sealed, utf8('data'))
      seal(key, nonce, plaintext)
      expect([key, nonce, sealed]).toEqual(copies)
      expect(plaintext).toEqual(utf8('plain'))
    })
  })

  describe('aes256Gcm for packets', () => {
    const random = new SeededBytes(2)
    const key = random.bytes(32)
    const nonce = random.bytes(12)

    test.each(EDGE_LENGTHS.filter((length) => length <= 4_096))(
      '%s bytes are sealed in place, and opened, as by the others',
      (length) => {
        const plaintext = random.bytes(length)
        const sealed = crypto.aes256GcmSeal(key, nonce, plaintext)
        for (const offset of [0, 1, 29]) {
          const target = new Uint8Array(offset + sealed.length + 3).fill(0xee)
          crypto.aes256GcmSealInto(target, offset, key, nonce, plaintext)
          expect(target.subarray(offset, offset + sealed.length)).toEqual(sealed)
          expect(target.subarray(0, offset).every((byte) => byte === 0xee)).toBe(true)
          expect(target.subarray(offset + sealed.length)).toEqual(new Uint8Array(3).fill(0xee))
          const found = target.subarray(offset, offset + sealed.length)
          expect(crypto.aes256GcmTryOpen(key, nonce, found)).toEqual(plaintext)
        }
      },
    )

    test('the plaintext may lie in the target, before and where it is sealed', () => {
      const sealed = crypto.aes256GcmSeal(key, nonce, utf8('plain'))
      for (const at of [0, 27, 29, 31]) {
        const target = new Uint8Array(64)
        target.set(utf8('plain'), at)
        crypto.aes256GcmSealInto(target, 29, key, nonce, target.subarray(at, at + 5))
        expect(target.subarray(29, 50)).toEqual(sealed)
      }
    })

    test('what is opened is memory of its own', () => {
      const sealed = crypto.aes256GcmSeal(key, nonce, utf8('plain'))
      const opened = crypto.aes256GcmTryOpen(key, nonce, sealed) as Uint8Array
      sealed.fill(0)
      expect(opened).toEqual(utf8('plain'))
      expect(opened.buffer.byteLength).toBe(5)
      expect(Object.getPrototypeOf(opened)).toBe(Uint8Array.prototype)
    })

    test('cut at every length, altered in any bit, under another key or nonce, it does not open', () => {
      const sealed = crypto.aes256GcmSeal(key, nonce, utf8('plain'))
      for (let length = 0; length < sealed.length; length++)
        expect(crypto.aes256GcmTryOpen(key, nonce, sealed.subarray(0, length))).toBeUndefined()
      for (let bit = 0; bit < 8 * sealed.length; bit++) {
        const altered = sealed.slice()
        altered[bit >> 3] = (altered[bit >> 3] as number) ^ (1 << (bit & 7))
        expect(crypto.aes256GcmTryOpen(key, nonce, altered)).toBeUndefined()
      }
      expect(crypto.aes256GcmTryOpen(random.flipped(key), nonce, sealed)).toBeUndefined()
      expect(crypto.aes256GcmTryOpen(key, random.flipped(nonce), sealed)).toBeUndefined()
      const bound = crypto.aes256GcmSeal(key, nonce, utf8('plain'), utf8('data'))
      expect(crypto.aes256GcmTryOpen(key, nonce, bound)).toBeUndefined()
    })

    test('without room nothing is written, and it is the caller’s mistake, as other lengths are', () => {
      const target = new Uint8Array(40)
      const sealInto = (offset: number, size: number) => () =>
        crypto.aes256GcmSealInto(target, offset, key, nonce, new Uint8Array(size))
      for (const [offset, size] of [
        [0, 25],
        [40, 0],
        [25, 0],
        [41, 0],
        [-1, 0],
        [0.5, 0],
        [Number.NaN, 0],
      ] as const)
        expect(codeOf(sealInto(offset, size))).toBe('argument')
      expect(target).toEqual(new Uint8Array(40))
      expect(codeOf(sealInto(24, 0))).toBe('nothing thrown')
      for (const length of [0, 16, 31, 33]) {
        const other = new Uint8Array(length)
        expect(codeOf(() => crypto.aes256GcmSealInto(target, 0, other, nonce, utf8('')))).toBe('argument')
        expect(codeOf(() => crypto.aes256GcmSealInto(target, 0, key, other, utf8('')))).toBe('argument')
        expect(codeOf(() => crypto.aes256GcmTryOpen(other, nonce, target))).toBe('argument')
        expect(codeOf(() => crypto.aes256GcmTryOpen(key, other, target))).toBe('argument')
      }
      const text = 'text' as unknown as Uint8Array
      expect(codeOf(() => crypto.aes256GcmSealInto(text, 0, key, nonce, utf8('')))).toBe('argument')
      expect(codeOf(() => crypto.aes256GcmSealInto(target, 0, key, nonce, text))).toBe('argument')
      expect(codeOf(() => crypto.aes256GcmTryOpen(key, nonce, text))).toBe('argument')
    })
  })
}
