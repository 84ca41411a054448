import { RendezvousCloseCode } from '@mimirjs/wire/rendezvous'
import { TokenBucket } from '../token-bucket.js'
import type { Counters } from './counters.js'
import type { RendezvousServerLimits } from './limits.js'
import type { ServerClient, ServerProfile, ServerSession } from './profile.js'
import type { RelayOutcome, ServerCutReason } from './types.js'

/** Of RFC 6455: the server stops, come back later. */
export const GOING_AWAY = 1001

/** The WebSocket of one connection, as far as decisions need it. */
export interface ClientSocket {
  /** Bytes given and not sent. */
  readonly bufferedBytes: number
  send(text: string): void
  /** A ping of the WebSocket itself. */
  ping(): void
  /** Say why, then cut when the other side does not answer. */
  close(code: number): void
}

/** Where connections are counted and timed. */
export interface ConnectionOwner {
  readonly limits: RendezvousServerLimits
  readonly counters: Counters
  challenged(connection: Connection, nowMs: number): void
  authenticated(connection: Connection, nowMs: number): void
  heard(connection: Connection, nowMs: number): void
  /** Whether one more envelope may come from this address; it counts as one. */
  mayRelay(source: string, nowMs: number): boolean
  /** It takes nothing more; its socket may still be closing. */
  ended(connection: Connection): void
}

/** One client: between its socket, which only moves frames, and its session, which judges them. */
export class Connection implements ServerClient {
  /** What it is counted under: an IPv4 address, or the /64 network of an IPv6 one. */
  readonly source: string
  readonly host: string | undefined
  readonly frameBytes: number
  /** When it connected, in ms. */
  readonly sinceMs: number
  readonly #socket: ClientSocket
  readonly #owner: ConnectionOwner
  readonly #frames: TokenBucket
  /** What others may have handed to it. */
  readonly #relays: TokenBucket
  readonly #session: ServerSession
  #isEnded = false

  constructor(
    socket: ClientSocket,
    { source, host, profile }: { source: string; host: string | undefined; profile: ServerProfile },
    owner: ConnectionOwner,
    nowMs: number,
  ) {
    this.source = source
    this.host = host
    this.frameBytes = profile.frameBytes
    this.sinceMs = nowMs
    this.#socket = socket
    this.#owner = owner
    const { limits } = owner
    this.#frames = new TokenBucket(limits.framesPerSecond, limits.framesBurst)
    this.#relays = new TokenBucket(limits.envelopesPerRecipientPerSecond, limits.envelopesPerRecipientBurst)
    this.#session = profile.open(this, nowMs)
  }

  /** A text frame came. @param sizeBytes - of it, in UTF-8 */
  received(text: string, sizeBytes: number, nowMs: number): void {
    if (this.#isEnded || !this.control(nowMs)) return
    this.#owner.counters.frames++
    this.#owner.counters.bytesIn += sizeBytes
    if (sizeBytes > this.frameBytes) this.close(RendezvousCloseCode.tooLarge, 'too-large')
    else this.#session.received(text, nowMs)
  }

  /** A frame of the WebSocket itself came: a sign of life, and counted as any other. @returns whether it goes on */
  control(nowMs: number): boolean {
    if (this.#isEnded) return false
    this.#owner.heard(this, nowMs)
    const { answerBytes, queueBytes } = this.#owner.limits
    // Who has questions and does not read the answers would fill the memory with them.
    const isReading = this.#socket.bufferedBytes <= queueBytes + answerBytes
    if (isReading && this.#frames.take(nowMs)) return true
    this.close(RendezvousCloseCode.rate, 'rate')
    return false
  }

  /** It has been silent. */
  ask(nowMs: number): void {
    this.#session.ask(nowMs)
  }

  /** The socket is gone, or failed and closes by itself. */
  disconnected(reason?: ServerCutReason): void {
    if (this.#isEnded) return
    if (reason !== undefined) this.#owner.counters.cut[reason]++
    this.#end()
  }

  send(text: string): void {
    if (this.#isEnded) return
    this.#owner.counters.bytesOut += text.length
    this.#socket.send(text)
  }

  mayRelay(nowMs: number): boolean {
    return this.#owner.mayRelay(this.source, nowMs)
  }

  relay(text: string, nowMs: number): RelayOutcome {
    if (this.#socket.bufferedBytes + text.length > this.#owner.limits.queueBytes) return 'slow'
    if (!this.#relays.take(nowMs)) return 'crowded'
    this.send(text)
    return 'relayed'
  }

  ping(): void {
    if (!this.#isEnded) this.#socket.ping()
  }

  close(code: number, reason: ServerCutReason): void {
    if (this.#isEnded) return
    this.#owner.counters.cut[reason]++
    this.#end()
    this.#socket.close(code)
  }

  challenged(nowMs: number): void {
    if (!this.#isEnded) this.#owner.challenged(this, nowMs)
  }

  authenticated(nowMs: number): void {
    if (!this.#isEnded) this.#owner.authenticated(this, nowMs)
  }

  #end(): void {
    this.#isEnded = true
    this.#owner.ended(this)
    this.#session.closed()
  }
}
