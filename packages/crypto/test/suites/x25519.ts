import { describe, expect, test } from 'vitest'
import { codeOf, hex, type Suite, toHex } from '../helpers.js'

/** The field elements of small order, and encodings of them above the prime. Source: multicast protocol, vectors `low-order-*`. */
export const LOW_ORDER_U: readonly string[] = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
]

export function x25519Suite(crypto: Suite): void {
  describe('X25519', () => {
    test.each([
      [
        'a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4',
        'e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c',
        'c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552',
      ],
      [
        '4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d',
        'e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493',
        '95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957',
      ],
    ])('RFC 7748 §5.2: %s', (scalar, u, secret) => {
      expect(toHex(crypto.x25519(hex(scalar), hex(u)))).toBe(secret)
    })

    test('RFC 7748 §6.1: public keys and the secret of both sides', () => {
      const alice = hex('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a')
      const bob = hex('5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb')
      const alicePublic = crypto.x25519PublicKey(alice)
      const bobPublic = crypto.x25519PublicKey(bob)
      expect(toHex(alicePublic)).toBe('8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a')
      expect(toHex(bobPublic)).toBe('de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f')
      const secret = '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742'
      expect(toHex(crypto.x25519(alice, bobPublic))).toBe(secret)
      expect(toHex(crypto.x25519(bob, alicePublic))).toBe(secret)
    })

    test.each(LOW_ORDER_U)('the public key %s gives no secret', (u) => {
      expect(codeOf(() => crypto.x25519(new Uint8Array(32).fill(9), hex(u)))).toBe('shared-secret')
      expect(codeOf(() => crypto.boxSharedKey(new Uint8Array(32).fill(9), hex(u)))).toBe('shared-secret')
      expect(codeOf(() => crypto.createSigner(new Uint8Array(32).fill(9)).agree(hex(u)))).toBe('shared-secret')
    })

    test('a private key array that is overwritten is another key', () => {
      const key = new Uint8Array(32).fill(5)
      const peer = crypto.x25519PublicKey(new Uint8Array(32).fill(6))
      const first = crypto.x25519(key, peer)
      expect(crypto.x25519(key, peer)).toEqual(first)
      key.fill(7)
      const second = crypto.x25519(key, peer)
      expect(second).not.toEqual(first)
      expect(second).toEqual(crypto.x25519(new Uint8Array(32).fill(7), peer))
    })

    test('a generated pair belongs together and differs from the next', () => {
      const pair = crypto.generateX25519KeyPair()
      expect(crypto.x25519PublicKey(pair.privateKey)).toEqual(pair.publicKey)
      const other = crypto.generateX25519KeyPair()
      expect(other.privateKey).not.toEqual(pair.privateKey)
      expect(crypto.x25519(pair.privateKey, other.publicKey)).toEqual(crypto.x25519(other.privateKey, pair.publicKey))
    })

    test('keys of another length are the caller’s mistake', () => {
      for (const length of [0, 31, 33, 64]) {
        expect(codeOf(() => crypto.x25519(new Uint8Array(length), new Uint8Array(32).fill(9)))).toBe('argument')
        expect(codeOf(() => crypto.x25519(new Uint8Array(32), new Uint8Array(length)))).toBe('argument')
        expect(codeOf(() => crypto.x25519PublicKey(new Uint8Array(length)))).toBe('argument')
        expect(codeOf(() => crypto.createSigner(new Uint8Array(32)).agree(new Uint8Array(length)))).toBe('argument')
      }
    })
  })
}
