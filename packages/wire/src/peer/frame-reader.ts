// Frames out of a stream that is cut anywhere. Whole frames are read where they stand, in the chunk that was pushed.
// Only a frame that is split between chunks is put together in a buffer of the reader's own (the "split" below): it
// takes as many bytes from each chunk as that frame still needs, grows by doubling, and never beyond what the frame
// needs or far beyond what has arrived. A part that is not kept (a huge avatar, an unknown body) is never stored.
import { WireError } from '../error.js'
import type { Generation } from '../generation.js'
import { HEADER_BYTES } from './codes.js'
import { FrameCursor } from './cursor.js'
import { readFrame } from './decode.js'
import { readTypeCode } from './header.js'
import { type FrameLimits, frameLimits } from './limits.js'
import { ENCODING_RULES } from './rules.js'
import type { PeerFrame } from './types.js'

const NOTHING = new Uint8Array(0)
const FIRST_SPLIT_BYTES = 128

export interface FrameReaderOptions {
  readonly limits?: Partial<FrameLimits> | undefined
  /** Frames that this generation does not have are `unknown`, whatever is in them. Without it every frame is read. */
  readonly generation?: Generation | undefined
}

/**
 * Turns a stream of chunks into frames. {@link next} has three answers: a frame, `undefined` (more bytes are needed),
 * or a thrown `WireError`, after which the stream is lost and every call throws the same error.
 *
 * Byte fields of a frame are views into the chunk, or into a buffer of the reader, and valid until the next
 * {@link push}. Once `next` has returned `undefined` the chunk is no longer used and belongs to the caller again.
 * @example
 * reader.push(chunk)
 * for (let frame; (frame = reader.next()); ) handle(frame)
 */
export class FrameReader {
  readonly #cursor: FrameCursor
  #chunk: Uint8Array = NOTHING
  #chunkAt = 0
  #split: Uint8Array = NOTHING
  #splitAt = 0
  #splitEnd = 0
  /** Bytes of the next frame that must be there before reading it again can get further. */
  #neededBytes = HEADER_BYTES
  #skipBytes = 0
  /** A frame that is complete once {@link #skipBytes} have gone by, and its type code. */
  #pending: PeerFrame | undefined
  #pendingCode = 0
  #error: WireError | undefined

