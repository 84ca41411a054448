// Servers by their URL, and WebSockets to them, in memory.
import type { Clock } from '@mimirjs/transport'
import type { RendezvousPlatform, WebSocketLike } from '../../../src/rtc/types.js'
import { RtcWorld } from './rtc.js'

/** A server's end of a connection. */
export interface ServerEnd {
  send(text: string): void
  close(code: number): void
}

export interface ServerRole {
  open(client: ServerEnd): { received(text: string): void; closed(): void }
}

export class Network implements RendezvousPlatform {
  readonly canRestartIce = false
  readonly rtc: RtcWorld
  readonly servers: Map<string, ServerRole> = new Map()
  /** Sockets that are open now. */
  readonly sockets: Set<MemorySocket> = new Set()

  constructor(clock: Clock) {
    this.rtc = new RtcWorld(clock)
  }

  webSocket(url: string): MemorySocket {
    const socket = new MemorySocket(this, url)
    queueMicrotask(() => socket.connect())
    return socket
  }

  createPeerConnection(): Promise<ReturnType<RtcWorld['create']>> {
    return Promise.resolve(this.rtc.create())
  }

  /** Cut every connection to a server. */
  cut(url: string): void {
    for (const socket of [...this.sockets]) if (socket.url === url) socket.end(1006)
  }
}

export class MemorySocket implements WebSocketLike, ServerEnd {
  readonly url: string
  readonly protocol = ''
  onopen: WebSocketLike['onopen'] = null
  onmessage: WebSocketLike['onmessage'] = null
  onerror: WebSocketLike['onerror'] = null
  onclose: WebSocketLike['onclose'] = null
  #state: 'connecting' | 'open' | 'closed' = 'connecting'
  readonly #network: Network
  #session: ReturnType<ServerRole['open']> | undefined
  /** What goes to the server and comes from it, in its order. */
  #out: Promise<void> = Promise.resolve()
  #in: Promise<void> = Promise.resolve()

  constructor(network: Network, url: string) {
    this.#network = network
    this.url = url
  }

  connect(): void {
    const role = this.#network.servers.get(this.url)
    if (this.#state !== 'connecting') return
    if (role === undefined) {
      this.#state = 'closed'
      this.onerror?.()
      this.onclose?.({ code: 1006 })
      return
    }
    this.#state = 'open'
    this.#network.sockets.add(this)
    const toClient: ServerEnd = {
      send: (text) => {
        this.#in = this.#in.then(() => {
          if (this.#state === 'open') this.onmessage?.({ data: text })
        })
      },
      close: (code) => {
        this.#in = this.#in.then(() => this.end(code))
      },
    }
    this.#session = role.open(toClient)
    this.onopen?.()
  }

  send(text: string): void {
    this.#out = this.#out.then(() => {
      if (this.#state === 'open') this.#session?.received(text)
    })
  }

  close(): void {
    this.end(1000)
  }

  end(code: number): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#network.sockets.delete(this)
    this.#session?.closed()
    this.onclose?.({ code })
  }
}
