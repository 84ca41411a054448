import type { Clock } from '@mimirjs/transport'

const BEAT_MS = 1000
/** A beat that comes this late means that the process was stopped or held back, not that it was busy. */
const LATE_MS = 2000

/** The one timer of all links: it beats while it is wanted, and what is due is found then. */
export class Heartbeat {
  readonly #clock: Clock
  readonly #onBeat: (nowMs: number, wasAsleep: boolean) => boolean
  #cancel: (() => void) | undefined
  #dueMs = 0
  #wasLate = false

  /**
   * @param onBeat - answers whether another beat is wanted. `wasAsleep`: this beat came late, so what the network brought
   * meanwhile may not be read yet; never twice in a row, or a throttled tab would judge nobody
   */
  constructor(clock: Clock, onBeat: (nowMs: number, wasAsleep: boolean) => boolean) {
    this.#clock = clock
    this.#onBeat = onBeat
  }

  /** Beat from now on. */
  want(): void {
    if (this.#cancel !== undefined) return
    this.#dueMs = this.#clock.nowMs() + BEAT_MS
    this.#cancel = this.#clock.schedule(() => this.#beat(), BEAT_MS)
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = undefined
  }

  #beat(): void {
    this.#cancel = undefined
    const nowMs = this.#clock.nowMs()
    const isLate = nowMs - this.#dueMs >= LATE_MS
    const wasAsleep = isLate && !this.#wasLate
    this.#wasLate = isLate
    if (this.#onBeat(nowMs, wasAsleep)) this.want()
  }
}
