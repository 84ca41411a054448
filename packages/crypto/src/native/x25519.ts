import { diffieHellman, type KeyObject } from 'node:crypto'
import { requireBytes } from '../bytes.js'
import { X25519_BYTES } from '../lengths.js'
import type * as box from '../portable/box.js'
import { deriveBoxKey } from '../portable/box.js'
import type * as portable from '../portable/x25519.js'
import { zeroSecret } from '../portable/x25519.js'
import { generateRawPair, importAgreementKey, importPublicKey } from './keys.js'
import { PeerKeys } from './peer-keys.js'
import { plain } from './plain.js'
import { PrivateKeys } from './private-keys.js'

const privateKeys = new PrivateKeys(importAgreementKey)
const peerKeys = new PeerKeys('X25519')
/** Source: RFC 7748 §4.1. */
const BASE_POINT = Uint8Array.of(9, ...new Uint8Array(31))
let base: KeyObject | undefined

export const generateX25519KeyPair: typeof portable.generateX25519KeyPair = () => generateRawPair('X25519')

export const x25519PublicKey: typeof portable.x25519PublicKey = (privateKey) => {
  requireBytes(privateKey, X25519_BYTES, 'privateKey')
  // By its definition: the imports that would tell it cost eight times as much.
  base ??= importPublicKey('X25519', BASE_POINT)
  return plain(diffieHellman({ privateKey: privateKeys.get(privateKey), publicKey: base }))
}

export const x25519: typeof portable.x25519 = (privateKey, publicKey) => {
  requireBytes(privateKey, X25519_BYTES, 'privateKey')
  requireBytes(publicKey, X25519_BYTES, 'publicKey')
  return agreeWith(privateKeys.get(privateKey), publicKey)
}

/** @throws {CryptoError} `shared-secret` */
export function agreeWith(privateKey: KeyObject, publicKey: Uint8Array): Uint8Array {
  const peerKey = peerKeys.find(publicKey) ?? importPublicKey('X25519', publicKey)
  try {
    return plain(diffieHellman({ privateKey, publicKey: peerKey }))
  } catch (cause) {
    throw zeroSecret(cause)
  }
}

export const boxSharedKey: typeof box.boxSharedKey = (privateKey, publicKey) =>
  deriveBoxKey(x25519(privateKey, publicKey))
