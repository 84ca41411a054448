import type { Clock } from '@mimirjs/transport'
import type { DataChannelLike } from './types.js'

/** Pause between two looks at a channel that tells nothing by itself: long enough to move 100 KB, in ms. */
const POLL_MS = 1

/** Tells when a channel that had much to send has sent half of it. */
export class LowWatch {
  readonly #channel: DataChannelLike
  readonly #fullBytes: number
  readonly #clock: Clock
  readonly #onLow: () => void
  #isWaiting = false

  /** @param fullBytes - from so many buffered on it is waited for */
  constructor(channel: DataChannelLike, fullBytes: number, clock: Clock, onLow: () => void) {
    this.#channel = channel
    this.#fullBytes = fullBytes
    this.#clock = clock
    this.#onLow = onLow
  }

  /** To be called after each send. */
  look(): void {
    const channel = this.#channel
    if (this.#isWaiting || channel.bufferedAmount < this.#fullBytes) return
    this.#isWaiting = true
    // By its event, or by looking again and again where it has none, as the library for Node has.
    if (!('onbufferedamountlow' in channel)) {
      this.#poll()
      return
    }
    channel.bufferedAmountLowThreshold = this.#fullBytes / 2
    channel.onbufferedamountlow = () => this.#low()
  }

  #poll(): void {
    this.#clock.schedule(() => {
      if (this.#channel.readyState !== 'open') return
      if (this.#channel.bufferedAmount <= this.#fullBytes / 2) this.#low()
      else this.#poll()
    }, POLL_MS)
  }

  #low(): void {
    if (!this.#isWaiting) return
    this.#isWaiting = false
    this.#onLow()
  }
}
