import type { BloomFilter } from '../bloom.js'
import type { RouterLimits } from '../limits.js'
import { TokenBucket } from '../token-bucket.js'
import type { SigReq } from '../wire/signature.js'
import { LinkQueue } from './link-queue.js'
import type { Neighbour } from './neighbour.js'
import type { RouterLink } from './types.js'

/** Latency assumed before the first response. yggdrasil protocol §4.3 */
export const UNKNOWN_LATENCY_MS = 4294.967295
/** Nonces remembered of an unproven link: requests may cross with responses to earlier ones. */
const REMEMBERED_NONCES = 4

/** One link as the router sees it. */
export class LinkState {
  readonly link: RouterLink
  readonly neighbour: Neighbour
  readonly queue: LinkQueue
  readonly announces: TokenBucket
  readonly requests: TokenBucket
  readonly responses: TokenBucket
  readonly blooms: TokenBucket
  readonly lookups: TokenBucket
  readonly answers: TokenBucket
  readonly notifies: TokenBucket
  latencyMs: number = UNKNOWN_LATENCY_MS
  /** What the latency weighs: whole milliseconds, at least 1. */
  cost: number = Math.floor(UNKNOWN_LATENCY_MS)
  /** The current one: an answer that was made for another link proves nothing. */
  request: SigReq | undefined
  /** When it went out. */
  requestedMs = 0
  /** It was answered. */
  responded = false
  /** The remote answered a nonce of ours: it has its private key. */
  proven = false
  /** A filter that came before the proof. */
  heldFilter: BloomFilter | undefined
  /** Since when the link takes no traffic; `undefined`: it takes some. */
  busySinceMs: number | undefined
  readonly #nonces: bigint[] = []

  constructor(link: RouterLink, neighbour: Neighbour, limits: RouterLimits) {
    this.link = link
    this.neighbour = neighbour
    this.queue = new LinkQueue(limits.queueBytes)
    this.announces = new TokenBucket(limits.announcesPerSecond)
    this.requests = new TokenBucket(limits.signaturesPerSecond)
    this.responses = new TokenBucket(limits.signaturesPerSecond)
    this.blooms = new TokenBucket(limits.bloomsPerSecond)
    this.lookups = new TokenBucket(limits.lookupsPerSecond)
    this.answers = new TokenBucket(limits.answersPerLinkPerSecond)
    this.notifies = new TokenBucket(limits.notifiesPerSecond)
  }

  /** Frames of types 0 to 5 do not wait in the queue. */
  writeControl(frame: Uint8Array, nowMs: number): void {
    if (!this.link.write(frame)) this.busySinceMs ??= nowMs
  }

  /** Frames of types 6 to 9 wait while the link takes no traffic. @returns whether it was written */
  writeTraffic(frame: Uint8Array, nowMs: number): boolean {
    if (this.busySinceMs !== undefined) return false
    if (!this.link.write(frame)) this.busySinceMs = nowMs
    return true
  }

  /** The link takes traffic again. */
  drain(nowMs: number): void {
    this.busySinceMs = undefined
    for (let frame = this.queue.shift(); frame !== undefined; frame = this.queue.shift()) {
      if (this.link.write(frame)) continue
      this.busySinceMs = nowMs
      return
    }
  }

  /** A request went out. */
  asked(request: SigReq, nowMs: number): void {
    this.request = request
    this.requestedMs = nowMs
    this.responded = false
    if (this.proven) return
    this.#nonces.push(request.nonce)
    if (this.#nonces.length > REMEMBERED_NONCES) this.#nonces.shift()
  }

  /** Whether a nonce is one of those sent lately. Only asked before the proof. */
  knows(nonce: bigint): boolean {
    return this.#nonces.includes(nonce)
  }

  prove(): void {
    this.proven = true
    this.#nonces.length = 0
  }

  /** The current request was answered after so long. */
  measured(roundTripMs: number): void {
    this.responded = true
    const last = this.latencyMs
    // New links start with a penalty: what has been up for long is trusted more.
    this.latencyMs =
      last === UNKNOWN_LATENCY_MS ? 2 * roundTripMs : (last * 7) / 8 + Math.min(roundTripMs, 2 * last) / 8
    this.cost = Math.max(1, Math.floor(this.latencyMs))
  }
}
