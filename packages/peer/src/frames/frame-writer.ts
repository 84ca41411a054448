import { processTurn, type WriteTurn } from './write-turn.js'

/**
 * When a turn writes this much, the first part leaves at once: the other side works on it while we go on writing. Without
 * it two machines that answer each other in large batches take turns at waiting.
 */
const HEAD_START_BYTES = 4096

/**
 * Most that the stream is given while it may ask us to stop: a message of megabytes then goes out piece by piece, and
 * each drain shows that it gets on.
 */
const PIECE_BYTES = 512 * 1024

/** The writing half of a `ByteStream`. */
export interface ByteSink {
  /** @returns `false` when no more should be written until it drains */
  write(chunk: Uint8Array): boolean
  writeAll(chunks: readonly Uint8Array[]): boolean
}

/**
 * The one writer of a connection: frames go out whole, in order, never interleaved.
 *
 * With `coalesce`, the frames of one turn of the event loop leave in one write (two for a long turn); without it every frame is a write of
 * its own, for readers that stall when a read ends inside a header (peer protocol §2.1). Small frames are laid down in
 * the slab of the process, large parts are handed on by reference.
 */
export class FrameWriter {
  /** The stream asked us to stop; frames queue until {@link drained}. */
  blocked = false
  /** Bytes of answers that queue since the stream is blocked. */
  queuedAnswerBytes = 0
  readonly #sink: ByteSink
  readonly #coalesce: boolean
  readonly #turn: WriteTurn
  /** The open region of a slab: `#slab[#start .. #end)`. */
  #slab: Uint8Array | undefined
  #start = 0
  #end = 0
  /** Finished regions and referenced parts before the open region. */
  #chunks: Uint8Array[] | undefined
  #corked = false
  /** Part of this turn has left already. */
  #ahead = false
  #scheduled = false

  constructor(sink: ByteSink, coalesce: boolean, turn: WriteTurn = processTurn) {
    this.#sink = sink
    this.#coalesce = coalesce
    this.#turn = turn
  }

  /** The memory that {@link reserve} speaks of; ask again after each `reserve`. */
  get bytes(): Uint8Array {
    return this.#turn.bytes
  }

  get view(): DataView {
    return this.#turn.view
  }

  /**
   * Set aside room for a frame, or a part of one. Fill all of it and call {@link commit} before anything else happens.
   * @returns where it begins in {@link bytes}
   */
  reserve(byteLength: number): number {
    const at = this.#turn.take(byteLength)
    const slab = this.#turn.bytes
    if (this.#slab !== slab || this.#end !== at) {
      this.#closeRegion()
      this.#slab = slab
      this.#start = at
    }
    this.#end = at + byteLength
    return at
  }

  /** {@link reserve} for a frame that the other side caused, and could cause without end while it does not read. */
  reserveAnswer(byteLength: number): number {
    if (this.blocked) this.queuedAnswerBytes += byteLength
    return this.reserve(byteLength)
  }

  /** Append bytes without copying them. Their content must not change any more. */
  reference(bytes: Uint8Array): void {
    this.#closeRegion()
    this.#chunks ??= []
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      this.#chunks.push(bytes.length <= PIECE_BYTES ? bytes : bytes.subarray(at, at + PIECE_BYTES))
    }
  }

  /** The frame is complete. */
  commit(): void {
    if (!this.#coalesce) {
      this.flush()
      return
    }
    if (!this.#ahead && this.#slab !== undefined && this.#end - this.#start >= HEAD_START_BYTES) {
      this.#ahead = true
      this.#handOver()
    }
    if (this.#corked || this.#scheduled) return
    this.#scheduled = true
    this.#turn.schedule(this)
  }

  /** From here to {@link uncork} frames are collected, however long the turn; used around the handling of a chunk. */
  cork(): void {
    this.#corked = true
  }

  uncork(): void {
    this.#corked = false
    if (!this.#scheduled) this.flush()
  }

  /** The turn is over: hand everything to the stream, unless it is blocked. */
  flush(): void {
    this.#scheduled = false
    this.#ahead = false
    this.#handOver()
  }

  /** The stream takes bytes again. */
  drained(): void {
    this.blocked = false
    this.queuedAnswerBytes = 0
    this.flush()
  }

  /** The last call: hand everything over, whether or not the stream asks us to stop. */
  finish(): void {
    this.blocked = false
    this.#handOver(true)
    this.discard()
  }

  /** Forget what was not handed over; what comes later goes nowhere either. */
  discard(): void {
    this.#slab = undefined
    this.#chunks = undefined
    this.blocked = true
  }

  #handOver(everything = false): void {
    if (this.blocked) return
    const chunks = this.#chunks
    if (chunks === undefined) {
      const slab = this.#slab
      if (slab === undefined) return
      this.#slab = undefined
      this.blocked = !this.#sink.write(slab.subarray(this.#start, this.#end))
      return
    }
    this.#closeRegion()
    this.#chunks = undefined
    for (let at = 0; at < chunks.length; ) {
      const end = pieceEnd(chunks, at)
      this.blocked = !this.#sink.writeAll(chunks.slice(at, end))
      at = end
      if (this.blocked && !everything) {
        if (at < chunks.length) this.#chunks = chunks.slice(at)
        return
      }
    }
  }

  #closeRegion(): void {
    const slab = this.#slab
    if (slab === undefined) return
    this.#chunks ??= []
    this.#chunks.push(slab.subarray(this.#start, this.#end))
    this.#slab = undefined
  }
}

/** Where the piece that begins at `start` ends: at least one chunk, at most {@link PIECE_BYTES} if there are more. */
function pieceEnd(chunks: readonly Uint8Array[], start: number): number {
  let end = start + 1
  let bytes = chunks[start]!.length
  while (end < chunks.length && bytes + chunks[end]!.length <= PIECE_BYTES) bytes += chunks[end++]!.length
  return end
}
