// The vectors of mp2p, through both builds.
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import * as node from '../src/node.js'
import * as portable from '../src/portable.js'
import { codeOf, hex, toHex } from './helpers.js'

interface SignatureVector {
  readonly name: string
  readonly seed: string
  readonly publicKey: string
  readonly message: string
  readonly signature: string
  readonly isValid: boolean
}

interface SessionKeyVector {
  readonly name: string
  readonly privateKey: string
  readonly ownPublicKey: string
  readonly publicKey: string
  readonly sessionKey: string | null
}

interface PacketVector {
  readonly name: string
  readonly key: string
  readonly nonce: string
  readonly plaintext: string | null
  readonly sealed: string
}

/** By another name: a bundler would look for what is written before `import.meta.url`. */
const { url: here } = import.meta

function vectors<T>(file: string): T[] {
  return JSON.parse(readFileSync(new URL(`../../../vectors/crypto/multicast-${file}`, here), 'utf8')) as T[]
}

describe.each([
  ['node', node],
  ['portable', portable],
])('the %s build', (_, crypto) => {
  test.each(vectors<SignatureVector>('signatures.json'))('signature $name', (vector) => {
    const [message, signature, publicKey] = [hex(vector.message), hex(vector.signature), hex(vector.publicKey)]
    const signer = crypto.createSigner(hex(vector.seed))
    expect(signer.publicKey).toEqual(publicKey)
    expect(crypto.verify(signature, message, publicKey)).toBe(vector.isValid)
    expect(toHex(signer.sign(message)) === vector.signature).toBe(vector.isValid)
  })

  test.each(vectors<SessionKeyVector>('session-keys.json'))('key of a session $name', (vector) => {
    const privateKey = hex(vector.privateKey)
    expect(toHex(crypto.x25519PublicKey(privateKey))).toBe(vector.ownPublicKey)
    const agree = () => crypto.x25519(privateKey, hex(vector.publicKey))
    if (vector.sessionKey === null) expect(codeOf(agree)).toBe('shared-secret')
    else expect(toHex(agree())).toBe(vector.sessionKey)
  })

  test.each(vectors<PacketVector>('packets.json'))('packet $name', (vector) => {
    const [key, nonce, sealed] = [hex(vector.key), hex(vector.nonce), hex(vector.sealed)]
    const opened = crypto.aes256GcmTryOpen(key, nonce, sealed)
    expect(opened === undefined ? null : toHex(opened)).toBe(vector.plaintext)
    if (opened === undefined) return
    const datagram = new Uint8Array(29 + sealed.length)
    crypto.aes256GcmSealInto(datagram, 29, key, nonce, opened)
    expect(toHex(datagram.subarray(29))).toBe(vector.sealed)
  })
})
