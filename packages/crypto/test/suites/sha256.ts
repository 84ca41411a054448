import { describe, expect, test } from 'vitest'
import { codeOf, EDGE_LENGTHS, SeededBytes, type Suite, toHex, utf8 } from '../helpers.js'

export function sha256Suite(crypto: Suite): void {
  describe('createSha256', () => {
    test('"abc" and nothing (FIPS 180-4)', () => {
      const abc = crypto.createSha256()
      for (const letter of 'abc') abc.update(utf8(letter))
      expect(toHex(abc.digest())).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
      const nothing = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
      expect(toHex(crypto.createSha256().digest())).toBe(nothing)
    })

    test('pieces make no difference', () => {
      const random = new SeededBytes(17)
      for (const length of EDGE_LENGTHS) {
        const message = random.bytes(length)
        const stream = crypto.createSha256()
        for (let offset = 0; offset < length; ) {
          const piece = message.slice(offset, offset + random.below(200))
          stream.update(piece)
          offset += piece.length
          piece.fill(0) // it keeps no view
        }
        expect(stream.digest()).toEqual(crypto.sha256(message))
      }
    })

    test('two at once do not mix', () => {
      const [one, two] = [crypto.createSha256(), crypto.createSha256()]
      one.update(utf8('a'))
      two.update(utf8('b'))
      one.update(utf8('c'))
      expect([one.digest(), two.digest()]).toEqual([crypto.sha256(utf8('ac')), crypto.sha256(utf8('b'))])
    })

    test('gives its digest once, in 32 bytes of its own', () => {
      const stream = crypto.createSha256()
      const digest = stream.digest()
      expect([digest.length, digest.buffer.byteLength]).toEqual([crypto.SHA256_BYTES, crypto.SHA256_BYTES])
      expect(Object.getPrototypeOf(digest)).toBe(Uint8Array.prototype)
      expect(codeOf(() => stream.digest())).toBe('finished')
      expect(codeOf(() => stream.update(utf8('a')))).toBe('finished')
    })

    test('takes bytes only, and goes on after a refusal', () => {
      const stream = crypto.createSha256()
      for (const value of ['text', undefined, null, 7, [1], new ArrayBuffer(4)])
        expect(codeOf(() => stream.update(value as unknown as Uint8Array))).toBe('argument')
      stream.update(utf8('abc'))
      expect(stream.digest()).toEqual(crypto.sha256(utf8('abc')))
    })
  })
}
