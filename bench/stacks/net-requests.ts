import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { floodByPromises } from '../lib/flood.js'
import { LengthFrames } from '../lib/length-frames.js'
import { listenOnLoopback } from '../lib/loopback.js'
import { acknowledge } from '../lib/pipe.js'
import type { Stack } from '../lib/stack.js'
import { socketPipe } from './net.js'

/**
 * What one writes over node:net to get a promise per request: a map from the id to the promise, one write per request
 * and one per acknowledgement.
 */
export function netRequestsStack(): Stack {
  return {
    async serve() {
      const server = createServer({ noDelay: true }, (socket) => acknowledge(socketPipe(socket), 'plain'))
      return String(await listenOnLoopback(server))
    },
    async connect(address) {
      const socket = connect({ port: Number(address), host: '127.0.0.1', noDelay: true })
      await once(socket, 'connect')
      const pipe = socketPipe(socket)
      const waiting = new Map<number, () => void>()
      const frames = new LengthFrames((bytes, start) => {
        const id = new DataView(bytes.buffer, bytes.byteOffset).getUint32(start)
        const resolve = waiting.get(id)
        waiting.delete(id)
        resolve?.()
      })
      pipe.onData((chunk) => frames.push(chunk))
      let nextId = 0
      const request = (body: Uint8Array): Promise<void> =>
        new Promise((resolve) => {
          const id = nextId++
          waiting.set(id, resolve)
          const frame = Buffer.allocUnsafe(4 + body.length)
          frame.writeUInt32BE(body.length, 0)
          frame.set(body, 4)
          frame.writeUInt32BE(id, 4)
          pipe.write(frame)
        })
      return {
        flood(options) {
          const body = Buffer.alloc(options.bodyBytes, 0x61)
          return floodByPromises(options, () => request(body))
        },
        once: () => request(Buffer.alloc(100, 0x61)),
        reset: () => pipe.reset(),
      }
    },
  }
}
