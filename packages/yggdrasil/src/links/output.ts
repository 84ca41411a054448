import { processSlabs, SLAB_BYTES, type SlabPool } from './slab.js'
import type { RawLink } from './types.js'

/**
 * The writing half of a link: frames of one turn leave in one write. While the transport is full they wait here, in
 * order and without loss; {@link waitingBytes} tells how many that are.
 */
export class LinkOutput {
  readonly #raw: Pick<RawLink, 'write'>
  readonly #pool: SlabPool
  /** Being filled. */
  #slab: Uint8Array | undefined
  #used = 0
  /** Filled and not handed over, because the transport is full. */
  #waiting: Uint8Array[] = []
  #waitingBytes = 0
  #isFull = false

  constructor(raw: Pick<RawLink, 'write'>, pool: SlabPool = processSlabs) {
    this.#raw = raw
    this.#pool = pool
  }

  /** The transport asked to wait. */
  get isFull(): boolean {
    return this.#isFull
  }

  /** Bytes taken and not handed over. */
  get waitingBytes(): number {
    return this.#waitingBytes + this.#used
  }

  /** Take a copy of `frame`. @returns `false` when no more should be written until {@link drained} */
  write(frame: Uint8Array): boolean {
    const end = this.#used + frame.length
    if (end > SLAB_BYTES) return this.#writeLarge(frame)
    this.#slab ??= this.#pool.take()
    this.#slab.set(frame, this.#used)
    this.#used = end
    return !this.#isFull
  }

  /** The turn is over: hand everything over, unless the transport is full. @returns whether it was anything */
  flush(): boolean {
    if (this.#used === 0 || this.#isFull) return false
    this.#handOver()
    return true
  }

  /** The transport takes bytes again. */
  drained(): void {
    this.#isFull = false
    const waiting = this.#waiting
    this.#waiting = []
    for (const [index, bytes] of waiting.entries()) {
      this.#waitingBytes -= bytes.length
      if (this.#raw.write(bytes) !== 'full') continue
      this.#isFull = true
      this.#waiting = waiting.slice(index + 1)
      return
    }
    this.flush()
  }

  /** Forget what was not handed over. */
  discard(): void {
    if (this.#slab !== undefined) this.#pool.give(this.#slab)
    this.#slab = undefined
    this.#used = 0
    this.#waiting = []
    this.#waitingBytes = 0
    this.#isFull = true
  }

  #writeLarge(frame: Uint8Array): boolean {
    this.#handOver()
    if (frame.length <= SLAB_BYTES) return this.write(frame)
    this.#pass(frame.slice())
    return !this.#isFull
  }

  #handOver(): void {
    const slab = this.#slab
    if (slab === undefined) return
    const used = this.#used
    this.#slab = undefined
    this.#used = 0
    if (this.#pass(used === SLAB_BYTES ? slab : slab.subarray(0, used))) this.#pool.give(slab)
  }

  /** @returns whether the bytes are ours again */
  #pass(bytes: Uint8Array): boolean {
    if (this.#isFull) {
      this.#waiting.push(bytes)
      this.#waitingBytes += bytes.length
      return false
    }
    const outcome = this.#raw.write(bytes)
    this.#isFull = outcome === 'full'
    return outcome === 'sent'
  }
}
