// Keys that the browser holds: they sign and agree, and no program, ours included, can read them.
import { requireBytes } from './bytes.js'
import { CryptoError } from './error.js'
import { ED25519_SEED_BYTES, ED25519_SIGNATURE_BYTES, X25519_BYTES } from './lengths.js'
import { ed25519SeedToX25519, generateSeed, publicKeyFromSeed } from './portable/ed25519.js'
import type { Signer } from './types.js'

/** A key of WebCrypto: to be stored in IndexedDB as it is. Its bytes cannot be had. */
export interface WebCryptoKey {
  readonly type: string
  readonly extractable: boolean
}

/** An identity whose private key cannot be read: what {@link webCryptoSigner} signs with. */
export interface WebCryptoKeys {
  /** 32-byte Ed25519 public key. */
  readonly publicKey: Uint8Array
  readonly ed25519: WebCryptoKey
  /** The same identity for key agreement; absent where the browser has no X25519. */
  readonly x25519?: WebCryptoKey
}

/** What is used of `crypto.subtle`. */
interface Subtle {
  importKey(
    format: 'pkcs8' | 'raw',
    bytes: Uint8Array<ArrayBuffer>,
    algorithm: string,
    extractable: boolean,
    usages: readonly string[],
  ): Promise<WebCryptoKey>
  sign(algorithm: string, key: WebCryptoKey, message: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer>
  deriveBits(
    algorithm: { readonly name: string; readonly public: WebCryptoKey },
    key: WebCryptoKey,
    bits: number,
  ): Promise<ArrayBuffer>
}

/** PKCS #8 up to the 32 bytes of the key (RFC 8410); only the last arc of the algorithm's identifier differs. */
const PKCS8_HEAD = [
  0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0, 0x04, 0x22, 0x04, 0x20,
] as const
const ALGORITHM_AT = 11
const ARC = { Ed25519: 0x70, X25519: 0x6e } as const

/**
 * Make an identity that can be used and not read, or move one into such keys.
 * @param seed - 32 bytes; default fresh ones. It is not kept: wipe yours when you are done with it
 * @returns `undefined` where the browser has no Ed25519, or the page came over an insecure connection
 * @throws {CryptoError} `argument`
 */
export async function createWebCryptoKeys(seed: Uint8Array = generateSeed()): Promise<WebCryptoKeys | undefined> {
  requireBytes(seed, ED25519_SEED_BYTES, 'seed')
  const subtle = subtleCrypto()
  if (subtle === undefined) return undefined
  const ed25519 = await imported(subtle, 'Ed25519', seed, ['sign'])
  if (ed25519 === undefined) return undefined
  const agreementKey = ed25519SeedToX25519(seed)
  const x25519 = await imported(subtle, 'X25519', agreementKey, ['deriveBits'])
  agreementKey.fill(0)
  return { publicKey: publicKeyFromSeed(seed), ed25519, ...(x25519 === undefined ? {} : { x25519 }) }
}

/**
 * A signer around keys that were made by {@link createWebCryptoKeys}, in this page or an earlier one. It answers with
 * promises, and makes no proofs of work by searching for a point.
 * @throws {CryptoError} `key-capability` where there is no WebCrypto
 */
export function webCryptoSigner({ publicKey, ed25519, x25519 }: WebCryptoKeys): Signer {
  const subtle = subtleCrypto()
  if (subtle === undefined)
    throw new CryptoError('key-capability', 'this page has no WebCrypto: it has to come over https, or from localhost')
  const sign = async (message: Uint8Array): Promise<Uint8Array> => {
    const signature = new Uint8Array(await subtle.sign('Ed25519', ed25519, copyOf(message)))
    requireBytes(signature, ED25519_SIGNATURE_BYTES, 'signature of WebCrypto')
    return signature
  }
  if (x25519 === undefined) return { publicKey, sign }
  return { publicKey, sign, agree: (other) => agree(subtle, x25519, other) }
}

async function agree(subtle: Subtle, key: WebCryptoKey, other: Uint8Array): Promise<Uint8Array> {
  requireBytes(other, X25519_BYTES, 'x25519PublicKey')
  const publicKey = await subtle.importKey('raw', copyOf(other), 'X25519', true, [])
  try {
    const secret = new Uint8Array(await subtle.deriveBits({ name: 'X25519', public: publicKey }, key, 8 * X25519_BYTES))
    // Some refuse such keys by themselves, some do not.
    if (secret.some((byte) => byte !== 0)) return secret
  } catch (cause) {
    throw new CryptoError('shared-secret', 'x25519PublicKey: the shared secret is all zero', { cause })
  }
  throw new CryptoError('shared-secret', 'x25519PublicKey: the shared secret is all zero')
}

/** @returns `undefined` where the algorithm is not known */
async function imported(
  subtle: Subtle,
  algorithm: keyof typeof ARC,
  privateKey: Uint8Array,
  usages: readonly string[],
): Promise<WebCryptoKey | undefined> {
  const der = new Uint8Array(PKCS8_HEAD.length + privateKey.length)
  der.set(PKCS8_HEAD)
  der[ALGORITHM_AT] = ARC[algorithm]
  der.set(privateKey, PKCS8_HEAD.length)
  try {
    return await subtle.importKey('pkcs8', der, algorithm, false, usages)
  } catch {
    return undefined
  } finally {
    der.fill(0)
  }
}

/** What WebCrypto reads later must not change under it, and must not be memory that is shared. */
function copyOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes)
}

function subtleCrypto(): Subtle | undefined {
  return (globalThis as { crypto?: { subtle?: Subtle } }).crypto?.subtle
}
