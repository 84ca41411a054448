import { OPEN_ACK_AT_MS, OPEN_TIMEOUT_MS, SYN_AT_MS, SYN_LATER_MS, WINDOW_BYTES } from './constants.js'

const NEVER = Number.POSITIVE_INFINITY

/** What an opening has to do now. */
export type OpeningStep = 'send' | 'fail' | 'nothing'

/** When the packets of an opening are sent, and when it is given up. yggdrasil protocol §10.3 */
export class Opening {
  /** The other side began it. */
  readonly incoming: boolean
  /** Free space of the other side, told by its first packet. */
  readonly peerWindowBytes: number
  readonly startMs: number
  readonly #failAtMs: number
  /** Packets sent, acknowledgements repeated. */
  #sent = 0
  #repeated = 0
  #sentAtMs = 0
  #openMs = NEVER
  #isHeard = false

  private constructor(incoming: boolean, nowMs: number, timeoutMs: number, peerWindowBytes: number) {
    this.incoming = incoming
    this.startMs = nowMs
    this.#failAtMs = nowMs + timeoutMs
    this.peerWindowBytes = peerWindowBytes
  }

  static outgoing(nowMs: number, timeoutMs: number = OPEN_TIMEOUT_MS): Opening {
    return new Opening(false, nowMs, timeoutMs, WINDOW_BYTES)
  }

  static incoming(nowMs: number, peerWindowBytes: number): Opening {
    return new Opening(true, nowMs, OPEN_TIMEOUT_MS, peerWindowBytes)
  }

  get deadlineMs(): number {
    if (this.#openMs !== NEVER) {
      const afterMs = this.#isHeard || this.incoming ? undefined : OPEN_ACK_AT_MS[this.#repeated]
      return afterMs === undefined ? NEVER : this.#openMs + afterMs
    }
    return this.incoming ? this.#failAtMs : Math.min(this.#failAtMs, this.#nextSynMs())
  }

  /** The first packet of an opening that came in was answered, perhaps again. */
  answered(nowMs: number): void {
    this.#sent++
    this.#sentAtMs = nowMs
  }

  /** At the deadline: what is to be sent is the opening packet, or its acknowledgement once more. */
  onDeadline(nowMs: number): OpeningStep {
    if (nowMs < this.deadlineMs) return 'nothing'
    if (this.#openMs !== NEVER) {
      this.#repeated++
      return 'send'
    }
    if (nowMs >= this.#failAtMs) return 'fail'
    this.#sent++
    this.#sentAtMs = nowMs
    return 'send'
  }

  /** It is open. @returns the time the answer took, -1 when that cannot be told */
  opened(nowMs: number): number {
    this.#openMs = nowMs
    return this.#sent === 1 ? nowMs - this.#sentAtMs : -1
  }

  /** Something came after it was open: the other side knows. */
  heard(): void {
    this.#isHeard = true
  }

  #nextSynMs(): number {
    const scheduled = SYN_AT_MS[this.#sent]
    const extra = this.#sent - SYN_AT_MS.length + 1
    return this.startMs + (scheduled ?? SYN_AT_MS[SYN_AT_MS.length - 1]! + extra * SYN_LATER_MS)
  }
}
