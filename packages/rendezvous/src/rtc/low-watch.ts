import type { Clock } from '@mimirjs/transport'
import type { DataChannelLike } from './types.js'

/** Pause between two looks at a channel that tells nothing by itself: long enough to move 100 KB, in ms. */
const POLL_MS = 1
/** It doubles up to this while nothing moves: who does not read must not keep us looking, in ms. */
const STALLED_POLL_MS = 100

/**
 * Tells how much a channel has still to send, and when that which had much has sent half of it. It asks the channel only when
 * that may matter: in the library for Node each question waits for another thread, and takes about as long as a message.
 */
export class LowWatch {
  readonly #channel: DataChannelLike
  readonly #fullBytes: number
  readonly #clock: Clock
  readonly #onLow: () => void
  #isWaiting = false
  #bufferedBytes = 0

  /** @param fullBytes - from so many buffered on it is waited for */
  constructor(channel: DataChannelLike, fullBytes: number, clock: Clock, onLow: () => void) {
    this.#channel = channel
    this.#fullBytes = fullBytes
    this.#clock = clock
    this.#onLow = onLow
  }

  /** At most so many are buffered: those of the last time that it was asked, and all that were sent since. */
  get bufferedBytes(): number {
    return this.#bufferedBytes
  }

  /** So many more were given to the channel. */
  sent(sizeBytes: number): void {
    const channel = this.#channel
    this.#bufferedBytes += sizeBytes
    if (this.#isWaiting || this.#bufferedBytes < this.#fullBytes) return
    this.#bufferedBytes = channel.bufferedAmount
    if (this.#bufferedBytes < this.#fullBytes) return
    this.#isWaiting = true
    // By its event, or by looking again and again where it has none, as the library for Node has.
    if (!('onbufferedamountlow' in channel)) {
      this.#poll(this.#bufferedBytes, POLL_MS)
      return
    }
    channel.bufferedAmountLowThreshold = this.#fullBytes / 2
    channel.onbufferedamountlow = () => this.#low()
  }

  /** @param beforeBytes - what was buffered at the last look */
  #poll(beforeBytes: number, pauseMs: number): void {
    this.#clock.schedule(() => {
      if (this.#channel.readyState !== 'open') return
      const { bufferedAmount } = this.#channel
      if (bufferedAmount <= this.#fullBytes / 2) this.#low()
      else this.#poll(bufferedAmount, bufferedAmount < beforeBytes ? POLL_MS : Math.min(2 * pauseMs, STALLED_POLL_MS))
    }, pauseMs)
  }

  #low(): void {
    if (!this.#isWaiting) return
    this.#isWaiting = false
    this.#bufferedBytes = this.#channel.bufferedAmount
    this.#onLow()
  }
}
