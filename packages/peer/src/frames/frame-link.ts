import type { ByteStream, TransportError } from '@mimirjs/transport'
import { PeerError } from '../error.js'
import { AckWindow } from './ack-window.js'
import { FrameSplitter, type FrameTarget } from './frame-splitter.js'
import { FrameWriter } from './frame-writer.js'

/** Type code of an opaque request: `id u32 in 8 bytes | body`. Not a frame of the peer protocol; sessions skip it. */
export const OPAQUE_TYPE = 30_000
const OK_TYPE = 32_767
const HEADER_BYTES = 16
const ID_BYTES = 8
const OK_BYTES = HEADER_BYTES + ID_BYTES
/** From this size on a body goes out by reference: copying it would cost more than a second part of the write. */
const REFERENCE_BYTES = 4096

export interface FrameLinkOptions {
  /** A request arrived. `body` is a view that is valid only during the call; its OK is written when the call returns. */
  onRequest?(body: Uint8Array): void
  /** Called once, last. */
  onClosed?(error?: PeerError): void
  /** Most requests without OK. Default 1024. */
  windowRequests?: number
  /** Longest body sent or taken, in bytes. Default 1 MiB. */
  bodyBytes?: number
  /** OKs that may queue for a reader that does not read, in bytes; above it the link closes. Default 64 KiB. */
  queuedBytes?: number
}

/** Called when a request is acknowledged, or with the error that ended the link before. */
export type RequestDone = (error?: PeerError) => void

/**
 * Requests and their acknowledgements over one `ByteStream`, without identities: the frames, the coalescing writer and
 * the window of a session, for bodies that only you understand. Both directions work at once.
 *
 * All requests of a turn of the event loop leave in one write, and so do all OKs that one read causes.
 * @example
 * const link = new FrameLink(stream, { onRequest: (body) => console.log(body.length) })
 * await link.request(new Uint8Array(100))
 */
export class FrameLink {
  readonly #stream: ByteStream
  readonly #options: FrameLinkOptions
  readonly #writer: FrameWriter
  readonly #window: AckWindow<number, RequestDone>
  readonly #maxBodyBytes: number
  readonly #maxQueuedBytes: number
  #nextId = 0
  #closed = false

  constructor(stream: ByteStream, options: FrameLinkOptions = {}) {
    this.#stream = stream
    this.#options = options
    this.#maxBodyBytes = options.bodyBytes ?? 1024 * 1024
    this.#maxQueuedBytes = options.queuedBytes ?? 64 * 1024
    this.#writer = new FrameWriter(stream, true)
    this.#window = new AckWindow(options.windowRequests ?? 1024)
    stream.start(new LinkReader(this, ID_BYTES + this.#maxBodyBytes))
  }

  /** How many more requests are taken now. */
  get window(): number {
    return this.#closed ? 0 : this.#window.limit - this.#window.size
  }

  /**
   * Send `body`; resolves when its OK came. A body of 4 KiB and more is not copied: leave it unchanged until then.
   * Rejects with `window-full` | `length` | `closed`, or what ended the link.
   */
  request(body: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.send(body, (error) => (error === undefined ? resolve() : reject(error)))
    })
  }

