import { MAX_DIRECTION_BYTES, MAX_SEGMENT_BYTES, segmentsOut } from './constants.js'
import { ReceiveQueue } from './receive-queue.js'

interface Early {
  readonly seq: number
  readonly data: Uint8Array
}

/** What became of a segment. `early`: kept, behind a gap. `ignored`: beyond what was allowed, as if it had been lost. */
export type Receipt = 'taken' | 'early' | 'known' | 'ignored'

/**
 * The receiving half of a connection: brings segments into order and holds what the application has not read. All that
 * it holds lies within the window and one segment of the first byte not read. yggdrasil protocol §10.4
 */
export class Receiver {
  /** Offset of the next byte in order: what is acknowledged. */
  expected = 0
  /** Offset behind the last byte, -1 until the end was announced. */
  finSeq = -1
  readonly queue: ReceiveQueue = new ReceiveQueue()
  /** Bytes that may wait to be read. */
  #limitBytes: number
  #maxEarly: number
  /** Segments behind a gap, sorted by `seq`. */
  #early: Early[] = []
  #earlyBytes = 0

  constructor(windowBytes: number, maxEarlySegments: number) {
    this.#limitBytes = windowBytes
    this.#maxEarly = maxEarlySegments
  }

  /** Free space: what may be sent to us beyond `expected`. */
  get windowBytes(): number {
    return Math.max(0, this.#limitBytes - this.queue.sizeBytes)
  }

  get limitBytes(): number {
    return this.#limitBytes
  }

  /** More may wait from now on, behind a gap, too. */
  grow(limitBytes: number): void {
    this.#limitBytes = limitBytes
    this.#maxEarly = Math.max(this.#maxEarly, segmentsOut(limitBytes))
  }

  /** Every byte before the end is here. */
  get isComplete(): boolean {
    return this.finSeq === this.expected
  }

  /** Bytes behind a gap. */
  get earlyBytes(): number {
    return this.#earlyBytes
  }

  get heldBytes(): number {
    return this.queue.sizeBytes + this.#earlyBytes
  }

  /**
   * Take a segment. What is in order now is added to `inOrder`; the first chunk is a view of `data`. Segments that
   * overlap are cut; the reference never sends such ones.
   * @param earlyRoomBytes - so many more may be held behind a gap
   * @param roomBytes - so many more may be taken in order
   */
  receive(
    seq: number,
    data: Uint8Array,
    inOrder: Uint8Array[],
    earlyRoomBytes: number = Number.POSITIVE_INFINITY,
    roomBytes: number = Number.POSITIVE_INFINITY,
  ): Receipt {
    const end = seq + data.length
    if (end <= this.expected) return 'known'
    const edge = this.expected - this.queue.sizeBytes + this.#limitBytes + MAX_SEGMENT_BYTES
    if (end > edge || end > MAX_DIRECTION_BYTES || (this.finSeq >= 0 && end > this.finSeq)) return 'ignored'
    if (seq > this.expected) return this.#keep(seq, data, earlyRoomBytes)
    if (end - this.expected > roomBytes) return 'ignored'
    inOrder.push(seq === this.expected ? data : data.subarray(this.expected - seq))
    this.expected = end
    if (this.#early.length > 0) this.#takeInOrder(inOrder)
    return 'taken'
  }

  /** The other side ends behind `seq`. `false` when that cannot be. */
  finish(seq: number): boolean {
    const last = this.#early.at(-1)
    const known = last === undefined ? this.expected : Math.max(this.expected, last.seq + last.data.length)
    if (seq < known || seq > MAX_DIRECTION_BYTES || (this.finSeq >= 0 && this.finSeq !== seq)) return false
    this.finSeq = seq
    return true
  }

  clear(): void {
    this.queue.clear()
    this.#early = []
    this.#earlyBytes = 0
  }

  #keep(seq: number, data: Uint8Array, roomBytes: number): Receipt {
    let at = this.#early.length
    while (at > 0 && this.#early[at - 1]!.seq >= seq) at--
    if (this.#early[at]?.seq === seq) return 'early'
    if (this.#early.length >= this.#maxEarly || this.#earlyBytes + data.length > this.#limitBytes) return 'ignored'
    if (data.length > roomBytes) return 'ignored'
    this.#early.splice(at, 0, { seq, data: data.slice() })
    this.#earlyBytes += data.length
    return 'early'
  }

  #takeInOrder(chunks: Uint8Array[]): void {
    let count = 0
    for (const { seq, data } of this.#early) {
      if (seq > this.expected) break
      count++
      this.#earlyBytes -= data.length
      const end = seq + data.length
      if (end <= this.expected) continue
      chunks.push(seq === this.expected ? data : data.subarray(this.expected - seq))
      this.expected = end
    }
    if (count > 0) this.#early.splice(0, count)
  }
}
