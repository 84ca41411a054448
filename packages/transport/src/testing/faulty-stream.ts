import type { Clock } from '../clock.js'
import { TransportError } from '../error.js'
import { abortError } from '../system-error.js'
import type { ByteStream, StreamHandlers } from '../types.js'
import type { Random } from './random.js'

/** What a faulty link does to streams. Everything is off when absent. */
export interface StreamFaults {
  /** Deliver in pieces of 1 to this many bytes. */
  splitBytes?: number
  /** Hold every piece back for up to this long, in milliseconds; the order stays. */
  delayMs?: number
  /** Deliver no faster than this, per stream and direction. */
  bytesPerSecond?: number
  /** Reset a stream after a random count of bytes, both directions together, from 1 to this. */
  cutAfterBytes?: number
  /** Which part of the streams is cut, 0 to 1. Default 1. */
  cutChance?: number
  /** Which part of the dials fails with `refused`, 0 to 1. */
  refuseChance?: number
}

/** Bytes held back before the stream below is paused. */
const HIGH_WATER_MARK_BYTES = 65_536
/** Pieces delivered in one turn of the event loop, so that tiny pieces do not starve everything else. */
const PIECES_PER_TURN = 64
/** What delivered memory is overwritten with: a reader that keeps a view too long reads this instead of its bytes. */
const SCRIBBLE = 0xa5

interface Held {
  /** `undefined` is the end of the remote direction. */
  readonly bytes: Uint8Array | undefined
  readonly arrivedMs: number
}

/** A stream with the faults of a bad link on what it delivers, and a cut on both directions. */
export class FaultyStream implements ByteStream {
  readonly remoteAddress: string
  readonly localAddress: string
  readonly remotePublicKey?: Uint8Array
  readonly #inner: ByteStream
  readonly #faults: StreamFaults
  readonly #random: Random
  readonly #clock: Clock
  #handlers: StreamHandlers | undefined
  readonly #held: Held[] = []
  #heldBytes = 0
  /** The next piece: the part of the first held chunk from `#at`, to be delivered at `#dueMs`. */
  #at = 0
  #pieceBytes = 0
  #dueMs = Number.NEGATIVE_INFINITY
  #bytesUntilCut: number
  #innerPaused = false
  #paused = false
  /** The stream below is closed; reported when nothing is held any more. */
  #innerDone: { readonly error: TransportError | undefined } | undefined
  #closed = false
  #cancelTimer: (() => void) | undefined
  #turnDue = false

  constructor(inner: ByteStream, faults: StreamFaults, random: Random, clock: Clock) {
    this.#inner = inner
    this.#faults = faults
    this.#random = random
    this.#clock = clock
    this.remoteAddress = inner.remoteAddress
    this.localAddress = inner.localAddress
    if (inner.remotePublicKey !== undefined) this.remotePublicKey = inner.remotePublicKey
    const { cutAfterBytes, cutChance = 1 } = faults
    const isCut = cutAfterBytes !== undefined && random.chance(cutChance)
    this.#bytesUntilCut = isCut ? 1 + random.integer(cutAfterBytes) : Number.POSITIVE_INFINITY
  }

