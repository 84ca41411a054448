/** Shorter chunks are copied together: an object for each byte of a chatty writer would outweigh the bytes. */
const SMALL_CHUNK_BYTES = 1024
const BLOCK_BYTES = 8192

/**
 * What was written and is not acknowledged yet, by its offset in the stream. Chunks are kept as they were handed in;
 * only small ones are copied together.
 */
export class SendBuffer {
  /** Chunks from `#first` on are in use; of the last only `#lengths` bytes are filled. */
  readonly #chunks: Uint8Array[] = []
  readonly #lengths: number[] = []
  #first = 0
  #startOffset = 0
  #endOffset = 0
  /** The last chunk is a block of ours with room in it. */
  #blockIsOurs = false
  /** Where the last read ended: the next one nearly always goes on there. */
  #cursor = 0
  #cursorOffset = 0

  /** Bytes written since the beginning. */
  get endOffset(): number {
    return this.#endOffset
  }

  /** Bytes held. */
  get sizeBytes(): number {
    return this.#endOffset - this.#startOffset
  }

  /** Append. `chunk` belongs to the buffer from now on. */
  push(chunk: Uint8Array): void {
    const length = chunk.length
    this.#endOffset += length
    if (length >= SMALL_CHUNK_BYTES) {
      this.#append(chunk, length, false)
      return
    }
    const last = this.#chunks.length - 1
    const used = this.#lengths[last]
    if (this.#blockIsOurs && used !== undefined && used + length <= BLOCK_BYTES) {
      this.#chunks[last]!.set(chunk, used)
      this.#lengths[last] = used + length
      return
    }
    // A lone small chunk, such as a request, is kept without a block around it.
    if (last < this.#first) {
      this.#append(chunk, length, false)
      return
    }
    const block = new Uint8Array(BLOCK_BYTES)
    block.set(chunk)
    this.#append(block, length, true)
  }

  /** Copy `length` bytes from `offset` of the stream to `target`. They have to be held. */
  copy(offset: number, length: number, target: Uint8Array, at: number): void {
    let index = this.#cursor
    let start = this.#cursorOffset
    if (offset < start || index < this.#first) {
      index = this.#first
      start = this.#startOffset
    }
    while (offset >= start + this.#lengths[index]!) start += this.#lengths[index++]!
    let from = offset - start
    let left = length
    let to = at
    for (;;) {
      const chunk = this.#chunks[index]!
      const part = Math.min(left, this.#lengths[index]! - from)
      // A loop beats the set-up of a view and a call for the few bytes of a small part.
      if (part < 32) for (let byte = 0; byte < part; byte++) target[to + byte] = chunk[from + byte]!
      else target.set(part === chunk.length ? chunk : chunk.subarray(from, from + part), to)
      left -= part
      to += part
      if (left === 0) break
      start += this.#lengths[index++]!
      from = 0
    }
    this.#cursor = index
    this.#cursorOffset = start
  }

  /** Forget what is below `offset`. */
  release(offset: number): void {
    while (this.#first < this.#chunks.length) {
      const end = this.#startOffset + this.#lengths[this.#first]!
      if (end > offset) break
      this.#startOffset = end
      this.#chunks[this.#first] = NOTHING
      this.#first++
    }
    if (this.#first === this.#chunks.length) {
      this.#chunks.length = 0
      this.#lengths.length = 0
      this.#cursor = 0
      this.#cursorOffset = this.#startOffset
      this.#first = 0
      this.#blockIsOurs = false
    } else if (this.#first >= 64 && this.#first * 2 >= this.#chunks.length) {
      this.#chunks.splice(0, this.#first)
      this.#lengths.splice(0, this.#first)
      this.#cursor = Math.max(0, this.#cursor - this.#first)
      this.#first = 0
      if (this.#cursor === 0) this.#cursorOffset = this.#startOffset
    }
  }

  #append(chunk: Uint8Array, length: number, isOurs: boolean): void {
    this.#chunks.push(chunk)
    this.#lengths.push(length)
    this.#blockIsOurs = isOurs
  }
}

const NOTHING = new Uint8Array(0)
