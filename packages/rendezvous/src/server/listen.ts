import { createServer, type Server as HttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer, Server as HttpsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { isTransportError, parseAddress } from '@mimirjs/transport'
import { RENDEZVOUS_SUBPROTOCOL } from '@mimirjs/wire/rendezvous'
import { RendezvousError } from '../error.js'
import type { RendezvousServerLimits } from './limits.js'
import type { Sources } from './source.js'
import type { RendezvousServerOptions } from './types.js'

/** Room for the head of a request; browsers and proxies add to the few hundred bytes that a WebSocket needs. */
const MAX_HEAD_BYTES = 16_384
/** How long a connection may take to ask for its WebSocket, in ms. */
const REQUEST_TIMEOUT_MS = 10_000
/** How often that is looked at: Node by itself does so every 30 s. */
const REQUEST_CHECK_MS = 1_000

/** An HTTP server that listens: ours, or one that was lent. */
export interface Listening {
  readonly server: HttpServer | HttpsServer
  readonly isTls: boolean
  readonly host: string
  readonly port: number
  /** Take a new certificate. */
  setTls(tls: { readonly cert: string; readonly key: string }): void
  /** Of a lent server nothing is closed. */
  close(): Promise<void>
}

/** @throws {RendezvousError} `misuse` | `listen` */
export async function openListening(
  { listen, server, tls }: RendezvousServerOptions,
  sources: Sources,
  limits: RendezvousServerLimits,
): Promise<Listening> {
  if ((listen === undefined) === (server === undefined))
    throw new RendezvousError('misuse', 'expected either listen, such as ws://127.0.0.1:18765, or server')
  if (server !== undefined) return lent(server, tls !== undefined)
  return listenOn(listen ?? '', tls, sources, limits)
}

function lent(server: HttpServer | HttpsServer, hasTls: boolean): Listening {
  const bound = server.address()
  if (bound === null || typeof bound === 'string' || hasTls)
    throw new RendezvousError('misuse', 'server: expected one that listens on a port already, and tls not given here')
  return {
    server,
    isTls: server instanceof HttpsServer,
    host: bound.address,
    port: bound.port,
    setTls: noTls,
    close: async () => {},
  }
}

async function listenOn(
  listen: string,
  tls: RendezvousServerOptions['tls'],
  sources: Sources,
  limits: RendezvousServerLimits,
): Promise<Listening> {
  const { scheme, host, port } = placeOf(listen)
  if ((scheme === 'wss') !== (tls !== undefined))
    throw new RendezvousError('misuse', `listen ${listen}: wss:// needs tls (certificate and key), ws:// has none`)
  const server = make(tls)
  server.requestTimeout = server.headersTimeout = REQUEST_TIMEOUT_MS
  // Those that do not ask for a WebSocket hold a place for ten seconds at most.
  server.maxConnections = limits.connections + limits.unauthenticated
  server.on('clientError', (_error, socket) => socket.destroy())
  server.on('tlsClientError', (_error: Error, socket: Socket) => socket.destroy())
  limitPerAddress(server, sources, limits.connectionsPerAddress)
  const sockets = socketsOf(server)
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      reject(new RendezvousError('listen', `${listen} cannot be listened on: ${cause.message}`, { cause }))
    })
    server.listen({ host, port }, resolve)
  })
  server.removeAllListeners('error')
  // A failed accept (no more file descriptors) is over when it is reported.
  server.on('error', () => {})
  const bound = server.address() as AddressInfo
  return {
    server,
    isTls: tls !== undefined,
    host: bound.address,
    port: bound.port,
    setTls: (next) => (server instanceof HttpsServer ? inPem(() => server.setSecureContext(next)) : noTls()),
    close: () => closeServer(server, sockets),
  }
}

function placeOf(listen: string): { scheme: string; host: string; port: number } {
  try {
    return parseAddress(listen, listen.startsWith('wss:') ? 'wss' : 'ws')
  } catch (error) {
    if (!isTransportError(error)) throw error
    throw new RendezvousError('misuse', `listen: ${error.message}`, { cause: error })
  }
}

function make(tls: RendezvousServerOptions['tls']): HttpServer | HttpsServer {
  const options = { maxHeaderSize: MAX_HEAD_BYTES, noDelay: true, connectionsCheckingInterval: REQUEST_CHECK_MS }
  if (tls === undefined) return createServer(options, answer)
  return inPem(() => createTlsServer({ ...options, ...tls, handshakeTimeout: REQUEST_TIMEOUT_MS }, answer))
}

/** @throws {RendezvousError} `misuse` for what TLS cannot use */
function inPem<T>(use: () => T): T {
  try {
    return use()
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new RendezvousError('misuse', `tls: expected a certificate and its key in PEM (${why})`, { cause })
  }
}

/** Also before anything is asked for: else one address could hold every place with connections that say nothing. */
function limitPerAddress(server: HttpServer | HttpsServer, sources: Sources, most: number): void {
  const counts = new Map<string, number>()
  server.on('connection', (socket: Socket) => {
    const { remoteAddress } = socket
    if (remoteAddress === undefined || sources.isTrusted(remoteAddress)) return
    const source = sources.of(remoteAddress, undefined)
    const count = (counts.get(source) ?? 0) + 1
    counts.set(source, count)
    socket.once('close', () => {
      const left = (counts.get(source) ?? 1) - 1
      if (left > 0) counts.set(source, left)
      else counts.delete(source)
    })
    if (count > most) socket.destroy()
  })
}

/** What is connected now. An HTTP server itself forgets those that ask for a WebSocket, whatever they are told. */
function socketsOf(server: HttpServer | HttpsServer): ReadonlySet<Socket> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  return sockets
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  const isHealth = request.url?.split('?', 1)[0] === '/health'
  const text = isHealth
    ? 'ok\n'
    : `This is a rendezvous server: WebSocket with the subprotocol ${RENDEZVOUS_SUBPROTOCOL}.\n`
  const head = { connection: 'close', 'content-type': 'text/plain', 'content-length': text.length }
  response.writeHead(isHealth ? 200 : 426, isHealth ? head : { ...head, upgrade: 'websocket' })
  response.end(request.method === 'HEAD' ? undefined : text)
}

function noTls(): never {
  throw new RendezvousError('misuse', 'setTls: this server was opened without a certificate')
}

async function closeServer(server: HttpServer | HttpsServer, sockets: ReadonlySet<Socket>): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve())
  })
  for (const socket of sockets) socket.destroy()
  await closed
}
