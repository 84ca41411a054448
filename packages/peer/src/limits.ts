/** Every ceiling of a peer. Whatever a stranger can make grow is bounded by one of these. */
export interface PeerLimits {
  /** Messages written and not yet acknowledged, per connection. */
  windowMessages: number
  /** Guids remembered per connection after their message was reported as unanswered: a late OK still counts. */
  unansweredMessages: number
  /** Messages handed to the application and not yet acknowledged by it, per connection; above it reading pauses. */
  inboundMessages: number
  /** The same in payload bytes. */
  inboundBytes: number
  /** Bytes of answers (OK, PONG) that wait for a reader that does not read, per connection; above it we close. */
  queuedBytes: number
  /** Bytes read from a connection before it is READY. */
  handshakeBytes: number
  /** Frames read from a connection before it is READY. */
  handshakeFrames: number
  /** Inbound connections that are not READY yet, in total; one more drops the oldest of the network that most came by. */
  unauthenticated: number
  /** The same per remote address (an IPv6 /64 counts as one); one more drops the oldest of that address. */
  unauthenticatedPerAddress: number
  /** Signatures made per remote address in a minute, over challenges that are not bound to their connection. */
  signaturesPerMinute: number
  /** READY connections in total; one more is refused. */
  connections: number
  /** READY connections of one identity; one more drops its oldest. */
  connectionsPerIdentity: number
  /** Addresses tried for one `connect`. */
  addressesPerDial: number
  /** Data streams that the other side opens or asks for in a minute, per connection; above it we close. */
  dataStreamsPerMinute: number
}

/** Values of the peer protocol §10.3 and §11 where it names them. */
export const DEFAULT_LIMITS: PeerLimits = {
  windowMessages: 16,
  unansweredMessages: 1024,
  inboundMessages: 64,
  inboundBytes: 32 * 1024 * 1024,
  queuedBytes: 64 * 1024,
  handshakeBytes: 4096,
  handshakeFrames: 16,
  unauthenticated: 32,
  unauthenticatedPerAddress: 4,
  signaturesPerMinute: 10,
  connections: 10_000,
  connectionsPerIdentity: 16,
  addressesPerDial: 16,
  dataStreamsPerMinute: 60,
}
