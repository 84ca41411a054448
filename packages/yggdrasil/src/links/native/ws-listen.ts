import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Admission, LinkListener, ListenHandlers, PeerUri } from '../types.js'
import { CloseStatus, SUBPROTOCOL } from '../websocket.js'
import { accept, remoteOf } from './accept.js'
import { isOriginAllowed } from './origin.js'
import { CLOSE_TIMEOUT_MS } from './ws-dial.js'
import { WsLink } from './ws-link.js'

/** Room for the head of a request; ours has less than 500 bytes, proxies and browsers add to it. */
const MAX_HEAD_BYTES = 8192
const HEALTH_PATHS: ReadonlySet<string> = new Set(['/health', '/healthz'])

/**
 * Accept WebSockets on any path but those of health checks, over plain HTTP: TLS is the business of a reverse proxy.
 * yggdrasil protocol §2.4
 */
export function listenWebSocket(uri: PeerUri, handlers: ListenHandlers, maxPayload: number): Promise<LinkListener> {
  const arriving = new WeakMap<object, Admission>()
  const server = createServer({ maxHeaderSize: MAX_HEAD_BYTES, noDelay: true }, answer)
  const sockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload,
    skipUTF8Validation: true,
    handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
    ...{ closeTimeout: CLOSE_TIMEOUT_MS },
  })
  server.on('clientError', (_error, socket) => socket.destroy())
  server.on('upgrade', (request, socket, head) => {
    if (!isOriginAllowed(request.headers.origin, request.headers.host, uri.origins)) {
      socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
      return
    }
    sockets.handleUpgrade(request, socket, head, (ws) => opened(ws, request, arriving.get(socket)))
  })
  return accept(uri, handlers, (socket, admission) => {
    arriving.set(socket, admission)
    server.emit('connection', socket)
  })

  function opened(ws: WebSocket, request: IncomingMessage, admission: Admission | undefined): void {
    if (ws.protocol !== SUBPROTOCOL || admission === undefined) {
      ws.on('error', () => {})
      ws.close(CloseStatus.policyViolation, `client must speak the ${SUBPROTOCOL} subprotocol`)
      return
    }
    handlers.link(new WsLink(ws, remoteOf(uri.scheme, request.socket)), admission)
  }
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  const [path = ''] = (request.url ?? '').split('?')
  response.setHeader('Connection', 'close')
  response.setHeader('Content-Type', 'text/plain')
  if (HEALTH_PATHS.has(path)) {
    response.end('OK')
    return
  }
  response.writeHead(426, { Upgrade: 'websocket' })
  response.end('This is a Yggdrasil node: WebSocket only.\n')
}
