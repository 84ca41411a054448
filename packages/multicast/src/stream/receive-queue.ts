const SMALL_BLOCK_BYTES = 1024
const LARGE_BLOCK_BYTES = 16_384

/** Bytes in order that wait for the reader. Small pieces are kept together, so that a byte costs about a byte. */
export class ReceiveQueue {
  #blocks: Uint8Array[] = []
  /** How much of the last block is used. */
  #used = 0
  #sizeBytes = 0

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  /** Append a copy of `bytes`. */
  push(bytes: Uint8Array): void {
    this.#sizeBytes += bytes.length
    const last = this.#blocks.at(-1)
    if (last !== undefined && this.#used + bytes.length <= last.length) {
      last.set(bytes, this.#used)
      this.#used += bytes.length
      return
    }
    if (last !== undefined) this.#blocks[this.#blocks.length - 1] = last.subarray(0, this.#used)
    const roomBytes = Math.min(LARGE_BLOCK_BYTES, Math.max(SMALL_BLOCK_BYTES, this.#sizeBytes))
    const block = new Uint8Array(Math.max(bytes.length, roomBytes))
    block.set(bytes)
    this.#blocks.push(block)
    this.#used = bytes.length
  }

  /** Take bytes from the front, as many as lie together; `undefined` when there are none. */
  take(): Uint8Array | undefined {
    const block = this.#blocks.shift()
    if (block === undefined) return undefined
    const bytes = this.#blocks.length === 0 ? block.subarray(0, this.#used) : block
    this.#sizeBytes -= bytes.length
    return bytes
  }

  clear(): void {
    this.#blocks = []
    this.#sizeBytes = 0
  }
}
