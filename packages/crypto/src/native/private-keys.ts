import { type KeyObject, timingSafeEqual } from 'node:crypto'
import { type Curve, importKeyPair, importPrivateKey } from './keys.js'

interface Entry {
  /** What the array held when it was imported: arrays can be overwritten. */
  readonly copy: Uint8Array
  readonly publicKey: Uint8Array | undefined
  key: KeyObject | undefined
}

/** Imported private keys, each kept exactly as long as the array it came in. */
export class PrivateKeys {
  readonly #curve: Curve
  readonly #entries = new WeakMap<Uint8Array, Entry>()

  constructor(curve: Curve) {
    this.#curve = curve
  }

  /** A pair whose halves are known to belong together: its import, when there is one, is cheap. */
  remember(privateKey: Uint8Array, publicKey: Uint8Array): void {
    this.#entries.set(privateKey, { copy: privateKey.slice(), publicKey, key: undefined })
  }

  get(privateKey: Uint8Array): KeyObject {
    let entry = this.#entries.get(privateKey)
    if (entry === undefined || !timingSafeEqual(entry.copy, privateKey)) {
      entry = { copy: privateKey.slice(), publicKey: undefined, key: undefined }
      this.#entries.set(privateKey, entry)
    }
    entry.key ??=
      entry.publicKey === undefined
        ? importPrivateKey(this.#curve, entry.copy)
        : importKeyPair(this.#curve, entry.copy, entry.publicKey)
    return entry.key
  }
}
