/** Chunks that wait to be sent, taken as messages: small ones together, large ones in parts. */
export class Outgoing {
  #chunks: Uint8Array[] = []
  #next = 0
  #sizeBytes = 0

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return
    this.#chunks.push(chunk)
    this.#sizeBytes += chunk.length
  }

  /** @param maxBytes - at least 1; there has to be something */
  take(maxBytes: number): Uint8Array {
    const size = Math.min(maxBytes, this.#sizeBytes)
    const first = this.#first()
    this.#sizeBytes -= size
    if (first.length >= size) return this.#cut(first, size)
    const message = new Uint8Array(size)
    for (let at = 0; at < size; ) {
      const part = this.#cut(this.#first(), size - at)
      message.set(part, at)
      at += part.length
    }
    return message
  }

  clear(): void {
    this.#chunks = []
    this.#next = this.#sizeBytes = 0
  }

  #first(): Uint8Array {
    const chunk = this.#chunks[this.#next]
    if (chunk === undefined) throw new RangeError('nothing is waiting')
    return chunk
  }

  /** Up to `maxBytes` of the first chunk, which is gone, or shorter, then. */
  #cut(chunk: Uint8Array, maxBytes: number): Uint8Array {
    if (chunk.length > maxBytes) {
      this.#chunks[this.#next] = chunk.subarray(maxBytes)
      return chunk.subarray(0, maxBytes)
    }
    this.#chunks[this.#next++] = EMPTY
    if (this.#next === this.#chunks.length) {
      this.#chunks = []
      this.#next = 0
    }
    return chunk
  }
}

const EMPTY = new Uint8Array(0)
