import type { CallState } from './call-table.js'
import type { DataWindow } from './data/data-window.js'
import type { SessionContext } from './session-context.js'

/** What a READY session is waiting for, as far as time is concerned. */
export interface LivenessView {
  /** When the message that waits longest for its OK was written. */
  readonly oldestMs: number | undefined
  /** Payload bytes of the messages that wait for their OK. */
  readonly outstandingBytes: number
  /** Our own writes do not drain. */
  readonly isBlocked: boolean
  /** We do not read at present. */
  readonly isPaused: boolean
  readonly callState: CallState
  /** Our message on the data stream. */
  readonly dataOut: DataWindow | undefined
  /** A data frame of the other side is not whole. */
  readonly dataIsIn: boolean
}

/** What has to be done: the other side is gone, nobody takes up, ask whether it lives, nothing happens any more. */
export type Due = 'dead' | 'call' | 'ping' | 'idle'

const NEVER = Number.POSITIVE_INFINITY
/** Default limit of a whole message (peer protocol §11). */
const LARGEST_FRAME_BYTES = 16 * 1024 * 1024
/** What systems buffer of a connection that is slow. */
const SYSTEM_BUFFER_BYTES = 4 * 1024 * 1024
/** What any link takes in a moment. */
const AT_ONCE_BYTES = 64 * 1024
/** What a network holds of a data stream in front of our PING, which has a stream of its own. */
const NETWORK_BUFFER_BYTES = 512 * 1024

/**
 * The signs of life on a READY session and what follows from their absence (peer protocol §9.1). Times are ms of the
 * owner's clock.
 */
export class Liveness {
  readonly #context: SessionContext
  /** Bytes arrived, of whatever kind: somebody who writes a large body answers no PING until it is through. */
  #heardMs: number
  /** The last frame that puts the idle end off. */
  #activeMs: number
  #wroteMs = 0
  /** When the stream took up writing again, or we took up reading: what waits, waits from then on. */
  #unstuckMs = 0
  /** The network took bytes of our data stream. */
  #dataMovedMs = 0
  #pingedMs = 0
  #pongedMs = 0
  #pingIsOut = false
  /** Since when somebody waits for the PONG, whatever else is stuck. */
  #probedMs: number | undefined = undefined
  #pingWaitMs = 0
  #callMs = 0
  /** Since when the frame that is coming is incomplete. */
  #partialSinceMs: number | undefined = undefined

  constructor(context: SessionContext, nowMs: number) {
    this.#context = context
    this.#heardMs = nowMs
    this.#activeMs = nowMs
    this.#drawPingWait('idle')
  }

  heard(nowMs: number): void {
    this.#heardMs = nowMs
  }

  active(nowMs: number): void {
    this.#activeMs = nowMs
  }

  /** What arrived was handled, and ended inside a frame or behind one. */
  handled(endsInside: boolean, nowMs: number): void {
    if (!endsInside) this.#partialSinceMs = undefined
    else this.#partialSinceMs ??= nowMs
  }

  wrote(nowMs: number): void {
    this.#wroteMs = nowMs
  }

  unstuck(nowMs: number): void {
    this.#unstuckMs = nowMs
  }

  dataMoved(nowMs: number): void {
    this.#dataMovedMs = nowMs
  }

