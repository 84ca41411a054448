import { YggdrasilError } from '../error.js'
import { checkFrameLength, checkFrameType } from './frame.js'
import { MAX_FRAME_BYTES } from './limits.js'
import { MAX_UVARINT_BYTES, uvarintEnd, uvarintNumber } from './uvarint.js'

const FIRST_CAPACITY_BYTES = 512

/** Called for each frame, in order. `body` is a view that is valid during the call. */
export type OnFrame = (type: number, body: Uint8Array) => void

/**
 * Frames out of a byte stream that is cut anywhere. Frames that lie whole in a chunk are not copied; what is left of one
 * is kept, in room that grows with what has come, never with what a length promises.
 */
export class FrameReader {
  readonly #maxFrameBytes: number
  #held: Uint8Array = new Uint8Array(0)
  #heldBytes = 0
  #frames = 0
  /** `L` of the frame that {@link #bodyAt} looked at last. */
  #length = 0
  #error: YggdrasilError | undefined

  constructor({ maxFrameBytes = MAX_FRAME_BYTES }: { readonly maxFrameBytes?: number | undefined } = {}) {
    this.#maxFrameBytes = maxFrameBytes
  }

  /** Bytes held of the frame that has begun; 0 between frames. */
  get bufferedBytes(): number {
    return this.#heldBytes
  }

  /** Whole frames seen so far: together with {@link bufferedBytes} it tells whether the same frame is still awaited. */
  get frames(): number {
    return this.#frames
  }

  /**
   * Take the next bytes of the stream, of which nothing is kept but a copy of the last, incomplete frame.
   * @param maxFrames - from 1: after so many frames it stops
   * @returns how many bytes were taken: all of them, unless it stopped. Hand in the rest later
   * @throws {YggdrasilError} `too-large` as soon as the length is there | `malformed` for an empty frame, an unknown type,
   * a length without end. The stream is lost then, and every call throws the same error. What `onFrame` throws passes
   * through, and ends the stream too when it is a YggdrasilError.
   */
  push(chunk: Uint8Array, onFrame: OnFrame, maxFrames: number = Number.POSITIVE_INFINITY): number {
    if (this.#error !== undefined) throw this.#error
    try {
      const lastFrame = this.#frames + maxFrames
      const from = this.#heldBytes === 0 ? 0 : this.#complete(chunk, onFrame)
      if (this.#heldBytes > 0) return from
      const end = this.#read(chunk, from, onFrame, lastFrame)
      if (this.#frames >= lastFrame) return end
      this.#hold(chunk, end)
      return chunk.length
    } catch (error) {
      this.#held = new Uint8Array(0)
      this.#heldBytes = 0
      if (error instanceof YggdrasilError) this.#error = error
      throw error
    }
  }

  /** Read whole frames of `bytes` and return the offset of the first that is not there in full. */
  #read(bytes: Uint8Array, offset: number, onFrame: OnFrame, lastFrame: number): number {
    let at = offset
    while (at < bytes.length && this.#frames < lastFrame) {
      const body = this.#bodyAt(bytes, at, bytes.length)
      if (body === 0) return at
      const end = body + this.#length
      if (end > bytes.length) return at
      this.#emit(bytes, body, end, onFrame)
      at = end
    }
    return at
  }

  /** Offset behind the length of the frame at `offset`; 0 when the length is not there in full. */
  #bodyAt(bytes: Uint8Array, offset: number, end: number): number {
    let last = offset
    while (last < end && bytes[last]! >= 0x80 && last - offset < MAX_UVARINT_BYTES) last++
    if (last >= end && last - offset < MAX_UVARINT_BYTES) return 0
    const body = uvarintEnd(bytes, offset, end)
    this.#length = checkFrameLength(uvarintNumber(bytes, offset, body), this.#maxFrameBytes)
    if (body < end) checkFrameType(bytes[body]!)
    return body
  }

  /** Fill up the frame that is held. @returns how many bytes of `chunk` that took */
  #complete(chunk: Uint8Array, onFrame: OnFrame): number {
    let taken = 0
    let body = this.#bodyAt(this.#held, 0, this.#heldBytes)
    // The length came cut: its bytes are few.
    while (body === 0 && taken < chunk.length) {
      this.#append(chunk, taken, ++taken)
      body = this.#bodyAt(this.#held, 0, this.#heldBytes)
    }
    if (body === 0) return taken
    const missing = body + this.#length - this.#heldBytes
    const end = Math.min(taken + missing, chunk.length)
    this.#append(chunk, taken, end)
    if (this.#heldBytes > body) checkFrameType(this.#held[body]!)
    if (end - taken < missing) return end
    const frame = this.#held
    const frameBytes = this.#heldBytes
    this.#held = new Uint8Array(0)
    this.#heldBytes = 0
    this.#emit(frame, body, frameBytes, onFrame)
    return end
  }

  #emit(bytes: Uint8Array, start: number, end: number, onFrame: OnFrame): void {
    this.#frames++
    onFrame(bytes[start]!, bytes.subarray(start + 1, end))
  }

  #hold(chunk: Uint8Array, from: number): void {
    if (from < chunk.length) this.#append(chunk, from, chunk.length)
  }

  #append(chunk: Uint8Array, from: number, to: number): void {
    const needed = this.#heldBytes + to - from
    if (needed > this.#held.length) {
      const larger = new Uint8Array(Math.max(FIRST_CAPACITY_BYTES, 2 * this.#heldBytes, needed))
      larger.set(this.#held.subarray(0, this.#heldBytes))
      this.#held = larger
    }
    this.#held.set(chunk.subarray(from, to), this.#heldBytes)
    this.#heldBytes = needed
  }
}
