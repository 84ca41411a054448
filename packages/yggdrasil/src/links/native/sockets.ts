import type { Socket } from 'node:net'
import { createServer as createTlsServer, type TLSSocket, type TlsOptions } from 'node:tls'
import { createSigner } from '@mimirjs/crypto'
import type { Clock } from '@mimirjs/transport'
import type { Admission, LinkDriver, LinkListener, ListenHandlers, PeerUri, RawLink } from '../types.js'
import { accept, remoteOf } from './accept.js'
import { nodeCertificate, nodePrivateKey, pem } from './certificate.js'
import { connectHost, connectUnix } from './connect.js'
import { SocketLink, sharedRead } from './socket-link.js'

export interface SocketDriverOptions {
  /** Of the node, 32 bytes: TLS shows a certificate with its key. */
  readonly seed: Uint8Array
  readonly clock: Clock
  /** For the TLS handshake of an incoming connection, in ms. */
  readonly handshakeMs: number
}

/** Links over `tcp`, `tls` and `unix`. */
export function socketDriver(options: SocketDriverOptions): LinkDriver {
  const { clock } = options
  /** Made when it is first wanted. */
  let listenTls: ((uri: PeerUri, handlers: ListenHandlers) => Promise<LinkListener>) | undefined
  return {
    schemes: ['tcp', 'tls', 'unix'],
    async dial(uri, signal, timeoutMs) {
      const isTls = uri.scheme === 'tls'
      const isShared = !isTls && sharedRead() !== undefined
      const connectOptions = { clock, signal, timeoutMs, isShared }
      const socket = await (uri.scheme === 'unix' ? connectUnix : connectHost)(uri, connectOptions)
      const remote = uri.scheme === 'unix' ? uri.id : remoteOf(uri.scheme, socket)
      return new SocketLink(socket, { remote, clock, isShared, isTls })
    },
    listen(uri, handlers) {
      if (uri.scheme === 'tls') return (listenTls ??= tlsListener(options))(uri, handlers)
      return accept(uri, handlers, (socket, admission) => {
        handlers.link(linkOf(uri, socket, clock), admission)
      })
    },
  }
}

function linkOf(uri: PeerUri, socket: Socket, clock: Clock): RawLink {
  const remote = uri.scheme === 'unix' ? `${uri.id} (incoming)` : remoteOf(uri.scheme, socket)
  return new SocketLink(socket, { remote, clock, isShared: false, isTls: uri.scheme === 'tls' })
}

/** TLS 1.3 only, no ALPN, no certificate asked of the client. yggdrasil protocol §2.3 */
function tlsListener({
  seed,
  clock,
  handshakeMs,
}: SocketDriverOptions): (uri: PeerUri, handlers: ListenHandlers) => Promise<LinkListener> {
  const options: TlsOptions = {
    key: pem('PRIVATE KEY', nodePrivateKey(seed)),
    cert: pem('CERTIFICATE', nodeCertificate(createSigner(seed))),
    minVersion: 'TLSv1.3',
    handshakeTimeout: handshakeMs,
  }
  return (uri, handlers) => {
    // Its connections are handed in: only then is it known, before anything is read, whether there is room for them.
    const server = createTlsServer(options)
    const arriving = new Map<string, Admission>()
    server.on('secureConnection', (socket: TLSSocket) => {
      const admission = arriving.get(endOf(socket))
      if (admission === undefined) socket.destroy()
      else handlers.link(linkOf(uri, socket, clock), admission)
    })
    return accept(uri, handlers, (socket, admission) => {
      const end = endOf(socket)
      arriving.set(end, admission)
      socket.once('close', () => {
        if (arriving.get(end) === admission) arriving.delete(end)
      })
      server.emit('connection', socket)
    })
  }
}

/** One remote end is there once at a time. */
function endOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress ?? ''} ${remotePort ?? ''}`
}
