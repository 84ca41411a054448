import type { IncomingMessage } from 'node:http'
import { RendezvousCloseCode } from '@mimirjs/wire/rendezvous'
import { WebSocket } from 'ws'
import type { ClientSocket, Connection } from './connection.js'
import type { ServerCutReason } from './types.js'

const TEXT = { binary: false, compress: false, fin: true } as const

/** What the WebSocket library says, and what clients of ours are to be told in its place. B4 */
const CODES: Readonly<Record<number, number>> = {
  1002: RendezvousCloseCode.malformed,
  1007: RendezvousCloseCode.malformed,
  1009: RendezvousCloseCode.tooLarge,
}

/** Closes with the codes of the protocol where the library finds a frame wrong. */
export class ServerWebSocket extends WebSocket {
  override close(code?: number, data?: string | Buffer): void {
    super.close(code === undefined ? undefined : (CODES[code] ?? code), data)
  }
}

/** What decisions are told of a socket, and what they may do with it. */
export function clientSocket(ws: WebSocket): ClientSocket {
  return {
    get bufferedBytes() {
      return ws.bufferedAmount
    },
    send: (text) => ws.send(text, TEXT, ignore),
    ping: () => ws.ping(undefined, undefined, ignore),
    close: (code) => ws.close(code),
  }
}

/** Hand everything on that an open socket brings. */
export function attach(ws: WebSocket, connection: Connection, nowMs: () => number, gone: () => void): void {
  ws.on('message', (data, isBinary) => {
    if (isBinary) connection.close(RendezvousCloseCode.malformed, 'malformed')
    // The default `binaryType` hands messages over as one Buffer.
    else receive(connection, data as Buffer, nowMs())
  })
  ws.on('ping', () => connection.control(nowMs()))
  ws.on('pong', () => connection.control(nowMs()))
  ws.on('error', (error) => connection.disconnected(reasonOf(error)))
  ws.on('close', () => {
    gone()
  })
}

function receive(connection: Connection, data: Buffer, nowMs: number): void {
  connection.received(data.toString(), data.length, nowMs)
}

/** A send that failed is told by the socket, which is closed then. */
function ignore(): void {}

function reasonOf(error: Error): ServerCutReason | undefined {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') return 'too-large'
  return code.startsWith('WS_ERR_') ? 'malformed' : undefined
}

export function headerOf({ headers }: IncomingMessage, name: string): string | undefined {
  const value = headers[name]
  return Array.isArray(value) ? value.join(',') : value
}
