import { type ByteStream, type StreamHandlers, TransportError } from '@mimirjs/transport'
import { formatOverlayAddress } from './address.js'
import type { StreamConnection } from './connection.js'
import { abortError, streamError } from './failure.js'
import type { StreamEvents, StreamFailure, StreamHost } from './types.js'

/** A {@link StreamConnection} as a `ByteStream`. It moves things and decides nothing. */
export class OverlayStream implements ByteStream {
  readonly #host: StreamHost
  readonly #connection: StreamConnection
  readonly #events: HandedEvents
  #remoteAddress: string | undefined
  #localAddress: string | undefined
  #isEnded = false

  /** @param onOpening - told once whether an opening of ours succeeded */
  constructor(host: StreamHost, connection: StreamConnection, onOpening?: (failure?: StreamFailure) => void) {
    this.#host = host
    this.#connection = connection
    this.#events = new HandedEvents(this, onOpening)
    // Nothing is read before `start`.
    connection.pause()
    connection.attach(this.#events)
  }

  get remoteAddress(): string {
    const { remoteKey, remotePort } = this.#connection
    return (this.#remoteAddress ??= formatOverlayAddress(remoteKey, remotePort))
  }

  get localAddress(): string {
    return (this.#localAddress ??= formatOverlayAddress(this.#host.stack.publicKey, this.#connection.localPort))
  }

  /** Proven by the session. */
  get remotePublicKey(): Uint8Array {
    return this.#connection.remoteKey
  }

  start(handlers: StreamHandlers): void {
    if (this.#events.handlers !== undefined) {
      throw new TransportError('misuse', 'start was called before on this stream')
    }
    this.#events.start(handlers)
    if (!this.#events.isPaused) this.#resume()
  }

  write(chunk: Uint8Array): boolean {
    this.#requireNotEnded()
    const isWritable = this.#connection.write(chunk)
    this.#host.wake()
    return isWritable
  }

  writeAll(chunks: readonly Uint8Array[]): boolean {
    this.#requireNotEnded()
    for (const chunk of chunks) this.#connection.write(chunk)
    this.#host.wake()
    return this.#connection.isWritable
  }

  pause(): void {
    this.#events.isPaused = true
    this.#connection.pause()
  }

  resume(): void {
    this.#events.isPaused = false
    if (this.#events.handlers !== undefined) this.#resume()
  }

  end(): void {
    this.#isEnded = true
    this.#connection.end()
    this.#host.wake()
  }

  abort(error?: Error): void {
    if (this.#connection.isClosed) return
    this.#events.abortError = abortError(error, `stream to ${this.remoteAddress}`)
    this.#connection.abort(this.#host.nowMs())
    this.#host.wake()
  }

  #resume(): void {
    this.#connection.resume()
    this.#host.wake()
  }

  #requireNotEnded(): void {
    if (this.#isEnded) throw new TransportError('misuse', 'write after end: nothing can follow the half-close')
  }
}

/** What the connection tells, handed to the reader of the stream, or kept until there is one. */
class HandedEvents implements StreamEvents {
  handlers: StreamHandlers | undefined
  isPaused = false
  abortError: TransportError | undefined
  readonly #stream: OverlayStream
  #onOpening: ((failure?: StreamFailure) => void) | undefined
  #isDrainKept = false
  #isClosed = false
  #error: TransportError | undefined

  constructor(stream: OverlayStream, onOpening: ((failure?: StreamFailure) => void) | undefined) {
    this.#stream = stream
    this.#onOpening = onOpening
  }

  start(handlers: StreamHandlers): void {
    this.handlers = handlers
    if (!this.#isDrainKept && !this.#isClosed) return
    queueMicrotask(() => {
      if (this.#isClosed) handlers.closed(this.#error)
      else handlers.drain()
    })
  }

  opened(): void {
    this.#onOpening?.()
    this.#onOpening = undefined
  }

  data(chunk: Uint8Array): void {
    this.handlers?.data(chunk)
  }

  end(): void {
    this.handlers?.end()
  }

  drain(): void {
    if (this.handlers === undefined) this.#isDrainKept = true
    else this.handlers.drain()
  }

  closed(failure?: StreamFailure): void {
    if (this.#onOpening !== undefined) {
      this.#onOpening(failure)
      this.#onOpening = undefined
      return
    }
    const error = failure && (this.abortError ?? streamError(failure, `stream to ${this.#stream.remoteAddress}`))
    this.#isClosed = true
    this.#error = error
    this.handlers?.closed(error)
  }
}
