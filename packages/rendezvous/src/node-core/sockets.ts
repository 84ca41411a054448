import { RENDEZVOUS_SUBPROTOCOL, RendezvousCloseCode } from '@mimirjs/wire/rendezvous'
import type { RendezvousPlatform, WebSocketLike } from '../rtc/types.js'

/** Waits for a server that does not read, before it is left: it could ask for answers without end. */
const MAX_UNSENT_BYTES = 1_048_576

/** What becomes of the WebSockets to servers; never told from inside a call to {@link Sockets}. */
export interface SocketEvents {
  opened(socket: number, protocol: string): void
  text(socket: number, text: string): void
  binary(socket: number): void
  closed(socket: number, code: number | undefined): void
  /** The platform does not dial this URL: a page over https dials `wss:` only. Instead of all others. */
  unsupported(socket: number): void
}

/** The WebSockets to servers, by number. It moves frames and decides nothing. */
export class Sockets {
  readonly #platform: RendezvousPlatform
  readonly #events: SocketEvents
  readonly #sockets = new Map<number, WebSocketLike>()

  constructor(platform: RendezvousPlatform, events: SocketEvents) {
    this.#platform = platform
    this.#events = events
  }

  open(number: number, url: string): void {
    const socket = this.#dial(url)
    if (socket === undefined) {
      queueMicrotask(() => this.#events.unsupported(number))
      return
    }
    this.#sockets.set(number, socket)
    socket.onopen = () => this.#events.opened(number, socket.protocol)
    socket.onmessage = ({ data }) => {
      if (typeof data === 'string') this.#events.text(number, data)
      else this.#events.binary(number)
    }
    socket.onerror = () => {}
    socket.onclose = ({ code }) => {
      this.#sockets.delete(number)
      this.#events.closed(number, code)
    }
  }

  send(number: number, text: string): void {
    const socket = this.#sockets.get(number)
    if (socket === undefined) return
    if ((socket.bufferedAmount ?? 0) <= MAX_UNSENT_BYTES) socket.send(text)
    else {
      this.close(number, RendezvousCloseCode.rate)
      queueMicrotask(() => this.#events.closed(number, RendezvousCloseCode.rate))
    }
  }

  close(number: number, code: number): void {
    const socket = this.#sockets.get(number)
    if (socket === undefined) return
    this.#sockets.delete(number)
    socket.onopen = socket.onmessage = socket.onclose = null
    socket.close(code)
  }

  #dial(url: string): WebSocketLike | undefined {
    try {
      return this.#platform.webSocket(url, [RENDEZVOUS_SUBPROTOCOL])
    } catch {
      return undefined
    }
  }
}
