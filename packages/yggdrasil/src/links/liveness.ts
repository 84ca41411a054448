import { PacketType } from '../wire/frame.js'

/** Times of {@link Liveness}, in ms. */
export interface LivenessTimers {
  /** Silence after a frame of ours that asks for an answer. */
  readonly readDeadlineMs: number
  /** Longest time without writing anything. */
  readonly keepAliveMs: number
  /** Longest wait for the rest of a frame. */
  readonly partialFrameMs: number
}

/** What {@link Liveness.due} wants. `silent` and `stalled`: close the link. */
export type LivenessDue = 'keepAlive' | 'silent' | 'stalled'

const NEVER = Number.POSITIVE_INFINITY

/**
 * Whether a link lives, and how it shows the other side that it does. yggdrasil protocol §3.5
 *
 * A frame of type 2 and up asks for an answer, any frame at all. The other side waits 3 to 5 seconds for it, so what is
 * due is sent at the end of the very turn, not on a timer: timers are what browsers and mobile systems hold back.
 */
export class Liveness {
  readonly #timers: LivenessTimers
  /** When the first of our frames that is not answered yet was written. */
  #askedAtMs = NEVER
  #wroteAtMs: number
  #partialSinceMs = NEVER
  #partialAfter: number | undefined
  /** Frames came since the end of the last batch, of which one asks for an answer. */
  #owesAnswer = false

  constructor(timers: LivenessTimers, nowMs: number) {
    this.#timers = timers
    this.#wroteAtMs = nowMs
  }

  /** Whether our next frame of type 2 and up is the first that waits for an answer: {@link wrote} needs the time then. */
  get isAnswered(): boolean {
    return this.#askedAtMs === NEVER
  }

  /** A frame came. */
  received(type: number): void {
    this.#askedAtMs = NEVER
    if (type > PacketType.keepAlive) this.#owesAnswer = true
  }

  /** A frame was written. */
  wrote(type: number, nowMs: number): void {
    this.#owesAnswer = false
    if (type > PacketType.keepAlive && this.#askedAtMs === NEVER) this.#askedAtMs = nowMs
  }

  /** Written frames were handed to the transport. */
  flushed(nowMs: number): void {
    this.#wroteAtMs = nowMs
  }

  /**
   * The frames of a batch are handled.
   * @returns whether a KeepAlive has to be written now
   */
  batchEnd(): boolean {
    return this.#owesAnswer
  }

  /**
   * What was read ends inside a frame, or not.
   * @param framesBefore - whole frames that came before it: tells whether it is still the same one; `undefined` between frames
   */
  partial(framesBefore: number | undefined, nowMs: number): void {
    if (framesBefore === this.#partialAfter) return
    this.#partialAfter = framesBefore
    this.#partialSinceMs = framesBefore === undefined ? NEVER : nowMs
  }

  /**
   * What is due.
   * @param wasAsleep - this process did not run for a while: what came meanwhile is not read yet, so nobody is judged
   */
  due(nowMs: number, wasAsleep: boolean): LivenessDue | undefined {
    const { readDeadlineMs, keepAliveMs, partialFrameMs } = this.#timers
    if (!wasAsleep && nowMs - this.#askedAtMs >= readDeadlineMs) return 'silent'
    if (!wasAsleep && nowMs - this.#partialSinceMs >= partialFrameMs) return 'stalled'
    return nowMs - this.#wroteAtMs >= keepAliveMs ? 'keepAlive' : undefined
  }
}
