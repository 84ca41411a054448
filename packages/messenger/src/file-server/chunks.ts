/** Pieces of any size cut, or joined, to chunks of one size; only the last one may be shorter. */
export class Chunks {
  readonly #iterator: AsyncIterator<Uint8Array>
  readonly #chunkBytes: number
  #rest: Uint8Array = new Uint8Array(0)
  #pulling = false

  constructor(source: AsyncIterable<Uint8Array>, chunkBytes: number) {
    this.#iterator = source[Symbol.asyncIterator]()
    this.#chunkBytes = chunkBytes
  }

  /** The next chunk, valid until the next call; `undefined` at the end. What the source throws goes on. */
  async next(): Promise<Uint8Array | undefined> {
    let held: Uint8Array | undefined
    let heldBytes = 0
    for (;;) {
      if (held === undefined && this.#rest.length >= this.#chunkBytes) return this.#take(this.#chunkBytes)
      if (this.#rest.length > 0) {
        held ??= new Uint8Array(this.#chunkBytes)
        const piece = this.#take(Math.min(this.#chunkBytes - heldBytes, this.#rest.length))
        held.set(piece, heldBytes)
        heldBytes += piece.length
        if (heldBytes === this.#chunkBytes) return held
      }
      const { value, done } = await this.#pull()
      if (done === true) return held?.subarray(0, heldBytes)
      this.#rest = value
    }
  }

  /** No more is wanted. A source that still owes a piece is told, but not waited for: it may never give it. */
  async close(): Promise<void> {
    const closing = this.#iterator.return?.()
    if (!this.#pulling) await closing
    else closing?.catch(() => {})
  }

  async #pull(): Promise<IteratorResult<Uint8Array, unknown>> {
    this.#pulling = true
    const result = await this.#iterator.next()
    this.#pulling = false
    return result
  }

  #take(sizeBytes: number): Uint8Array {
    const taken = this.#rest.subarray(0, sizeBytes)
    this.#rest = this.#rest.subarray(sizeBytes)
    return taken
  }
}
