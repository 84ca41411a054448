import type { KeyObject } from 'node:crypto'
import { type Curve, importPublicKey } from './keys.js'

/** How many public keys of others are remembered, for each curve; a power of two. About 1 MB when all are imported. */
export const PEER_KEYS_KEPT = 1_024

const KEY_BYTES = 32

/**
 * Imported public keys of others. Each key has one place, given by its first bytes, which the next key with the same
 * place takes: no look-up allocates, and no stranger can make it grow. A key is kept imported from its second sight on,
 * for most strangers are seen once.
 */
export class PeerKeys {
  readonly #curve: Curve
  /** The key last seen at each place. */
  readonly #bytes = new Uint8Array(PEER_KEYS_KEPT * KEY_BYTES)
  readonly #imported = new Array<KeyObject | undefined>(PEER_KEYS_KEPT).fill(undefined)

  constructor(curve: Curve) {
    this.#curve = curve
  }

  /** @returns `undefined` at first sight */
  find(publicKey: Uint8Array): KeyObject | undefined {
    const place = ((publicKey[0] as number) | ((publicKey[1] as number) << 8)) & (PEER_KEYS_KEPT - 1)
    if (this.#holds(place, publicKey)) {
      this.#imported[place] ??= importPublicKey(this.#curve, publicKey)
      return this.#imported[place]
    }
    this.#bytes.set(publicKey, place * KEY_BYTES)
    this.#imported[place] = undefined
    return undefined
  }

  #holds(place: number, publicKey: Uint8Array): boolean {
    const start = place * KEY_BYTES
    for (let at = 0; at < KEY_BYTES; at++) if (this.#bytes[start + at] !== publicKey[at]) return false
    return true
  }
}
