import type { KeyObject } from 'node:crypto'
import { type Curve, importPublicKey } from './keys.js'

/** How many public keys of others stay imported, for each curve: about 1 MB. */
export const PEER_KEYS_KEPT = 1_024

/**
 * Imported public keys of others. Two halves: when the recent one is full, the older one is thrown away. A look-up is
 * one or two steps, and no stranger can make it grow.
 */
export class PeerKeys {
  readonly #curve: Curve
  #recent = new Map<string, KeyObject>()
  #older = new Map<string, KeyObject>()

  constructor(curve: Curve) {
    this.#curve = curve
  }

  get size(): number {
    return this.#recent.size + this.#older.size
  }

  get(publicKey: Uint8Array): KeyObject {
    const name = Buffer.from(publicKey.buffer, publicKey.byteOffset, publicKey.byteLength).toString('latin1')
    const recent = this.#recent.get(name)
    if (recent !== undefined) return recent
    const key = this.#older.get(name) ?? importPublicKey(this.#curve, publicKey)
    if (this.#recent.size >= PEER_KEYS_KEPT / 2) {
      this.#older = this.#recent
      this.#recent = new Map()
    }
    this.#recent.set(name, key)
    return key
  }
}
