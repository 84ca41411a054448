import { describe, expect, test } from 'vitest'
import { codeOf, hex, type Suite, toHex, utf8 } from '../helpers.js'

export function hashSuite(crypto: Suite): void {
  describe('hashes', () => {
    test('SHA-256 and SHA-512 of "abc" (FIPS 180-4)', () => {
      expect(toHex(crypto.sha256(utf8('abc')))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
      expect(toHex(crypto.sha512(utf8('abc')))).toBe(
        'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a' +
          '2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
      )
    })

    test('SHA-256 and SHA-512 of nothing', () => {
      expect(toHex(crypto.sha256(utf8('')))).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
      expect(toHex(crypto.sha512(utf8('')))).toBe(
        'cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce' +
          '47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e',
      )
    })

    test('BLAKE2b-512 of "abc" (RFC 7693 appendix A)', () => {
      expect(toHex(crypto.blake2b(utf8('abc')))).toBe(
        'ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1' +
          '7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923',
      )
    })

    test('BLAKE2b of every length: an own hash each, not a prefix of a longer one', () => {
      const all = Array.from({ length: 64 }, (_, at) => crypto.blake2b(utf8('abc'), at + 1))
      expect(all.map(({ length }) => length)).toEqual(Array.from({ length: 64 }, (_, at) => at + 1))
      expect(toHex(all[31] as Uint8Array)).toBe('bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319')
      expect(toHex(all[63] as Uint8Array).startsWith(toHex(all[31] as Uint8Array))).toBe(false)
    })

    test('BLAKE2b with a key (the reference vectors: key and message count up from 0)', () => {
      const key = Uint8Array.from({ length: 64 }, (_, at) => at)
      expect(toHex(crypto.blake2b(new Uint8Array(0), 64, key))).toBe(
        '10ebb67700b1868efb4417987acf4690ae9d972fb7a590c2f02871799aaa4786' +
          'b5e996e8f0f4eb981fc214b005f42d2ff4233499391653df7aefcbc13fc51568',
      )
      expect(crypto.blake2b(utf8('abc'), 64, new Uint8Array(0))).toEqual(crypto.blake2b(utf8('abc')))
    })

    test('HKDF-SHA256 (RFC 5869 A.1, A.2, A.3)', () => {
      expect(
        toHex(
          crypto.hkdfSha256(
            new Uint8Array(22).fill(0x0b),
            hex('000102030405060708090a0b0c'),
            hex('f0f1f2f3f4f5f6f7f8f9'),
            42,
          ),
        ),
      ).toBe('3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865')
      const count = (from: number) => Uint8Array.from({ length: 80 }, (_, at) => from + at)
      expect(toHex(crypto.hkdfSha256(count(0), count(0x60), count(0xb0), 82))).toBe(
        'b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c' +
          '59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71' +
          'cc30c58179ec3e87c14c01d5c1f3434f1d87',
      )
      const withoutSalt = '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8'
      for (const salt of [undefined, new Uint8Array(0), new Uint8Array(32)])
        expect(toHex(crypto.hkdfSha256(new Uint8Array(22).fill(0x0b), salt, new Uint8Array(0), 42))).toBe(withoutSalt)
    })

    test('HKDF takes a context of any length', () => {
      for (const length of [1_024, 1_025, 5_000])
        expect(crypto.hkdfSha256(utf8('key'), undefined, new Uint8Array(length), 8_160)).toHaveLength(8_160)
    })

    test.each([0, 65, 1.5, -1, Number.NaN])('BLAKE2b refuses an output of %s bytes', (outputBytes) => {
      expect(codeOf(() => crypto.blake2b(utf8('abc'), outputBytes))).toBe('argument')
    })

    test('a BLAKE2b key above 64 bytes and an HKDF output out of range are refused', () => {
      expect(codeOf(() => crypto.blake2b(utf8('abc'), 64, new Uint8Array(65)))).toBe('argument')
      for (const outputBytes of [0, 8_161, 0.5, Number.POSITIVE_INFINITY])
        expect(codeOf(() => crypto.hkdfSha256(utf8('k'), undefined, utf8(''), outputBytes))).toBe('argument')
    })

    test.each(['text', undefined, null, 7, [1, 2], new ArrayBuffer(4)])('%s is not hashed: bytes only', (value) => {
      for (const hash of [crypto.sha256, crypto.sha512, crypto.blake2b])
        expect(codeOf(() => hash(value as unknown as Uint8Array))).toBe('argument')
    })
  })
}
