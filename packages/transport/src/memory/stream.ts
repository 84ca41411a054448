import { TransportError } from '../error.js'
import { abortError } from '../system-error.js'
import type { ByteStream, StreamHandlers } from '../types.js'
import { nextTurn } from './turn.js'

/**
 * One end of an in-memory pair. Every end has an inbox that the other end fills. Delivery, drains and closing happen in
 * `#turn`, which the event loop runs: no handler is ever called from inside a call to a stream.
 */
export class MemoryStream implements ByteStream {
  readonly localAddress: string
  readonly remoteAddress: string
  readonly #highWaterMarkBytes: number
  #remote!: MemoryStream
  #handlers: StreamHandlers | undefined

  /** Chunks the remote end wrote, not yet delivered; the bytes of them count against its high-water mark. */
  #inbox: Uint8Array[] = []
  #inboxBytes = 0
  #paused = false
  /** Our side: `end` was called; a `write` returned `false` and its drain is due. */
  #ended = false
  #drainDue = false
  /** The `end` of the remote side was delivered here. */
  #endSeen = false
  #broken = false
  #error: TransportError | undefined
  #closed = false
  #turnDue = false

  private constructor(localAddress: string, remoteAddress: string, highWaterMarkBytes: number) {
    this.localAddress = localAddress
    this.remoteAddress = remoteAddress
    this.#highWaterMarkBytes = highWaterMarkBytes
  }

  /** Two connected ends; `a` is the one that dialled. */
  static pair(addressA: string, addressB: string, highWaterMarkBytes: number): [a: MemoryStream, b: MemoryStream] {
    const a = new MemoryStream(addressA, addressB, highWaterMarkBytes)
    const b = new MemoryStream(addressB, addressA, highWaterMarkBytes)
    a.#remote = b
    b.#remote = a
    return [a, b]
  }

  start(handlers: StreamHandlers): void {
    if (this.#handlers !== undefined) throw new TransportError('misuse', 'start was called before on this stream')
    this.#handlers = handlers
    this.#schedule()
  }

  write(chunk: Uint8Array): boolean {
    if (this.#ended) throw new TransportError('misuse', 'write after end: nothing can follow the half-close')
    if (this.#broken) return false
    const remote = this.#remote
    if (chunk.length > 0) {
      remote.#inbox.push(chunk)
      remote.#inboxBytes += chunk.length
      remote.#schedule()
    }
    if (remote.#inboxBytes < this.#highWaterMarkBytes) return true
    this.#drainDue = true
    return false
  }

  writeAll(chunks: readonly Uint8Array[]): boolean {
    let writable = !this.#broken && !this.#drainDue
    for (const chunk of chunks) writable = this.write(chunk)
    return writable
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.#schedule()
  }

  end(): void {
    this.#ended = true
    this.#remote.#schedule()
  }

  abort(error?: Error): void {
    if (this.#broken) return
    this.#break(abortError(error, `stream to ${this.remoteAddress}`))
    this.#remote.#break(new TransportError('reset', `stream to ${this.localAddress}: cut by the other side`))
  }

  #break(error: TransportError): void {
    if (this.#broken) return
    this.#broken = true
    this.#error = error
    this.#inbox = []
    this.#inboxBytes = 0
    this.#schedule()
  }

  #schedule(): void {
    if (this.#turnDue || this.#closed || this.#handlers === undefined) return
    this.#turnDue = true
    nextTurn(runTurn, this)
  }

  /** @internal Run by the event loop. */
  turn(): void {
    this.#turnDue = false
    if (this.#handlers === undefined || this.#closed) return
    this.#deliver(this.#handlers)
    if (this.#drainDue && !this.#broken && this.#remote.#inboxBytes === 0) {
      this.#drainDue = false
      this.#handlers.drain()
    }
    // Our end is out when the other side took everything, or will never take anything again.
    const sent = this.#ended && (this.#remote.#endSeen || this.#remote.#broken)
    if (!this.#closed && (this.#broken || (sent && this.#endSeen))) {
      this.#closed = true
      this.#broken = true
      this.#handlers.closed(this.#error)
    }
  }

  #deliver(handlers: StreamHandlers): void {
    if (this.#inbox.length > 0 && !this.#paused) {
      const chunks = this.#inbox
      this.#inbox = []
      for (let index = 0; index < chunks.length; index++) {
        if (this.#broken) return
        if (this.#paused) {
          this.#inbox = chunks.slice(index).concat(this.#inbox)
          return
        }
        const chunk = chunks[index]!
        this.#inboxBytes -= chunk.length
        handlers.data(chunk)
      }
      if (this.#inboxBytes === 0) this.#remote.#schedule()
    }
    if (this.#remote.#ended && this.#inbox.length === 0 && !this.#paused && !this.#endSeen && !this.#broken) {
      this.#endSeen = true
      handlers.end()
      this.#remote.#schedule()
    }
  }
}

function runTurn(stream: MemoryStream): void {
  stream.turn()
}