  /**
   * {@link request} without a promise.
   * @throws {PeerError} `window-full` | `length` | `closed`
   */
  send(body: Uint8Array, done: RequestDone): void {
    const length = body.length
    if (length > this.#maxBodyBytes) {
      throw new PeerError('length', `a body of ${length} bytes, the ceiling is ${this.#maxBodyBytes}`)
    }
    if (this.#closed) throw new PeerError('closed', 'the link is closed: open another')
    const id = this.#nextId
    if (!this.#window.add(id, done)) {
      throw new PeerError('window-full', `${this.#window.limit} requests wait for their OK: wait for one of them`)
    }
    this.#nextId = (id + 1) >>> 0
    const writer = this.#writer
    const byReference = length >= REFERENCE_BYTES
    const at = writer.reserve(OK_BYTES + (byReference ? 0 : length))
    writeHead(writer.view, at, OPAQUE_TYPE, ID_BYTES + length, id)
    if (byReference) writer.reference(body)
    else writer.bytes.set(body, at + OK_BYTES)
    writer.commit()
  }

  /** Write out what is pending, end the stream, and fail the requests that have no OK. */
  close(): void {
    if (this.#closed) return
    this.#writer.flush()
    this.#stream.end()
    this.#finish(undefined)
  }

  /** @internal */
  data(chunk: Uint8Array, splitter: FrameSplitter): void {
    if (this.#closed) return
    this.#writer.cork()
    try {
      splitter.push(chunk)
    } catch (error) {
      this.fail(error instanceof PeerError ? error : new PeerError('handler', 'onRequest threw', { cause: error }))
      return
    }
    this.#writer.uncork()
    if (this.#writer.queuedAnswerBytes > this.#maxQueuedBytes) {
      this.fail(new PeerError('slow-reader', `more than ${this.#maxQueuedBytes} bytes of OKs were not read`))
    }
  }

  /** @internal */
  frame(typeCode: number, bytes: Uint8Array, start: number, end: number): void {
    if (typeCode === OK_TYPE) {
      if (end - start !== ID_BYTES) throw new PeerError('length', `an OK of ${end - start} bytes, expected ${ID_BYTES}`)
      this.#window.take(readId(bytes, start))?.()
      return
    }
    if (typeCode !== OPAQUE_TYPE) throw new PeerError('unexpected-type', `frame type ${typeCode} on a frame link`)
    if (end - start < ID_BYTES) throw new PeerError('length', `a request of ${end - start} bytes has no id`)
    const id = readId(bytes, start)
    this.#options.onRequest?.(bytes.subarray(start + ID_BYTES, end))
    if (this.#closed) return
    const at = this.#writer.reserveAnswer(OK_BYTES)
    writeHead(this.#writer.view, at, OK_TYPE, ID_BYTES, id)
    this.#writer.commit()
  }

  /** @internal */
  drain(): void {
    if (!this.#closed) this.#writer.drained()
  }

  /** @internal */
  end(bufferedBytes: number): void {
    if (this.#closed) return
    if (bufferedBytes > 0) this.fail(new PeerError('truncated', `the stream ended inside a frame`))
    else this.close()
  }

  /** @internal */
  fail(error: PeerError): void {
    if (this.#closed) return
    this.#stream.abort(error)
    this.#finish(error)
  }

  /** @internal */
  streamClosed(cause?: TransportError): void {
    this.#finish(cause === undefined ? undefined : new PeerError('transport', cause.message, { cause }))
  }

  #finish(error: PeerError | undefined): void {
    if (this.#closed) return
    this.#closed = true
    this.#writer.discard()
    const lost = error ?? new PeerError('closed', 'the link was closed before the OK came')
    for (let id = this.#window.oldestId; id !== undefined; id = this.#window.oldestId) this.#window.take(id)?.(lost)
    this.#options.onClosed?.(error)
  }
}

/** What the stream calls; apart from the link so that its callers do not see these. */
class LinkReader implements FrameTarget {
  readonly #link: FrameLink
  readonly #splitter: FrameSplitter

  constructor(link: FrameLink, maxBytes: number) {
    this.#link = link
    this.#splitter = new FrameSplitter(maxBytes, this)
  }

  data(chunk: Uint8Array): void {
    this.#link.data(chunk, this.#splitter)
  }

  frame(typeCode: number, bytes: Uint8Array, start: number, end: number): void {
    this.#link.frame(typeCode, bytes, start, end)
  }

  end(): void {
    this.#link.end(this.#splitter.bufferedBytes)
  }

  drain(): void {
    this.#link.drain()
  }

  closed(error?: TransportError): void {
    this.#link.streamClosed(error)
  }
}

/** `stream 0 | type i32 | size i64 | id in 8 bytes`; sizes and ids stay below 2^32. */
function writeHead(view: DataView, at: number, typeCode: number, size: number, id: number): void {
  view.setInt32(at, 0)
  view.setInt32(at + 4, typeCode)
  view.setInt32(at + 8, 0)
  view.setInt32(at + 12, size)
  view.setInt32(at + 16, 0)
  view.setInt32(at + 20, id)
}

function readId(bytes: Uint8Array, at: number): number {
  return ((bytes[at + 4]! << 24) | (bytes[at + 5]! << 16) | (bytes[at + 6]! << 8) | bytes[at + 7]!) >>> 0
}
