const FIRST_PAUSE_MS = 250
const MAX_PAUSE_MS = 2000

/** When OPEN or ACCEPT is sent again, and when it has been tried long enough. */
export class Handshake {
  readonly giveUpMs: number
  /** Sent so often. */
  tries = 0
  sentMs = 0
  #dueMs: number

  constructor(nowMs: number, timeoutMs: number) {
    this.giveUpMs = nowMs + timeoutMs
    this.#dueMs = nowMs
  }

  get deadlineMs(): number {
    return Math.min(this.#dueMs, this.giveUpMs)
  }

  isDue(nowMs: number): boolean {
    return nowMs >= this.#dueMs
  }

  /** The other side has asked again. */
  again(nowMs: number): void {
    this.#dueMs = nowMs
  }

  sent(nowMs: number): void {
    this.sentMs = nowMs
    this.#dueMs = nowMs + Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.tries)
    this.tries++
  }
}
