import type { MediatorCommandName } from '@mimirjs/wire/mediator'
import type { MediatorLimits } from './limits.js'
import { RotatingMap, TokenBucket } from './rates.js'

const HOUR_SECONDS = 3600

/** What one connection has spent. Made with its first request: most of what connects to a mediator waits. */
export class ConnectionRates {
  readonly #commands: TokenBucket
  readonly #bytes: TokenBucket
  #refusals = 0

  constructor(limits: MediatorLimits, nowMs: number) {
    this.#commands = new TokenBucket(limits.commandsPerSecond, limits.commandsBurst, nowMs)
    this.#bytes = new TokenBucket(limits.bytesPerSecond, limits.bytesBurst, nowMs)
  }

  takes(bytes: number, nowMs: number): boolean {
    return this.#commands.take(nowMs) && this.#bytes.take(nowMs, bytes)
  }

  /** @returns how often this connection was refused in a row, more or less: what was granted in between counts back */
  refused(): number {
    return ++this.#refusals
  }

  /** Nothing is remembered that a new one would not know. */
  isFresh(nowMs: number): boolean {
    return this.#refusals <= 0 && this.#commands.isFull(nowMs) && this.#bytes.isFull(nowMs)
  }

  granted(): void {
    if (this.#refusals > 0) this.#refusals -= 0.5
  }
}

interface KeyRates {
  messages: TokenBucket | undefined
  invites: TokenBucket | undefined
  chats: TokenBucket | undefined
}

/** What keys and sources have spent, whatever connections they use (mediator protocol §22.6 and §22.7). */
export class RateLimits {
  readonly #limits: MediatorLimits
  readonly #keys: RotatingMap<string, KeyRates>
  readonly #sources: RotatingMap<string, TokenBucket>

  constructor(limits: MediatorLimits) {
    this.#limits = limits
    this.#keys = new RotatingMap(limits.remembered)
    this.#sources = new RotatingMap(limits.remembered)
  }

  /** Whether this key, from this source, may give one more of these commands now. */
  takes(command: MediatorCommandName, key: string, source: string, nowMs: number): boolean {
    const limits = this.#limits
    switch (command) {
      case 'sendMessage': {
        const rates = this.#of(key)
        // What was sent behind a refused message is refused, too: it must not pass it.
        const resume = limits.messagesPerSecond / 2
        rates.messages ??= new TokenBucket(limits.messagesPerSecond, limits.messagesBurst, nowMs, resume)
        return rates.messages.take(nowMs)
      }
      case 'sendInvite': {
        const rates = this.#of(key)
        rates.invites ??= new TokenBucket(limits.invitesPerMinute / 60, limits.invitesBurst, nowMs)
        return rates.invites.take(nowMs)
      }
      case 'createChat': {
        const rates = this.#of(key)
        rates.chats ??= new TokenBucket(limits.chatsPerHour / HOUR_SECONDS, limits.chatsPerHour, nowMs)
        return rates.chats.take(nowMs) && this.#source(source, nowMs).take(nowMs)
      }
      default:
        return true
    }
  }

  #of(key: string): KeyRates {
    let rates = this.#keys.get(key)
    if (rates === undefined) {
      rates = { messages: undefined, invites: undefined, chats: undefined }
      this.#keys.set(key, rates)
    }
    return rates
  }

  #source(source: string, nowMs: number): TokenBucket {
    let bucket = this.#sources.get(source)
    if (bucket === undefined) {
      const perHour = this.#limits.chatsPerHourPerSource
      bucket = new TokenBucket(perHour / HOUR_SECONDS, perHour, nowMs)
      this.#sources.set(source, bucket)
    }
    return bucket
  }
}
