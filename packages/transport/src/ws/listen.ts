import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import { formatSocketAddress, parseAddress } from '../address.js'
import { unmapIpv4 } from '../ip.js'
import { fromSystemError } from '../system-error.js'
import type { Listener, ListenOptions } from '../types.js'
import { CLOSE_TIMEOUT_MS } from './dial.js'
import type { CompleteWsOptions } from './options.js'
import { MAX_MESSAGE_BYTES, SUBPROTOCOL } from './protocol.js'
import { socketStream } from './socket.js'

/** Room for the head of a request; browsers and proxies add to the few hundred bytes that ours has. */
const MAX_HEAD_BYTES = 16_384
/** How long a connection may take to ask for its WebSocket, in ms. */
const REQUEST_TIMEOUT_MS = 10_000
/** Connections that have not asked for their WebSocket yet; one more cuts the oldest. */
const MAX_PENDING = 256

export interface TlsFiles {
  /** Certificate, with those between it and the root, in PEM. */
  readonly cert: string
  /** Its private key, in PEM. */
  readonly key: string
}

/**
 * Any path is taken, and any `Origin`: a page that dials here can do no more than a program that does, since what runs
 * over a stream proves who it is by itself and no cookie or address of the user counts.
 */
export function listenWs(
  scheme: 'ws' | 'wss',
  address: string,
  { onStream, onError, backlog = 511 }: ListenOptions,
  options: CompleteWsOptions,
  tls?: TlsFiles,
): Promise<Listener> {
  const { host, port } = parseAddress(address, scheme)
  const http = { maxHeaderSize: MAX_HEAD_BYTES, noDelay: true, requestTimeout: REQUEST_TIMEOUT_MS }
  const server: Server =
    tls === undefined
      ? createServer(http, refuse)
      : createTlsServer({ ...http, ...tls, handshakeTimeout: REQUEST_TIMEOUT_MS }, refuse)
  server.headersTimeout = REQUEST_TIMEOUT_MS
  const pending = new Pending()
  const sockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
    handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
    ...{ closeTimeout: CLOSE_TIMEOUT_MS },
  })
  server.on('connection', (socket: Socket) => pending.add(socket))
  server.on('clientError', (_error, socket) => socket.destroy())
  server.on('tlsClientError', (_error: Error, socket: Socket) => socket.destroy())
  server.on('upgrade', (request, socket, head) => {
    const isOurs = (request.headers['sec-websocket-protocol'] ?? '').split(/, */).includes(SUBPROTOCOL)
    if (!isOurs) {
      const text = `expected the subprotocol ${SUBPROTOCOL}\n`
      socket.end(`HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: ${text.length}\r\n\r\n${text}`)
      return
    }
    sockets.handleUpgrade(request, socket, head, (ws) => {
      pending.remove(request.socket)
      accept(ws, request)
    })
  })
  function accept(ws: WebSocket, { socket }: IncomingMessage): void {
    const { remoteAddress, remotePort, localAddress, localPort } = socket
    if (remoteAddress === undefined || localAddress === undefined) {
      ws.on('error', () => {})
      ws.terminate()
      return
    }
    const ends = {
      remoteAddress: formatSocketAddress(scheme, unmapIpv4(remoteAddress), remotePort ?? 0),
      localAddress: formatSocketAddress(scheme, unmapIpv4(localAddress), localPort ?? 0),
    }
    onStream(socketStream(ws, ends, options))
  }
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => reject(fromSystemError(error, `listen ${address}`))
    server.once('error', fail)
    server.listen({ host, port, backlog }, () => {
      server.off('error', fail)
      const listener = new WsListener(scheme, server, pending)
      server.on('error', (error: NodeJS.ErrnoException) => {
        // A failed accept is over when it is reported; see the TCP listener.
        if (error.syscall === 'accept') return
        listener.close().catch(() => {})
        onError?.(fromSystemError(error, `listen ${listener.address}`))
      })
      resolve(listener)
    })
  })
}

/** Answers what asks for no WebSocket. */
function refuse(_request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(426, { connection: 'close', 'content-type': 'text/plain', upgrade: 'websocket' })
  response.end(`expected a WebSocket with the subprotocol ${SUBPROTOCOL}\n`)
}

/** Connections before their WebSocket. By their other end, because under TLS one has a socket below and one above. */
class Pending {
  readonly #sockets = new Map<string, Socket>()

  add(socket: Socket): void {
    const name = nameOf(socket)
    this.#sockets.set(name, socket)
    socket.once('close', () => {
      if (this.#sockets.get(name) === socket) this.#sockets.delete(name)
    })
    if (this.#sockets.size <= MAX_PENDING) return
    for (const oldest of this.#sockets.values()) {
      oldest.destroy()
      break
    }
  }

  remove(socket: Socket): void {
    this.#sockets.delete(nameOf(socket))
  }

  destroy(): void {
    for (const socket of this.#sockets.values()) socket.destroy()
  }
}

function nameOf({ remoteAddress = '', remotePort = 0 }: Socket): string {
  return `${remoteAddress} ${remotePort}`
}

class WsListener implements Listener {
  readonly address: string
  readonly #server: Server
  readonly #pending: Pending
  #closing: Promise<void> | undefined

  constructor(scheme: string, server: Server, pending: Pending) {
    this.#server = server
    this.#pending = pending
    const { address, port } = server.address() as AddressInfo
    this.address = formatSocketAddress(scheme, address, port)
  }

  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      this.#server.close()
      this.#pending.destroy()
      // The listening socket is closed at once; the server's own `close` event would wait for every stream to end.
      setImmediate(resolve)
    })
    return this.#closing
  }
}
