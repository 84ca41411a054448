import type { Socket } from 'node:net'
import { TransportError } from '../error.js'
import { abortError, fromSystemError } from '../system-error.js'
import type { ByteStream, StreamHandlers } from '../types.js'

const STREAM = Symbol('mimirjs.transport.stream')
const NOTHING = new Uint8Array(0)
type StreamSocket = Socket & { [STREAM]: TcpStream }

/**
 * One TCP connection. The listeners on the socket are functions shared by all streams, which find theirs through a
 * symbol: an idle connection costs one object of ours beside what node:net makes.
 */
export class TcpStream implements ByteStream {
  readonly remoteAddress: string
  readonly localAddress: string
  readonly #socket: StreamSocket
  readonly #dialled: boolean
  #handlers: StreamHandlers | undefined
  #error: TransportError | undefined
  #paused = false
  #ended = false
  #closed = false
  /** A drain that nobody was attached to hear. */
  #drainOwed = false

  /** @param dialled - the socket delivers through {@link readInto}, not through `data` events */
  constructor(socket: Socket, remoteAddress: string, localAddress: string, dialled: boolean) {
    this.#socket = Object.assign(socket, { [STREAM]: this })
    this.#dialled = dialled
    this.remoteAddress = remoteAddress
    this.localAddress = localAddress
    // From the first moment on: an error without a listener would end the process.
    socket.on('error', onError).on('close', onClose).on('drain', onDrain)
  }

  start(handlers: StreamHandlers): void {
    if (this.#handlers !== undefined) throw new TransportError('misuse', 'start was called before on this stream')
    this.#handlers = handlers
    if (this.#closed) {
      process.nextTick(reportClosed, this)
      return
    }
    if (this.#drainOwed) process.nextTick(reportDrain, this)
    if (!this.#dialled) this.#socket.on('data', onData)
    this.#socket.on('end', onEnd)
    if (!this.#paused) this.#socket.resume()
  }

  write(chunk: Uint8Array): boolean {
    return this.#writable() ? this.#socket.write(chunk) : false
  }

  writeAll(chunks: readonly Uint8Array[]): boolean {
    if (!this.#writable()) return false
    const socket = this.#socket
    socket.cork()
    for (const chunk of chunks) socket.write(chunk)
    socket.uncork()
    return !socket.writableNeedDrain
  }

  pause(): void {
    this.#paused = true
    this.#socket.pause()
  }

  resume(): void {
    this.#paused = false
    if (this.#handlers !== undefined) this.#socket.resume()
  }

  end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#socket.end()
  }

  abort(error?: Error): void {
    if (this.#closed || this.#socket.destroyed) return
    this.#error = abortError(error, `stream to ${this.remoteAddress}`)
    // Between handing the FIN to the system and hearing that it was taken, a reset fails and the runtime loses the
    // handle instead of closing it. All data is out by then, so closing without a reset truncates nothing.
    const { writableEnded, writableFinished, writableLength } = this.#socket
    if (writableEnded && !writableFinished && writableLength === 0) this.#socket.destroy()
    else this.#socket.resetAndDestroy()
  }

  /** Writes after the stream broke are dropped, `closed` tells; writes after our own `end` are a mistake. */
  #writable(): boolean {
    if (this.#ended) throw new TransportError('misuse', 'write after end: nothing can follow the half-close')
    return !this.#socket.destroyed
  }

  /** @internal Called by the socket's listeners. */
  onData(chunk: Uint8Array): void {
    if (this.#error === undefined) this.#handlers?.data(chunk)
  }

  /**
   * @internal The runtime reports a reset as an end when unread bytes came before it. Writing nothing asks the system
   * which of the two it was: after a reset the write fails, and the stream closes with that error instead.
   */
  onEnd(): void {
    const { writableEnded, writableLength } = this.#socket
    if (writableEnded || writableLength > 0) this.#reportEnd()
    else this.#socket.write(NOTHING, (error) => error ?? this.#reportEnd())
  }

  #reportEnd(): void {
    if (this.#error === undefined) this.#handlers?.end()
  }

  /** @internal */
  onDrain(): void {
    if (this.#handlers === undefined) this.#drainOwed = true
    else if (!this.#socket.destroyed) this.#handlers.drain()
  }

  /** @internal */
  onError(error: Error): void {
    this.#error ??= fromSystemError(error, `stream to ${this.remoteAddress}`)
  }

  /** @internal */
  onClose(): void {
    if (this.#closed) return
    this.#closed = true
    this.#handlers?.closed(this.#error)
  }

  /** @internal */
  reportClosed(): void {
    this.#handlers?.closed(this.#error)
  }
}

function onData(this: Socket, chunk: Uint8Array): void {
  streamOf(this).onData(chunk)
}

function onEnd(this: Socket): void {
  streamOf(this).onEnd()
}

function onDrain(this: Socket): void {
  streamOf(this).onDrain()
}

function onError(this: Socket, error: Error): void {
  streamOf(this).onError(error)
}

function onClose(this: Socket): void {
  streamOf(this).onClose()
}

function reportClosed(stream: TcpStream): void {
  stream.reportClosed()
}

function reportDrain(stream: TcpStream): void {
  stream.onDrain()
}

function streamOf(socket: Socket): TcpStream {
  return (socket as StreamSocket)[STREAM]
}

/**
 * Delivery of a dialled socket: the runtime reads into one buffer shared by all of them, and the reader sees a view
 * during the call. Sharing is sound because the runtime fills the buffer and calls in one go; a paused socket is not
 * read at all.
 */
export function readInto(this: unknown, sizeBytes: number, buffer: Uint8Array): boolean {
  streamOf(this as Socket).onData(buffer.subarray(0, sizeBytes))
  return true
}
