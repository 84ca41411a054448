import { ed25519 } from '@noble/curves/ed25519.js'
import { requireBytes, requireUint8Array } from '../bytes.js'
import { ED25519_SEED_BYTES, X25519_BYTES } from '../lengths.js'
import type { Ed25519KeyPair } from '../types.js'
import { sha512 } from './hash.js'
import { randomBytes } from './random.js'

/** 32 fresh random bytes: a new identity. @throws {CryptoError} `random-source` */
export function generateSeed(): Uint8Array {
  return randomBytes(ED25519_SEED_BYTES)
}

/** A fresh Ed25519 key pair. Under Node cheaper than {@link generateSeed} and {@link publicKeyFromSeed}. */
export function generateKeyPair(): Ed25519KeyPair {
  const seed = generateSeed()
  return { seed, publicKey: publicKeyFromSeed(seed) }
}

/**
 * The Ed25519 public key of a seed: 32 bytes. Costs up to 0.4 ms: derive once, keep both.
 * @param seed - 32 bytes
 * @throws {CryptoError} `argument`
 */
export function publicKeyFromSeed(seed: Uint8Array): Uint8Array {
  requireBytes(seed, ED25519_SEED_BYTES, 'seed')
  return ed25519.getPublicKey(seed)
}

/**
 * Pure Ed25519 (RFC 8032 §5.1.6): 64 bytes, the same ones every time. To sign more than once, make a
 * {@link createSigner}.
 * @param seed - 32 bytes; Node keeps its imported form as long as this very array lives
 * @throws {CryptoError} `argument`
 */
export function sign(message: Uint8Array, seed: Uint8Array): Uint8Array {
  requireUint8Array(message, 'message')
  requireBytes(seed, ED25519_SEED_BYTES, 'seed')
  return ed25519.sign(message, seed)
}

/**
 * The X25519 private key of an Ed25519 seed: the first 32 bytes of SHA-512(seed), clamped.
 * @param seed - 32 bytes
 * @throws {CryptoError} `argument`
 */
export function ed25519SeedToX25519(seed: Uint8Array): Uint8Array {
  requireBytes(seed, ED25519_SEED_BYTES, 'seed')
  return clampedHalf(sha512(seed))
}

/** The scalar that RFC 8032 §5.1.5 and RFC 7748 §5 make of a hash; wipes the rest of it. */
export function clampedHalf(hash: Uint8Array): Uint8Array {
  const scalar = hash.slice(0, X25519_BYTES)
  hash.fill(0)
  scalar[0] = (scalar[0] as number) & 0xf8
  scalar[31] = ((scalar[31] as number) & 0x7f) | 0x40
  return scalar
}
