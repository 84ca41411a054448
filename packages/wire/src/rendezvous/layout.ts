/** What an envelope says; byte 1 of it (rendezvous protocol B6). */
export const EnvelopeKind = {
  knock: 1,
  welcome: 2,
  offer: 3,
  answer: 4,
  candidates: 5,
  decline: 6,
  hangup: 7,
} as const
/** One of the numbers of {@link EnvelopeKind}. */
export type EnvelopeKind = (typeof EnvelopeKind)[keyof typeof EnvelopeKind]

/** Codes with which a link to a server is closed (rendezvous protocol B4). */
export const RendezvousCloseCode = {
  malformed: 4400,
  notAuthenticated: 4401,
  timeout: 4408,
  replaced: 4409,
  tooLarge: 4413,
  rate: 4429,
} as const

/** Subprotocol of a WebSocket between client and server (rendezvous protocol B4). */
export const RENDEZVOUS_SUBPROTOCOL = 'rendezvous.1'
/** Port of a server where its URL names none that the scheme would not (rendezvous protocol B4). */
export const RENDEZVOUS_PORT = 18765
/** Label and subprotocol of the data channel, whose id is 0 (rendezvous protocol B11). */
export const RENDEZVOUS_CHANNEL = { label: 'rendezvous', protocol: 'rendezvous.1', id: 0 } as const

/** Longest frame between client and server, in bytes of UTF-8 (rendezvous protocol B4). */
export const MAX_LINK_FRAME_BYTES = 32768
/** Longest frame on the data channel, text or binary, in bytes (rendezvous protocol B11). */
export const MAX_CHANNEL_FRAME_BYTES = 16384
/** Longest body of an envelope, in bytes (rendezvous protocol B6). */
export const MAX_ENVELOPE_BODY_BYTES = 16384
/** Longest session description, in bytes of UTF-8 (rendezvous protocol B10). */
export const MAX_SDP_BYTES = 12288
/** Most candidates in one envelope (rendezvous protocol B6). */
export const MAX_ENVELOPE_CANDIDATES = 16
/** Longest name that somebody gives to himself, in UTF-16 code units (rendezvous protocol B6, B12). */
export const MAX_CLAIMED_NAME_LENGTH = 64
/** Longest text of a `chat` frame, in UTF-16 code units (rendezvous protocol B12). */
export const MAX_CHAT_TEXT_LENGTH = 8192
/** Longest `shared` object, in bytes of its JSON (rendezvous protocol B12). */
export const MAX_SHARED_BYTES = 4096
/** Most servers in a contact string (rendezvous protocol B3). */
export const MAX_CONTACT_SERVERS = 8
/** Longest server name, in characters (rendezvous protocol B13). */
export const MAX_SERVER_NAME_LENGTH = 300

/** An Ed25519 public key, in bytes. */
export const PEER_KEY_BYTES = 32
/** An Ed25519 signature, in bytes. */
export const ENVELOPE_SIGNATURE_BYTES = 64
/** An id of a connection attempt, in bytes. */
export const SID_BYTES = 16
/** SHA-256 of something: an envelope id, a DTLS fingerprint, in bytes. */
export const DIGEST_BYTES = 32
/** The nonce of a server, in bytes. */
export const SERVER_NONCE_BYTES = 32
/** The nonce of a client, in bytes. */
export const CLIENT_NONCE_BYTES = 16
/** The id of a chat message, in bytes. */
export const CHAT_ID_BYTES = 16

/** Greatest time on the wire, in ms, and greatest other integer: 2^53 - 1. */
export const MAX_TIME_MS: number = Number.MAX_SAFE_INTEGER
