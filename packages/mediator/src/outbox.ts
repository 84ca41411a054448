/** Frames of one turn up to this many bytes are joined: one system call, and one copy for all who get the same. */
const JOIN_BYTES = 65_536
/** What is longer is handed over in pieces, so that a slow reader's progress shows. */
const PIECE_BYTES = 262_144

/** Where an outbox empties itself into: the writing half of a `ByteStream`. */
export interface Sink {
  write(chunk: Uint8Array): boolean
  writeAll(chunks: readonly Uint8Array[]): boolean
}

/**
 * The last lists that were joined. Subscribers of a chat have the same frames waiting, the very same objects: who comes
 * second gets the bytes that were made for the first.
 */
export class Joiner {
  readonly #lists: (readonly Uint8Array[])[] = []
  readonly #joined: Uint8Array[] = []
  readonly #remembered = 4
  #next = 0

  join(frames: readonly Uint8Array[], bytes: number): Uint8Array {
    for (let at = 0; at < this.#lists.length; at++) {
      const known = this.#joined[at]
      if (known?.length === bytes && isSame(this.#lists[at] ?? [], frames)) return known
    }
    const joined = new Uint8Array(bytes)
    let offset = 0
    for (const frame of frames) {
      joined.set(frame, offset)
      offset += frame.length
    }
    this.#lists[this.#next] = frames
    this.#joined[this.#next] = joined
    this.#next = (this.#next + 1) % this.#remembered
    return joined
  }

  /** At the end of a turn: nothing is kept alive for longer. */
  clear(): void {
    this.#lists.length = this.#joined.length = this.#next = 0
  }
}

function isSame(one: readonly Uint8Array[], other: readonly Uint8Array[]): boolean {
  if (one.length !== other.length) return false
  for (let at = 0; at < one.length; at++) if (one[at] !== other[at]) return false
  return true
}

/** Whole frames that wait to leave over one connection (mediator protocol §2, write atomicity). */
export class Outbox {
  #frames: Uint8Array[] = []
  #bytes = 0
  /** Bytes of the first frame that have left. */
  #offset = 0
  #isBlocked = false

  /** Bytes that wait here. */
  get bytes(): number {
    return this.#bytes
  }

  /** Frames that wait beyond the one that is being written, and their bytes. */
  get waiting(): { readonly frames: number; readonly bytes: number } {
    const first = this.#offset > 0 ? (this.#frames[0]?.length ?? 0) - this.#offset : 0
    return { frames: this.#frames.length - (this.#offset > 0 ? 1 : 0), bytes: this.#bytes - first }
  }

  /** The stream takes nothing more until {@link drained}. */
  get isBlocked(): boolean {
    return this.#isBlocked
  }

  get isEmpty(): boolean {
    return this.#frames.length === 0
  }

  push(frame: Uint8Array): void {
    this.#frames.push(frame)
    this.#bytes += frame.length
  }

  drained(): void {
    this.#isBlocked = false
  }

  /** Hand over as much as the stream takes. @returns the bytes handed over */
  flush(sink: Sink, joiner: Joiner): number {
    const before = this.#bytes
    while (!this.#isBlocked && this.#frames.length > 0) {
      if (this.#offset === 0 && this.#bytes <= JOIN_BYTES) this.#flushJoined(sink, joiner)
      else this.#flushPiece(sink)
    }
    return before - this.#bytes
  }

  #flushJoined(sink: Sink, joiner: Joiner): void {
    const frames = this.#frames
    const [only] = frames
    const chunk = frames.length === 1 && only !== undefined ? only : joiner.join(frames, this.#bytes)
    this.#frames = []
    this.#bytes = 0
    this.#isBlocked = !sink.write(chunk)
  }

  #flushPiece(sink: Sink): void {
    const pieces: Uint8Array[] = []
    let room = PIECE_BYTES
    let at = 0
    while (room > 0 && at < this.#frames.length) {
      const frame = this.#frames[at] as Uint8Array
      const piece = frame.subarray(this.#offset, this.#offset + room)
      pieces.push(piece)
      room -= piece.length
      this.#offset += piece.length
      if (this.#offset < frame.length) break
      this.#offset = 0
      at++
    }
    this.#frames.splice(0, at)
    this.#bytes -= PIECE_BYTES - room
    this.#isBlocked = !sink.writeAll(pieces)
  }
}
