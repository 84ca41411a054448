/** Small messages are copied together: each of its own would cost many times its bytes. */
const SLAB_BYTES = 16_384

/** Bytes that came before their reader wants them. Whatever was pushed is copied. */
export class KeptBytes {
  readonly #chunks: Uint8Array[] = []
  /** The last of the chunks while more fits in; the bytes of it that are filled. */
  #slab: Uint8Array | undefined
  #filled = 0
  #next = 0

  get isEmpty(): boolean {
    return this.#next === this.#chunks.length && this.#slab === undefined
  }

  push(bytes: Uint8Array): void {
    if (this.#slab !== undefined && this.#filled + bytes.length > SLAB_BYTES) this.#seal()
    if (bytes.length >= SLAB_BYTES) {
      this.#chunks.push(bytes.slice())
      return
    }
    this.#slab ??= new Uint8Array(SLAB_BYTES)
    this.#slab.set(bytes, this.#filled)
    this.#filled += bytes.length
  }

  /** The oldest of what is kept; `undefined` when there is nothing. */
  take(): Uint8Array | undefined {
    if (this.#next === this.#chunks.length) this.#seal()
    const chunk = this.#chunks[this.#next]
    if (chunk === undefined) return undefined
    this.#chunks[this.#next++] = EMPTY
    if (this.#next === this.#chunks.length) this.#chunks.length = this.#next = 0
    return chunk
  }

  clear(): void {
    this.#chunks.length = this.#next = this.#filled = 0
    this.#slab = undefined
  }

  #seal(): void {
    if (this.#slab !== undefined) this.#chunks.push(this.#slab.subarray(0, this.#filled))
    this.#slab = undefined
    this.#filled = 0
  }
}

const EMPTY = new Uint8Array(0)
