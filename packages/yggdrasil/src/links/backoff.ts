const FIRST_PAUSE_MS = 1000
const MAX_FAILURES = 32
const JITTER = 0.2

/** Pauses between attempts to reach a peer. yggdrasil protocol §2.8 */
export class Backoff {
  readonly #maxMs: number
  #failures = 0

  /** @param maxMs - longest pause, before the jitter */
  constructor(maxMs: number) {
    this.#maxMs = maxMs
  }

  /** Attempts in a row that failed, counted up to 32. */
  get failures(): number {
    return this.#failures
  }

  /**
   * An attempt failed, or a link ended.
   * @param chance - one unpredictable byte
   * @returns the pause until the next attempt, in ms: 2, 4, 8… s give or take a fifth
   */
  failed(chance: number): number {
    this.#failures = Math.min(this.#failures + 1, MAX_FAILURES)
    const baseMs = Math.min(this.#maxMs, FIRST_PAUSE_MS * 2 ** this.#failures)
    return Math.round(baseMs * (1 - JITTER + (2 * JITTER * chance) / 255))
  }

  succeeded(): void {
    this.#failures = 0
  }
}
