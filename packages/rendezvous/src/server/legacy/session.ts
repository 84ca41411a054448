import { equalConstantTime, isCryptoError } from '@mimirjs/crypto'
import { normaliseRsaPublicPem, parseRsaPublicKey, type RsaPublicKey } from '@mimirjs/crypto/rsa'
import { isWireError, toHex } from '@mimirjs/wire'
import {
  decodeLegacyFrame,
  encodeLegacyFrame,
  LEGACY_CHALLENGE_HEAD,
  type LegacyFrame,
  type LegacyRelayFrame,
  type LegacyUnknown,
  peekLegacyMessage,
  RendezvousCloseCode,
} from '@mimirjs/wire/rendezvous'
import type { Buckets } from '../../buckets.js'
import type { ServerClient, ServerSession } from '../profile.js'
import type { RelayOutcome } from '../types.js'
import type { LegacyProfileParts } from './profile.js'

const CHALLENGE_BYTES = 16

/** What all sessions share. */
export interface LegacyHall extends LegacyProfileParts {
  /** Who has logged in, by the normal form of the key. */
  readonly sessions: Map<string, LegacySession>
  /** By the same. */
  readonly rates: Buckets
}

type State =
  | { readonly name: 'new' }
  | { readonly name: 'challenged'; readonly pem: string; readonly secret: Uint8Array }
  | { readonly name: 'ready'; readonly pem: string }

/** One client of old. rendezvous protocol A5–A8 with the rules of A13 */
export class LegacySession implements ServerSession {
  readonly #client: ServerClient
  readonly #hall: LegacyHall
  #state: State = { name: 'new' }
  /** How its dialect wraps what is relayed to it; unknown until it has relayed something itself. */
  #wrapper: 'relayed-msg' | 'peer-msg' | undefined
  #unknownFrames = 0
  #refusals = 0

  constructor(client: ServerClient, hall: LegacyHall) {
    this.#client = client
    this.#hall = hall
  }

  received(text: string, nowMs: number): void {
    let frame: LegacyFrame | LegacyUnknown
    try {
      frame = decodeLegacyFrame(text)
    } catch (error) {
      if (!isWireError(error)) throw error
      this.#client.close(RendezvousCloseCode.malformed, 'malformed')
      return
    }
    switch (frame.type) {
      case 'auth':
        this.#challenge(frame.publicPem)
        break
      case 'auth-proof':
        this.#logIn(frame.decrypted, nowMs)
        break
      case 'relay-msg':
      case 'peer-msg':
        this.#relay(frame, nowMs)
        break
      default:
        if (++this.#unknownFrames > this.#hall.limits.unknownFrames)
          this.#client.close(RendezvousCloseCode.malformed, 'malformed')
    }
  }

  /** Originals answer no frame of ours, but every WebSocket answers its own ping. */
  ask(): void {
    this.#client.ping()
  }

  closed(): void {
    const { name } = this.#state
    if (name === 'ready' && this.#hall.sessions.get(this.#state.pem) === this)
      this.#hall.sessions.delete(this.#state.pem)
    this.#state = { name: 'new' }
  }

  /** It gives no more time: all of the login has to be done in that of the first frame. */
  #challenge(publicPem: string): void {
    const key = this.#state.name === 'new' ? readKey(publicPem) : undefined
    if (key === undefined) {
      this.#client.close(RendezvousCloseCode.malformed, 'malformed')
      return
    }
    const secret = utf8(LEGACY_CHALLENGE_HEAD + toHex(this.#hall.randomBytes(CHALLENGE_BYTES)))
    this.#state = { name: 'challenged', pem: key.pem, secret }
    this.#client.send(encodeLegacyFrame({ type: 'prove-auth', encrypted: key.encrypt(secret) }))
  }

  #logIn(decrypted: string, nowMs: number): void {
    const state = this.#state
    if (state.name !== 'challenged') {
      this.#client.close(RendezvousCloseCode.malformed, 'malformed')
      return
    }
    if (!equalConstantTime(utf8(decrypted), state.secret)) {
      this.#client.close(RendezvousCloseCode.notAuthenticated, 'not-authenticated')
      return
    }
    const { sessions } = this.#hall
    const older = sessions.get(state.pem)
    sessions.set(state.pem, this)
    this.#state = { name: 'ready', pem: state.pem }
    if (older !== undefined) older.#client.close(RendezvousCloseCode.replaced, 'replaced')
    this.#client.authenticated(nowMs)
    this.#client.send(encodeLegacyFrame({ type: 'authenticated' }))
  }

  #relay(frame: LegacyRelayFrame, nowMs: number): void {
    const state = this.#state
    if (state.name !== 'ready') {
      this.#client.close(RendezvousCloseCode.notAuthenticated, 'not-authenticated')
      return
    }
    this.#wrapper = frame.type === 'peer-msg' ? 'peer-msg' : 'relayed-msg'
    const isInRate = this.#hall.rates.take(state.pem, nowMs)
    const outcome =
      isInRate && this.#client.mayRelay(nowMs) ? this.#pass(frame, this.#wrapper, state.pem, nowMs) : 'rate'
    this.#hall.relayed(outcome)
    this.#refusals = isInRate ? 0 : this.#refusals + 1
    if (this.#refusals > this.#hall.limits.refusals) this.#client.close(RendezvousCloseCode.rate, 'rate')
  }

  /** The sender is told nothing, whatever becomes of it: there is no frame for that, and nobody learns who is here. */
  #pass(
    { text, signature }: LegacyRelayFrame,
    wrapper: 'relayed-msg' | 'peer-msg',
    sender: string,
    nowMs: number,
  ): RelayOutcome {
    try {
      const { from, to } = peekLegacyMessage(text)
      if (from !== sender && normaliseRsaPublicPem(from) !== sender) return 'from'
      const recipient = this.#hall.sessions.get(to)
      if (recipient === undefined) return 'absent'
      const type = recipient.#wrapper ?? wrapper
      return recipient.#client.relay(encodeLegacyFrame({ type, text, signature }, 'server'), nowMs)
    } catch (error) {
      if (isWireError(error)) return 'envelope'
      throw error
    }
  }
}

function readKey(pem: string): RsaPublicKey | undefined {
  try {
    return parseRsaPublicKey(pem)
  } catch (error) {
    if (isCryptoError(error)) return undefined
    throw error
  }
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
