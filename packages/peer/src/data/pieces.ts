import { PeerError } from '../error.js'

/** Least that is handed to a stream at once, but for the end: small pieces of a source are put together. */
const LEAST_BYTES = 64 * 1024
/** Most: each drain then shows that a large message gets on. */
const MOST_BYTES = 512 * 1024

/** The payload of a message, piece by piece. */
export interface Pieces {
  /** The next piece, `end` behind the last one, `undefined` while the source is being asked for more. */
  take(): Uint8Array | 'end' | undefined
  /** Begin at the start again. @returns `false` for a source that has been read from */
  rewind(): boolean
  /** Nothing more is wanted. */
  close(): void
}

/** A payload that is in memory. */
export class PayloadPieces implements Pieces {
  readonly #payload: Uint8Array
  #at = 0

  constructor(payload: Uint8Array) {
    this.#payload = payload
  }

  take(): Uint8Array | 'end' {
    if (this.#at >= this.#payload.length) return 'end'
    const piece = this.#payload.subarray(this.#at, this.#at + MOST_BYTES)
    this.#at += piece.length
    return piece
  }

  rewind(): boolean {
    this.#at = 0
    return true
  }

  close(): void {}
}

/** What a source of pieces tells: it has more, or it has failed and gives no more. */
export interface SourceEvents {
  onMore(): void
  onFailed(error: PeerError): void
}

/**
 * A payload that is made while it goes out. The source is asked when a piece is taken and none is there, so no more than
 * one answer of it is held. The last piece is given only when the source has ended: one that is too long fails in time.
 */
export class SourcePieces implements Pieces {
  readonly #source: AsyncIterable<Uint8Array>
  readonly #dataBytes: number
  readonly #events: SourceEvents
  #iterator: AsyncIterator<Uint8Array> | undefined
  readonly #ready: Uint8Array[] = []
  /** Small pieces put together: `#block[0 .. #blockBytes)`. */
  #block: Uint8Array | undefined
  #blockBytes = 0
  #readBytes = 0
  #state: 'idle' | 'asking' | 'ended' | 'closed' = 'idle'

  constructor(source: AsyncIterable<Uint8Array>, dataBytes: number, events: SourceEvents) {
    this.#source = source
    this.#dataBytes = dataBytes
    this.#events = events
  }

  take(): Uint8Array | 'end' | undefined {
    if (this.#state === 'idle' && this.#ready.length === 0) void this.#ask()
    if (this.#state === 'asking' || this.#state === 'closed') return undefined
    return this.#ready.shift() ?? (this.#state === 'ended' ? 'end' : undefined)
  }

  rewind(): boolean {
    return this.#iterator === undefined
  }

  close(): void {
    if (this.#state === 'closed') return
    const isOpen = this.#iterator !== undefined && this.#state !== 'ended'
    this.#state = 'closed'
    this.#ready.length = 0
    this.#block = undefined
    if (!isOpen) return
    // What a source says when nobody wants it any more is of no interest.
    const ignore = (): void => {}
    try {
      this.#iterator?.return?.().then(ignore, ignore)
    } catch {
      // As above.
    }
  }

  /** Ask the source until there is a piece to give, or its end. */
  async #ask(): Promise<void> {
    this.#state = 'asking'
    try {
      this.#iterator ??= this.#source[Symbol.asyncIterator]()
      while (!(await this.#step(this.#iterator)));
    } catch (cause) {
      this.#fail(cause instanceof PeerError ? cause : new PeerError('handler', 'the source failed', { cause }))
    }
  }

  /** @returns whether the question is answered */
  async #step(iterator: AsyncIterator<Uint8Array>): Promise<boolean> {
    const answer = await iterator.next()
    if (this.#isClosed()) return true
    const isEnd = answer.done === true
    if (isEnd) this.#end()
    else this.#add(answer.value)
    // Whether the last byte is the last is only known behind it.
    if (!isEnd && (this.#ready.length === 0 || this.#readBytes === this.#dataBytes)) return false
    this.#state = isEnd ? 'ended' : 'idle'
    this.#events.onMore()
    return true
  }

  #add(piece: unknown): void {
    if (!(piece instanceof Uint8Array))
      throw new PeerError('message', `the source gave ${typeof piece}, expected bytes`)
    this.#readBytes += piece.length
    if (this.#readBytes > this.#dataBytes) {
      throw new PeerError('message', `the source gave more than the ${this.#dataBytes} bytes announced`)
    }
    let at = 0
    while (at < piece.length) {
      const left = piece.length - at
      if (this.#blockBytes === 0 && left >= LEAST_BYTES) {
        const end = Math.min(piece.length, at + MOST_BYTES)
        this.#ready.push(piece.subarray(at, end))
        at = end
      } else at += this.#gather(piece.subarray(at, at + LEAST_BYTES - this.#blockBytes))
    }
  }

  #gather(bytes: Uint8Array): number {
    this.#block ??= new Uint8Array(LEAST_BYTES)
    this.#block.set(bytes, this.#blockBytes)
    this.#blockBytes += bytes.length
    if (this.#blockBytes === LEAST_BYTES) this.#giveBlock()
    return bytes.length
  }

  #giveBlock(): void {
    if (this.#block !== undefined) this.#ready.push(this.#block.subarray(0, this.#blockBytes))
    this.#block = undefined
    this.#blockBytes = 0
  }

  #end(): void {
    if (this.#readBytes < this.#dataBytes) {
      throw new PeerError('message', `the source ended after ${this.#readBytes} of ${this.#dataBytes} bytes`)
    }
    this.#giveBlock()
  }

  #fail(error: PeerError): void {
    if (this.#isClosed()) return
    this.close()
    this.#events.onFailed(error)
  }

  /** A method, because the compiler believes that a state it has seen does not change by calls. */
  #isClosed(): boolean {
    return this.#state === 'closed'
  }
}
