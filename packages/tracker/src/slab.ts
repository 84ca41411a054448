const SLAB_BYTES = 65_536

/**
 * Memory for answers, cut from blocks of 64 KiB. A piece belongs to whoever took it: a block is never used twice, the
 * collector takes it when its last piece has been sent. One allocation then serves some hundred answers.
 */
export class Slab {
  #block = Buffer.allocUnsafeSlow(SLAB_BYTES)
  #used = 0

  /** @returns `byteLength` bytes of undefined content; at most {@link SLAB_BYTES} */
  take(byteLength: number): Uint8Array {
    if (this.#used + byteLength > SLAB_BYTES) {
      this.#block = Buffer.allocUnsafeSlow(SLAB_BYTES)
      this.#used = 0
    }
    const start = this.#used
    this.#used += byteLength
    return this.#block.subarray(start, this.#used)
  }
}
