const SMALL_BLOCK_BYTES = 1024
const LARGE_BLOCK_BYTES = 16_384

/** Bytes that came and were not read yet. Small pieces are kept together, so that a byte costs about a byte. */
export class ReceiveQueue {
  #blocks: Uint8Array[] = []
  #lengths: number[] = []
  #sizeBytes = 0

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  /** Append a copy of `bytes`. */
  push(bytes: Uint8Array): void {
    this.#sizeBytes += bytes.length
    const last = this.#blocks.length - 1
    const block = this.#blocks[last]
    const used = this.#lengths[last]
    if (block !== undefined && used !== undefined && used + bytes.length <= block.length) {
      block.set(bytes, used)
      this.#lengths[last] = used + bytes.length
      return
    }
    const room = Math.min(LARGE_BLOCK_BYTES, Math.max(SMALL_BLOCK_BYTES, this.#sizeBytes))
    const fresh = new Uint8Array(Math.max(bytes.length, room))
    fresh.set(bytes)
    this.#blocks.push(fresh)
    this.#lengths.push(bytes.length)
  }

  /** Take bytes from the front, as many as lie together; `undefined` when there are none. They belong to the caller. */
  take(): Uint8Array | undefined {
    const block = this.#blocks.shift()
    const length = this.#lengths.shift()
    if (block === undefined || length === undefined) return undefined
    this.#sizeBytes -= length
    return block.subarray(0, length)
  }

  clear(): void {
    this.#blocks = []
    this.#lengths = []
    this.#sizeBytes = 0
  }
}
