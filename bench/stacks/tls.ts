import { once } from 'node:events'
import { connect, createServer } from 'node:tls'
import { selfSignedCertificate } from '../lib/certificate.js'
import { listenOnLoopback } from '../lib/loopback.js'
import { acknowledge, type Pipe, PipeChannel } from '../lib/pipe.js'
import type { Stack } from '../lib/stack.js'
import { socketPipe } from './net.js'

/** TLS 1.3 with an Ed25519 certificate. Only the server proves who it is. */
export function tlsStack(): Stack {
  return {
    async serve() {
      const { certificate, privateKey } = selfSignedCertificate()
      const server = createServer({ key: privateKey, cert: certificate, minVersion: 'TLSv1.3', noDelay: true })
      server.on('secureConnection', (socket) => acknowledge(socketPipe(socket), 'plain'))
      server.on('tlsClientError', () => {})
      const port = await listenOnLoopback(server)
      return JSON.stringify({ port, certificate })
    },
    async connect(address) {
      const { port, certificate } = JSON.parse(address) as { port: number; certificate: string }
      const socket = connect({
        port,
        host: '127.0.0.1',
        ca: certificate,
        minVersion: 'TLSv1.3',
        checkServerIdentity: () => undefined,
      })
      socket.setNoDelay(true)
      await once(socket, 'secureConnect')
      // A TLS socket has no RST of its own; destroy() it with the session tickets unread, and the kernel sends one.
      const pipe: Pipe = { ...socketPipe(socket), reset: () => void socket.destroy() }
      return new PipeChannel(pipe, 'plain')
    },
  }
}
