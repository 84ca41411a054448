import { ed25519 } from '@noble/curves/ed25519.js'
import { describe, expect, test } from 'vitest'
import { hex, SeededBytes, type Suite } from '../helpers.js'
import { edgeCases, smallOrderEncodings } from '../points.js'

/** Of `edgeCases(new SeededBytes(4), 2)`, as OpenSSL 3.0 decides them. */
const ACCEPTED = 64
const REFUSED = 1_684
/** Of the same cases, as ZIP 215 decides them. */
const COFACTORED = 584

export function verifySuite(crypto: Suite): void {
  describe('verify', () => {
    test('decides the edge cases as OpenSSL does', () => {
      const cases = [...edgeCases(new SeededBytes(4), 2)]
      const accepted = cases.filter(({ signature, message, publicKey }) => crypto.verify(signature, message, publicKey))
      expect([accepted.length, cases.length - accepted.length]).toEqual([ACCEPTED, REFUSED])
      expect(accepted.filter(({ kind }) => kind.endsWith('L'))).toEqual([])
    })

    test('refuses what fits only after multiplication by the cofactor, which ZIP 215 accepts', () => {
      const cofactored = [...edgeCases(new SeededBytes(4), 2)].filter(({ signature, message, publicKey }) =>
        ed25519.verify(signature, message, publicKey, { zip215: true }),
      )
      const accepted = cofactored.filter((one) => crypto.verify(one.signature, one.message, one.publicKey))
      expect([cofactored.length, accepted.length]).toEqual([COFACTORED, ACCEPTED])
    })

    test('a signature for every message fits a key of small order: check isSmallOrder first', () => {
      const neutral = hex(`01${'00'.repeat(31)}`)
      const signature = Uint8Array.of(...neutral, ...new Uint8Array(32))
      for (const message of [hex(''), hex('00'), hex('ffff')]) {
        const fits = smallOrderEncodings().filter((publicKey) => crypto.verify(signature, message, publicKey))
        expect(fits.length).toBeGreaterThanOrEqual(4)
        expect(fits.every((publicKey) => crypto.isSmallOrder(publicKey))).toBe(true)
      }
    })

    test('any bytes give an answer', () => {
      const random = new SeededBytes(5)
      for (let round = 0; round < 100; round++)
        expect(crypto.verify(random.bytes(64), random.bytes(random.below(80)), random.bytes(32))).toBe(false)
    })
  })
}
