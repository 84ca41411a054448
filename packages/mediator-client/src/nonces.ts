import type { Logger } from '@mimirjs/transport'
import { toHex } from '@mimirjs/wire'
import { sameBytes } from './bytes.js'

export interface NonceGuardOptions {
  /** Never signed: what they mean elsewhere is known. */
  readonly keys: readonly Uint8Array[]
  /** Nonces that are remembered. */
  readonly limit: number
  readonly refuseNonce: ((nonce: Uint8Array) => boolean) | undefined
  readonly logger: Logger | undefined
}

const NONCE_BYTES = 32

/**
 * Decides what our identity signs for a mediator. AUTH signs bytes that the mediator chose, so a hostile one can pass on
 * a challenge from elsewhere (mediator protocol §22, item 1).
 */
export class NonceGuard {
  /** Nonces asked for, one after the other, before we believe that no sound one will come. */
  readonly maxAttempts = 32
  readonly #options: NonceGuardOptions
  /** In hex, oldest first. */
  readonly #seen = new Set<string>()

  constructor(options: NonceGuardOptions) {
    this.#options = options
  }

  /** Asked once for every nonce that arrives; the second time the answer is no. */
  mayBeSigned(nonce: Uint8Array): boolean {
    if (nonce.length !== NONCE_BYTES) return false
    const hex = toHex(nonce)
    if (this.#seen.has(hex)) return false
    this.#seen.add(hex)
    if (this.#seen.size > this.#options.limit) {
      for (const oldest of this.#seen) {
        this.#seen.delete(oldest)
        break
      }
    }
    return !this.#options.keys.some((key) => sameBytes(key, nonce)) && !this.#isRefused(nonce)
  }

  #isRefused(nonce: Uint8Array): boolean {
    try {
      return this.#options.refuseNonce?.(nonce) === true
    } catch (error) {
      this.#options.logger?.warn({ err: error }, 'refuseNonce threw: the nonce is not signed')
      return true
    }
  }
}
