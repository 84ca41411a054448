import { describe, expect, test } from 'vitest'
import { exportPublicKey, generateRawPair, importAgreementKey, importPrivateKey } from '../src/native/keys.js'
import { publicKeyFromSeed, x25519PublicKey } from '../src/portable.js'

describe('keys of node:crypto', () => {
  test.each([
    ['Ed25519', publicKeyFromSeed],
    ['X25519', x25519PublicKey],
  ] as const)('%s: an imported private key exports the right public one', (curve, derive) => {
    const privateKey = new Uint8Array(32).fill(7)
    expect(exportPublicKey(importPrivateKey(curve, privateKey))).toEqual(derive(privateKey))
  })

  test('an agreement key is an X25519 private key, whatever this Node thinks of one without its public half', () => {
    const key = importAgreementKey(new Uint8Array(32).fill(7))
    expect([key.type, key.asymmetricKeyType]).toEqual(['private', 'x25519'])
  })

  // Where pairs are exported in another way, Node 20 stops for ever after about 1,000 of them.
  test('thousands of pairs are generated, each of them whole', () => {
    for (let round = 0; round < 3_000; round++) {
      const { privateKey, publicKey } = generateRawPair(round % 2 === 0 ? 'Ed25519' : 'X25519')
      if (privateKey.length !== 32 || publicKey.length !== 32) throw new Error(`pair ${round} is not whole`)
    }
    const { privateKey, publicKey } = generateRawPair('Ed25519')
    expect(publicKeyFromSeed(privateKey)).toEqual(publicKey)
  })
})
