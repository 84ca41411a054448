// Secrets under a passphrase, for where nothing better keeps them.
import { requireInteger, requireUint8Array } from './bytes.js'
import { CryptoError } from './error.js'
import { AEAD_NONCE_BYTES, CIPHER_KEY_BYTES } from './lengths.js'
import { aes256GcmOpen, aes256GcmSeal } from './portable/aead.js'
import { randomBytes } from './portable/random.js'
import { type ScryptCost, scrypt } from './portable/scrypt.js'

export type { ScryptCost } from './portable/scrypt.js'

/** A secret that a passphrase opens, with everything else that it takes: to be stored as it is. */
export interface PassphraseSealed {
  readonly cost: ScryptCost
  /** 16 random bytes. */
  readonly salt: Uint8Array
  /** 12 random bytes. */
  readonly nonce: Uint8Array
  /** AES-256-GCM: ciphertext, then tag. */
  readonly sealed: Uint8Array
}

/** 32 MiB, and about half a second of a desktop in JavaScript: as much work as N = 2^17 with p = 1, in memory that phones have. */
export const PASSPHRASE_COST: ScryptCost = { N: 32_768, r: 8, p: 3 }

const SALT_BYTES = 16
/** What was stored may have been changed: opening it must not take for ever, nor all the memory. */
const MAX_COST_BYTES = 268_435_456
const MAX_PARALLEL = 16

const utf8 = new TextEncoder()

/**
 * Encrypt a secret under a passphrase, which is taken as any keyboard writes it (Unicode NFKC).
 * @param options - `associatedData`: authenticated, and not part of the result; `cost`: default {@link PASSPHRASE_COST}
 * @throws {CryptoError} `argument`, also for an empty passphrase
 */
export async function sealWithPassphrase(
  secret: Uint8Array,
  passphrase: string,
  options: { readonly associatedData?: Uint8Array; readonly cost?: ScryptCost } = {},
): Promise<PassphraseSealed> {
  requireUint8Array(secret, 'secret')
  const { cost = PASSPHRASE_COST, associatedData } = options
  const salt = randomBytes(SALT_BYTES)
  const nonce = randomBytes(AEAD_NONCE_BYTES)
  const key = await derive(passphrase, salt, cost)
  try {
    return {
      cost: { N: cost.N, r: cost.r, p: cost.p },
      salt,
      nonce,
      sealed: aes256GcmSeal(key, nonce, secret, associatedData),
    }
  } finally {
    key.fill(0)
  }
}

/**
 * Undo {@link sealWithPassphrase}.
 * @throws {CryptoError} `authentication` for another passphrase, or what was altered; nobody can tell which | `argument`
 */
export async function openWithPassphrase(
  { cost, salt, nonce, sealed }: PassphraseSealed,
  passphrase: string,
  options: { readonly associatedData?: Uint8Array } = {},
): Promise<Uint8Array> {
  const key = await derive(passphrase, salt, cost)
  try {
    return aes256GcmOpen(key, nonce, sealed, options.associatedData)
  } finally {
    key.fill(0)
  }
}

async function derive(passphrase: string, salt: Uint8Array, cost: ScryptCost): Promise<Uint8Array> {
  if (typeof passphrase !== 'string' || passphrase === '')
    throw new CryptoError('argument', 'passphrase: expected a text that is not empty')
  requireUint8Array(salt, 'salt')
  requireCost(cost)
  return scrypt(utf8.encode(passphrase.normalize('NFKC')), salt, cost, CIPHER_KEY_BYTES)
}

function requireCost({ N, r, p }: ScryptCost): void {
  requireInteger(r, 1, MAX_COST_BYTES / 256, 'cost.r')
  requireInteger(p, 1, MAX_PARALLEL, 'cost.p')
  requireInteger(N, 2, MAX_COST_BYTES / (128 * r), 'cost.N')
  if ((N & (N - 1)) !== 0) throw new CryptoError('argument', `cost.N: expected a power of two, got ${N}`)
}
