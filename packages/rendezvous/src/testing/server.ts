import { randomBytes, verify } from '@mimirjs/crypto'
import { toHex } from '@mimirjs/wire'
import {
  authSigningBytes,
  decodeB64u,
  decodeEnvelope,
  decodeLinkFrame,
  encodeLinkFrame,
  type LinkFrame,
  MAX_LINK_FRAME_BYTES,
  RENDEZVOUS_SUBPROTOCOL,
  serverName,
} from '@mimirjs/wire/rendezvous'
import type { WebSocketLike } from '../rtc/types.js'

/** What a server does with an envelope. @param deliver - give a text of an envelope to whom this one is for */
export type Relay = (envelope: string, deliver: (envelope: string) => void) => void

export interface MemoryServerOptions {
  readonly url: string
  readonly soon: (callback: () => void) => void
  readonly nowMs: () => number
}

/** A server in memory: honest unless {@link relay} is given something else. */
export class MemoryServer {
  readonly url: string
  /** Default: hand it on. */
  relay: Relay = (envelope, deliver) => deliver(envelope)
  readonly #options: MemoryServerOptions
  readonly #clients = new Map<string, MemoryClient>()
  readonly #sockets = new Set<MemoryClient>()
  #isUp = true

  constructor(options: MemoryServerOptions) {
    this.url = options.url
    this.#options = options
  }

  /** Keys that are logged in. */
  get size(): number {
    return this.#clients.size
  }

  /** Cut all connections, and take no more until {@link start}. */
  stop(): void {
    this.#isUp = false
    for (const socket of [...this.#sockets]) socket.cut(1006)
  }

  start(): void {
    this.#isUp = true
  }

  /** Dial. */
  open(): WebSocketLike {
    const client = new MemoryClient(this, this.#options)
    this.#sockets.add(client)
    if (this.#isUp) client.opened()
    else client.cut(1006)
    return client
  }

  /** @internal */
  loggedIn(key: string, client: MemoryClient): void {
    this.#clients.get(key)?.cut(4409)
    this.#clients.set(key, client)
  }

  /** @internal */
  left(key: string, client: MemoryClient): void {
    this.#sockets.delete(client)
    if (this.#clients.get(key) === client) this.#clients.delete(key)
  }

  /** @internal */
  received(envelope: string): void {
    const to = toHex(decodeEnvelope(decodeB64u(envelope)).to)
    this.relay(envelope, (e) => this.#clients.get(to)?.tell({ type: 'relayed-msg', e }))
  }
}

/** The client's end of a connection, with what the server knows of it. */
class MemoryClient implements WebSocketLike {
  readonly protocol: string = RENDEZVOUS_SUBPROTOCOL
  onopen: (() => void) | null = null
  onmessage: ((event: { readonly data: unknown }) => void) | null = null
  onerror: (() => void) | null = null
  onclose: ((event: { readonly code: number }) => void) | null = null
  readonly #server: MemoryServer
  readonly #options: MemoryServerOptions
  readonly #nonce = randomBytes(32)
  #publicKey: Uint8Array = new Uint8Array(0)
  #isClosed = false

  constructor(server: MemoryServer, options: MemoryServerOptions) {
    this.#server = server
    this.#options = options
  }

  opened(): void {
    this.#soon(() => this.onopen?.())
  }

  send(text: string): void {
    const frame = decodeLinkFrame(text)
    this.#soon(() => this.#take(frame as LinkFrame))
  }

  close(): void {
    this.#isClosed = true
    this.#server.left(toHex(this.#publicKey), this)
  }

  /** @internal From the server's side. */
  cut(code: number): void {
    this.#soon(() => {
      this.close()
      this.onclose?.({ code })
    })
  }

  /** @internal */
  tell(frame: LinkFrame): void {
    this.#soon(() => this.onmessage?.({ data: encodeLinkFrame(frame) }))
  }

  #soon(callback: () => void): void {
    this.#options.soon(() => {
      if (!this.#isClosed) callback()
    })
  }

  #take(frame: LinkFrame): void {
    const name = serverName(this.#server.url)
    const [nonce, publicKey] = [this.#nonce, this.#publicKey]
    if (frame.type === 'auth') {
      this.#publicKey = frame.peer
      this.tell({ type: 'prove-auth', nonce, name, ts: Math.floor(this.#options.nowMs()) })
    } else if (frame.type === 'auth-proof') {
      const message = authSigningBytes({ name, nonce, cn: frame.cn, publicKey })
      if (verify(frame.sig, message, publicKey)) this.#loggedIn()
      else this.cut(4401)
    } else if (frame.type === 'relay-msg') this.#server.received(frame.e)
    else if (frame.type === 'ping') this.tell({ type: 'pong', n: frame.n })
  }

  #loggedIn(): void {
    this.#server.loggedIn(toHex(this.#publicKey), this)
    this.tell({ type: 'authenticated', max: MAX_LINK_FRAME_BYTES })
  }
}
