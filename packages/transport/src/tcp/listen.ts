import { createServer, type Server, type Socket } from 'node:net'
import { formatSocketAddress, parseAddress } from '../address.js'
import { TransportError } from '../error.js'
import { unmapIpv4 } from '../ip.js'
import { fromSystemError } from '../system-error.js'
import type { TcpOptions } from '../tcp.js'
import type { Listener, ListenOptions } from '../types.js'
import { TcpStream } from './stream.js'

export function listenTcp(
  address: string,
  { onStream, onError, backlog = 511 }: ListenOptions,
  { highWaterMarkBytes, ipv6Only }: Required<TcpOptions>,
): Promise<Listener> {
  const { host, port } = parseAddress(address, 'tcp')
  // Accepted sockets start paused: nothing is read, and no end is seen, before the stream has its reader.
  const server = createServer({
    allowHalfOpen: true,
    noDelay: true,
    pauseOnConnect: true,
    highWaterMark: highWaterMarkBytes,
  })
  return new Promise((resolve, reject) => {
    server.once('error', fail)
    server.listen({ host, port, backlog, ipv6Only }, () => {
      server.off('error', fail)
      const listener = new TcpListener(server)
      server.on('error', (error: NodeJS.ErrnoException) => {
        // A failed accept (out of file descriptors, or the dialler left early) is over when it is reported: closing
        // for it would let a flood of connections take the listener away for good.
        if (error.syscall === 'accept') return
        listener.close().catch(() => {})
        onError?.(fromSystemError(error, `listen ${listener.address}`))
      })
      server.on('connection', (socket) => {
        const stream = toStream(socket)
        if (stream !== undefined) onStream(stream)
      })
      resolve(listener)
    })
    function fail(error: Error): void {
      reject(fromSystemError(error, `listen ${address}`))
    }
  })
}

/** `undefined` for a connection that was reset before it was accepted: the system no longer knows its ends. */
function toStream(socket: Socket): TcpStream | undefined {
  const { remoteAddress, remotePort, localAddress, localPort } = socket
  if (remoteAddress === undefined || remotePort === undefined || localAddress === undefined) {
    socket.on('error', () => {})
    socket.destroy()
    return undefined
  }
  return new TcpStream(
    socket,
    formatSocketAddress('tcp', unmapIpv4(remoteAddress), remotePort),
    formatSocketAddress('tcp', unmapIpv4(localAddress), localPort ?? 0),
    false,
  )
}

class TcpListener implements Listener {
  readonly address: string
  readonly #server: Server
  #closing: Promise<void> | undefined

  constructor(server: Server) {
    this.#server = server
    const bound = server.address()
    if (bound === null || typeof bound === 'string') {
      throw new TransportError('io', 'the system did not report the address that was bound')
    }
    this.address = formatSocketAddress('tcp', bound.address, bound.port)
  }

  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      this.#server.close()
      // The listening socket is closed at once; the server's own `close` event would wait for every stream to end.
      setImmediate(resolve)
    })
    return this.#closing
  }
}
