import { sign as nativeSign } from 'node:crypto'
import { requireBytes, requireUint8Array } from '../bytes.js'
import { ED25519_SEED_BYTES } from '../lengths.js'
import type * as portable from '../portable/ed25519.js'
import { clampedHalf } from '../portable/ed25519.js'
import { sha512 } from './hash.js'
import { exportPublicKey, generateRawPair, importPrivateKey } from './keys.js'
import { plain } from './plain.js'
import { PrivateKeys } from './private-keys.js'

const seeds = new PrivateKeys((seed) => importPrivateKey('Ed25519', seed))

export const generateKeyPair: typeof portable.generateKeyPair = () => {
  const { privateKey: seed, publicKey } = generateRawPair('Ed25519')
  return { seed, publicKey }
}

export const publicKeyFromSeed: typeof portable.publicKeyFromSeed = (seed) => {
  requireBytes(seed, ED25519_SEED_BYTES, 'seed')
  return exportPublicKey(importPrivateKey('Ed25519', seed))
}

export const sign: typeof portable.sign = (message, seed) => {
  requireUint8Array(message, 'message')
  requireBytes(seed, ED25519_SEED_BYTES, 'seed')
  return plain(nativeSign(null, message, seeds.get(seed)))
}

export const ed25519SeedToX25519: typeof portable.ed25519SeedToX25519 = (seed) => {
  requireBytes(seed, ED25519_SEED_BYTES, 'seed')
  return clampedHalf(sha512(seed))
}
