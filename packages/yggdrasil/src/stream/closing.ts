import { FIN_TRIES, MAX_RTO_MS } from './constants.js'

const NEVER = Number.POSITIVE_INFINITY

/** What is to be done about the end of our direction. */
export type ClosingStep =
  | 'send'
  | 'fail' // it was sent often enough, and nothing has come since
  | 'nothing'

/** The end of our direction: sent after everything is acknowledged, and until it is answered. yggdrasil protocol §10.7 */
export class Closing {
  /** The application has ended our direction. */
  isWanted = false
  /** The other side knows, or never will. */
  isAnswered = false
  /** It was sent before the end of the other side had come. */
  wasFirst = false
  #tries = 0
  #sentMs = NEVER
  #pauseMs = 0
  #dueMs = NEVER

  get isSent(): boolean {
    return this.#tries > 0
  }

  /** When it is sent again; `Infinity` before it was sent, and after it was answered. */
  get deadlineMs(): number {
    return this.#dueMs
  }

  /**
   * All that came before is acknowledged.
   * @param isSecond - the end of the other side has come
   * @param heardMs - when the last packet came
   */
  step(nowMs: number, rtoMs: number, isSecond: boolean, heardMs: number): ClosingStep {
    if (!this.isWanted || this.isAnswered || (this.isSent && nowMs < this.#dueMs)) return 'nothing'
    if (this.#tries === FIN_TRIES) {
      if (heardMs < this.#sentMs && !isSecond) return 'fail'
      this.answered()
      return 'nothing'
    }
    if (this.#tries === 0) {
      this.wasFirst = !isSecond
      this.#sentMs = nowMs
      this.#pauseMs = rtoMs
    } else {
      this.#pauseMs = Math.min(MAX_RTO_MS, 2 * this.#pauseMs)
    }
    this.#tries++
    this.#dueMs = nowMs + this.#pauseMs
    return 'send'
  }

  answered(): void {
    this.isAnswered = true
    this.#dueMs = NEVER
  }

  /**
   * The reference does not count an end in the number it answers with. So a number that tells nothing else is its
   * answer, unless it came too soon: then it was about data.
   */
  repeated(nowMs: number, roundTripMs: number): void {
    if (this.isSent && nowMs >= this.#sentMs + roundTripMs / 2) this.answered()
  }
}
