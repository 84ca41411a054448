import { isWireError } from '@mimirjs/wire'
import {
  decodeLegacyFrame,
  encodeLegacyFrame,
  isLegacyChallenge,
  type LegacyFrame,
  type LegacyRelayFrame,
  type LegacyUnknown,
  RendezvousCloseCode,
} from '@mimirjs/wire/rendezvous'
import { TokenBucket } from '../../token-bucket.js'
import type { LegacyCounters } from '../counters.js'
import type { LegacyLimits } from '../limits.js'
import type { LegacyHost, LegacyLeaveReason, LegacyServerStatus } from '../types.js'

/** A connection of this life was a good one: the next pause is short again. rendezvous protocol B4 */
const GOOD_LIFE_MS = 60_000

/** What a link to a server needs of the machine. */
export interface ServerLinkOwner {
  readonly ownPem: string
  readonly limits: LegacyLimits
  readonly host: LegacyHost
  readonly counters: LegacyCounters
  random(): number
  /** It has logged in. */
  serverReady(link: ServerLink, nowMs: number): void
  relayed(frame: LegacyRelayFrame, nowMs: number): void
}

type State =
  | 'idle' // waits for its time
  | 'opening'
  | 'asked' // we said who we are
  | 'proving' // a challenge is being decrypted
  | 'proved' // and was answered
  | 'refused' // and was none: we leave soon
  | 'ready'
  | 'left'

/**
 * One server: login, and what it relays. A server gets one answer to one challenge in each connection, and after one
 * that was no honest challenge never another: whoever decrypts for strangers gives its signatures away, too.
 * rendezvous protocol A6, A12 (2–4), A13
 */
export class ServerLink {
  readonly id: number
  readonly url: string
  readonly #owner: ServerLinkOwner
  readonly #messages: TokenBucket
  #state: State = 'idle'
  #deadlineMs: number
  #readyAtMs = 0
  #failures = 0
  #badFrames = 0
  #reason: LegacyLeaveReason | undefined

  constructor(id: number, url: string, owner: ServerLinkOwner, nowMs: number) {
    this.id = id
    this.url = url
    this.#owner = owner
    this.#messages = new TokenBucket(owner.limits.messagesPerSecond, owner.limits.messagesBurst)
    this.#deadlineMs = nowMs
  }

  get isReady(): boolean {
    return this.#state === 'ready'
  }

  get nextDeadlineMs(): number {
    return this.#deadlineMs
  }

