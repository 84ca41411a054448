import type { Clock } from '@mimirjs/transport'
import type { SignalledCandidate } from '@mimirjs/wire/rendezvous'
import type { IceCandidate } from './types.js'

/** The candidates of one local description: those found in time are in its text, the others are reported. */
export class Gathering {
  readonly #clock: Clock
  readonly #late: (candidates: readonly SignalledCandidate[], isEnd: boolean) => void
  #isEnded = false
  #isReporting = false
  #isStopped = false
  #finish: (() => void) | undefined

  constructor(clock: Clock, late: (candidates: readonly SignalledCandidate[], isEnd: boolean) => void) {
    this.#clock = clock
    this.#late = late
  }

  /** @param candidate - `null` or an empty one: there are no more */
  found(candidate: IceCandidate | null): void {
    if (this.#isEnded || this.#isStopped) return
    const isEnd = candidate === null || candidate.candidate === ''
    if (isEnd) this.#isEnded = true
    if (this.#isReporting) this.#late(isEnd ? [] : [signalled(candidate)], isEnd)
    else if (isEnd) this.#finish?.()
  }

  /** Resolves when all were found, when it takes too long, and when it was stopped. */
  done(timeoutMs: number): Promise<void> {
    if (this.#isEnded || this.#isStopped) return Promise.resolve()
    return new Promise((resolve) => {
      const cancel = this.#clock.schedule(resolve, timeoutMs)
      this.#finish = () => {
        cancel()
        resolve()
      }
    })
  }

  /** The description was read: what is found from now on is not in it. */
  report(): void {
    this.#isReporting = true
  }

  /** Another description takes its place, or none. */
  stop(): void {
    this.#isStopped = true
    this.#finish?.()
  }
}

function signalled({ candidate, sdpMid, sdpMLineIndex, usernameFragment }: IceCandidate): SignalledCandidate {
  return {
    candidate,
    ...(typeof sdpMid === 'string' && { sdpMid }),
    ...(typeof sdpMLineIndex === 'number' && { sdpMLineIndex }),
    ...(typeof usernameFragment === 'string' && { usernameFragment }),
  }
}
