import type { ByteQueue } from '../byte-queue.js'
import { StreamReader } from '../stream-reader.js'
import { MAX_MEDIATOR_REQUEST_BYTES, MAX_MEDIATOR_RESPONSE_BYTES, type MediatorDialect } from './codes.js'
import {
  checkPayloadBytes,
  checkStatus,
  checkVersion,
  MEDIATOR_RESPONSE_HEADER_BYTES,
  type MediatorRequestFrame,
  type MediatorResponseFrame,
  requestHeaderBytes,
} from './frame.js'

export interface MediatorReaderOptions {
  readonly dialect: MediatorDialect
  /** Longest payload taken, in bytes. Default, and most: what the protocol allows in this direction. */
  readonly maxPayloadBytes?: number
}

/** Frames out of a stream that is cut anywhere. */
export abstract class MediatorReader<Frame> extends StreamReader<Frame> {
  readonly #headerBytes: number
  readonly #mostPayloadBytes: number
  #maxPayloadBytes: number

  constructor(headerBytes: number, mostPayloadBytes: number, options: MediatorReaderOptions) {
    super()
    this.#headerBytes = headerBytes
    this.#mostPayloadBytes = mostPayloadBytes
    this.#maxPayloadBytes = Math.min(options.maxPayloadBytes ?? mostPayloadBytes, mostPayloadBytes)
  }

  /** Longest payload taken, in bytes; a change counts from the next frame on, also of those that have arrived. */
  get maxPayloadBytes(): number {
    return this.#maxPayloadBytes
  }

  set maxPayloadBytes(bytes: number) {
    this.#maxPayloadBytes = Math.min(bytes, this.#mostPayloadBytes)
  }

  /** Look at the first byte of a frame. @throws {WireError} */
  protected abstract checkFirst(byte: number): void

  /** A frame will not be taken: its length passes the limit. */
  protected refuse(_header: DataView): void {
    // Only requests have an id that is worth keeping.
  }

  protected abstract frame(header: DataView, payload: () => Uint8Array): Frame

  protected override take(queue: ByteQueue): Frame | undefined {
    if (queue.size === 0) return undefined
    this.checkFirst(queue.peek(1).getUint8(0))
    const headerBytes = this.#headerBytes
    if (queue.size < headerBytes) return undefined
    const header = queue.peek(headerBytes)
    const payloadBytes = header.getUint32(headerBytes - 4)
    if (payloadBytes > this.#maxPayloadBytes) this.refuse(header)
    checkPayloadBytes(payloadBytes, this.#maxPayloadBytes)
    if (queue.size < headerBytes + payloadBytes) return undefined
    return this.frame(header, () => {
      queue.drop(headerBytes)
      return queue.take(payloadBytes)
    })
  }
}

/**
 * What a mediator reads behind the opening: requests. Before a client has logged in set {@link maxPayloadBytes} to a few
 * kilobytes, and raise it then.
 * @example
 * reader.push(chunk)
 * for (let request; (request = reader.next()); ) answer(request)
 */
export class MediatorRequestReader extends MediatorReader<MediatorRequestFrame> {
  readonly #dialect: MediatorDialect
  readonly #headerBytes: number
  #refusedRequestId: number | undefined

  constructor(options: MediatorReaderOptions) {
    const headerBytes = requestHeaderBytes(options.dialect)
    super(headerBytes, MAX_MEDIATOR_REQUEST_BYTES[options.dialect], options)
    this.#dialect = options.dialect
    this.#headerBytes = headerBytes
  }

  /** Id of the request that was refused as `frame-too-large`: `tlv` servers repeat it when they say so. */
  get refusedRequestId(): number | undefined {
    return this.#refusedRequestId
  }

  protected override checkFirst(byte: number): void {
    if (this.#dialect === 'binary') checkVersion(byte)
  }

  protected override refuse(header: DataView): void {
    this.#refusedRequestId = header.getUint16(this.#headerBytes - 6)
  }

  protected override frame(header: DataView, payload: () => Uint8Array): MediatorRequestFrame {
    const command = header.getUint8(this.#headerBytes - 7)
    const requestId = header.getUint16(this.#headerBytes - 6)
    return { command, requestId, payload: payload() }
  }
}

/** What a client reads: answers and pushes, which it tells apart itself. Used as {@link MediatorRequestReader}. */
export class MediatorResponseReader extends MediatorReader<MediatorResponseFrame> {
  constructor(options: MediatorReaderOptions) {
    super(MEDIATOR_RESPONSE_HEADER_BYTES, MAX_MEDIATOR_RESPONSE_BYTES, options)
  }

  protected override checkFirst(byte: number): void {
    checkStatus(byte)
  }

  protected override frame(header: DataView, payload: () => Uint8Array): MediatorResponseFrame {
    return { status: header.getUint8(0), id: header.getUint16(1), payload: payload() }
  }
}