  /** Somebody wants to know now. @returns whether a PING has to be written */
  probed(state: CallState, nowMs: number): boolean {
    this.#probedMs ??= nowMs
    if (this.#pingIsOut) return false
    this.pinged(state, nowMs)
    return true
  }

  /** A PONG is owed. */
  get pingIsOut(): boolean {
    return this.#pingIsOut
  }

  /** When the last PING was written. */
  get pingedMs(): number {
    return this.#pingedMs
  }

  callMoved(state: CallState, nowMs: number): void {
    this.#callMs = nowMs
    this.#drawPingWait(state)
  }

  pinged(state: CallState, nowMs: number): void {
    this.#pingIsOut = true
    this.#pingedMs = nowMs
    this.#drawPingWait(state)
  }

  /**
   * The PONG came. What was written by the time returned and has no OK now will get none: the other side lives and is
   * silent about it. `undefined` for a PONG that nobody asked for.
   */
  ponged(nowMs: number): number | undefined {
    if (!this.#pingIsOut) return undefined
    this.#pingIsOut = false
    this.#probedMs = undefined
    this.#pongedMs = nowMs
    const writtenUntilMs = this.#pingedMs - this.#context.timers.answerMs
    // What was stuck in our own buffers has not been there long enough.
    return this.#unstuckMs > writtenUntilMs ? undefined : writtenUntilMs
  }

  /** Since when nothing was heard. */
  get heardMs(): number {
    return this.#heardMs
  }

  /** When {@link due} has something to say. */
  deadlineMs(view: LivenessView): number {
    return Math.min(this.#deadMs(view), this.#callDueMs(view), this.#pingDueMs(view), this.#idleMs(view))
  }

  due(view: LivenessView, nowMs: number): Due | undefined {
    if (nowMs >= this.#deadMs(view)) return 'dead'
    if (nowMs >= this.#callDueMs(view)) return 'call'
    if (nowMs >= this.#pingDueMs(view)) return 'ping'
    if (nowMs >= this.#idleMs(view)) return 'idle'
    return undefined
  }

  #deadMs({ isBlocked, isPaused, oldestMs, outstandingBytes, dataOut }: LivenessView): number {
    const { stallMs, pongMs, answerMs } = this.#context.timers
    const dataBytes = Math.min(dataOut?.byteLength ?? 0, NETWORK_BUFFER_BYTES)
    const sinceMs =
      Math.max(this.#heardMs, this.#unstuckMs, this.#dataMovedMs) + this.#transferMs(outstandingBytes + dataBytes)
    if (isBlocked) {
      const stalledMs = Math.max(this.#heardMs, this.#wroteMs, this.#unstuckMs) + stallMs
      return this.#probedMs === undefined ? stalledMs : Math.min(stalledMs, Math.max(this.#probedMs, sinceMs) + pongMs)
    }
    if (isPaused) return NEVER
    if (this.#pingIsOut) return Math.max(this.#pingedMs, sinceMs) + pongMs
    if (this.#context.profile.pong || oldestMs === undefined) return NEVER
    return Math.max(oldestMs, sinceMs) + answerMs
  }

  #callDueMs({ callState }: LivenessView): number {
    const { ringMs, callSilenceMs } = this.#context.timers
    switch (callState) {
      case 'idle':
        return NEVER
      case 'calling':
      case 'receiving':
        return this.#callMs + ringMs
      case 'inCall':
        return Math.max(this.#callMs, this.#pongedMs, this.#activeMs) + callSilenceMs
    }
  }

  /** When the message on the data stream should have had its OK: then we ask, and a PONG means that there will be none. */
  dataDueMs({ dataOut }: LivenessView): number {
    if (dataOut?.writtenMs === undefined) return NEVER
    return dataOut.writtenMs + Math.max(this.#context.timers.dataAnswerMs, this.#transferMs(dataOut.byteLength))
  }

  #pingDueMs(view: LivenessView): number {
    const { isBlocked, isPaused, oldestMs, callState } = view
    if (!this.#context.profile.pong || this.#pingIsOut || isBlocked || isPaused) return NEVER
    const quietMs = callState === 'idle' ? this.#heardMs : this.#callMs
    const regularMs = Math.min(this.dataDueMs(view), Math.max(this.#pingedMs, quietMs) + this.#pingWaitMs)
    if (oldestMs === undefined) return regularMs
    return Math.min(regularMs, Math.max(oldestMs, this.#unstuckMs) + this.#context.timers.answerMs)
  }

  #idleMs({ isPaused, oldestMs, callState, dataOut, dataIsIn }: LivenessView): number {
    if (callState !== 'idle' || dataOut !== undefined || dataIsIn || (oldestMs !== undefined && !isPaused)) return NEVER
    return this.#lastActiveMs() + this.#context.timers.idleMs
  }

  /** A large frame is activity while it comes in, for as long as the largest one takes on the slowest link. */
  #lastActiveMs(): number {
    if (this.#partialSinceMs === undefined) return this.#activeMs
    const untilMs = this.#partialSinceMs + (1000 * LARGEST_FRAME_BYTES) / this.#context.timers.slowestBytesPerSecond
    return Math.max(this.#activeMs, Math.min(this.#heardMs, untilMs))
  }

  /**
   * What the system has taken may still be on its way, behind it our PING, and nothing tells how much that is: at most
   * what it buffers, and no more than we wrote.
   */
  #transferMs(outstandingBytes: number): number {
    const bytes = Math.min(outstandingBytes, SYSTEM_BUFFER_BYTES)
    return bytes <= AT_ONCE_BYTES ? 0 : (1000 * bytes) / this.#context.timers.slowestBytesPerSecond
  }

  #drawPingWait(state: CallState): void {
    if (!this.#context.profile.pong) return
    const { pingMs, pingJitterMs, callPingMs, callPingJitterMs } = this.#context.timers
    const [aroundMs, jitterMs] = state === 'idle' ? [pingMs, pingJitterMs] : [callPingMs, callPingJitterMs]
    const [high = 0, low = 0] = this.#context.random(2)
    this.#pingWaitMs = aroundMs + (((high << 8) | low) / 0xffff - 0.5) * 2 * jitterMs
  }
}
