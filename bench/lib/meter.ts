import type { FloodOptions, FloodResult } from './stack.js'

/** Share of the time that is spent before counting starts, while code is compiled and windows open. */
const WARM_UP_SHARE = 0.3
/** Reading the clock costs as much as a whole request of the fastest stacks, so it is not read for each of them. */
const CLOCK_STRIDE = 64

/** Counts the acknowledgements between the end of the warm-up and the end of the time. */
export class Meter {
  readonly #durationMs: number
  readonly #stride: number
  readonly #warmUpEndMs: number
  #startMs = 0
  #messages = 0
  #untilClock = 0
  #elapsedMs = 0

  constructor({ depth, durationMs }: FloodOptions) {
    this.#durationMs = durationMs
    this.#stride = Math.min(depth, CLOCK_STRIDE)
    this.#warmUpEndMs = performance.now() + durationMs * WARM_UP_SHARE
  }

  /** So many more are acknowledged. @returns `true` when the time is over: send nothing more */
  acknowledged(count: number): boolean {
    if (this.#elapsedMs > 0) return true
    this.#messages += count
    this.#untilClock -= count
    if (this.#untilClock > 0) return false
    this.#untilClock = this.#stride
    const nowMs = performance.now()
    if (this.#startMs === 0) {
      this.#messages = 0
      if (nowMs >= this.#warmUpEndMs) this.#startMs = nowMs
      return false
    }
    if (nowMs - this.#startMs < this.#durationMs) return false
    this.#elapsedMs = nowMs - this.#startMs
    return true
  }

  get result(): FloodResult {
    return { messages: this.#messages, elapsedMs: this.#elapsedMs }
  }
}
