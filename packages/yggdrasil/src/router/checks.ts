import { isYggdrasilError } from '../error.js'
import type { RouterLimits } from '../limits.js'
import { TokenBucket } from '../token-bucket.js'
import type { LinkState } from './link-state.js'
import type { RouterStats } from './types.js'

/** The most checks that one body takes. */
const MOST_AT_ONCE = 2
/** When something waits, it is looked at again after so long. */
const PAUSE_MS = 20
/** How much of what a link has used counts a second later. */
const FADING = 0.9

/** Does what needs the check, and counts it. @throws {YggdrasilError} to cut the link */
export type Checked = (link: LinkState, body: Uint8Array, nowMs: number) => void

/** What one link has waiting, and what it has had. */
interface Share {
  readonly waiting: { readonly body: Uint8Array; readonly run: Checked }[]
  bytes: number
  used: number
}

/**
 * Checks of signatures are what is dear, so there are so many a second for all links together. What comes above that waits,
 * and the link that has used the least goes first: who says little is heard soon, however much others say. What comes
 * before a link is proven may be anybody's, and waits for the proof. yggdrasil protocol §12
 */
export class Checks {
  readonly #stats: RouterStats
  readonly #tokens: TokenBucket
  readonly #waitingBytes: number
  readonly #shares = new Map<LinkState, Share>()
  #nextMs = Number.POSITIVE_INFINITY

  constructor({ checksPerSecond, waitingCheckBytes }: RouterLimits, stats: RouterStats) {
    this.#stats = stats
    this.#tokens = new TokenBucket(Math.max(checksPerSecond, MOST_AT_ONCE))
    this.#waitingBytes = waitingCheckBytes
  }

  /** When {@link advance} next has work. */
  get nextMs(): number {
    return this.#nextMs
  }

  /**
   * Do it now or later, or never when too much of this link waits already.
   * @param body - copied when it has to wait
   * @throws {YggdrasilError} what `run` throws, if it is done now
   */
  submit(link: LinkState, body: Uint8Array, run: Checked, nowMs: number): void {
    const share = this.#shareOf(link)
    if (link.proven && this.#next() === undefined && this.#tokens.take(nowMs, MOST_AT_ONCE)) {
      this.#count(share, () => run(link, body, nowMs))
      return
    }
    if (share.bytes + body.length > this.#waitingBytes) {
      this.#stats.throttled++
      return
    }
    share.bytes += body.length
    share.waiting.push({ body: body.slice(), run })
    if (link.proven) this.#nextMs = Math.min(this.#nextMs, nowMs + PAUSE_MS)
  }

  /** Do what waits, as far as there are checks for it. */
  advance(nowMs: number): void {
    let next = this.#next()
    while (next !== undefined && this.#tokens.take(nowMs, MOST_AT_ONCE)) {
      this.#runOne(...next, nowMs)
      next = this.#next()
    }
    this.#nextMs = next === undefined ? Number.POSITIVE_INFINITY : nowMs + PAUSE_MS
  }

  /** The link is gone, and what it wanted with it. */
  forget(link: LinkState): void {
    this.#shares.delete(link)
  }

  /** A second has passed. */
  fade(): void {
    for (const share of this.#shares.values()) share.used *= FADING
  }

  #shareOf(link: LinkState): Share {
    let share = this.#shares.get(link)
    if (share === undefined) {
      share = { waiting: [], bytes: 0, used: 0 }
      this.#shares.set(link, share)
    }
    return share
  }

  /** Whose turn it is. */
  #next(): [LinkState, Share] | undefined {
    let first: [LinkState, Share] | undefined
    for (const [link, share] of this.#shares) {
      if (share.waiting.length === 0 || !link.proven) continue
      if (first === undefined || share.used < first[1].used) first = [link, share]
    }
    return first
  }

  #runOne(link: LinkState, share: Share, nowMs: number): void {
    const job = share.waiting.shift()
    if (job === undefined) return
    share.bytes -= job.body.length
    try {
      this.#count(share, () => job.run(link, job.body, nowMs))
    } catch (error) {
      if (!isYggdrasilError(error)) throw error
      this.forget(link)
      link.link.close(error)
    }
  }

  /** Give back what was not needed. */
  #count(share: Share, run: () => void): void {
    const before = this.#stats.verifications
    try {
      run()
    } finally {
      const used = this.#stats.verifications - before
      share.used += used
      this.#tokens.give(MOST_AT_ONCE - used)
    }
  }
}