  constructor(options?: FrameReaderOptions) {
    const { limits, generation } = options ?? {}
    this.#cursor = new FrameCursor(
      frameLimits(limits),
      generation === undefined || ENCODING_RULES[generation].requestFrames,
    )
  }

  /** Bytes held that no frame has been made of yet. */
  get bufferedBytes(): number {
    return this.#splitEnd - this.#splitAt + (this.#chunk.length - this.#chunkAt)
  }

  /** Hand over the next bytes of the stream. They are not copied before {@link next} has read what is whole in them. */
  push(chunk: Uint8Array): void {
    if (this.#chunkAt < this.#chunk.length) this.#keep(this.#chunk.length - this.#chunkAt)
    // A plain Uint8Array: the views of a Buffer would be Buffers, which are slower to make and slice differently.
    this.#chunk =
      chunk.constructor === Uint8Array ? chunk : new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    this.#chunkAt = 0
  }

  /** @throws {WireError} any code but `trailing` */
  next(): PeerFrame | undefined {
    if (this.#error !== undefined) throw this.#error
    try {
      const frame = this.#next()
      if (frame === undefined) this.#letGo()
      return frame
    } catch (error) {
      if (error instanceof WireError) this.#error = error
      throw error
    }
  }

  /**
   * Type code of the frame that {@link next} will return, known as soon as its header is there; `undefined` before. With
   * it a caller refuses a frame that is not welcome before its body has been awaited.
   */
  peekType(): number | undefined {
    if (this.#pending !== undefined) return this.#pendingCode
    if (this.#splitEnd > this.#splitAt) {
      this.#pull(HEADER_BYTES)
      return this.#splitEnd - this.#splitAt < HEADER_BYTES ? undefined : readTypeCode(this.#split, this.#splitAt)
    }
    if (this.#chunk.length - this.#chunkAt < HEADER_BYTES) return undefined
    return readTypeCode(this.#chunk, this.#chunkAt)
  }

  /** Say that the stream has ended, after {@link next} returned `undefined`. @throws {WireError} `truncated` inside a frame. */
  end(): void {
    if (this.bufferedBytes === 0 && this.#pending === undefined) return
    throw new WireError('truncated', `stream ended inside a frame, after ${this.bufferedBytes} of its bytes`)
  }

  #next(): PeerFrame | undefined {
    if (this.#pending !== undefined) return this.#finishSkip()
    for (;;) {
      const splitBytes = this.#splitEnd - this.#splitAt
      if (splitBytes > 0) {
        this.#pull(this.#neededBytes)
        if (this.#splitEnd - this.#splitAt < this.#neededBytes) return undefined
        const frame = this.#read(this.#split, this.#splitAt, this.#splitEnd)
        if (frame !== undefined) {
          this.#splitAt = this.#cursor.at
          if (this.#splitAt === this.#splitEnd) this.#dropSplit()
          return this.#skipBytes === 0 ? frame : this.#finishSkip()
        }
      } else {
        const left = this.#chunk.length - this.#chunkAt
        if (left < this.#neededBytes) {
          if (left > 0) this.#keep(left)
          return undefined
        }
        const frame = this.#read(this.#chunk, this.#chunkAt, this.#chunk.length)
        if (frame !== undefined) {
          this.#chunkAt = this.#cursor.at
          return this.#skipBytes === 0 ? frame : this.#finishSkip()
        }
      }
    }
  }

  #read(bytes: Uint8Array, start: number, end: number): PeerFrame | undefined {
    const cursor = this.#cursor
    cursor.reset(bytes, start, end)
    const frame = readFrame(cursor)
    if (frame === undefined) {
      this.#neededBytes = cursor.neededBytes
      return undefined
    }
    this.#neededBytes = HEADER_BYTES
    this.#skipBytes = cursor.skipBytes
    if (this.#skipBytes > 0) {
      this.#pending = frame
      this.#pendingCode = readTypeCode(bytes, start)
    }
    return frame
  }

  /** Drop what has arrived of the part that is not kept; the frame, once all of it has. */
  #finishSkip(): PeerFrame | undefined {
    const fromSplit = Math.min(this.#skipBytes, this.#splitEnd - this.#splitAt)
    this.#splitAt += fromSplit
    if (this.#splitAt === this.#splitEnd) this.#dropSplit()
    const fromChunk = Math.min(this.#skipBytes - fromSplit, this.#chunk.length - this.#chunkAt)
    this.#chunkAt += fromChunk
    this.#skipBytes -= fromSplit + fromChunk
    if (this.#skipBytes > 0) return undefined
    const frame = this.#pending
    this.#pending = undefined
    return frame
  }

  /** Move bytes from the chunk until the split frame has `neededBytes`, or the chunk is empty. */
  #pull(neededBytes: number): void {
    const missing = neededBytes - (this.#splitEnd - this.#splitAt)
    const left = this.#chunk.length - this.#chunkAt
    if (missing > 0 && left > 0) this.#keep(Math.min(missing, left))
  }

  /** Move `sizeBytes` bytes from the chunk to the split frame. */
  #keep(sizeBytes: number): void {
    const held = this.#splitEnd - this.#splitAt
    const least = held + sizeBytes
    if (this.#splitEnd + sizeBytes > this.#split.length) {
      const doubled = Math.max(FIRST_SPLIT_BYTES, 2 * held, least)
      const larger = new Uint8Array(least <= this.#neededBytes ? Math.min(doubled, this.#neededBytes) : doubled)
      larger.set(this.#split.subarray(this.#splitAt, this.#splitEnd))
      this.#split = larger
      this.#splitAt = 0
      this.#splitEnd = held
    }
    const end = this.#chunkAt + sizeBytes
    this.#split.set(this.#chunk.subarray(this.#chunkAt, end), this.#splitEnd)
    this.#splitEnd += sizeBytes
    this.#chunkAt = end
  }

  /** Hold no chunk that has been read: an idle connection would keep 64 KiB alive for it. */
  #letGo(): void {
    this.#chunk = NOTHING
    this.#chunkAt = 0
    this.#cursor.reset(NOTHING, 0, 0)
  }

  #dropSplit(): void {
    this.#split = NOTHING
    this.#splitAt = this.#splitEnd = 0
  }
}
