// Frames out of a data stream that is cut anywhere. Only the 44 bytes of a header are ever gathered here; the data is
// handed on as it came, in views of the chunks, so that half a gigabyte passes without being held or copied.
import { WireError } from '../error.js'
import { DATA_HEADER_BYTES, type DataHeader, MAX_DATA_BYTES, readDataHeader } from './data-frame.js'

/** What a frame consists of: its header, any number of pieces of its data, its end. Also an empty one has an end. */
export type DataStreamEvent =
  | { readonly type: 'header'; readonly header: DataHeader }
  /** A view of the chunk: write it away or copy it before the next `push`. */
  | { readonly type: 'data'; readonly bytes: Uint8Array }
  | { readonly type: 'end' }

export interface DataStreamReaderOptions {
  /** Longest data of a frame, in bytes. Default: {@link MAX_DATA_BYTES}. */
  readonly maxDataBytes?: number
}

const END: DataStreamEvent = { type: 'end' }

/**
 * Turns a stream of chunks into {@link DataStreamEvent}s. {@link next} has three answers: an event, `undefined` (more bytes
 * are needed), or a thrown `WireError`, after which the stream is lost and every call throws the same error.
 * @example
 * reader.push(chunk)
 * for (let event; (event = reader.next()); ) handle(event)
 */
export class DataStreamReader {
  readonly #maxDataBytes: number
  readonly #header = new Uint8Array(DATA_HEADER_BYTES)
  #headerBytes = 0
  /** Not read yet; the first one from `#at` on. */
  #chunks: Uint8Array[] = []
  #at = 0
  /** Data of the frame still to come; `undefined` between frames. */
  #leftBytes: number | undefined
  #error: WireError | undefined

  constructor(options?: DataStreamReaderOptions) {
    this.#maxDataBytes = options?.maxDataBytes ?? MAX_DATA_BYTES
  }

  /** Part of a frame was read, its end was not. */
  get isInside(): boolean {
    return this.#leftBytes !== undefined || this.#headerBytes > 0
  }

  /** Hand over the next bytes of the stream. They are not copied; once `next` gave `undefined` they are yours again. */
  push(chunk: Uint8Array): void {
    if (chunk.length > 0 && this.#error === undefined) this.#chunks.push(chunk)
  }

  /** @throws {WireError} `length` for a negative size, `frame-too-large` */
  next(): DataStreamEvent | undefined {
    if (this.#error !== undefined) throw this.#error
    if (this.#leftBytes === undefined) return this.#nextHeader()
    if (this.#leftBytes === 0) {
      this.#leftBytes = undefined
      return END
    }
    const bytes = this.#take(this.#leftBytes)
    if (bytes === undefined) return undefined
    this.#leftBytes -= bytes.length
    return { type: 'data', bytes }
  }

  /** Say that the stream has ended, after {@link next} returned `undefined`. @throws {WireError} `truncated` inside a frame. */
  end(): void {
    if (this.#leftBytes === undefined && this.#headerBytes === 0 && this.#chunks.length === 0) return
    const missing = this.#leftBytes === undefined ? 'a header' : `${this.#leftBytes} bytes of data`
    throw new WireError('truncated', `data stream ended before ${missing} had come`)
  }

  #nextHeader(): DataStreamEvent | undefined {
    while (this.#headerBytes < DATA_HEADER_BYTES) {
      const bytes = this.#take(DATA_HEADER_BYTES - this.#headerBytes)
      if (bytes === undefined) return undefined
      this.#header.set(bytes, this.#headerBytes)
      this.#headerBytes += bytes.length
    }
    this.#headerBytes = 0
    const header = this.#read()
    this.#leftBytes = header.dataBytes
    return { type: 'header', header }
  }

  #read(): DataHeader {
    try {
      return readDataHeader(this.#header, this.#maxDataBytes)
    } catch (error) {
      if (error instanceof WireError) this.#error = error
      this.#chunks = []
      throw error
    }
  }

  /** As much of the next chunk as is wanted, at most; `undefined` when there is none. */
  #take(mostBytes: number): Uint8Array | undefined {
    const chunk = this.#chunks[0]
    if (chunk === undefined) return undefined
    const start = this.#at
    const end = Math.min(chunk.length, start + mostBytes)
    if (end === chunk.length) {
      this.#chunks.shift()
      this.#at = 0
    } else {
      this.#at = end
    }
    return chunk.subarray(start, end)
  }
}
