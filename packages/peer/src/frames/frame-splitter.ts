import { PeerError } from '../error.js'

const HEADER_BYTES = 16
const TWO_32 = 0x1_0000_0000
/** A tail is first kept in this much, and grows with what arrives. */
const FIRST_TAIL_BYTES = 64 * 1024
/** A larger tail buffer is let go after use. */
const KEPT_TAIL_BYTES = 256 * 1024

/** Takes one whole frame: its body is `bytes[start .. end)`, valid during the call. */
export interface FrameTarget {
  frame(typeCode: number, bytes: Uint8Array, start: number, end: number): void
}

/**
 * Cuts a stream into frames by the size field of their headers: `stream i32 | type i32 | size i64 | body`, big-endian.
 * Frames are read in place; only one that is split over chunks is copied, into memory that grows with what arrives.
 *
 * It serves frames whose size field is true. In the peer protocol it is not for every type (§3.1): sessions use the
 * reader of `@mimirjs/wire/peer`.
 */
export class FrameSplitter {
  readonly #maxBodyBytes: number
  readonly #target: FrameTarget
  #tail: Uint8Array | undefined
  /** Bytes of the split frame in `#tail`, and in all; the latter is 0 while its header is incomplete. */
  #filled = 0
  #frameBytes = 0
  #stopped = false

  constructor(maxBodyBytes: number, target: FrameTarget) {
    this.#maxBodyBytes = maxBodyBytes
    this.#target = target
  }

  /** Bytes of a frame that is not complete. */
  get bufferedBytes(): number {
    return this.#filled
  }

  /** Hand out nothing more. */
  stop(): void {
    this.#stopped = true
    this.#tail = undefined
    this.#filled = 0
  }

  /** @throws {PeerError} `header-size` | `length` */
  push(chunk: Uint8Array): void {
    let at = this.#filled > 0 ? this.#finish(chunk) : 0
    const target = this.#target
    while (!this.#stopped) {
      const start = at + HEADER_BYTES
      if (start > chunk.length) break
      const end = start + this.#bodyBytes(chunk, at)
      if (end > chunk.length) break
      target.frame(readI32(chunk, at + 4), chunk, start, end)
      at = end
    }
    if (at < chunk.length && !this.#stopped) this.#keep(chunk, at)
  }

  #keep(chunk: Uint8Array, at: number): void {
    const left = chunk.length - at
    this.#frameBytes = left >= HEADER_BYTES ? HEADER_BYTES + this.#bodyBytes(chunk, at) : 0
    this.#append(chunk, at, chunk.length)
  }

  /** Complete the split frame from the beginning of `chunk`; returns where the rest of the chunk begins. */
  #finish(chunk: Uint8Array): number {
    let at = 0
    if (this.#frameBytes === 0) {
      at = Math.min(HEADER_BYTES - this.#filled, chunk.length)
      this.#append(chunk, 0, at)
      if (this.#filled < HEADER_BYTES) return at
      this.#frameBytes = HEADER_BYTES + this.#bodyBytes(this.#tail!, 0)
    }
    const end = Math.min(at + this.#frameBytes - this.#filled, chunk.length)
    this.#append(chunk, at, end)
    if (this.#filled === this.#frameBytes) this.#handOutTail()
    return end
  }

  #handOutTail(): void {
    const tail = this.#tail!
    const end = this.#frameBytes
    this.#filled = 0
    this.#frameBytes = 0
    if (tail.length > KEPT_TAIL_BYTES) this.#tail = undefined
    this.#target.frame(readI32(tail, 4), tail, HEADER_BYTES, end)
  }

  #append(chunk: Uint8Array, start: number, end: number): void {
    const filled = this.#filled + end - start
    let tail = this.#tail
    if (tail === undefined || tail.length < filled) {
      const grown = new Uint8Array(Math.max(filled, Math.min(this.#frameBytes, Math.max(FIRST_TAIL_BYTES, 2 * filled))))
      if (tail !== undefined) grown.set(tail.subarray(0, this.#filled))
      this.#tail = tail = grown
    }
    tail.set(start === 0 && end === chunk.length ? chunk : chunk.subarray(start, end), this.#filled)
    this.#filled = filled
  }

  #bodyBytes(bytes: Uint8Array, at: number): number {
    const low = readI32(bytes, at + 12)
    const high = readI32(bytes, at + 8)
    if (high === 0 && low >= 0 && low <= this.#maxBodyBytes) return low
    if (high < 0) throw new PeerError('header-size', 'the size field of a header is negative')
    const size = high * TWO_32 + (low >>> 0)
    throw new PeerError('length', `a frame of ${size} bytes was announced, the ceiling is ${this.#maxBodyBytes}`)
  }
}

function readI32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
}
