import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import SecretStream from '@hyperswarm/secret-stream'
import { listenOnLoopback } from '../lib/loopback.js'
import { acknowledge, type Pipe, PipeChannel, type Style } from '../lib/pipe.js'
import type { Stack } from '../lib/stack.js'

/** Hyperswarm's stream: Noise XX handshake with Ed25519 keys, every write sealed by libsodium's secretstream. */
export function secretStreamStack(style: Style): Stack {
  const keyPair = SecretStream.keyPair()
  return {
    async serve() {
      const server = createServer({ noDelay: true }, (socket) => {
        acknowledge(secretPipe(new SecretStream(false, socket, { keyPair })), style)
      })
      return String(await listenOnLoopback(server))
    },
    async connect(address) {
      const socket = connect({ port: Number(address), host: '127.0.0.1', noDelay: true })
      await once(socket, 'connect')
      const stream = new SecretStream(true, socket, { keyPair })
      const pipe = secretPipe(stream)
      if (!(await stream.opened)) throw new Error('secret-stream: the handshake failed')
      return new PipeChannel(pipe, style)
    },
  }
}

function secretPipe(stream: SecretStream): Pipe {
  stream.on('error', () => stream.destroy())
  return {
    write: (bytes) => void stream.write(bytes),
    onData: (handler) => void stream.on('data', handler),
    reset: () => void stream.rawStream.resetAndDestroy(),
  }
}
