import { TransportError } from '../error.js'
import { abortError } from '../system-error.js'
import type { ByteStream, StreamHandlers } from '../types.js'
import { KeptBytes } from './kept.js'
import { Outgoing } from './outgoing.js'

/** A connection that carries whole messages, such as a WebSocket or a data channel, as a {@link MessageStream} uses it. */
export interface MessageSocket {
  /** Bytes given and not sent. */
  readonly bufferedAmount: number
  /** One message; an empty one is the end of our direction. The socket owns it from now on. */
  send(message: Uint8Array): void
  /** Tell the other side that it may send so many bytes, counted from the beginning on. */
  grant(totalBytes: number): void
  /** Both directions have ended: close it in order. */
  close(): void
  /** Cut it, or what comes nearest to that. */
  terminate(): void
}

export interface MessageStreamOptions {
  readonly remoteAddress: string
  readonly localAddress: string
  /** 32 bytes, where the connection proves it. */
  readonly remotePublicKey?: Uint8Array | undefined
  /** Bytes that are held for the reader, and granted to the other side. */
  readonly windowBytes: number
  /** Bytes that are held back before `write` returns `false`. */
  readonly highWaterMarkBytes: number
  /** Longest message that is sent. */
  readonly maxMessageBytes: number
  /**
   * Above this nothing more is given to the socket until {@link MessageStream.writable} or a grant. Default 8 388 608,
   * which an honest peer that reads never meets.
   */
  readonly maxBufferedBytes?: number | undefined
  /** What may be sent before the other side has granted anything. Default 0; `Infinity` for one that may know no grants. */
  readonly initialAllowedBytes?: number | undefined
  /** What the other side may send above what it was granted, before it had heard of it. Default 0. */
  readonly toleranceBytes?: number | undefined
}

const DEFAULT_MAX_BUFFERED_BYTES = 8_388_608
const END = new Uint8Array(0)

/**
 * A {@link ByteStream} over whole messages. Each side grants the other how much may come, so that a reader that stops
 * slows its writer down even where the platform has no flow control to offer, and what is held for it stays within the
 * window. An empty message ends a direction.
 */
export class MessageStream implements ByteStream {
  readonly remoteAddress: string
  readonly localAddress: string
  declare readonly remotePublicKey?: Uint8Array
  readonly #socket: MessageSocket
  readonly #windowBytes: number
  readonly #highWaterMarkBytes: number
  readonly #maxMessageBytes: number
  readonly #maxBufferedBytes: number
  readonly #toleranceBytes: number
  #handlers: StreamHandlers | undefined
  #turnDue = false

  readonly #outgoing = new Outgoing()
  #sentBytes = 0
  /** How much the other side lets us send, from the beginning on. */
  #allowedBytes: number
  #isEnded = false
  #endSent = false
  /** A `write` returned `false`; its drain is due, or owed now. */
  #drainDue = false
  #drainOwed = false

  readonly #kept = new KeptBytes()
  #receivedBytes = 0
  #deliveredBytes = 0
  /** How much we let the other side send, from the beginning on. */
  #grantedBytes: number
  #isPaused = false
  #remoteEnded = false
  #endSeen = false

  /** Nothing is sent or taken any more. */
  #isBroken = false
  #error: TransportError | undefined
  #isClosed = false

