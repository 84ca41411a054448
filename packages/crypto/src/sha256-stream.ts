import { requireUint8Array } from './bytes.js'
import { CryptoError } from './error.js'

/** SHA-256 (FIPS 180-4) of bytes that come in pieces. It keeps no piece and never more than 64 bytes of them. */
export interface Sha256 {
  /** Take the next piece. @throws {CryptoError} `argument` | `finished` */
  update(piece: Uint8Array): void
  /**
   * The 32 bytes, once; this ends it.
   * @throws {CryptoError} `finished`
   */
  digest(): Uint8Array
}

/** What computes: node:crypto or noble. */
export interface Sha256Engine {
  update(piece: Uint8Array): unknown
  digest(): Uint8Array
}

export class Sha256Stream implements Sha256 {
  #engine: Sha256Engine | undefined

  constructor(engine: Sha256Engine) {
    this.#engine = engine
  }

  update(piece: Uint8Array): void {
    requireUint8Array(piece, 'piece')
    this.#running().update(piece)
  }

  digest(): Uint8Array {
    const engine = this.#running()
    this.#engine = undefined
    return engine.digest()
  }

  #running(): Sha256Engine {
    if (this.#engine === undefined) throw new CryptoError('finished', 'this SHA-256 gave its digest; make a new one')
    return this.#engine
  }
}
