/** Pieces of any size in, chunks of one size out. It holds what is too little for a chunk, and nothing else. */
export class ChunkBuffer {
  readonly #chunkBytes: number
  /** Made when it is first needed: pieces that end where chunks end are never copied. */
  #held: Uint8Array | undefined
  #heldBytes = 0

  constructor(chunkBytes: number) {
    this.#chunkBytes = chunkBytes
  }

  /**
   * The chunks that `piece` completes: views of it or of this buffer, each valid until the next one is asked for. They
   * have to be taken to the end, or no further piece is understood.
   */
  *push(piece: Uint8Array): Generator<Uint8Array, void> {
    let offset = 0
    if (this.#heldBytes > 0) {
      offset = Math.min(this.#chunkBytes - this.#heldBytes, piece.length)
      const chunk = this.#keep(piece.subarray(0, offset))
      if (this.#heldBytes < this.#chunkBytes) return
      this.#heldBytes = 0
      yield chunk
    }
    for (; piece.length - offset >= this.#chunkBytes; offset += this.#chunkBytes)
      yield piece.subarray(offset, offset + this.#chunkBytes)
    if (offset < piece.length) this.#keep(piece.subarray(offset))
  }

  /** What is held: shorter than a chunk, a view. */
  rest(): Uint8Array {
    return this.#held === undefined ? new Uint8Array(0) : this.#held.subarray(0, this.#heldBytes)
  }

  wipe(): void {
    this.#held?.fill(0)
    this.#held = undefined
    this.#heldBytes = 0
  }

  #keep(bytes: Uint8Array): Uint8Array {
    this.#held ??= new Uint8Array(this.#chunkBytes)
    this.#held.set(bytes, this.#heldBytes)
    this.#heldBytes += bytes.length
    return this.#held
  }
}
