import { type Account, PIECE_BYTES, type StreamMemory } from './memory.js'
import { ReceiveQueue } from './receive-queue.js'
import { MAX_RANGES, RANGE_BYTES, type Range } from './segment.js'

/** Pieces behind a gap that one stream keeps at most. */
const MAX_PIECES = 1024

interface Piece {
  readonly offset: number
  readonly bytes: Uint8Array
}

export type Receipt =
  | 'fresh' // next in order
  | 'early' // behind a gap, and kept
  | 'known' // it had come before
  | 'refused' // no room for it: as if it had been lost
  | 'broken' // it contradicts the end that was told

/** Where bytes in order go. */
export interface InletReader {
  data(chunk: Uint8Array): void
}

/** The way from the network to the reader: puts bytes in order, keeps what is not read, and says how much there is room for. */
export class Inlet {
  isPaused = true
  /** The reader was told the end. */
  isEndTold = false
  /** The next byte in order. */
  #expected = 0
  #endAt = Number.POSITIVE_INFINITY
  /** By offset, without overlaps. */
  readonly #pieces: Piece[] = []
  readonly #queue = new ReceiveQueue()
  #isStopped = false
  #toldBytes = 0
  readonly #memory: StreamMemory
  readonly #account: Account
  readonly #windowBytes: number
  readonly #segmentBytes: number
  readonly #reader: InletReader

  constructor(
    memory: StreamMemory,
    account: Account,
    sizes: { readonly windowBytes: number; readonly segmentBytes: number },
    reader: InletReader,
  ) {
    this.#memory = memory
    this.#account = account
    this.#windowBytes = sizes.windowBytes
    this.#segmentBytes = sizes.segmentBytes
    this.#reader = reader
  }

  /** All bytes of the other direction, and its end, have come. */
  get isComplete(): boolean {
    return this.#expected === this.#endAt
  }

  /** What an ACK says. */
  get ack(): number {
    return this.isComplete ? this.#expected + 1 : this.#expected
  }

  get hasGap(): boolean {
    return this.#pieces.length > 0 || (this.#endAt !== Number.POSITIVE_INFINITY && !this.isComplete)
  }

  /** The reader is to be told the end now. */
  get isEndDue(): boolean {
    return this.isComplete && !this.isEndTold && !this.isPaused && this.#queue.sizeBytes === 0 && !this.#isStopped
  }

