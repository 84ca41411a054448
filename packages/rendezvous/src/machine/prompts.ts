import type { MachineLimits } from '../limits.js'

const HOUR_MS = 3_600_000

/** When the user was asked about whom, so that nobody is asked about too often (rendezvous protocol B9.2). */
export class Prompts {
  readonly #limits: MachineLimits
  /** Times of the last hour; who was asked about last stands last. */
  readonly #asked = new Map<string, number[]>()
  /** When the user said no. */
  readonly #refused = new Map<string, number>()

  constructor(limits: MachineLimits) {
    this.#limits = limits
  }

  get size(): number {
    return Math.max(this.#asked.size, this.#refused.size)
  }

  /** @returns whether the user may be asked now; it is noted then */
  take(name: string, nowMs: number): boolean {
    const { promptsPerHour, promptPauseMs, promptKeys } = this.#limits
    const times = (this.#asked.get(name) ?? []).filter((askedMs) => askedMs > nowMs - HOUR_MS)
    const lastMs = Math.max(
      times.at(-1) ?? Number.NEGATIVE_INFINITY,
      this.#refused.get(name) ?? Number.NEGATIVE_INFINITY,
    )
    if (times.length >= promptsPerHour || lastMs > nowMs - promptPauseMs) return false
    times.push(nowMs)
    note(this.#asked, name, times, promptKeys)
    return true
  }

  refused(name: string, nowMs: number): void {
    note(this.#refused, name, nowMs, this.#limits.promptKeys)
  }
}

function note<T>(table: Map<string, T>, name: string, value: T, size: number): void {
  table.delete(name)
  if (table.size >= size) {
    const [oldest] = table.keys()
    if (oldest !== undefined) table.delete(oldest)
  }
  table.set(name, value)
}
