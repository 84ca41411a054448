import { type KeyObject, timingSafeEqual } from 'node:crypto'

interface Entry {
  /** What the array held when it was imported: arrays can be overwritten. */
  readonly copy: Uint8Array
  readonly key: KeyObject
}

/** Imported private keys, each kept exactly as long as the array it came in. */
export class PrivateKeys {
  readonly #import: (privateKey: Uint8Array) => KeyObject
  readonly #entries = new WeakMap<Uint8Array, Entry>()

  constructor(importKey: (privateKey: Uint8Array) => KeyObject) {
    this.#import = importKey
  }

  get(privateKey: Uint8Array): KeyObject {
    let entry = this.#entries.get(privateKey)
    if (entry === undefined || !timingSafeEqual(entry.copy, privateKey)) {
      entry = { copy: new Uint8Array(privateKey), key: this.#import(privateKey) }
      this.#entries.set(privateKey, entry)
    }
    return entry.key
  }
}
