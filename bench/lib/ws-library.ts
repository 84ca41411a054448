import type { Server } from 'node:http'
import { createRequire } from 'node:module'

/** What is used of a connection of `ws`. */
export interface WsConnection {
  on(event: 'message', listener: (data: Buffer) => void): void
  on(event: 'close' | 'error', listener: () => void): void
  send(data: Uint8Array | string, options: { readonly binary: boolean }): void
  close(): void
}

interface WsServer {
  on(event: 'connection', listener: (connection: WsConnection) => void): void
}

interface WsLibrary {
  readonly WebSocketServer: new (options: {
    readonly server: Server
    readonly clientTracking: boolean
    readonly perMessageDeflate: boolean
    readonly maxPayload: number
  }) => WsServer
}

/** The very copy of `ws` that our server runs on. */
export function wsLibrary(): WsLibrary {
  return createRequire(import.meta.resolve('@mimirjs/rendezvous'))('ws') as WsLibrary
}
