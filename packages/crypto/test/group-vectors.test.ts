// The published vectors of groups, through both builds.
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import * as node from '../src/node.js'
import * as portable from '../src/portable.js'
import { codeOf, codeOfRejection, hex, toHex } from './helpers.js'

type Cipher = portable.GroupCipher

function vectors<Hex extends string, Rest = object>(file: string): (Record<'name' | Hex, string> & Rest)[] {
  const text = readFileSync(new URL(`../../../vectors/crypto/${file}`, import.meta.url), 'utf8')
  return JSON.parse(text) as (Record<'name' | Hex, string> & Rest)[]
}

describe.each([
  ['node', node],
  ['portable', portable],
])('the %s build', (_, crypto) => {
  test.each(vectors<'key' | 'nonce' | 'keystream'>('keystreams.json'))('keystream $name', (vector) => {
    const [key, nonce] = [hex(vector.key), hex(vector.nonce)]
    const stream = (cipher: Cipher, from: number): string => {
      const sealed = crypto.groupSeal(key, new Uint8Array(192 - from), cipher, nonce)
      return toHex(sealed.slice(12, -16))
    }
    expect(stream('legacy', 32)).toBe(vector.keystream.slice(64))
    expect(stream('rfc8439', 64)).toBe(vector.keystream.slice(128))
  })

  test.each(vectors<'key' | 'nonce' | 'plaintext' | 'sealed', { cipher: Cipher }>('group-messages.json'))(
    'message $name',
    ({ cipher, key, nonce, plaintext, sealed }) => {
      expect(toHex(crypto.groupSeal(hex(key), hex(plaintext), cipher, hex(nonce)))).toBe(sealed)
      for (const tried of ['rfc8439', 'legacy'] as const) {
        const opened = crypto.groupOpen(hex(key), hex(sealed), tried)
        expect({ ...opened, plaintext: toHex(opened.plaintext) }).toEqual({ plaintext, cipher })
      }
    },
  )

  test.each(vectors<'key' | 'sealed' | 'foundBy', { cipher: Cipher }>('group-messages-invalid.json'))(
    'refused: message $name',
    ({ cipher, key, sealed, foundBy }) => {
      if (foundBy === 'variant') expect(crypto.groupOpen(hex(key), hex(sealed), cipher).cipher).not.toBe(cipher)
      else expect(codeOf(() => crypto.groupOpen(hex(key), hex(sealed), cipher))).toBe('authentication')
    },
  )

  test.each(
    vectors<'seed' | 'ed25519PublicKey' | 'x25519PublicKey', { x25519PrivateKey?: string }>('key-conversions.json'),
  )('conversion $name', ({ seed, ed25519PublicKey, x25519PublicKey, x25519PrivateKey }) => {
    expect(toHex(crypto.publicKeyFromSeed(hex(seed)))).toBe(ed25519PublicKey)
    expect(toHex(crypto.ed25519PublicKeyToX25519(hex(ed25519PublicKey)))).toBe(x25519PublicKey)
    const privateKey = crypto.ed25519SeedToX25519(hex(seed))
    expect(toHex(crypto.x25519PublicKey(privateKey))).toBe(x25519PublicKey)
    if (x25519PrivateKey !== undefined) expect(toHex(privateKey)).toBe(x25519PrivateKey)
  })

  type InviteField =
    | 'groupKey'
    | 'recipientSeed'
    | 'recipientPublicKey'
    | 'recipientX25519'
    | 'ephemeralPrivateKey'
    | 'ephemeralPublicKey'
    | 'sharedSecret'
    | 'wrappingKey'
    | 'nonce'
    | 'inviteData'
  test.each(vectors<InviteField, { cipher: Cipher }>('group-invites.json'))('invite $name', async (vector) => {
    const { cipher, inviteData } = vector
    const bytes = Object.fromEntries(
      Object.entries(vector)
        .filter(([, value]) => /^[0-9a-f]{24,}$/.test(value))
        .map(([field, value]) => [field, hex(value)]),
    ) as Record<InviteField, Uint8Array>
    expect(toHex(crypto.ed25519PublicKeyToX25519(bytes.recipientPublicKey))).toBe(vector.recipientX25519)
    expect(toHex(crypto.x25519PublicKey(bytes.ephemeralPrivateKey))).toBe(vector.ephemeralPublicKey)
    expect(toHex(crypto.x25519(bytes.ephemeralPrivateKey, bytes.recipientX25519))).toBe(vector.sharedSecret)
    const info = new TextEncoder().encode('group-invite-key')
    expect(toHex(crypto.hkdfSha256(bytes.sharedSecret, undefined, info, 32))).toBe(vector.wrappingKey)
    const random = { ephemeralPrivateKey: bytes.ephemeralPrivateKey, nonce: bytes.nonce }
    expect(toHex(crypto.wrapGroupKey(bytes.recipientPublicKey, bytes.groupKey, cipher, random))).toBe(inviteData)
    const signer = crypto.createSigner(bytes.recipientSeed)
    for (const tried of ['rfc8439', 'legacy'] as const)
      expect(await crypto.unwrapGroupKey(signer, bytes.inviteData, tried)).toEqual({ groupKey: bytes.groupKey, cipher })
  })

  test.each(vectors<'recipientSeed' | 'inviteData' | 'foundBy', { cipher: Cipher }>('group-invites-invalid.json'))(
    'refused: invite $name',
    async ({ cipher, recipientSeed, inviteData, foundBy }) => {
      const signer = crypto.createSigner(hex(recipientSeed))
      const code = await codeOfRejection(crypto.unwrapGroupKey(signer, hex(inviteData), cipher))
      expect(code).toBe(foundBy === 'secret' ? 'shared-secret' : 'authentication')
    },
  )

  test.each(vectors<'seed' | 'publicKey' | 'message' | 'signature', { passes: boolean }>('proof-of-work.json'))(
    'proof of work $name',
    ({ seed, publicKey, message, signature, passes }) => {
      expect(toHex(crypto.createSigner(hex(seed)).sign(hex(message)))).toBe(signature)
      expect(crypto.verify(hex(signature), hex(message), hex(publicKey))).toBe(true)
      expect(crypto.isProofOfWork(hex(signature))).toBe(passes)
    },
  )
})
