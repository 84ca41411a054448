export { decodeB64u, encodeB64u } from './base64url.js'
export {
  type AnswerBody,
  type CandidatesBody,
  type DeclineBody,
  type DeclineCode,
  type DescriptionBody,
  decodeBody,
  type EnvelopeBody,
  type EnvelopeBodyOf,
  encodeBody,
  type HangupBody,
  type KnockBody,
  type OfferBody,
  type SignalledCandidate,
  type WelcomeBody,
} from './body.js'
export {
  type AckFrame,
  type BindFrame,
  type ByeFrame,
  type ChannelFrame,
  type ChatFrame,
  decodeChannelFrame,
  encodeChannelFrame,
  type SharedFrame,
  type WindowFrame,
} from './channel-frame.js'
export { formatRendezvousContact, parseRendezvousContact, type RendezvousContact } from './contact.js'
export {
  decodeEnvelope,
  ENVELOPE_OVERHEAD_BYTES,
  type Envelope,
  encodeEnvelope,
  MAX_ENVELOPE_BYTES,
  unsignedEnvelope,
} from './envelope.js'
export {
  CHAT_ID_BYTES,
  CLIENT_NONCE_BYTES,
  DIGEST_BYTES,
  ENVELOPE_SIGNATURE_BYTES,
  EnvelopeKind,
  MAX_CHANNEL_FRAME_BYTES,
  MAX_CHAT_TEXT_LENGTH,
  MAX_CLAIMED_NAME_LENGTH,
  MAX_CONTACT_SERVERS,
  MAX_ENVELOPE_BODY_BYTES,
  MAX_ENVELOPE_CANDIDATES,
  MAX_LINK_FRAME_BYTES,
  MAX_SDP_BYTES,
  MAX_SERVER_NAME_LENGTH,
  MAX_SHARED_BYTES,
  PEER_KEY_BYTES,
  RENDEZVOUS_CHANNEL,
  RENDEZVOUS_PORT,
  RENDEZVOUS_SUBPROTOCOL,
  RendezvousCloseCode,
  SERVER_NONCE_BYTES,
  SID_BYTES,
} from './layout.js'
export * from './legacy.js'
export {
  type AuthenticatedFrame,
  type AuthFrame,
  type AuthProofFrame,
  decodeLinkFrame,
  encodeLinkFrame,
  type LinkErrorFrame,
  type LinkFrame,
  type PingFrame,
  type ProveAuthFrame,
  type RelayFrame,
  type UnknownFrame,
} from './link-frame.js'
export { formatFingerprint, formatPeerId, type ParsePeerIdOptions, parsePeerId } from './peer-id.js'
export { checkSdp, type SdpProblem, sdpFingerprint } from './sdp.js'
export { checkServerUrl, MAX_SERVER_URL_LENGTH, serverName } from './server-url.js'
export {
  type AuthProof,
  authSigningBytes,
  type Bind,
  BindRole,
  bindSigningBytes,
  envelopeSigningBytes,
  fingerprintBytes,
  RendezvousLabel,
} from './signing-bytes.js'
