import { describe, expect, test } from 'vitest'
import { codeOf, hex, SeededBytes, type Suite, toHex } from '../helpers.js'

// The example of "Cryptography in NaCl"; its key pairs are those of RFC 7748 §6.1.
const ALICE_PRIVATE = hex('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a')
const BOB_PRIVATE = hex('5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb')
const SHARED_KEY = '1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389'
const NONCE = hex('69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37')
const PLAINTEXT = hex(
  'be075fc53c81f2d5cf141316ebeb0c7b5228c52a4c62cbd44b66849b64244ffce5ecbaaf33bd751a1ac728d45e6c6129' +
    '6cdc3c01233561f41db66cce314adb310e3be8250c46f06dceea3a7fa1348057e2f6556ad6b1318a024a838f21af1fde' +
    '048977eb48f59ffd4924ca1c60902e52f0a089bc76897040e082f937763848645e0705',
)
const SEALED =
  'f3ffc7703f9400e52a7dfb4b3d3305d98e993b9f48681273c29650ba32fc76ce48332ea7164d96a4476fb8c531a1186a' +
  'c0dfc17c98dce87b4da7f011ec48c97271d2c20f9b928fe2270d6fb863d51738b48eeee314a7cc8ab932164548e526ae' +
  '90224368517acfeabd6bb3732bc0e9da99832b61ca01b6de56244a9e88d5f9b37973f622a43d14a6599b1f654cb45a74e355a5'

export function boxSuite(crypto: Suite): void {
  describe('box', () => {
    const key = hex(SHARED_KEY)
    const sealed = hex(SEALED)

    test('both sides compute the shared key of the NaCl example', () => {
      expect(toHex(crypto.boxSharedKey(ALICE_PRIVATE, crypto.x25519PublicKey(BOB_PRIVATE)))).toBe(SHARED_KEY)
      expect(toHex(crypto.boxSharedKey(BOB_PRIVATE, crypto.x25519PublicKey(ALICE_PRIVATE)))).toBe(SHARED_KEY)
    })

    test('the NaCl example, tag first', () => {
      expect(toHex(crypto.boxSeal(key, NONCE, PLAINTEXT))).toBe(SEALED)
      expect(crypto.boxOpen(key, NONCE, sealed)).toEqual(PLAINTEXT)
    })

    test('an empty message is a tag, and opens', () => {
      const empty = crypto.boxSeal(key, NONCE, new Uint8Array(0))
      expect(empty).toHaveLength(16)
      expect(crypto.boxOpen(key, NONCE, empty)).toHaveLength(0)
    })

    test('cut at every length, it does not open', () => {
      for (let length = 0; length < sealed.length; length++)
        expect(codeOf(() => crypto.boxOpen(key, NONCE, sealed.subarray(0, length)))).toBe('authentication')
    })

    test('with any one bit turned over, it does not open', () => {
      const random = new SeededBytes(2)
      for (let round = 0; round < 60; round++) {
        expect(codeOf(() => crypto.boxOpen(key, NONCE, random.flipped(sealed)))).toBe('authentication')
        expect(codeOf(() => crypto.boxOpen(random.flipped(key), NONCE, sealed))).toBe('authentication')
        expect(codeOf(() => crypto.boxOpen(key, random.flipped(NONCE), sealed))).toBe('authentication')
      }
    })

    test('keys and nonces of another length are the caller’s mistake', () => {
      for (const work of [crypto.boxSeal, crypto.boxOpen]) {
        expect(codeOf(() => work(new Uint8Array(31), NONCE, sealed))).toBe('argument')
        expect(codeOf(() => work(key, new Uint8Array(12), sealed))).toBe('argument')
        expect(codeOf(() => work(key, NONCE, 'text' as unknown as Uint8Array))).toBe('argument')
      }
    })
  })
}
