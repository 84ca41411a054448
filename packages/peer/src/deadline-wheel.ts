import type { Clock } from '@mimirjs/transport'

/** Something that waits. The wheel keeps its place in {@link wheelTick}. */
export interface Waiting {
  wheelTick: number
  readonly nextDeadlineMs: number | undefined
  tick(nowMs: number): void
}

export const NOT_WAITING = -1
/** How late a deadline may be met. */
const GRANULARITY_MS = 50

/**
 * The deadlines of all sessions of a peer under one timer. Deadlines that move later cost nothing: an entry stays where
 * it is and is put further back when its turn comes.
 */
export class DeadlineWheel {
  readonly #clock: Clock
  readonly #slots = new Map<number, Set<Waiting>>()
  #timerTick = Number.POSITIVE_INFINITY
  #cancel: (() => void) | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** To be called when the deadline of `entry` may have moved. */
  update(entry: Waiting): void {
    this.#place(entry, Number.NEGATIVE_INFINITY)
  }

  #place(entry: Waiting, earliestTick: number): void {
    const deadlineMs = entry.nextDeadlineMs
    if (deadlineMs === undefined) return
    const tick = Math.max(earliestTick, Math.ceil(deadlineMs / GRANULARITY_MS))
    if (entry.wheelTick !== NOT_WAITING) {
      if (entry.wheelTick <= tick) return
      this.remove(entry)
    }
    entry.wheelTick = tick
    const slot = this.#slots.get(tick)
    if (slot === undefined) this.#slots.set(tick, new Set([entry]))
    else slot.add(entry)
    if (tick < this.#timerTick) this.#setTimer(tick)
  }

  remove(entry: Waiting): void {
    const tick = entry.wheelTick
    entry.wheelTick = NOT_WAITING
    const slot = this.#slots.get(tick)
    if (slot?.delete(entry) === true && slot.size === 0) this.#slots.delete(tick)
    // A timer that nobody needs would keep the process alive.
    if (this.#slots.size === 0) this.close()
  }

  /** Let go of everything. */
  close(): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.#slots.clear()
    this.#timerTick = Number.POSITIVE_INFINITY
  }

  #setTimer(tick: number): void {
    this.#cancel?.()
    this.#timerTick = tick
    const delayMs = Math.max(0, tick * GRANULARITY_MS - this.#clock.nowMs())
    this.#cancel = this.#clock.schedule(() => this.#run(), delayMs)
  }

  #run(): void {
    this.#cancel = undefined
    this.#timerTick = Number.POSITIVE_INFINITY
    const nowMs = this.#clock.nowMs()
    const nowTick = Math.floor(nowMs / GRANULARITY_MS)
    for (const [tick, slot] of [...this.#slots]) {
      if (tick > nowTick) continue
      this.#slots.delete(tick)
      for (const entry of slot) {
        // Whoever was woken before may have removed it.
        if (entry.wheelTick !== tick) continue
        entry.wheelTick = NOT_WAITING
        const deadlineMs = entry.nextDeadlineMs
        if (deadlineMs !== undefined && deadlineMs <= nowMs) entry.tick(nowMs)
        // A deadline that stays in the past must not keep us in this loop.
        this.#place(entry, nowTick + 1)
      }
    }
    let nextTick = Number.POSITIVE_INFINITY
    for (const tick of this.#slots.keys()) if (tick < nextTick) nextTick = tick
    if (nextTick < this.#timerTick) this.#setTimer(nextTick)
  }
}
