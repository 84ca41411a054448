import { RendezvousError } from './error.js'
import type { PeerConnectionConfig, PeerConnectionLike, RendezvousPlatform, WebSocketLike } from './rtc/types.js'

/** What a page brings along. */
interface PageGlobals {
  readonly WebSocket?: new (url: string, protocols: readonly string[]) => WebSocketLike
  readonly RTCPeerConnection?: new (config: PeerConnectionConfig) => PeerConnectionLike
}

/**
 * WebSockets and WebRTC of the browser, for a page or a script that has both.
 * @example
 * const node = await RendezvousNode.open({ signer, servers: ['wss://rdv.example.org'], platform: browserPlatform() })
 */
export function browserPlatform(): RendezvousPlatform {
  const { WebSocket, RTCPeerConnection } = globalThis as unknown as PageGlobals
  return {
    canRestartIce: true,
    webSocket: (url, protocols) => {
      if (WebSocket === undefined) throw new RendezvousError('unsupported', 'this runtime has no WebSocket')
      return new WebSocket(url, protocols)
    },
    createPeerConnection: async (config) => {
      if (RTCPeerConnection === undefined)
        throw new RendezvousError('unsupported', 'this runtime has no WebRTC: expected a page of a browser')
      return new RTCPeerConnection(config)
    },
  }
}
