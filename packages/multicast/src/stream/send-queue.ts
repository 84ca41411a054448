const EMPTY = new Uint8Array(0)

/** What was written and has not left yet. The chunks are ours. */
export class SendQueue {
  #chunks: Uint8Array[] = []
  /** First chunk not taken, and how much of it is. */
  #at = 0
  #taken = 0
  #sizeBytes = 0

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return
    this.#chunks.push(chunk)
    this.#sizeBytes += chunk.length
  }

  /** Move the next bytes to the end of `target`, from `at` on: there have to be so many. */
  take(target: Uint8Array, at: number): void {
    this.#sizeBytes -= target.length - at
    while (at < target.length) {
      const chunk = this.#chunks[this.#at] as Uint8Array
      const end = Math.min(chunk.length, this.#taken + target.length - at)
      target.set(chunk.subarray(this.#taken, end), at)
      at += end - this.#taken
      this.#taken = end
      if (end < chunk.length) return
      this.#taken = 0
      this.#chunks[this.#at++] = EMPTY
    }
    if (2 * this.#at < this.#chunks.length) return
    this.#chunks = this.#chunks.slice(this.#at)
    this.#at = 0
  }

  clear(): void {
    this.#chunks = []
    this.#at = 0
    this.#taken = 0
    this.#sizeBytes = 0
  }
}
