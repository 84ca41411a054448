import { isSmallOrder } from '@mimirjs/crypto'
import type { KeyId } from '../key.js'
import type { SessionLimits } from '../limits.js'
import { TokenBucket } from '../token-bucket.js'
import type { SessionIdentity } from './identity.js'
import { type Announced, openInit } from './init.js'
import { SourceRates } from './rates.js'
import type { SessionStats } from './types.js'

/** So many times the rate of one second at once: two that open to each other say several things. */
const BURST = 3

/**
 * Reads Inits and Acks, of which each costs as much as a thousand packets: no more than the limits allow. What one key may
 * have is counted in what it is proven to have said: else whoever names its key could use that up, and shut it out.
 */
export class InitGate {
  readonly #identity: SessionIdentity
  readonly #stats: SessionStats
  readonly #strangersRead: TokenBucket
  readonly #expectedRead: TokenBucket
  readonly #strangers: TokenBucket
  readonly #expected: TokenBucket
  readonly #sources: SourceRates

  constructor(identity: SessionIdentity, limits: SessionLimits, stats: SessionStats) {
    this.#identity = identity
    this.#stats = stats
    this.#strangersRead = new TokenBucket(limits.initReadsPerSecond)
    this.#expectedRead = new TokenBucket(limits.initReadsPerSecond)
    this.#strangers = new TokenBucket(limits.initsPerSecond)
    this.#expected = new TokenBucket(limits.expectedInitsPerSecond)
    const { initsPerSourcePerSecond } = limits
    this.#sources = new SourceRates(initsPerSourcePerSecond, initsPerSourcePerSecond * BURST)
  }

  /** Keys that are remembered. */
  get sources(): number {
    return this.#sources.size
  }

  /**
   * @param isExpected - there is a session with `source`, or one is being opened; strangers cannot use up what is for these
   * @returns what it says; `undefined` when it is none, not by `source`, or one too many
   */
  read(source: Uint8Array, message: Uint8Array, isExpected: boolean, nowMs: number): Announced | undefined {
    if (!(isExpected ? this.#expectedRead : this.#strangersRead).take(nowMs)) {
      this.#stats.throttled++
      return undefined
    }
    // Under a key of small order anybody can sign anything.
    const announced = isSmallOrder(source) ? undefined : openInit(message, this.#identity, source)
    if (announced === undefined) this.#stats.ignored++
    return announced
  }

  /** @returns whether something may be done about what `id` is proven to have said, and which is new */
  admit(id: KeyId, isExpected: boolean, nowMs: number): boolean {
    const isAdmitted = this.#sources.take(id, isExpected ? this.#expected : this.#strangers, nowMs)
    if (isAdmitted) this.#stats.initsRead++
    else this.#stats.throttled++
    return isAdmitted
  }
}
