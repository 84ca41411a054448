import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { ByteCounter } from './counter.js'

/** The size of a write, as for the overlay. */
export const CHUNK_BYTES = 65_536

/** TCP of the kernel as a program would use it. */
export class KernelStreams {
  readonly #received = new ByteCounter()
  #socket: Socket | undefined

  async serve(host: string): Promise<number> {
    const server = createServer((socket) => {
      socket.on('data', ({ length }) => this.#received.add(length))
      socket.on('error', () => socket.destroy())
    })
    server.listen(0, host)
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  }

  async connect(host: string, port: number): Promise<void> {
    const socket = connect(port, host)
    socket.on('error', () => socket.destroy())
    await once(socket, 'connect')
    this.#socket = socket
    const chunk = Buffer.alloc(CHUNK_BYTES, 7)
    const fill = (): void => {
      while (socket.writable && socket.write(chunk));
    }
    socket.on('drain', fill)
    fill()
  }

  measure(warmUpMs: number, durationMs: number): Promise<number> {
    return this.#received.measure(warmUpMs, durationMs)
  }

  disconnect(): void {
    this.#socket?.resetAndDestroy()
    this.#socket = undefined
  }
}
