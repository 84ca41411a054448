import { isPoint, isSmallOrder, verify } from '@mimirjs/crypto'
import { equalBytes, isWireError } from '@mimirjs/wire'
import {
  type AuthProofFrame,
  authSigningBytes,
  decodeEnvelope,
  decodeLinkFrame,
  type Envelope,
  encodeLinkFrame,
  formatPeerId,
  type LinkFrame,
  MAX_LINK_FRAME_BYTES,
  RendezvousCloseCode,
  SERVER_NONCE_BYTES,
  type UnknownFrame,
} from '@mimirjs/wire/rendezvous'
import { Buckets } from '../buckets.js'
import type { Counters } from './counters.js'
import type { RendezvousServerLimits } from './limits.js'
import { nameFor } from './names.js'
import type { ServerClient, ServerProfile, ServerSession } from './profile.js'
import type { RelayOutcome } from './types.js'

/** Life of an envelope, and how far clocks may be apart, in ms. rendezvous protocol B7 */
const MAX_LIFE_MS = 120_000n
const SKEW_MS = 60_000n
const AUTHENTICATED = encodeLinkFrame({ type: 'authenticated', max: MAX_LINK_FRAME_BYTES })
const REPLACED = encodeLinkFrame({ type: 'error', code: 'replaced' })

export interface RendezvousProfileParts {
  readonly names: readonly string[]
  readonly limits: RendezvousServerLimits
  readonly counters: Counters
  readonly randomBytes: (sizeBytes: number) => Uint8Array
  /** Time of day, in ms since 1970: what envelopes expire by, and clients are told. */
  readonly wallNowMs: () => number
}

/** Profile `rendezvous/1` of the server: who is logged in under which key. It stores nothing else. */
export class RendezvousProfile implements ServerProfile {
  readonly frameBytes: number = MAX_LINK_FRAME_BYTES
  readonly parts: RendezvousProfileParts
  /** What every key may relay: it is not given back to whoever connects again. */
  readonly envelopes: Buckets
  /** By peer id. */
  readonly ready: Map<string, RendezvousSession> = new Map()

  constructor(parts: RendezvousProfileParts) {
    this.parts = parts
    const { envelopesBurst, envelopesPerSecond, remembered } = parts.limits
    this.envelopes = new Buckets(envelopesPerSecond, envelopesBurst, remembered)
  }

  open(client: ServerClient): RendezvousSession {
    return new RendezvousSession(this, client)
  }
}

/** What is known of a connection's key: nothing, what it says, what it has proved. */
type State =
  | { readonly at: 'new' }
  | { readonly at: 'challenged'; readonly publicKey: Uint8Array; readonly nonce: Uint8Array }
  | { readonly at: 'ready'; readonly publicKey: Uint8Array; readonly peer: string }
  | { readonly at: 'closed' }

const NEW: State = { at: 'new' }
const CLOSED: State = { at: 'closed' }

/** One connection of profile `rendezvous/1`. rendezvous protocol B5, "Server states" */
export class RendezvousSession implements ServerSession {
  readonly #profile: RendezvousProfile
  readonly #client: ServerClient
  #state: State = NEW
  #unknownFrames = 0
  #refusals = 0
  #pings = 0

  constructor(profile: RendezvousProfile, client: ServerClient) {
    this.#profile = profile
    this.#client = client
  }

  received(text: string, nowMs: number): void {
    const frame = decoded(text)
    if (frame === undefined) this.#malformed()
    else this.#judge(frame, nowMs)
  }

  ask(): void {
    this.#client.send(encodeLinkFrame({ type: 'ping', n: this.#pings++ }))
  }

