import type { ByteStream, StreamHandlers } from '@mimirjs/transport'

/** Something that a peer has to see closed before it is closed itself. */
export interface Closable {
  abort(): void
}

export interface LaneStreamHandlers extends StreamHandlers {
  /** Behind `closed`: the stream is nobody's any more. */
  gone(): void
}

/** A data stream and what is known of it. */
export class LaneStream implements Closable {
  isPaused = false
  readonly #stream: ByteStream
  readonly #handlers: LaneStreamHandlers
  #isClosed = false

  constructor(stream: ByteStream, handlers: LaneStreamHandlers) {
    this.#stream = stream
    this.#handlers = handlers
  }

  start(): void {
    const handlers = this.#handlers
    this.#stream.start({
      data: (chunk) => handlers.data(chunk),
      end: () => handlers.end(),
      drain: () => handlers.drain(),
      closed: (error) => {
        this.#isClosed = true
        handlers.closed(error)
        handlers.gone()
      },
    })
  }

  setPaused(isPaused: boolean): void {
    if (isPaused === this.isPaused || this.#isClosed) return
    this.isPaused = isPaused
    if (isPaused) this.#stream.pause()
    else this.#stream.resume()
  }

  abort(): void {
    if (!this.#isClosed) this.#stream.abort()
  }
}

/** Nobody wants this stream. */
export function abandon(stream: ByteStream): void {
  stream.start({ data() {}, end() {}, drain() {}, closed() {} })
  stream.abort()
}
