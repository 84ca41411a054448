import { MAX_LINK_FRAME_BYTES } from '@mimirjs/wire/rendezvous'
import { WebSocket } from 'ws'
import { RendezvousError } from '../error.js'
import type { PeerConnectionConfig, PeerConnectionLike, RendezvousPlatform, WebSocketLike } from '../rtc/types.js'

/** What `nodePlatform` takes. */
export interface NodePlatformOptions {
  /** Certificates in PEM that are trusted instead of the public ones: of a server with a certificate of your own. */
  readonly ca?: string | undefined
}

/** What is used of the library. */
interface WebRtcModule {
  readonly RTCPeerConnection: new (config: PeerConnectionConfig) => PeerConnectionLike
}

/**
 * WebSockets by `ws`, WebRTC by the optional package `@roamhq/wrtc`, which is loaded when somebody is first met.
 * @example
 * const node = await RendezvousNode.open({ signer, servers: ['wss://rdv.example.org'], platform: nodePlatform() })
 */
export function nodePlatform({ ca }: NodePlatformOptions = {}): RendezvousPlatform {
  let loading: Promise<WebRtcModule> | undefined
  return {
    canRestartIce: true,
    // Whoever looks at the DTLS transport of this library makes the process crash when it ends. The library itself checks
    // the certificate against the description all the same.
    canReadCertificates: false,
    webSocket: (url, protocols) => openWebSocket(url, protocols, ca),
    createPeerConnection: async (config) => {
      const { RTCPeerConnection } = await (loading ??= loadWebRtc())
      return new RTCPeerConnection(config)
    },
  }
}

/** Longest frame of `pim-legacy`, which knows no subprotocol: rendezvous protocol A3. */
const MAX_LEGACY_FRAME_BYTES = 65_536

function openWebSocket(url: string, protocols: readonly string[], ca: string | undefined): WebSocketLike {
  const socket = new WebSocket(url, [...protocols], {
    maxPayload: protocols.length === 0 ? MAX_LEGACY_FRAME_BYTES : MAX_LINK_FRAME_BYTES,
    perMessageDeflate: false,
    ...(ca !== undefined && { ca }),
  })
  const like = socket as unknown as WebSocketLike
  // The library gives up by itself when none of the subprotocols was selected. Whoever dialled has to know why: for him it is
  // open, with none.
  socket.once('error', ({ message }) => {
    if (/^Server sent (no|an invalid) subprotocol$/.test(message)) like.onopen?.()
  })
  return like
}

async function loadWebRtc(): Promise<WebRtcModule> {
  try {
    const { default: wrtc } = await import('@roamhq/wrtc')
    return wrtc as unknown as WebRtcModule
  } catch (cause) {
    const text =
      'WebRTC needs the optional package @roamhq/wrtc, which has no build for this platform or was not installed'
    throw new RendezvousError('unsupported', text, { cause })
  }
}
