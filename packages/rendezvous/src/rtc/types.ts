// What is used of WebRTC and of WebSockets, in the shape that browsers have: https://www.w3.org/TR/webrtc/. An adapter
// for another library has to fit these.

export interface SessionDescription {
  readonly type: 'offer' | 'answer'
  readonly sdp: string
}

export interface IceCandidate {
  readonly candidate: string
  readonly sdpMid?: string | null | undefined
  readonly sdpMLineIndex?: number | null | undefined
  readonly usernameFragment?: string | null | undefined
}

/** A STUN or TURN server, as WebRTC takes it. */
export interface IceServer {
  /** `stun:`, `turn:` or `turns:` URLs. */
  readonly urls: string | readonly string[]
  readonly username?: string
  readonly credential?: string
}

export interface PeerConnectionConfig {
  readonly iceServers: readonly IceServer[]
  readonly iceTransportPolicy: 'all' | 'relay'
}

export interface DataChannelInit {
  readonly ordered: boolean
  readonly protocol: string
  /** Both sides make the channel, under the same {@link id}. */
  readonly negotiated?: boolean
  readonly id?: number
}

export interface DataChannelLike {
  readonly label: string
  readonly protocol: string
  readonly ordered: boolean
  readonly readyState: 'connecting' | 'open' | 'closing' | 'closed'
  readonly bufferedAmount: number
  /** Not there: the channel has no `bufferedamountlow` event, and is asked now and then. */
  bufferedAmountLowThreshold?: number
  binaryType: string
  onopen: (() => void) | null
  onclose: (() => void) | null
  onerror: (() => void) | null
  onmessage: ((event: { readonly data: unknown }) => void) | null
  onbufferedamountlow?: (() => void) | null
  send(data: string | Uint8Array<ArrayBuffer>): void
  close(): void
}

export interface PeerConnectionLike {
  readonly connectionState: string
  readonly iceGatheringState: string
  readonly localDescription: { readonly type: string; readonly sdp: string } | null
  readonly sctp?:
    | {
        /** The certificates are DER. Not everywhere there. */
        readonly transport: { getRemoteCertificates?(): readonly (ArrayBuffer | Uint8Array)[] }
      }
    | null
    | undefined
  onicecandidate: ((event: { readonly candidate: IceCandidate | null }) => void) | null
  onicegatheringstatechange: (() => void) | null
  onconnectionstatechange: (() => void) | null
  ondatachannel: ((event: { readonly channel: DataChannelLike }) => void) | null
  createDataChannel(label: string, init: DataChannelInit): DataChannelLike
  createOffer(options?: { readonly iceRestart?: boolean }): Promise<SessionDescription>
  createAnswer(): Promise<SessionDescription>
  setLocalDescription(description: SessionDescription): Promise<void>
  setRemoteDescription(description: SessionDescription): Promise<void>
  addIceCandidate(candidate: IceCandidate): Promise<void>
  close(): void
}

export interface WebSocketLike {
  readonly protocol: string
  onopen: (() => void) | null
  onmessage: ((event: { readonly data: unknown }) => void) | null
  onerror: (() => void) | null
  onclose: ((event: { readonly code: number }) => void) | null
  send(text: string): void
  close(code?: number): void
}

/** What a node stands on: browsers have all of it, Node gets it from libraries. */
export interface RendezvousPlatform {
  /** @throws where the page, or the runtime, may not open it */
  webSocket(url: string, protocols: readonly string[]): WebSocketLike
  /** Rejects with `RendezvousError` `unsupported` where there is no WebRTC. */
  createPeerConnection(config: PeerConnectionConfig): Promise<PeerConnectionLike>
  /** Whether a connection can look for new paths while it is used. */
  readonly canRestartIce: boolean
  /**
   * Whether the certificate of the other side may be read, as a check besides that of DTLS itself. Default: where
   * `getRemoteCertificates` is there.
   */
  readonly canReadCertificates?: boolean
}
