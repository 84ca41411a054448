/** What can be told of the sound that came. */
export interface ReceptionFigures {
  /** Packets with sound, each counted once. */
  readonly received: number
  /** Sent and not received. */
  readonly lost: number
  readonly duplicates: number
  /** Came after one that was sent later. */
  readonly reordered: number
  /** Interarrival jitter in ms, RFC 3550 §6.4.1. */
  readonly jitterMs: number
}

/** How far back a packet is known to have come or not; older ones count as duplicates, and so does what was before 0. */
const WINDOW = 1_024
const TURN_MS = 2 ** 32

/** Keeps the books on packets numbered from 0: which are missing, which come twice, how unevenly they come. */
export class Reception {
  #received = 0
  #duplicates = 0
  #reordered = 0
  #jitterMs = 0
  /** Numbers are counted on past 2³². */
  #highest = -1
  /** Those of the last {@link WINDOW} numbers that came. */
  readonly #recent = new Set<number>()
  #lastTransitMs: number | undefined

  get figures(): ReceptionFigures {
    return {
      received: this.#received,
      lost: this.#highest + 1 - this.#received,
      duplicates: this.#duplicates,
      reordered: this.#reordered,
      jitterMs: Math.round(this.#jitterMs * 1_000) / 1_000,
    }
  }

  /**
   * A packet came.
   * @param nowMs - on a clock that never goes back
   * @returns whether it is the newest so far: late ones and repetitions are not worth playing
   */
  note(sequence: number, timestampMs: number, nowMs: number): boolean {
    const number = this.#numberOf(sequence)
    const isNewest = number > this.#highest
    if (isNewest) this.#advance(number)
    else if (number < 0 || number <= this.#highest - WINDOW || this.#recent.has(number)) {
      this.#duplicates++
      return false
    } else this.#reordered++
    this.#received++
    this.#recent.add(number)
    this.#noteTransit(nowMs - timestampMs)
    return isNewest
  }

  /** There are no more packets than this. */
  noteEnd(sequence: number): void {
    const last = this.#numberOf(sequence) - 1
    if (last > this.#highest) this.#advance(last)
  }

  #numberOf(sequence: number): number {
    return this.#highest + ((sequence - this.#highest) | 0)
  }

  #advance(number: number): void {
    const from = this.#highest - WINDOW
    this.#highest = number
    if (number - WINDOW >= from + WINDOW) this.#recent.clear()
    else for (let old = from + 1; old <= number - WINDOW; old++) this.#recent.delete(old)
  }

  #noteTransit(transitMs: number): void {
    if (this.#lastTransitMs !== undefined) {
      const change = transitMs - this.#lastTransitMs
      // The nearest of the differences that timestamps of 32 bits allow.
      const nearest = change - Math.round(change / TURN_MS) * TURN_MS
      this.#jitterMs += (Math.abs(nearest) - this.#jitterMs) / 16
    }
    this.#lastTransitMs = transitMs
  }
}
