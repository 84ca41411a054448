// The vectors of rendezvous, through both builds.
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import * as node from '../src/node.js'
import * as portable from '../src/portable.js'
import { hex, toHex, utf8 } from './helpers.js'

interface IdentityVector {
  readonly name: string
  readonly seed: string
  readonly publicKey: string
}

interface KeyVector {
  readonly name: string
  readonly publicKey: string
  readonly isAcceptable: boolean
}

interface ProofVector {
  readonly name: string
  readonly signed: string
  readonly signature: string
  readonly isValid: boolean
}

interface EnvelopeVector {
  readonly name: string
  readonly seed: string
  readonly hex: string
  readonly envelopeId: string
}

/** By another name: a bundler would look for what is written before `import.meta.url`. */
const { url: here } = import.meta

function vectors<T>(file: string): T[] {
  return JSON.parse(readFileSync(new URL(`../../../vectors/crypto/rendezvous-${file}.json`, here), 'utf8')) as T[]
}

const proofs = [
  ...vectors<ProofVector & { publicKey: string }>('auth-proofs').map((vector) => ({ ...vector, of: 'login' })),
  ...vectors<ProofVector & { signer: string }>('binds').map((vector) => ({
    ...vector,
    of: 'bind',
    publicKey: vector.signer,
  })),
]

describe.each([
  ['node', node],
  ['portable', portable],
])('the %s build', (_, crypto) => {
  test.each(vectors<IdentityVector>('identities'))('identity $name', ({ seed, publicKey }) => {
    expect(toHex(crypto.publicKeyFromSeed(hex(seed)))).toBe(publicKey)
  })

  test.each(vectors<KeyVector>('keys'))('key $name', ({ publicKey, isAcceptable }) => {
    const key = hex(publicKey)
    expect(crypto.isPoint(key) && !crypto.isSmallOrder(key)).toBe(isAcceptable)
  })

  test.each(proofs)('$of $name', ({ publicKey, signed, signature, isValid }) => {
    expect(crypto.verify(hex(signature), hex(signed), hex(publicKey))).toBe(isValid)
  })

  test.each(vectors<EnvelopeVector>('envelopes'))('envelope $name', ({ seed, envelopeId, ...vector }) => {
    const envelope = hex(vector.hex)
    const signed = Uint8Array.from([...utf8('rendezvous/1 signal\0'), ...envelope.subarray(0, -64)])
    const signer = crypto.createSigner(hex(seed))
    expect(signer.publicKey).toEqual(envelope.subarray(4, 36))
    expect(signer.sign(signed)).toEqual(envelope.subarray(-64))
    expect(toHex(crypto.sha256(signed))).toBe(envelopeId)
  })

  test('another s of the same signature is no signature', () => {
    const { signed, signature, publicKey } = proofs[0]!
    const bytes = hex(signature)
    expect(crypto.verify(bytes, hex(signed), hex(publicKey))).toBe(true)
    // s + L, where L is the order of the group: the same point, another text.
    const order = hex('edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010')
    let carry = 0
    for (let at = 0; at < 32; at++) {
      const sum = bytes[32 + at]! + order[at]! + carry
      bytes[32 + at] = sum
      carry = sum >>> 8
    }
    expect(carry).toBe(0)
    expect(crypto.verify(bytes, hex(signed), hex(publicKey))).toBe(false)
    expect(crypto.verify(bytes.subarray(0, 63), hex(signed), hex(publicKey))).toBe(false)
  })
})
