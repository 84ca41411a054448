import type { ByteQueue } from '../byte-queue.js'
import { StreamReader } from '../stream-reader.js'
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
export class FilesReader<Frame> extends StreamReader<Frame> {
  readonly #decode: (frame: Uint8Array) => Frame
  readonly #maxPayloadBytes: number
  #isOpen: boolean

  constructor(decode: (frame: Uint8Array) => Frame, isOpen: boolean, options: FilesReaderOptions | undefined) {
    super()
    this.#decode = decode
    this.#isOpen = isOpen
    this.#maxPayloadBytes = options?.maxPayloadBytes ?? MAX_FILES_PAYLOAD_BYTES
  }

  protected override take(queue: ByteQueue): Frame | undefined {
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
