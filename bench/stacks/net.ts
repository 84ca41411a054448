import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { listenOnLoopback } from '../lib/loopback.js'
import { acknowledge, type Pipe, PipeChannel, type Style } from '../lib/pipe.js'
import type { Stack } from '../lib/stack.js'

/** Bare TCP: what the platform itself can do. Authenticates nobody. */
export function netStack(style: Style): Stack {
  return {
    async serve() {
      const server = createServer({ noDelay: true }, (socket) => acknowledge(socketPipe(socket), style))
      return String(await listenOnLoopback(server))
    },
    async connect(address) {
      const socket = connect({ port: Number(address), host: '127.0.0.1', noDelay: true })
      await once(socket, 'connect')
      return new PipeChannel(socketPipe(socket), style)
    },
  }
}

export function socketPipe(socket: Socket): Pipe {
  socket.on('error', () => socket.destroy())
  return {
    write: (bytes) => void socket.write(bytes),
    writeAll(chunks) {
      socket.cork()
      for (const chunk of chunks) socket.write(chunk)
      socket.uncork()
    },
    onData: (handler) => void socket.on('data', handler),
    reset: () => void socket.resetAndDestroy(),
  }
}