  receive(offset: number, bytes: Uint8Array): Receipt {
    const end = offset + bytes.length
    if (end > this.#endAt) return 'broken'
    if (end <= this.#expected) return 'known'
    if (offset > this.#expected) return this.#keep(offset, bytes)
    const chunk = bytes.subarray(this.#expected - offset)
    if (this.#isHeld) {
      const roomBytes = Math.min(this.#windowBytes - this.#queue.sizeBytes, this.#memory.room(this.#account))
      if (chunk.length > roomBytes) return 'refused'
    }
    this.#pass(chunk)
    this.#passPieces()
    return 'fresh'
  }

  /** The other direction has this length. */
  receiveEnd(endAt: number): Receipt {
    if (this.#endAt === endAt) return 'known'
    const last = this.#pieces.at(-1)
    const furthest = last === undefined ? this.#expected : last.offset + last.bytes.length
    if (this.#endAt !== Number.POSITIVE_INFINITY || endAt < furthest) return 'broken'
    this.#endAt = endAt
    return this.isComplete ? 'fresh' : 'early'
  }

  /** Hand over what waits. */
  deliver(): void {
    while (!this.isPaused) {
      const chunk = this.#queue.take()
      if (chunk === undefined) return
      this.#memory.change(this.#account, -chunk.length)
      this.#reader.data(chunk)
    }
  }

  /** What has come behind gaps, the end of the direction as one byte more. */
  ranges(): Range[] {
    const most = Math.min(MAX_RANGES, Math.floor(this.#segmentBytes / RANGE_BYTES))
    const ranges: { start: number; end: number }[] = []
    const add = (start: number, end: number): void => {
      const last = ranges.at(-1)
      if (last?.end === start) last.end = end
      else ranges.push({ start, end })
    }
    for (const { offset, bytes } of this.#pieces) {
      add(offset, offset + bytes.length)
      if (ranges.length > most) return ranges.slice(0, most)
    }
    if (this.#endAt !== Number.POSITIVE_INFINITY && !this.isComplete) add(this.#endAt, this.#endAt + 1)
    return ranges.slice(0, most)
  }

  /** The window, which the other side is told with this call. */
  tellWindow(): number {
    this.#toldBytes = this.#window
    return this.#toldBytes
  }

  /** The other side was told of so little room that it may have stopped, and now there is more. */
  get isOpened(): boolean {
    const enoughBytes = this.#enoughBytes
    return this.#toldBytes < enoughBytes && this.#window >= enoughBytes && !this.isComplete
  }

  /** It was told of less than half, and there is more: worth a word of its own. */
  get isWidened(): boolean {
    return this.#toldBytes < this.#windowBytes / 2 && this.#window >= this.#windowBytes / 2 && !this.isComplete
  }

  /** Nothing more is handed over; what waits is forgotten. */
  stop(): void {
    this.#isStopped = true
    let heldBytes = this.#queue.sizeBytes
    for (const { bytes } of this.#pieces) heldBytes += bytes.length + PIECE_BYTES
    this.#memory.change(this.#account, -heldBytes)
    this.#queue.clear()
    this.#pieces.length = 0
  }

  get #isHeld(): boolean {
    return this.isPaused || this.#queue.sizeBytes > 0
  }

  /** Less than this is no room: the other side would send crumbs. */
  get #enoughBytes(): number {
    return Math.min(this.#windowBytes, 2 * this.#segmentBytes)
  }

  get #window(): number {
    const freeBytes = this.#windowBytes - this.#queue.sizeBytes
    const roomBytes = this.#memory.room(this.#account)
    const enoughBytes = this.#enoughBytes
    // What is read at once needs no memory, so that this stream goes on whatever others hold.
    if (!this.#isHeld) return Math.min(freeBytes, Math.max(roomBytes, enoughBytes))
    const windowBytes = Math.min(freeBytes, roomBytes)
    return windowBytes < enoughBytes ? 0 : windowBytes
  }

  /** Keep what is behind a gap; of what is known in part, what stands before the next piece. */
  #keep(offset: number, bytes: Uint8Array): Receipt {
    const pieces = this.#pieces
    if (offset + bytes.length > this.#expected + this.#windowBytes || pieces.length >= MAX_PIECES) return 'refused'
    let at = pieces.length
    while (at > 0 && (pieces[at - 1] as Piece).offset > offset) at--
    const before = pieces[at - 1]
    const start = before === undefined ? offset : Math.max(offset, before.offset + before.bytes.length)
    const end = Math.min(offset + bytes.length, pieces[at]?.offset ?? Number.POSITIVE_INFINITY)
    if (start >= end) return 'known'
    const costBytes = end - start + PIECE_BYTES
    if (costBytes > this.#memory.room(this.#account)) return 'refused'
    this.#memory.change(this.#account, costBytes)
    pieces.splice(at, 0, { offset: start, bytes: bytes.slice(start - offset, end - offset) })
    return 'early'
  }

  #passPieces(): void {
    const pieces = this.#pieces
    for (let piece = pieces[0]; piece !== undefined && piece.offset <= this.#expected; piece = pieces[0]) {
      const { offset, bytes } = piece
      pieces.shift()
      this.#memory.change(this.#account, -(bytes.length + PIECE_BYTES))
      if (offset + bytes.length > this.#expected) this.#pass(bytes.subarray(this.#expected - offset))
    }
  }

  #pass(chunk: Uint8Array): void {
    this.#expected += chunk.length
    if (this.#isHeld) {
      this.#queue.push(chunk)
      this.#memory.change(this.#account, chunk.length)
    } else {
      this.#reader.data(chunk)
    }
  }
}
