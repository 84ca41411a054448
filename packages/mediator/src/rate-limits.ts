import type { MediatorCommandName } from '@mimirjs/wire/mediator'
import type { MediatorLimits } from './limits.js'
import { RotatingMap, TokenBucket } from './rates.js'

const HOUR_SECONDS = 3600

/** What one connection, or key, has spent on requests. Made with the first of them: most of what connects here waits. */
export class RequestRates {
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

  /** @returns how often it was refused in a row, more or less: what was granted in between counts back */
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

/** What everybody who has not logged in may ask the store for from one source, in a second and at once. */
const ANONYMOUS_PER_SECOND = 1
const ANONYMOUS_BURST = 20

interface KeyRates {
  requests?: RequestRates
  messages?: TokenBucket
  pushedBytes?: TokenBucket
  invites?: TokenBucket
  chats?: TokenBucket
}

interface SourceRates {
  chats?: TokenBucket
  anonymous?: TokenBucket
}

/** What keys and sources have spent, whatever connections they use (mediator protocol §22.6 and §22.7). */
export class RateLimits {
  readonly #limits: MediatorLimits
  readonly #keys: RotatingMap<string, KeyRates>
  readonly #sources: RotatingMap<string, SourceRates>

  constructor(limits: MediatorLimits) {
    this.#limits = limits
    this.#keys = new RotatingMap(limits.remembered)
    this.#sources = new RotatingMap(limits.remembered)
  }

  /** Whether this key may make one more request: connecting again gives it no more. */
  takesRequest(key: string, bytes: number, nowMs: number): boolean {
    const rates = entryOf(this.#keys, key)
    rates.requests ??= new RequestRates(this.#limits, nowMs)
    return rates.requests.takes(bytes, nowMs)
  }

  /** Whether somebody from this source who has not logged in may ask the store once more. */
  takesAnonymous(source: string, nowMs: number): boolean {
    const rates = entryOf(this.#sources, source)
    rates.anonymous ??= new TokenBucket(ANONYMOUS_PER_SECOND, ANONYMOUS_BURST, nowMs)
    return rates.anonymous.take(nowMs)
  }

  /** Whether this key, from this source, may give one more of these commands now. */
  takes(command: MediatorCommandName, key: string, source: string, bytes: number, nowMs: number): boolean {
    const limits = this.#limits
    switch (command) {
      case 'sendMessage':
      case 'updateMemberInfo': {
        const rates = entryOf(this.#keys, key)
        // What was sent behind a refused message is refused, too: it must not pass it.
        const resume = limits.messagesPerSecond / 2
        rates.messages ??= new TokenBucket(limits.messagesPerSecond, limits.messagesBurst, nowMs, resume)
        return rates.messages.take(nowMs) && this.#takesPushed(rates, bytes, nowMs)
      }
      case 'updateChatInfo':
        return this.#takesPushed(entryOf(this.#keys, key), bytes, nowMs)
      case 'sendInvite': {
        const rates = entryOf(this.#keys, key)
        rates.invites ??= new TokenBucket(limits.invitesPerMinute / 60, limits.invitesBurst, nowMs)
        return rates.invites.take(nowMs)
      }
      case 'createChat': {
        const rates = entryOf(this.#keys, key)
        rates.chats ??= new TokenBucket(limits.chatsPerHour / HOUR_SECONDS, limits.chatsPerHour, nowMs)
        const perHour = limits.chatsPerHourPerSource
        const ofSource = entryOf(this.#sources, source)
        ofSource.chats ??= new TokenBucket(perHour / HOUR_SECONDS, perHour, nowMs)
        return rates.chats.take(nowMs) && ofSource.chats.take(nowMs)
      }
      default:
        return true
    }
  }

  /** Behind a refusal all of the burst has to be there again, for the same reason. */
  #takesPushed(rates: KeyRates, bytes: number, nowMs: number): boolean {
    const { pushedBytesPerSecond, pushedBytesBurst: burst } = this.#limits
    rates.pushedBytes ??= new TokenBucket(pushedBytesPerSecond, burst, nowMs, burst)
    return rates.pushedBytes.take(nowMs, bytes, Math.min(bytes, burst))
  }
}

function entryOf<Rates extends object>(map: RotatingMap<string, Partial<Rates>>, key: string): Partial<Rates> {
  let rates = map.get(key)
  if (rates === undefined) map.set(key, (rates = {}))
  return rates
}
