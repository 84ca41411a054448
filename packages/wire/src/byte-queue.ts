import { WireError } from './error.js'

const FIRST_CAPACITY_BYTES = 256

/**
 * Bytes of a stream that wait to be read. `push` copies in, so the caller keeps its chunk; `take` copies out, so the
 * caller owns the result. Room grows by doubling with what is held, never with what a header promises, and is given
 * back when the queue runs empty. Decoders of many small frames use a reader that parses in place instead.
 */
export class ByteQueue {
  #bytes: Uint8Array = new Uint8Array(0)
  #start = 0
  #end = 0

  /** Bytes held. */
  get size(): number {
    return this.#end - this.#start
  }

  push(chunk: Uint8Array): void {
    if (this.#end + chunk.length > this.#bytes.length) this.#makeRoom(chunk.length)
    this.#bytes.set(chunk, this.#end)
    this.#end += chunk.length
  }

  /** A view of the first `sizeBytes` bytes, valid until the next `push` or `take`. @throws {WireError} `truncated` */
  peek(sizeBytes: number): DataView {
    this.#need(sizeBytes)
    return new DataView(this.#bytes.buffer, this.#start, sizeBytes)
  }

  /** The first `sizeBytes` bytes, removed and owned by the caller. @throws {WireError} `truncated` */
  take(sizeBytes: number): Uint8Array {
    this.#need(sizeBytes)
    const taken = this.#bytes.slice(this.#start, this.#start + sizeBytes)
    this.drop(sizeBytes)
    return taken
  }

  /** Remove the first `sizeBytes` bytes. @throws {WireError} `truncated` */
  drop(sizeBytes: number): void {
    this.#need(sizeBytes)
    this.#start += sizeBytes
    if (this.#start < this.#end) return
    this.#start = this.#end = 0
    if (this.#bytes.length > FIRST_CAPACITY_BYTES) this.#bytes = new Uint8Array(0)
  }

  #need(sizeBytes: number): void {
    if (sizeBytes <= this.size) return
    throw new WireError('truncated', `expected ${sizeBytes} bytes in the queue, got ${this.size}`)
  }

  #makeRoom(extraBytes: number): void {
    const size = this.size
    const needed = size + extraBytes
    if (needed > this.#bytes.length || this.#start < this.#bytes.length / 2) {
      const larger = new Uint8Array(Math.max(FIRST_CAPACITY_BYTES, 2 * size, needed))
      larger.set(this.#bytes.subarray(this.#start, this.#end))
      this.#bytes = larger
    } else {
      this.#bytes.copyWithin(0, this.#start, this.#end)
    }
    this.#start = 0
    this.#end = size
  }
}