  start(handlers: StreamHandlers): void {
    this.#inner.start({
      data: (chunk) => this.#hold(chunk.slice()),
      end: () => this.#hold(undefined),
      drain: () => handlers.drain(),
      closed: (error) => this.#onInnerClosed(error),
    })
    this.#handlers = handlers
  }

  write(chunk: Uint8Array): boolean {
    return this.writeAll([chunk])
  }

  writeAll(chunks: readonly Uint8Array[]): boolean {
    const sizeBytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
    if (sizeBytes < this.#bytesUntilCut) {
      this.#bytesUntilCut -= sizeBytes
      return this.#inner.writeAll(chunks)
    }
    for (const chunk of chunks) {
      this.#inner.write(chunk.subarray(0, this.#bytesUntilCut))
      this.#bytesUntilCut -= Math.min(this.#bytesUntilCut, chunk.length)
    }
    this.#cut()
    return false
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.#schedule()
  }

  end(): void {
    this.#inner.end()
  }

  abort(error?: Error): void {
    this.#drop()
    if (this.#innerDone === undefined) {
      this.#inner.abort(error)
    } else if (!this.#closed) {
      this.#innerDone = { error: abortError(error, `stream to ${this.remoteAddress}`) }
      this.#schedule()
    }
  }

  #drop(): void {
    this.#held.length = 0
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
  }

  #cut(): void {
    this.abort(new TransportError('reset', `stream to ${this.remoteAddress}: cut by the faulty link`))
  }

  #hold(bytes: Uint8Array | undefined): void {
    this.#held.push({ bytes, arrivedMs: this.#clock.nowMs() })
    this.#heldBytes += bytes?.length ?? 0
    if (this.#held.length === 1) this.#nextPiece()
    if (this.#heldBytes > HIGH_WATER_MARK_BYTES && !this.#innerPaused) {
      this.#innerPaused = true
      this.#inner.pause()
    }
    this.#schedule()
  }

  /** Decide how much of what is held goes next, and when. */
  #nextPiece(): void {
    const first = this.#held[0]
    if (first === undefined) return
    const { splitBytes, delayMs, bytesPerSecond } = this.#faults
    const restBytes = (first.bytes?.length ?? 0) - this.#at
    this.#pieceBytes = splitBytes === undefined ? restBytes : Math.min(restBytes, 1 + this.#random.integer(splitBytes))
    const sendMs = bytesPerSecond === undefined ? 0 : (this.#pieceBytes / bytesPerSecond) * 1000
    const waitMs = delayMs === undefined ? 0 : this.#random.next() * delayMs
    // Never before the piece before it: the order of a stream stays.
    this.#dueMs = Math.max(first.arrivedMs + waitMs, Math.max(first.arrivedMs, this.#dueMs) + sendMs)
  }

  #schedule(): void {
    if (this.#turnDue || this.#closed || this.#cancelTimer !== undefined) return
    if (this.#held.length === 0 ? this.#innerDone === undefined : this.#paused) return
    const waitMs = this.#held.length === 0 ? 0 : this.#dueMs - this.#clock.nowMs()
    if (waitMs > 0) {
      this.#cancelTimer = this.#clock.schedule(() => {
        this.#cancelTimer = undefined
        this.#turn()
      }, waitMs)
      return
    }
    this.#turnDue = true
    setImmediate(() => {
      this.#turnDue = false
      this.#turn()
    })
  }

  #turn(): void {
    const nowMs = this.#clock.nowMs()
    for (let count = 0; count < PIECES_PER_TURN; count++) {
      if (this.#held.length === 0 || this.#paused || this.#dueMs > nowMs) break
      this.#deliver(this.#held[0]!.bytes)
    }
    if (this.#innerPaused && this.#heldBytes < HIGH_WATER_MARK_BYTES / 2) {
      this.#innerPaused = false
      this.#inner.resume()
    }
    if (this.#held.length === 0 && this.#innerDone !== undefined) this.#report(this.#innerDone.error)
    else this.#schedule()
  }

  #deliver(bytes: Uint8Array | undefined): void {
    const piece = bytes?.subarray(this.#at, this.#at + this.#pieceBytes).subarray(0, this.#bytesUntilCut)
    this.#at += this.#pieceBytes
    if (bytes === undefined || this.#at === bytes.length) {
      this.#held.shift()
      this.#at = 0
    }
    this.#nextPiece()
    if (piece === undefined) {
      this.#handlers?.end()
      return
    }
    this.#heldBytes -= piece.length
    this.#bytesUntilCut -= piece.length
    this.#handlers?.data(piece)
    piece.fill(SCRIBBLE)
    if (this.#bytesUntilCut === 0) this.#cut()
  }

  #onInnerClosed(error: TransportError | undefined): void {
    // A broken stream takes with it what was still on the way; an orderly close comes after the last byte.
    if (error !== undefined) this.#drop()
    this.#innerDone = { error }
    this.#schedule()
  }

  #report(error: TransportError | undefined): void {
    if (this.#closed) return
    this.#closed = true
    this.#handlers?.closed(error)
  }
}
