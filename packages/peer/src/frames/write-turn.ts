/** Something with bytes to hand over at the end of the turn. */
export interface Flushable {
  flush(): void
}

/** Bytes of one slab: large enough that replacing it costs nothing per frame, small enough to be no burden when idle. */
const SLAB_BYTES = 64 * 1024
/** Passes over the microtask queue before a flush happens in any case. */
const MAX_PASSES = 4

/**
 * What the connections of a process write in one turn of the event loop. Small frames of all of them are laid down one
 * behind the other in one slab, and each connection hands its share to its stream once, when the turn is over. A buffer
 * per connection would cost more than the connection itself.
 *
 * Memory handed to a stream is never written again: the slab only grows at its end, and a full one is replaced and
 * left to the collector.
 */
export class WriteTurn {
  /** The current slab. It is replaced when full: use it only together with the offset that {@link take} just gave. */
  bytes: Uint8Array = new Uint8Array(0)
  /** The same memory. One view per slab: one per frame would cost more than the frame. */
  view: DataView = new DataView(this.bytes.buffer)
  #end = 0
  #dirty: Flushable[] = []
  #taken = 0
  #seen = 0
  #passes = 0

  /** Set aside `byteLength` bytes of {@link bytes}; returns where they begin. */
  take(byteLength: number): number {
    const at = this.#end
    this.#taken++
    if (at + byteLength > this.bytes.length) {
      this.bytes = new Uint8Array(Math.max(SLAB_BYTES, byteLength))
      this.view = new DataView(this.bytes.buffer)
      this.#end = byteLength
      return 0
    }
    this.#end = at + byteLength
    return at
  }

  /** Flush `writer` when the turn is over. To be called once per turn and writer. */
  schedule(writer: Flushable): void {
    if (this.#dirty.push(writer) > 1) return
    this.#passes = 0
    this.#seen = this.#taken
    queueMicrotask(this.#run)
  }

  // A promise that is resolved in this turn continues in a later microtask and may write then. So the flush waits as
  // long as each pass over the queue brings more frames, up to a limit.
  readonly #run = (): void => {
    if (this.#taken !== this.#seen && ++this.#passes < MAX_PASSES) {
      this.#seen = this.#taken
      queueMicrotask(this.#run)
      return
    }
    const dirty = this.#dirty
    this.#dirty = []
    for (const writer of dirty) writer.flush()
  }
}

/** The one of this process. It holds no state but the unused rest of a slab. */
export const processTurn: WriteTurn = new WriteTurn()
