import { type Clock, steadyClock } from '@mimirjs/transport'
import type { IncomingMessage } from '../message.js'
import type { Middleware } from './middleware.js'

export interface RateLimitOptions {
  /** So many messages of one person in any {@link perMs}; then one every `perMs / messages`. */
  readonly messages: number
  /** Milliseconds. */
  readonly perMs: number
  /**
   * Told of the first message above the limit, and again only after another one was let through, so that an answer cannot
   * be made a flood.
   */
  readonly onLimit?: (message: IncomingMessage, limit: { readonly retryAfterMs: number }) => unknown
  /** People remembered at once; beyond it the one not heard of longest is forgotten. Default 10 000. */
  readonly maxPeople?: number
  /** Default: one that never goes back. */
  readonly clock?: Clock
}

interface Bucket {
  /** So many messages are counted against the person; one is forgotten every `perMs / messages`. */
  used: number
  atMs: number
  isTold: boolean
}

/**
 * Middleware that lets a person send only so much. What is above counts as handled, and nobody sees it.
 * @throws {RangeError} for limits that let nobody through
 */
export function rateLimit(options: RateLimitOptions): Middleware {
  const { messages, perMs, onLimit, maxPeople = 10_000, clock = steadyClock } = options
  for (const [name, value] of Object.entries({ messages, perMs, maxPeople }))
    if (!(value > 0 && Number.isFinite(value))) throw new RangeError(`${name}: expected a number above 0, got ${value}`)
  const stepMs = perMs / messages
  /** Those heard of longest ago stand first. */
  const buckets = new Map<string, Bucket>()

  return async (message, next) => {
    const nowMs = clock.nowMs()
    const bucket = buckets.get(message.from) ?? { used: 0, atMs: nowMs, isTold: false }
    buckets.delete(message.from)
    buckets.set(message.from, bucket)
    for (const peer of buckets.keys()) {
      if (buckets.size <= maxPeople) break
      buckets.delete(peer)
    }
    bucket.used = Math.max(0, bucket.used - (nowMs - bucket.atMs) / stepMs)
    bucket.atMs = nowMs
    // What fractions may add up to must not cost a message.
    if (bucket.used + 1 <= messages + 0.01) {
      bucket.used += 1
      bucket.isTold = false
      await next()
    } else if (!bucket.isTold) {
      bucket.isTold = true
      await onLimit?.(message, { retryAfterMs: (bucket.used + 1 - messages) * stepMs })
    }
  }
}