  get status(): LegacyServerStatus {
    const { url } = this
    if (this.#state === 'left') return { url, state: 'left', reason: this.#reason }
    if (this.#state === 'idle') return { url, state: 'waiting', retryAtMs: this.#deadlineMs }
    return { url, state: this.#state === 'ready' ? 'ready' : 'connecting' }
  }

  send(text: string): void {
    this.#owner.host.sendText(this.id, text)
  }

  /** The user wants it now, or the network is back. */
  refresh(nowMs: number): void {
    if (this.#state === 'idle' || (this.#state === 'left' && this.#reason === 'replaced')) this.#open(nowMs)
  }

  opened(nowMs: number): void {
    if (this.#state !== 'opening') return
    this.#enter('asked', nowMs + this.#owner.limits.loginMs)
    this.send(encodeLegacyFrame({ type: 'auth', publicPem: this.#owner.ownPem }))
  }

  /** @param code - of the WebSocket's end */
  closed(code: number, nowMs: number): void {
    if (this.#state === 'idle' || this.#state === 'left') return
    if (this.#state === 'refused') this.#leave('challenge')
    else if (code === RendezvousCloseCode.replaced) this.#leave('replaced')
    else this.#wait(nowMs)
  }

  received(text: string, nowMs: number): void {
    if (this.#state === 'idle' || this.#state === 'left' || this.#state === 'refused') return
    let frame: LegacyFrame | LegacyUnknown
    try {
      frame = decodeLegacyFrame(text)
    } catch (error) {
      if (!isWireError(error)) throw error
      this.#owner.counters.frame++
      if (++this.#badFrames > this.#owner.limits.badFrames) this.#cut('malformed')
      return
    }
    if (frame.type === 'prove-auth') this.#challenged(frame.encrypted, nowMs)
    else if (frame.type === 'authenticated') this.#authenticated(nowMs)
    else if (frame.type === 'relayed-msg') this.#relayed(frame, nowMs)
    // A server that sends chat, or what only clients send, is not listened to.
    else this.#owner.counters.frame++
  }

  decrypted(plaintext: Uint8Array | undefined, nowMs: number): void {
    if (this.#state !== 'proving') return
    const text = plaintext === undefined ? '' : String.fromCharCode(...plaintext)
    // Whatever is wrong, the server sees the same: no answer, and the end at a time that depends on nothing else.
    if (!isLegacyChallenge(text)) {
      this.#state = 'refused'
      return
    }
    this.#enter('proved', nowMs + this.#owner.limits.loginMs)
    this.send(encodeLegacyFrame({ type: 'auth-proof', decrypted: text }))
  }

  tick(nowMs: number): void {
    if (nowMs < this.#deadlineMs) return
    if (this.#state === 'idle') this.#open(nowMs)
    else if (this.#state === 'refused') this.#cut('challenge')
    else if (this.#state !== 'ready' && this.#state !== 'left') {
      this.#owner.host.closeServer(this.id)
      this.#wait(nowMs)
    }
  }

  /** It is not wanted any more. */
  remove(): void {
    if (this.#state !== 'idle' && this.#state !== 'left') this.#owner.host.closeServer(this.id)
    this.#state = 'left'
    this.#deadlineMs = Number.POSITIVE_INFINITY
  }

  #challenged(ciphertext: Uint8Array, nowMs: number): void {
    if (this.#state !== 'asked') {
      this.#cut('challenge')
      return
    }
    this.#enter('proving', nowMs + this.#owner.limits.refusalMs)
    this.#owner.host.decrypt(this.id, ciphertext)
  }

  #authenticated(nowMs: number): void {
    if (this.#state !== 'proved') {
      this.#owner.counters.frame++
      return
    }
    this.#readyAtMs = nowMs
    this.#enter('ready', Number.POSITIVE_INFINITY)
    this.#owner.serverReady(this, nowMs)
  }

  #relayed(frame: LegacyRelayFrame, nowMs: number): void {
    if (this.#state !== 'ready') this.#owner.counters.frame++
    else if (!this.#messages.take(nowMs)) this.#owner.counters.rate++
    else this.#owner.relayed(frame, nowMs)
  }

  #open(nowMs: number): void {
    this.#reason = undefined
    this.#badFrames = 0
    this.#enter('opening', nowMs + this.#owner.limits.loginMs)
    this.#owner.host.openServer(this.id, this.url)
  }

  /** rendezvous protocol B4: a random time up to 2^k s. */
  #wait(nowMs: number): void {
    if (this.#state === 'ready' && nowMs - this.#readyAtMs >= GOOD_LIFE_MS) this.#failures = 0
    this.#failures = Math.min(this.#failures + 1, 30)
    const longestMs = Math.min(this.#owner.limits.reconnectMs, 1000 * 2 ** this.#failures)
    this.#enter('idle', nowMs + this.#owner.random() * longestMs)
  }

  #cut(reason: LegacyLeaveReason): void {
    this.#owner.host.closeServer(this.id)
    this.#leave(reason)
  }

  #leave(reason: LegacyLeaveReason): void {
    this.#reason = reason
    this.#enter('left', Number.POSITIVE_INFINITY)
  }

  #enter(state: State, deadlineMs: number): void {
    const before = this.status
    this.#state = state
    this.#deadlineMs = deadlineMs
    const { status } = this
    if (status.state !== before.state) this.#owner.host.serverChanged(status)
  }
}
