// What is used of WebRTC and of WebSockets, in the shape that browsers have: https://www.w3.org/TR/webrtc/. An adapter
// for another library has to fit these.

/** What one side says of a connection: `RTCSessionDescriptionInit`. */
export interface SessionDescription {
  readonly type: 'offer' | 'answer'
  readonly sdp: string
}

/** Where a side can perhaps be reached: `RTCIceCandidate`. */
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

/** How a connection looks for its paths: `RTCConfiguration`. */
export interface PeerConnectionConfig {
  readonly iceServers: readonly IceServer[]
  /** `relay`: over TURN servers alone. */
  readonly iceTransportPolicy: 'all' | 'relay'
}

/** Of a channel that is made: `RTCDataChannelInit`. */
export interface DataChannelInit {
  readonly ordered: boolean
  readonly protocol: string
  /** Both sides make the channel, under the same {@link id}. */
  readonly negotiated?: boolean
  readonly id?: number
}

/** One channel of a connection: `RTCDataChannel`. Whoever uses it sets its `on…` members. */
export interface DataChannelLike {
  /** As its maker named it. */
  readonly label: string
  /** As its maker wrote it. */
  readonly protocol: string
  /** Whether messages arrive in their order; all of ours have to. */
  readonly ordered: boolean
  readonly readyState: 'connecting' | 'open' | 'closing' | 'closed'
  /** Bytes that were given to {@link send} and are not sent. */
  readonly bufferedAmount: number
  /** Not there: the channel has no `bufferedamountlow` event, and is asked now and then. */
  bufferedAmountLowThreshold?: number
  /** Set to `arraybuffer`: as that binary messages are to come. */
  binaryType: string
  /** It can be sent on. Not told when it is open already. */
  onopen: (() => void) | null
  /** Once, last, whoever closed it. */
  onclose: (() => void) | null
  /** Something failed; `onclose` follows. */
  onerror: (() => void) | null
  /** A message came: a text, or an `ArrayBuffer`. */
  onmessage: ((event: { readonly data: unknown }) => void) | null
  /** {@link bufferedAmount} has come down to {@link bufferedAmountLowThreshold}. */
  onbufferedamountlow?: (() => void) | null
  /** @throws when it is not open, or takes no more */
  send(data: string | Uint8Array<ArrayBuffer>): void
  /** What was given to it is sent first. */
  close(): void
}

/** One connection with somebody: `RTCPeerConnection`. Whoever uses it sets its `on…` members. */
export interface PeerConnectionLike {
  /** Of `RTCPeerConnectionState`; looked at are `connected`, `disconnected`, `failed` and `closed`. */
  readonly connectionState: string
  /** `complete`: there will be no more candidates. */
  readonly iceGatheringState: string
  /** Ours, with the candidates found so far. */
  readonly localDescription: { readonly type: string; readonly sdp: string } | null
  /** What channels run over; looked at for the certificate of the other side. */
  readonly sctp?:
    | {
        /** The certificates are DER. Not everywhere there. */
        readonly transport: { getRemoteCertificates?(): readonly (ArrayBuffer | Uint8Array)[] }
      }
    | null
    | undefined
  /** A candidate of ours was found; `null`: there are no more. */
  onicecandidate: ((event: { readonly candidate: IceCandidate | null }) => void) | null
  /** {@link iceGatheringState} has changed. */
  onicegatheringstatechange: (() => void) | null
  /** {@link connectionState} has changed. */
  onconnectionstatechange: (() => void) | null
  /** The other side made a channel. */
  ondatachannel: ((event: { readonly channel: DataChannelLike }) => void) | null
  /** Make a channel, before the first description or later. */
  createDataChannel(label: string, init: DataChannelInit): DataChannelLike
  /** @param options - `iceRestart`: with new paths */
  createOffer(options?: { readonly iceRestart?: boolean }): Promise<SessionDescription>
  /** To the offer that was given to {@link setRemoteDescription}. */
  createAnswer(): Promise<SessionDescription>
  /** Apply ours: from now on candidates are looked for. */
  setLocalDescription(description: SessionDescription): Promise<void>
  /** Apply that of the other side. Rejects for one that cannot be. */
  setRemoteDescription(description: SessionDescription): Promise<void>
  /** Try a candidate of the other side. Rejects for one that cannot be. */
  addIceCandidate(candidate: IceCandidate): Promise<void>
  /** At once, with all its channels. */
  close(): void
}

/** One connection with a server: `WebSocket`. Whoever uses it sets its `on…` members. */
export interface WebSocketLike {
  /** The subprotocol that the server selected; empty when it selected none. */
  readonly protocol: string
  /** It can be sent on. */
  onopen: (() => void) | null
  /** A message came; what is no text is looked at no further. */
  onmessage: ((event: { readonly data: unknown }) => void) | null
  /** Something failed; `onclose` follows. */
  onerror: (() => void) | null
  /** Once, last; also when it could not be opened. */
  onclose: ((event: { readonly code: number }) => void) | null
  /** Bytes given and not sent; where it is not there nobody looks whether a server reads. */
  readonly bufferedAmount?: number
  /** Only while it is open. */
  send(text: string): void
  /** @param code - 1000, or one from 3000 to 4999 */
  close(code?: number): void
}

/** What a node stands on: browsers have all of it, Node gets it from libraries. */
export interface RendezvousPlatform {
  /** Open a WebSocket. @throws where the page, or the runtime, may not open it */
  webSocket(url: string, protocols: readonly string[]): WebSocketLike
  /** Make a connection, which does nothing by itself. Rejects with `RendezvousError` `unsupported` where there is no WebRTC. */
  createPeerConnection(config: PeerConnectionConfig): Promise<PeerConnectionLike>
  /** Whether a connection can look for new paths while it is used. */
  readonly canRestartIce: boolean
  /**
   * Whether the certificate of the other side may be read, as a check besides that of DTLS itself. Default: where
   * `getRemoteCertificates` is there.
   */
  readonly canReadCertificates?: boolean
}
