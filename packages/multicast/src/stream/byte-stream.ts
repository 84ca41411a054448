import { type ByteStream, type StreamHandlers, TransportError } from '@mimirjs/transport'
import type { StreamConnection } from './connection.js'
import { abortError, streamError } from './failure.js'
import type { StreamEvents, StreamFailure } from './types.js'

/** A {@link StreamConnection} as a `ByteStream`. It moves things and decides nothing. */
export class MulticastStream implements ByteStream {
  readonly localAddress: string
  readonly remoteAddress: string
  readonly #connection: StreamConnection
  /** See to it that the machine does soon what was asked for. */
  readonly #wake: () => void
  #onOpening: ((failure?: StreamFailure) => void) | undefined
  #handlers: StreamHandlers | undefined
  #isPaused = false
  #isEnded = false
  #isDrainKept = false
  #isClosed = false
  #abortError: TransportError | undefined
  #error: TransportError | undefined

  /** @param onOpening - told once whether an opening of ours succeeded; absent when the other side opened */
  constructor(
    connection: StreamConnection,
    addresses: { readonly local: string; readonly remote: string },
    wake: () => void,
    onOpening?: (failure?: StreamFailure) => void,
  ) {
    this.#connection = connection
    this.localAddress = addresses.local
    this.remoteAddress = addresses.remote
    this.#wake = wake
    this.#onOpening = onOpening
    connection.attach(this.#events())
  }

  /** Proven by the session. */
  get remotePublicKey(): Uint8Array {
    return this.#connection.peer.key
  }

  start(handlers: StreamHandlers): void {
    if (this.#handlers !== undefined) throw new TransportError('misuse', 'start was called before on this stream')
    this.#handlers = handlers
    if (!this.#isPaused) this.#resume()
    const wasClosed = this.#isClosed
    if (!this.#isDrainKept && !wasClosed) return
    queueMicrotask(() => {
      if (wasClosed) handlers.closed(this.#error)
      else if (!this.#isClosed) handlers.drain()
    })
  }

  write(chunk: Uint8Array): boolean {
    return this.writeAll([chunk])
  }

  writeAll(chunks: readonly Uint8Array[]): boolean {
    if (this.#isEnded) throw new TransportError('misuse', 'write after end: nothing can follow the half-close')
    let isWritable = this.#connection.isWritable
    for (const chunk of chunks) isWritable = this.#connection.write(chunk)
    this.#wake()
    return isWritable
  }

  pause(): void {
    this.#isPaused = true
    this.#connection.pause()
  }

  resume(): void {
    this.#isPaused = false
    if (this.#handlers !== undefined) this.#resume()
  }

  end(): void {
    this.#isEnded = true
    this.#connection.end()
    this.#wake()
  }

  abort(error?: Error): void {
    if (this.#connection.phase === 'closed') return
    this.#abortError = abortError(error, this.#name)
    this.#connection.abort()
    this.#wake()
  }

  #events(): StreamEvents {
    return {
      opened: () => {
        this.#onOpening?.()
        this.#onOpening = undefined
      },
      data: (chunk) => this.#handlers?.data(chunk),
      end: () => this.#handlers?.end(),
      drain: () => {
        if (this.#handlers === undefined) this.#isDrainKept = true
        else this.#handlers.drain()
      },
      closed: (failure) => this.#close(failure),
    }
  }

  #close(failure: StreamFailure | undefined): void {
    this.#isClosed = true
    if (failure !== undefined) this.#error = this.#abortError ?? streamError(failure, this.#name)
    if (this.#onOpening !== undefined) this.#onOpening(failure)
    else this.#handlers?.closed(this.#error)
  }

  get #name(): string {
    return `stream to ${this.remoteAddress}`
  }

  #resume(): void {
    this.#connection.resume()
    this.#wake()
  }
}
