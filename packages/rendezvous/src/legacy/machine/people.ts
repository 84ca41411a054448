import { isCryptoError, sha256 } from '@mimirjs/crypto'
import { isWeakRsaKey, parseRsaPublicKey, type RsaPublicKey } from '@mimirjs/crypto/rsa'
import { formatFingerprint } from '@mimirjs/wire/rendezvous'
import type { LegacyPerson } from '../types.js'

const FINGERPRINT_BYTES = 15

export function personOf({ pem, bits }: RsaPublicKey): LegacyPerson {
  const fingerprint = formatFingerprint(sha256(new TextEncoder().encode(pem)).slice(0, FINGERPRINT_BYTES))
  return { pem, bits, isWeak: isWeakRsaKey({ bits }), fingerprint }
}

/** Keys of others, parsed. What is not known to be somebody's is never kept: a flood of new keys pushes nobody out. */
export class KeyCache {
  readonly #limit: number
  readonly #keys = new Map<string, RsaPublicKey>()

  constructor(limit: number) {
    this.#limit = limit
  }

  /** `undefined` for a text that is no key, or one in another form than the normal one. */
  find(pem: string): RsaPublicKey | undefined {
    return this.#keys.get(pem) ?? parse(pem)
  }

  keep(key: RsaPublicKey): void {
    this.#keys.delete(key.pem)
    this.#keys.set(key.pem, key)
    for (const oldest of this.#keys.keys()) {
      if (this.#keys.size <= this.#limit) break
      this.#keys.delete(oldest)
    }
  }
}

function parse(pem: string): RsaPublicKey | undefined {
  try {
    const key = parseRsaPublicKey(pem)
    return key.pem === pem ? key : undefined
  } catch (error) {
    if (isCryptoError(error)) return undefined
    throw error
  }
}
