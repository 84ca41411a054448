import type { Server as HttpServer, IncomingMessage } from 'node:http'
import type { Server as HttpsServer } from 'node:https'
import type { Duplex } from 'node:stream'
import { RENDEZVOUS_SUBPROTOCOL } from '@mimirjs/wire/rendezvous'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Hub } from './hub.js'
import type { ServerProfile } from './profile.js'
import { attach, clientSocket, headerOf, ServerWebSocket } from './socket.js'
import type { Sources } from './source.js'

/** How long a client may take to answer our close, in ms. */
const CLOSE_TIMEOUT_MS = 2_000

export interface UpgradeOptions {
  readonly hub: Hub
  readonly sources: Sources
  /** For clients that offer {@link RENDEZVOUS_SUBPROTOCOL}. */
  readonly profile: ServerProfile
  /** For clients that offer none. */
  readonly legacy: ServerProfile | undefined
  /** The only path taken; without it any. */
  readonly path: string | undefined
  /** The HTTP server is somebody else's, and so are other paths. */
  readonly isLent: boolean
  readonly nowMs: () => number
}

/**
 * Makes connections of what asks for a WebSocket on an HTTP server. Any `Origin` is let in: there are no cookies that a
 * strange page could ride on, and whoever logs in proves a key that the page has to have.
 */
export class Upgrades {
  readonly #server: HttpServer | HttpsServer
  readonly #options: UpgradeOptions
  readonly #modern: WebSocketServer
  readonly #legacy: WebSocketServer | undefined
  readonly #open = new Set<WebSocket>()
  readonly #onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    this.#upgrade(request, socket, head)
  }

  constructor(server: HttpServer | HttpsServer, options: UpgradeOptions) {
    this.#server = server
    this.#options = options
    this.#modern = socketServer(options.profile.frameBytes, true)
    this.#legacy = options.legacy && socketServer(options.legacy.frameBytes, false)
    server.on('upgrade', this.#onUpgrade)
  }

  /** Resolves when all sockets are closed; after `graceMs` they are cut. */
  async close(graceMs: number, schedule: (callback: () => void, delayMs: number) => () => void): Promise<void> {
    this.#server.off('upgrade', this.#onUpgrade)
    const open = [...this.#open]
    const closed = Promise.all(open.map((ws) => new Promise<void>((resolve) => ws.once('close', () => resolve()))))
    const cancel = schedule(() => {
      for (const ws of open) ws.terminate()
    }, graceMs)
    await closed
    cancel()
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { hub, isLent, legacy, path, profile, sources, nowMs } = this.#options
    const isElsewhere = path !== undefined && request.url?.split('?', 1)[0] !== path
    if (isElsewhere && isLent) return
    // An error without a listener would end the process.
    socket.on('error', () => {})
    if (isElsewhere) {
      hub.counters.refused++
      refuse(socket, '404 Not Found', 'there is no rendezvous server on this path')
      return
    }
    const offered = headerOf(request, 'sec-websocket-protocol')
    const isModern = offered?.split(',').some((name) => name.trim() === RENDEZVOUS_SUBPROTOCOL) ?? false
    const chosen = isModern ? profile : offered === undefined ? legacy : undefined
    const server = isModern ? this.#modern : this.#legacy
    if (chosen === undefined || server === undefined) {
      hub.counters.refused++
      refuse(socket, '400 Bad Request', `expected a WebSocket with the subprotocol ${RENDEZVOUS_SUBPROTOCOL}`)
      return
    }
    const source = sources.of(request.socket.remoteAddress ?? '', headerOf(request, 'x-forwarded-for'))
    if (!hub.admits(source, nowMs())) {
      refuse(socket, '503 Service Unavailable', 'too many connections')
      return
    }
    server.handleUpgrade(request, socket, head, (ws) => {
      this.#opened(ws, { source, host: headerOf(request, 'host'), profile: chosen })
    })
  }

  #opened(ws: WebSocket, of: { source: string; host: string | undefined; profile: ServerProfile }): void {
    const { hub, nowMs } = this.#options
    this.#open.add(ws)
    const connection = hub.connect(clientSocket(ws), of, nowMs())
    attach(ws, connection, nowMs, () => {
      this.#open.delete(ws)
      hub.gone(connection)
    })
  }
}

function socketServer(maxPayload: number, isModern: boolean): WebSocketServer {
  return new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload,
    WebSocket: ServerWebSocket,
    handleProtocols: () => (isModern ? RENDEZVOUS_SUBPROTOCOL : false),
    ...{ closeTimeout: CLOSE_TIMEOUT_MS },
  })
}

/** Sockets of HTTP stay half open when we end: one that we do not close ourselves keeps its place as long as it likes. */
function refuse(socket: Duplex, status: string, why: string): void {
  const text = `${why}\n`
  const head = `Connection: close\r\nContent-Type: text/plain\r\nContent-Length: ${text.length}`
  socket.once('finish', () => socket.destroy())
  socket.end(`HTTP/1.1 ${status}\r\n${head}\r\n\r\n${text}`)
}
