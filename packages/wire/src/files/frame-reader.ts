import { ByteQueue } from '../byte-queue.js'
import { WireError } from '../error.js'
import { MAX_FILES_PAYLOAD_BYTES } from './codes.js'
import {
  checkPayloadBytes,
  decodeFilesRequest,
  decodeFilesResponse,
  FILES_HEADER_BYTES,
  type FilesRequest,
  type FilesResponse,
} from './frame.js'
import { decodeFilesInit, FILES_INIT_BYTES } from './init.js'

export interface FilesReaderOptions {
  /** Longest payload taken, in bytes. Default, and most: {@link MAX_FILES_PAYLOAD_BYTES}. */
  readonly maxPayloadBytes?: number
}

/** Frames out of a stream that is cut anywhere; both directions have the same layout. */
export class FilesReader<Frame> {
  readonly #queue = new ByteQueue()
  readonly #decode: (frame: Uint8Array) => Frame
  readonly #maxPayloadBytes: number
  #isOpen: boolean
  #error: WireError | undefined

  constructor(decode: (frame: Uint8Array) => Frame, isOpen: boolean, options: FilesReaderOptions | undefined) {
    this.#decode = decode
    this.#isOpen = isOpen
    this.#maxPayloadBytes = options?.maxPayloadBytes ?? MAX_FILES_PAYLOAD_BYTES
  }

  /** Bytes held that no frame has been made of yet. */
  get bufferedBytes(): number {
    return this.#queue.size
  }

  /** Hand over the next bytes of the stream; they are copied. */
  push(chunk: Uint8Array): void {
    if (this.#error === undefined) this.#queue.push(chunk)
  }

  /**
   * One whole frame, whose bytes are yours, or `undefined` when more are needed.
   * @throws {WireError} `frame-too-large` as soon as the header is there; `unexpected-type` for a wrong opening or status.
   * After that the stream is lost, and every call throws the same error.
   */
  next(): Frame | undefined {
    if (this.#error !== undefined) throw this.#error
    try {
      return this.#next()
    } catch (error) {
      if (error instanceof WireError) this.#error = error
      this.#queue.drop(this.#queue.size)
      throw error
    }
  }

  /** Say that the stream has ended, after {@link next} returned `undefined`. @throws {WireError} `truncated` inside a frame. */
  end(): void {
    if (this.#queue.size === 0) return
    throw new WireError('truncated', `stream ended inside a frame, after ${this.#queue.size} of its bytes`)
  }

  #next(): Frame | undefined {
    const queue = this.#queue
    if (!this.#isOpen) {
      if (queue.size < FILES_INIT_BYTES) return undefined
      decodeFilesInit(queue.take(FILES_INIT_BYTES))
      this.#isOpen = true
    }
    if (queue.size < FILES_HEADER_BYTES) return undefined
    const payloadBytes = checkPayloadBytes(queue.peek(FILES_HEADER_BYTES).getUint32(3), this.#maxPayloadBytes)
    const frameBytes = FILES_HEADER_BYTES + payloadBytes
    return queue.size < frameBytes ? undefined : this.#decode(queue.take(frameBytes))
  }
}

/**
 * What a server reads: the opening, which is checked here, then requests.
 * @example
 * reader.push(chunk)
 * for (let request; (request = reader.next()); ) answer(request)
 */
export class FilesRequestReader extends FilesReader<FilesRequest> {
  constructor(options?: FilesReaderOptions) {
    super(decodeFilesRequest, false, options)
  }
}

/** What a client reads: responses. Used as {@link FilesRequestReader}. */
export class FilesResponseReader extends FilesReader<FilesResponse> {
  constructor(options?: FilesReaderOptions) {
    super(decodeFilesResponse, true, options)
  }
}