  closed(): void {
    const { ready } = this.#profile
    // A newer connection of the same key has the place already.
    if (this.#state.at === 'ready' && ready.get(this.#state.peer) === this) ready.delete(this.#state.peer)
    this.#state = CLOSED
  }

  #judge(frame: LinkFrame | UnknownFrame, nowMs: number): void {
    const state = this.#state
    switch (frame.type) {
      case 'auth':
        if (state.at === 'new') this.#challenge(frame.peer, nowMs)
        else this.#malformed()
        break
      case 'auth-proof':
        if (state.at === 'challenged') this.#logIn(state.publicKey, state.nonce, frame, nowMs)
        else this.#malformed()
        break
      case 'relay-msg':
        if (state.at === 'ready') this.#relay(state, frame.e, nowMs)
        else this.#client.close(RendezvousCloseCode.notAuthenticated, 'not-authenticated')
        break
      case 'ping':
        this.#client.send(encodeLinkFrame({ type: 'pong', n: frame.n }))
        break
      case 'pong':
        break
      case 'unknown':
        if (++this.#unknownFrames > this.#profile.parts.limits.unknownFrames) this.#malformed()
        break
      default:
        // What only a server says.
        this.#malformed()
    }
  }

  #challenge(publicKey: Uint8Array, nowMs: number): void {
    if (!isPoint(publicKey) || isSmallOrder(publicKey)) {
      this.#malformed()
      return
    }
    const { names, randomBytes, wallNowMs } = this.#profile.parts
    const nonce = randomBytes(SERVER_NONCE_BYTES)
    this.#state = { at: 'challenged', publicKey, nonce }
    this.#client.challenged(nowMs)
    const name = nameFor(names, this.#client.host)
    this.#client.send(encodeLinkFrame({ type: 'prove-auth', nonce, name, ts: Math.floor(wallNowMs()) }))
  }

  /** The name that was signed is one of ours, or the proof was meant for somebody else. */
  #logIn(publicKey: Uint8Array, nonce: Uint8Array, { cn, sig }: AuthProofFrame, nowMs: number): void {
    const { names } = this.#profile.parts
    const isProved = names.some((name) => verify(sig, authSigningBytes({ name, nonce, cn, publicKey }), publicKey))
    if (!isProved) {
      this.#client.close(RendezvousCloseCode.notAuthenticated, 'not-authenticated')
      return
    }
    const peer = formatPeerId(publicKey)
    const { ready } = this.#profile
    const older = ready.get(peer)
    ready.set(peer, this)
    this.#state = { at: 'ready', publicKey, peer }
    if (older !== undefined) older.#replaced()
    this.#client.authenticated(nowMs)
    this.#client.send(AUTHENTICATED)
  }

  #replaced(): void {
    this.#client.send(REPLACED)
    this.#client.close(RendezvousCloseCode.replaced, 'replaced')
  }

  #relay({ publicKey, peer }: State & { at: 'ready' }, e: string, nowMs: number): void {
    const { counters, limits } = this.#profile.parts
    // Before anything is decoded: that is what a flood would have us do.
    const isInRate = this.#profile.envelopes.take(peer, nowMs)
    const outcome = isInRate && this.#client.mayRelay(nowMs) ? this.#handOn(publicKey, e, nowMs) : 'rate'
    counters.envelopes[outcome]++
    // That of its address is not its own fault.
    this.#refusals = isInRate ? 0 : this.#refusals + 1
    if (this.#refusals > limits.refusals) this.#client.close(RendezvousCloseCode.rate, 'rate')
    else if (isTold(outcome)) this.#client.send(encodeLinkFrame({ type: 'error', code: outcome }))
  }

  /** The signature is for the recipient to check: it is the one who must not be deceived. B8 */
  #handOn(publicKey: Uint8Array, e: string, nowMs: number): RelayOutcome {
    const envelope = envelopeOf(e)
    if (envelope === undefined) return 'envelope'
    if (!equalBytes(envelope.from, publicKey)) return 'from'
    const wallMs = BigInt(Math.floor(this.#profile.parts.wallNowMs()))
    if (envelope.exp <= wallMs - SKEW_MS || envelope.exp > wallMs + MAX_LIFE_MS + SKEW_MS) return 'expired'
    const recipient = this.#profile.ready.get(formatPeerId(envelope.to))
    if (recipient === undefined) return 'absent'
    // Every character of `e` was looked at when the frame was decoded; `encodeLinkFrame` would do so once more.
    return recipient.#client.relay(`{"type":"relayed-msg","e":"${e}"}`, nowMs)
  }

  #malformed(): void {
    this.#client.close(RendezvousCloseCode.malformed, 'malformed')
  }
}

/** Of all else the sender learns nothing, least of all who is connected. B8 */
function isTold(outcome: RelayOutcome): boolean {
  return outcome === 'from' || outcome === 'expired' || outcome === 'envelope' || outcome === 'rate'
}

function decoded(text: string): LinkFrame | UnknownFrame | undefined {
  try {
    return decodeLinkFrame(text)
  } catch (error) {
    if (isWireError(error)) return undefined
    throw error
  }
}

/** @param e - of a frame that was decoded, so it is the one text of its bytes: what Node reads of it is right, and five times as fast */
function envelopeOf(e: string): Envelope | undefined {
  try {
    return decodeEnvelope(Buffer.from(e, 'base64url'))
  } catch (error) {
    if (isWireError(error)) return undefined
    throw error
  }
}
