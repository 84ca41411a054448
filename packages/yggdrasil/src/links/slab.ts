/** Room for what a link writes in one turn; a turn that writes more hands over in pieces. */
export const SLAB_BYTES = 65_536
/** Slabs kept for the next turn; more are left to the collector. */
const MAX_FREE = 32

/**
 * The write buffers of this process. A link has one only while it has something to say, so that idle links cost
 * nothing, and the same few, warm in the cache, serve all of them.
 */
export class SlabPool {
  readonly #free: Uint8Array[] = []

  take(): Uint8Array {
    return this.#free.pop() ?? new Uint8Array(SLAB_BYTES)
  }

  /** Nobody holds on to `slab` any more. */
  give(slab: Uint8Array): void {
    if (this.#free.length < MAX_FREE) this.#free.push(slab)
  }
}

/** Holds no state but unused memory. */
export const processSlabs: SlabPool = new SlabPool()
