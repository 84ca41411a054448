import { isWireError } from '@mimirjs/wire'
import {
  authSigningBytes,
  CLIENT_NONCE_BYTES,
  decodeB64u,
  decodeLinkFrame,
  encodeLinkFrame,
  type LinkFrame,
  type ProveAuthFrame,
  RENDEZVOUS_SUBPROTOCOL,
  RendezvousCloseCode,
  serverName,
  type UnknownFrame,
} from '@mimirjs/wire/rendezvous'
import { TokenBucket } from '../token-bucket.js'
import { Redial } from './redial.js'
import type { Server, ServerLinkParts } from './server-link-parts.js'
import { IN_ORDER, NEVER_RELAYED, type ServerState, STATUS } from './server-rules.js'
import type { ServerReason, ServerStatus } from './types.js'

/** The client's side of one server, over as many sockets as it takes (rendezvous protocol B4, B5). */
export class ServerLink implements Server {
  readonly url: string
  readonly #parts: ServerLinkParts
  readonly #name: string
  readonly #redial: Redial
  /** What the server says itself, and what it hands on of others. */
  readonly #frames: TokenBucket
  readonly #relayedFrames: TokenBucket
  readonly #signatures: TokenBucket
  #state: ServerState = 'waiting'
  #socket: number | undefined
  /** When the state is given up; Infinity when it may last. */
  #deadlineMs = Number.POSITIVE_INFINITY
  #readyMs: number | undefined
  #heardMs = 0
  /** Whether a ping of ours waits for its answer. */
  #isAsked = false
  #pings = 0
  #badFrames = 0
  #clockOffsetMs: number | undefined

  /** @throws {WireError} `server-url` */
  constructor(url: string, parts: ServerLinkParts, nowMs: number) {
    this.#name = serverName(url)
    this.url = url
    this.#parts = parts
    const { limits, host } = parts
    this.#redial = new Redial(limits, (sizeBytes) => host.randomBytes(sizeBytes), nowMs)
    this.#frames = new TokenBucket(limits.serverFramesPerSecond, limits.serverFramesBurst)
    this.#relayedFrames = new TokenBucket(limits.serverFramesPerSecond, limits.serverFramesBurst)
    this.#signatures = new TokenBucket(limits.signaturesPerServerPerSecond, limits.signaturesPerServerBurst)
  }

  get isReady(): boolean {
    return this.#state === 'ready'
  }

  get socket(): number | undefined {
    return this.#socket
  }

