import { FIN_TRIES, LEAST_FIN_TRIES, MAX_RTO_MS } from './constants.js'

const NEVER = Number.POSITIVE_INFINITY

/** What is to be done about the end of our direction. */
export type ClosingStep =
  | 'send'
  | 'fail' // it was sent often enough, and the other side says nothing
  | 'reset' // it was sent often enough, and the other side has ended, too: a reset is left to say
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
  /** A number was repeated since, which is how the reference answers. */
  #isHinted = false
  #sentMs = NEVER
  #lastSentMs = NEVER
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
    if (!isSecond && this.#isHinted && this.#tries >= LEAST_FIN_TRIES) {
      this.answered()
      return 'nothing'
    }
    if (this.#tries >= FIN_TRIES) {
      if (isSecond) {
        this.answered()
        return 'reset'
      }
      // One who goes on talking may be the reference, whose only answer was lost: asking on harms nobody.
      if (heardMs < this.#lastSentMs) return 'fail'
    }
    if (this.#tries === 0) {
      this.wasFirst = !isSecond
      this.#sentMs = nowMs
      this.#pauseMs = rtoMs
    } else {
      this.#pauseMs = Math.min(MAX_RTO_MS, 2 * this.#pauseMs)
    }
    this.#tries++
    this.#lastSentMs = nowMs
    this.#dueMs = nowMs + this.#pauseMs
    return 'send'
  }

  answered(): void {
    this.isAnswered = true
    this.#dueMs = NEVER
  }

  /**
   * The reference does not count an end in the number it answers with, and answers the first one only. So a number that
   * tells nothing else may be its answer, unless it came too soon: then it was about data. But those who do count it
   * repeat numbers for reasons of their own; so the end is sent a few times all the same. And a side that has ended, too,
   * answers with a reset when it has forgotten us: there is no need to guess.
   */
  repeated(nowMs: number, roundTripMs: number, isSecond: boolean): void {
    if (!this.isSent || nowMs < this.#sentMs + roundTripMs / 2) return
    this.#isHinted = true
    if (!isSecond && this.#tries >= LEAST_FIN_TRIES) this.answered()
  }
}
