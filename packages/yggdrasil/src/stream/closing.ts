import { FIN_TRIES, MAX_RTO_MS } from './constants.js'

const NEVER = Number.POSITIVE_INFINITY

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
  #rtoMs = 0
  #dueMs = NEVER

  get isSent(): boolean {
    return this.#tries > 0
  }

  /** When it is sent again; `Infinity` before it was sent, and after it was answered. */
  get deadlineMs(): number {
    return this.#dueMs
  }

  /** When it was sent first. */
  get sentMs(): number {
    return this.#sentMs
  }

  /** Whether it may be sent once more; it is counted then. @param isSecond - the end of the other side has come */
  send(nowMs: number, rtoMs: number, isSecond: boolean): boolean {
    if (this.#tries === FIN_TRIES) return false
    if (this.#tries === 0) {
      this.wasFirst = !isSecond
      this.#sentMs = nowMs
      this.#rtoMs = rtoMs
    } else {
      this.#rtoMs = Math.min(MAX_RTO_MS, 2 * this.#rtoMs)
    }
    this.#tries++
    this.#dueMs = nowMs + this.#rtoMs
    return true
  }

  answered(): void {
    this.isAnswered = true
    this.#dueMs = NEVER
  }
}