  /** @param socket - open, and nothing read from it yet */
  constructor(socket: MessageSocket, options: MessageStreamOptions) {
    this.#socket = socket
    this.remoteAddress = options.remoteAddress
    this.localAddress = options.localAddress
    if (options.remotePublicKey !== undefined) this.remotePublicKey = options.remotePublicKey
    this.#windowBytes = this.#grantedBytes = options.windowBytes
    this.#highWaterMarkBytes = options.highWaterMarkBytes
    this.#maxMessageBytes = options.maxMessageBytes
    this.#maxBufferedBytes = options.maxBufferedBytes ?? DEFAULT_MAX_BUFFERED_BYTES
    this.#toleranceBytes = options.toleranceBytes ?? 0
    this.#allowedBytes = options.initialAllowedBytes ?? 0
    socket.grant(this.#grantedBytes)
  }

  start(handlers: StreamHandlers): void {
    if (this.#handlers !== undefined) throw new TransportError('misuse', 'start was called before on this stream')
    this.#handlers = handlers
    this.#schedule()
  }

  write(chunk: Uint8Array): boolean {
    return this.writeAll([chunk])
  }

  writeAll(chunks: readonly Uint8Array[]): boolean {
    if (this.#isEnded) throw new TransportError('misuse', 'write after end: nothing can follow the half-close')
    if (this.#isBroken) return false
    for (const chunk of chunks) this.#outgoing.push(chunk)
    this.#flush()
    if (this.#outgoing.sizeBytes < this.#highWaterMarkBytes) return !this.#drainDue
    this.#drainDue = true
    return false
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    this.#schedule()
  }

  end(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#flush()
  }

  abort(error?: Error): void {
    if (this.#isClosed) return
    // Also of one that is over already, and only waits for its reader.
    const wasBroken = this.#isBroken
    if (wasBroken && this.#endSeen) return
    this.#break(abortError(error, `stream to ${this.remoteAddress}`))
    if (!wasBroken) this.#socket.terminate()
  }

  /** For whoever reads the socket: a message came. It is looked at during the call only. */
  received(bytes: Uint8Array): void {
    if (this.#isBroken) return
    if (this.#remoteEnded) {
      this.violated('bytes behind the end')
      return
    }
    this.#receivedBytes += bytes.length
    if (this.#receivedBytes > this.#grantedBytes + this.#toleranceBytes) this.violated('more bytes than it may send')
    else if (bytes.length === 0) {
      this.#remoteEnded = true
      this.#closeIfEnded()
      this.#schedule()
    } else if (this.#handlers === undefined || this.#isPaused || !this.#kept.isEmpty) this.#kept.push(bytes)
    else this.#deliver(this.#handlers, bytes)
  }

  /** For whoever reads the socket: we may send so many bytes, counted from the beginning on. */
  allowed(totalBytes: number): void {
    if (this.#isBroken) return
    if (totalBytes < this.#allowedBytes && this.#allowedBytes !== Infinity) {
      this.violated('a smaller grant than before')
      return
    }
    this.#allowedBytes = totalBytes
    this.#flush()
  }

  /** For whoever drives the socket: {@link MessageSocket.bufferedAmount} has fallen. */
  writable(): void {
    this.#flush()
  }

  /** For whoever reads the socket: the other side broke the rules; `what` it sent. */
  violated(what: string): void {
    if (this.#isBroken) return
    this.#socket.terminate()
    this.#break(new TransportError('reset', `stream to ${this.remoteAddress}: the other side sent ${what}`))
  }

  /** For whoever drives the socket: it is closed. @param cause - what it reported before, if anything */
  socketClosed(cause?: Error): void {
    if (this.#isBroken) return
    if (this.#endSent && this.#remoteEnded) {
      this.#isBroken = true
      this.#schedule()
      return
    }
    const doing = `stream to ${this.remoteAddress}`
    const detail = cause === undefined ? '' : ` (${cause.message})`
    const error = new TransportError('reset', `${doing}: the connection was cut${detail}`, cause && { cause })
    // What is whole is delivered first: the other side had said all, and did not wait for us.
    if (!this.#remoteEnded) this.#break(error)
    else {
      this.#isBroken = true
      this.#error = error
      this.#outgoing.clear()
      this.#schedule()
    }
  }

  /** Everything that waits is dropped; `closed` is next. */
  #break(error: TransportError): void {
    this.#isBroken = true
    this.#error = error
    this.#outgoing.clear()
    this.#kept.clear()
    this.#endSeen = true
    this.#drainOwed = false
    this.#schedule()
  }

  #flush(): void {
    if (this.#isBroken) return
    while (this.#outgoing.sizeBytes > 0) {
      const roomBytes = Math.min(this.#allowedBytes - this.#sentBytes, this.#maxMessageBytes)
      if (roomBytes <= 0 || this.#socket.bufferedAmount >= this.#maxBufferedBytes) return
      const message = this.#outgoing.take(roomBytes)
      this.#sentBytes += message.length
      this.#socket.send(message)
    }
    if (this.#isEnded && !this.#endSent) {
      this.#endSent = true
      this.#socket.send(END)
      this.#closeIfEnded()
    }
    if (!this.#drainDue) return
    this.#drainDue = false
    this.#drainOwed = true
    this.#schedule()
  }

  #closeIfEnded(): void {
    if (this.#endSent && this.#remoteEnded) this.#socket.close()
  }

  #deliver(handlers: StreamHandlers, bytes: Uint8Array): void {
    this.#deliveredBytes += bytes.length
    handlers.data(bytes)
    if (this.#isBroken || this.#remoteEnded) return
    const grantBytes = this.#deliveredBytes + this.#windowBytes
    // Not for every message: a quarter of the window at a time keeps the sender going.
    if (grantBytes - this.#grantedBytes < this.#windowBytes / 4) return
    this.#grantedBytes = grantBytes
    this.#socket.grant(grantBytes)
  }

  /** No handler is ever called from inside a call to the stream. */
  #schedule(): void {
    if (this.#turnDue || this.#isClosed || this.#handlers === undefined) return
    this.#turnDue = true
    queueMicrotask(() => this.#turn())
  }

  #turn(): void {
    this.#turnDue = false
    const handlers = this.#handlers
    if (handlers === undefined || this.#isClosed) return
    while (!this.#isPaused) {
      const chunk = this.#kept.take()
      if (chunk === undefined) break
      this.#deliver(handlers, chunk)
    }
    if (this.#remoteEnded && !this.#endSeen && !this.#isPaused && this.#kept.isEmpty) {
      this.#endSeen = true
      handlers.end()
    }
    if (this.#drainOwed && !this.#isBroken) {
      this.#drainOwed = false
      handlers.drain()
    }
    if (!this.#isBroken || !this.#endSeen) return
    this.#isClosed = true
    handlers.closed(this.#error)
  }
}
