import type { RawData, WebSocket } from 'ws'
import { type MessageSocket, MessageStream } from '../message/stream.js'
import type { CompleteWsOptions } from './options.js'
import { CloseStatus, encodeWindow, MAX_MESSAGE_BYTES, windowReceived } from './protocol.js'

const BINARY = { binary: true, compress: false, fin: true } as const

/** The stream over an open WebSocket of Node, dialled or accepted, of which nothing was read. */
export function socketStream(
  ws: WebSocket,
  ends: { readonly remoteAddress: string; readonly localAddress: string },
  options: CompleteWsOptions,
): MessageStream {
  const socket: MessageSocket = {
    get bufferedAmount() {
      return ws.bufferedAmount
    },
    send: (data) => ws.send(data, BINARY, ignore),
    grant: (totalBytes) => ws.send(encodeWindow(totalBytes), ignore),
    close: () => ws.close(CloseStatus.normal),
    terminate: () => ws.terminate(),
  }
  const stream = new MessageStream(socket, { ...ends, ...options, maxMessageBytes: MAX_MESSAGE_BYTES })
  let cause: Error | undefined
  ws.on('error', (error) => (cause ??= error))
  ws.on('message', (data, isBinary) => {
    // The default `binaryType` hands messages over as one Buffer.
    if (isBinary) stream.received(plainView(data as Buffer))
    else windowReceived(stream, String(data as Exclude<RawData, Buffer[]>))
  })
  ws.on('close', () => stream.socketClosed(cause))
  return stream
}

/** A send that failed is told by the socket, which is closed then. */
function ignore(): void {}

/** The same bytes, not as a `Buffer`, whose `slice` would be a view where all others are copies. */
function plainView(chunk: Uint8Array): Uint8Array {
  return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length)
}
