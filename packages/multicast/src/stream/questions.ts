import { isNewer } from './segment.js'

const NEVER = Number.POSITIVE_INFINITY
/** A full reader is asked for room after this, then less often: it tells by itself, too, and repeats it. */
const FIRST_PROBE_MS = 200
const MAX_PROBE_MS = 5000
const MAX_DOUBLINGS = 16

/** What there may be to ask about. */
export interface Reasons {
  /** The other side may not know that there is room here again. */
  readonly isOpened: boolean
  /** The other side had no room when it was heard last, and there is something to send. */
  readonly isBlocked: boolean
  /** When the other side is to be asked whether it is there. */
  readonly aliveMs: number
}

/** The question, a PING, which is repeated until a segment comes that was sent after it. */
export class Questions {
  /** Sent so often without an answer. */
  tries = 0
  /** Of the first PING of this question. */
  #number: number | undefined
  #dueMs = NEVER
  #probeMs = NEVER
  #probes = 0

  /** @param aliveMs - see {@link Reasons} */
  deadlineMs(aliveMs: number): number {
    return this.#isAsking ? this.#dueMs : Math.min(aliveMs, this.#probeMs)
  }

  /** @returns whether a PING is to be sent now */
  advance({ isOpened, isBlocked, aliveMs }: Reasons, nowMs: number): boolean {
    if (!isBlocked) {
      this.#probeMs = NEVER
      this.#probes = 0
    } else if (this.#probeMs === NEVER) {
      this.#probeMs = nowMs + Math.min(MAX_PROBE_MS, FIRST_PROBE_MS * 2 ** this.#probes)
    }
    const isProbeDue = nowMs >= this.#probeMs
    if (isOpened) this.#ask(nowMs)
    else if (!this.#isAsking && (isProbeDue || nowMs >= aliveMs)) this.#ask(nowMs)
    else return nowMs >= this.#dueMs
    if (!isProbeDue) return true
    this.#probes = Math.min(this.#probes + 1, MAX_DOUBLINGS)
    this.#probeMs = NEVER
    return true
  }

  /** A PING has left. @param againMs - when it is repeated */
  sent(number: number, againMs: number): void {
    this.#number ??= number
    this.#dueMs = againMs
    this.tries++
  }

  /** There is a new way to the other side: what is asked is asked again. */
  askAnew(nowMs: number): void {
    if (this.#isAsking) this.#ask(nowMs)
  }

  /** The other side has seen all up to this number. */
  heard(echo: number): void {
    if (this.#number === undefined || isNewer(this.#number, echo)) return
    this.#number = undefined
    this.#dueMs = NEVER
    this.tries = 0
  }

  get #isAsking(): boolean {
    return this.#dueMs !== NEVER
  }

  /** Any answer to an earlier question tells nothing about this one. */
  #ask(nowMs: number): void {
    this.#number = undefined
    this.#dueMs = nowMs
  }
}
