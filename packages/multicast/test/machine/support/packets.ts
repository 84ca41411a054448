import { aes256GcmSeal, x25519, x25519PublicKey } from '@mimirjs/crypto'
import {
  ADDRESS_DECLARATION_SIGNED_BYTES,
  decodeSessionInitiation,
  encodeSessionData,
  SESSION_INITIATION_SIGNED_BYTES,
  signedAddressDeclarationBytes,
  signedSessionInitiationBytes,
  unsignedAddressDeclaration,
  unsignedSessionInitiation,
} from '@mimirjs/wire/multicast'
import type { Place } from '../../../src/machine/index.js'
import type { Identity } from './identity.js'

/** Datagrams as anybody can make them who has a key: well-formed, and as wrong as the test wants. */
export function declarationOf({ signer, publicKey, place }: Identity, other: Partial<Place> = {}): Uint8Array {
  const { group, port } = { ...place, ...other }
  const bytes = unsignedAddressDeclaration({ port, address: group, src: publicKey })
  bytes.set(signer.sign(signedAddressDeclarationBytes(bytes)), ADDRESS_DECLARATION_SIGNED_BYTES)
  return bytes
}

export interface InitiationFacts {
  readonly id: Uint8Array
  readonly dst: Uint8Array
  /** The ephemeral secret, or the public value itself. */
  readonly secret?: Uint8Array
  readonly sessionKey?: Uint8Array
}

export function initiationOf({ signer, publicKey }: Identity, facts: InitiationFacts): Uint8Array {
  const sessionKey = facts.sessionKey ?? x25519PublicKey(facts.secret ?? secretOf(3))
  const bytes = unsignedSessionInitiation({ sessionId: facts.id, src: publicKey, dst: facts.dst, sessionKey })
  bytes.set(signer.sign(signedSessionInitiationBytes(bytes)), SESSION_INITIATION_SIGNED_BYTES)
  return bytes
}

/** What the maker of an initiation computes from the other one. */
export function keyOf(secret: Uint8Array, initiation: Uint8Array): Uint8Array {
  return x25519(secret, decodeSessionInitiation(initiation).sessionKey)
}

export function dataOf(key: Uint8Array, id: Uint8Array, nonce: Uint8Array, payload: Uint8Array): Uint8Array {
  const sealed = aes256GcmSeal(key, nonce, payload)
  const [ciphertext, tag] = [sealed.slice(0, payload.length), sealed.slice(payload.length)]
  return encodeSessionData({ sessionId: id, nonce, ciphertext, tag })
}

export function secretOf(fill: number): Uint8Array {
  return new Uint8Array(32).fill(fill)
}

export function idOf(fill: number): Uint8Array {
  return new Uint8Array(16).fill(fill)
}

/** Nonces that differ: the number stands in the first four bytes. */
export function nonceOf(number: number): Uint8Array {
  const nonce = new Uint8Array(12)
  new DataView(nonce.buffer).setUint32(0, number + 1)
  return nonce
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

export function bytesOf(text: string): Uint8Array {
  return encoder.encode(text)
}

export function textOf(bytes: Uint8Array): string {
  return decoder.decode(bytes)
}

/** A copy with one bit changed. */
export function flipped(bytes: Uint8Array, at: number, bit = 0): Uint8Array {
  const changed = new Uint8Array(bytes)
  changed[at] = (changed[at] as number) ^ (1 << bit)
  return changed
}
