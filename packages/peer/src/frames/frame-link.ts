import type { ByteStream, StreamHandlers, TransportError } from '@mimirjs/transport'
import { PeerError } from '../error.js'
import { AckWindow } from './ack-window.js'
import { FrameSplitter, type FrameTarget } from './frame-splitter.js'
import { FrameWriter } from './frame-writer.js'

/**
 * Type code of an opaque request: `id u32 in 8 bytes | body`, ids counting up from 0. Not a frame of the peer protocol;
 * sessions skip it.
 */
export const OPAQUE_TYPE = 30_000
const OK_TYPE = 32_767
const HEADER_BYTES = 16
const ID_BYTES = 8
const OK_BYTES = HEADER_BYTES + ID_BYTES
/** From this size on a body goes out by reference: copying it would cost more than a second part of the write. */
const REFERENCE_BYTES = 4096

export interface FrameLinkOptions {
  /** A request arrived. `body` is a view that is valid only during the call; when it returns, the request has its OK. */
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

/** Called when a request is acknowledged, or with the error that ended the link before. What it throws ends the link. */
export type RequestDone = (error?: PeerError) => void

/**
 * Requests and their acknowledgements over one `ByteStream`, without identities: the frames, the coalescing writer and
 * the window of a session, for bodies that only you understand. Both directions work at once.
 *
 * All requests of a turn of the event loop leave in one write. An OK acknowledges its request and all before it, so one
 * is written per read, however many requests the read brought.
 * @example
 * const link = new FrameLink(stream, { onRequest: (body) => console.log(body.length) })
 * await link.request(new Uint8Array(100))
 */
export class FrameLink {
  readonly #stream: ByteStream
  readonly #options: FrameLinkOptions
  readonly #writer: FrameWriter
  readonly #splitter: FrameSplitter
  readonly #window: AckWindow<number, RequestDone>
  readonly #maxBodyBytes: number
  readonly #maxQueuedBytes: number
  #nextId = 0
  /** A request that was handled and has no OK yet: its id. */
  #handledId = 0
  #owesOk = false
  #closed = false

  constructor(stream: ByteStream, options: FrameLinkOptions = {}) {
    this.#stream = stream
    this.#options = options
    this.#maxBodyBytes = options.bodyBytes ?? 1024 * 1024
    this.#maxQueuedBytes = options.queuedBytes ?? 64 * 1024
    this.#writer = new FrameWriter(stream, true)
    this.#window = new AckWindow(options.windowRequests ?? 1024)
    const reader = new LinkReader(this)
    this.#splitter = new FrameSplitter(ID_BYTES + this.#maxBodyBytes, reader)
    stream.start(reader)
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
    this.#writer.finish()
    this.#stream.end()
    this.#finish(undefined)
  }

  /** @internal */
  data(chunk: Uint8Array): void {
    if (this.#closed) return
    this.#writer.cork()
    try {
      this.#splitter.push(chunk)
    } catch (error) {
      this.fail(error instanceof PeerError ? error : new PeerError('handler', 'a callback threw', { cause: error }))
      return
    }
    if (this.#closed) return
    if (this.#owesOk) this.#writeOk()
    this.#writer.uncork()
    if (this.#writer.queuedAnswerBytes > this.#maxQueuedBytes) {
      this.fail(new PeerError('slow-reader', `more than ${this.#maxQueuedBytes} bytes of OKs were not read`))
    }
  }

  /** @internal */
  frame(typeCode: number, bytes: Uint8Array, start: number, end: number): void {
    if (end - start < ID_BYTES) throw new PeerError('length', `a frame of ${end - start} bytes has no id`)
    const id = readId(bytes, start)
    if (typeCode === OPAQUE_TYPE) {
      this.#options.onRequest?.(bytes.subarray(start + ID_BYTES, end))
      this.#handledId = id
      this.#owesOk = true
    } else if (typeCode === OK_TYPE) this.#onOk(id)
    else throw new PeerError('unexpected-type', `frame type ${typeCode} on a frame link`)
  }

  /** Acknowledged are all requests up to `id`; an OK for what was never sent is ignored. */
  #onOk(id: number): void {
    const window = this.#window
    const oldestId = window.oldestId
    if (oldestId === undefined) return
    let count = ((id - oldestId) >>> 0) + 1
    if (count > window.size) return
    for (; count > 0; count--) window.takeOldest()?.()
  }

  #writeOk(): void {
    this.#owesOk = false
    const at = this.#writer.reserveAnswer(OK_BYTES)
    writeHead(this.#writer.view, at, OK_TYPE, ID_BYTES, this.#handledId)
    this.#writer.commit()
  }

  /** @internal */
  drain(): void {
    if (!this.#closed) this.#writer.drained()
  }

  /** @internal */
  end(): void {
    if (this.#closed) return
    if (this.#splitter.bufferedBytes > 0) this.fail(new PeerError('truncated', 'the stream ended inside a frame'))
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
    this.#splitter.stop()
    const lost = error ?? new PeerError('closed', 'the link was closed before the OK came')
    while (this.#window.size > 0) this.#tell(this.#window.takeOldest(), lost)
    this.#tell(this.#options.onClosed, error)
  }

  /** The link has ended: what a callback throws now can be told to nobody. */
  #tell(callback: RequestDone | undefined, error: PeerError | undefined): void {
    try {
      callback?.(error)
    } catch {
      // See above.
    }
  }
}

/** What the stream and the splitter call; apart from the link so that its users do not see these. */
class LinkReader implements StreamHandlers, FrameTarget {
  readonly #link: FrameLink

  constructor(link: FrameLink) {
    this.#link = link
  }

  data(chunk: Uint8Array): void {
    this.#link.data(chunk)
  }

  frame(typeCode: number, bytes: Uint8Array, start: number, end: number): void {
    this.#link.frame(typeCode, bytes, start, end)
  }

  end(): void {
    this.#link.end()
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