  get status(): ServerStatus {
    return {
      url: this.url,
      state: STATUS[this.#state],
      reason: this.isReady ? undefined : this.#redial.reason,
      retryAtMs: this.#socket === undefined ? this.#parts.host.wallMs(this.#redial.atMs) : undefined,
      clockOffsetMs: this.#clockOffsetMs,
    }
  }

  /** When {@link tick} is due. */
  get dueMs(): number {
    if (this.#socket === undefined) return this.#redial.atMs
    if (this.#state !== 'ready' || this.#isAsked) return this.#deadlineMs
    return this.#heardMs + this.#parts.limits.serverSilenceMs
  }

  /** Whoever slept, or was elsewhere, cannot know whether it is still there. */
  refresh(nowMs: number): void {
    if (this.#state !== 'ready') this.retry(nowMs, false)
    else if (!this.#isAsked) this.#ask(nowMs)
  }

  /** @param isUser - the user wants it, so that a server which broke the rules has another chance */
  retry(nowMs: number, isUser: boolean): void {
    if (this.#state !== 'waiting' && !(this.#state === 'left' && isUser)) return
    this.#redial.hurry(nowMs)
    if (this.#redial.atMs <= nowMs) this.#dial(nowMs)
    else this.#rested()
  }

  opened(protocol: string, nowMs: number): void {
    if (this.#state !== 'dialling') return
    if (protocol !== RENDEZVOUS_SUBPROTOCOL) {
      this.#leave('subprotocol', nowMs)
      return
    }
    this.#state = 'authenticating'
    this.#awaitUntil(nowMs + this.#parts.limits.authMs)
    this.#send({ type: 'auth', peer: this.#parts.publicKey })
  }

  /** A text frame came. */
  text(text: string, nowMs: number): void {
    if (this.#socket === undefined || this.#state === 'dialling') return
    this.#heardMs = nowMs
    this.#isAsked = false
    // Of all that it hands on nothing is its fault: anybody can have it relayed, to make us leave a server.
    if (text.includes('"relayed-msg"')) {
      if (!this.#relayedFrames.take(nowMs)) {
        this.#parts.counters.rate += 1
        return
      }
    } else if (!this.#frames.take(nowMs)) {
      this.#leave('flood', nowMs, RendezvousCloseCode.rate)
      return
    }
    let frame: LinkFrame | UnknownFrame
    try {
      frame = decodeLinkFrame(text)
    } catch (error) {
      if (!isWireError(error)) throw error
      this.#outOfOrder(nowMs)
      return
    }
    const state = IN_ORDER[frame.type]
    if (state === undefined || state === this.#state) this.#handle(frame, nowMs)
    else this.#outOfOrder(nowMs)
    this.#parts.wakeBy(this.dueMs)
  }

  binary(nowMs: number): void {
    this.#outOfOrder(nowMs)
  }

  /** It cannot be dialled here. */
  unsupported(nowMs: number): void {
    this.#socket = undefined
    this.#wait('unsupported', nowMs)
  }

  closed(code: number | undefined, nowMs: number): void {
    this.#socket = undefined
    if (this.#state === 'dialling') this.#wait('unreachable', nowMs)
    else if (code === RendezvousCloseCode.replaced) this.#wait('replaced', nowMs)
    else if (code === RendezvousCloseCode.notAuthenticated) this.#wait('login', nowMs)
    else if (code === RendezvousCloseCode.rate) this.#wait('rate', nowMs)
    else this.#wait(code === RendezvousCloseCode.timeout ? 'timeout' : 'closed', nowMs)
  }

  send(frame: string): void {
    if (this.#socket !== undefined) this.#parts.host.sendText(this.#socket, frame)
  }

  /** Do what is due. */
  tick(nowMs: number): void {
    if (this.dueMs > nowMs) return
    if (this.#socket === undefined) this.#dial(nowMs)
    else if (this.#state === 'ready' && !this.#isAsked) this.#ask(nowMs)
    else {
      const isDialling = this.#state === 'dialling'
      this.#close(isDialling ? 1000 : RendezvousCloseCode.timeout)
      this.#wait(isDialling ? 'unreachable' : 'timeout', nowMs)
    }
  }

  /** It is not used any more. */
  end(): void {
    this.#close(1000)
    this.#state = 'left'
    this.#redial.atMs = Number.POSITIVE_INFINITY
  }

  #handle(frame: LinkFrame | UnknownFrame, nowMs: number): void {
    const { counters } = this.#parts
    switch (frame.type) {
      case 'prove-auth':
        this.#prove(frame, nowMs)
        return
      case 'authenticated':
        this.#ready(nowMs)
        return
      case 'relayed-msg':
        this.#relayed(frame.e, nowMs)
        return
      case 'error':
        counters['server-error'] += 1
        if (frame.code === 'replaced') this.#redial.isReplaced = true
        return
      case 'ping':
        this.#send({ type: 'pong', n: frame.n })
        return
      case 'pong':
        return
      case 'unknown':
        counters['unknown-frame'] += 1
        this.#bad('malformed', nowMs)
        return
      default:
        // What only a client says.
        this.#outOfOrder(nowMs)
    }
  }

  /** Sign the name that was dialled: a server that forwards somebody else's challenge gets what it cannot use (B5). */
  #prove(frame: ProveAuthFrame, nowMs: number): void {
    const { host, signatures, publicKey, limits } = this.#parts
    if (frame.name !== undefined && frame.name !== this.#name) {
      this.#leave('name-mismatch', nowMs)
      return
    }
    this.#clockOffsetMs = frame.ts === undefined ? undefined : frame.ts - host.wallMs(nowMs)
    this.#state = 'signing'
    const socket = this.#socket
    const cn = host.randomBytes(CLIENT_NONCE_BYTES)
    this.#awaitUntil(nowMs + limits.authMs)
    signatures.request(authSigningBytes({ name: this.#name, nonce: frame.nonce, cn, publicKey }), (sig, signedMs) => {
      if (this.#socket !== socket || this.#state !== 'signing') return
      if (sig === undefined) {
        this.#close(1000)
        this.#wait('login', signedMs)
        return
      }
      this.#state = 'proving'
      this.#awaitUntil(signedMs + limits.authMs)
      this.#send({ type: 'auth-proof', cn, sig })
    })
  }

  #ready(nowMs: number): void {
    this.#state = 'ready'
    this.#redial.isReplaced = false
    this.#readyMs = nowMs
    this.#parts.changed(this, true)
  }

  #relayed(e: string, nowMs: number): void {
    const { counters, receive } = this.#parts
    const verdict = receive(decodeB64u(e), nowMs, () => this.#signatures.take(nowMs))
    counters[verdict] += 1
    // A wrong signature is nobody's fault who only relays: anybody can have it relayed, to make us leave a server.
    if (NEVER_RELAYED.has(verdict)) this.#bad('forged', nowMs)
  }

  #ask(nowMs: number): void {
    this.#isAsked = true
    this.#pings = (this.#pings + 1) % 2 ** 32
    this.#awaitUntil(nowMs + this.#parts.limits.serverPongMs)
    this.#send({ type: 'ping', n: this.#pings })
  }

  #bad(reason: ServerReason, nowMs: number): void {
    this.#badFrames += 1
    if (this.#badFrames > this.#parts.limits.badServerFrames) this.#leave(reason, nowMs)
  }

  #outOfOrder(nowMs: number): void {
    this.#parts.counters.frame += 1
    this.#leave('malformed', nowMs)
  }

  #dial(nowMs: number): void {
    const { host, limits, nextSocket, changed } = this.#parts
    const socket = nextSocket()
    this.#state = 'dialling'
    this.#socket = socket
    this.#readyMs = undefined
    this.#isAsked = false
    this.#redial.isReplaced = false
    this.#badFrames = 0
    this.#awaitUntil(nowMs + limits.dialMs)
    changed(this, false)
    // Whoever was told may have ended it.
    if (this.#socket === socket) host.openSocket(socket, this.url)
  }

  /** It broke the rules: not again for long, unless the user wants. */
  #leave(reason: ServerReason, nowMs: number, code: number = RendezvousCloseCode.malformed): void {
    if (this.#socket === undefined) return
    this.#close(code)
    this.#state = 'left'
    this.#redial.left(reason, nowMs)
    this.#rested()
  }

  #wait(reason: ServerReason, nowMs: number): void {
    this.#state = 'waiting'
    this.#redial.failed(reason, this.#readyMs, nowMs)
    this.#rested()
  }

  #rested(): void {
    this.#parts.wakeBy(this.#redial.atMs)
    this.#parts.changed(this, false)
  }

  #close(code: number): void {
    const socket = this.#socket
    this.#socket = undefined
    if (socket !== undefined) this.#parts.host.closeSocket(socket, code)
  }

  #awaitUntil(timeMs: number): void {
    this.#deadlineMs = timeMs
    this.#parts.wakeBy(timeMs)
  }

  #send(frame: LinkFrame): void {
    this.send(encodeLinkFrame(frame))
  }
}
