/** What went wrong. The first block are the protocol's own names (peer protocol, appendix A) in kebab case. */
export type PeerErrorCode =
  | 'truncated' // the stream ended inside a frame
  | 'header-size' // the size field of a header is impossible
  | 'length' // a length field is negative, wrong, or above its limit
  | 'limit' // a budget was used up: bytes, frames or connections before READY, signatures per minute
  | 'key' // the public key in HELLO is not usable as an identity
  | 'wrong-receiver' // HELLO is not for us
  | 'self' // HELLO comes from ourselves, or we dialled ourselves
  | 'bad-signature' // the answer to our challenge does not verify: not who it claims to be
  | 'unexpected-type' // a frame that is not legal in this state
  | 'challenge-refused' // the signing policy said no
  | 'timeout' // a timer of the session ran out
  | 'json' // an envelope that is not a JSON object
  | 'json-field' // a field of an envelope is missing, doubled, or of the wrong kind
  | 'malformed' // any other fault in a frame
  | 'address' // the address in HELLO does not belong to the network the connection came from
  | 'refused' // `authorize` said no
  | 'slow-reader' // the other side does not read, and answers to it piled up
  | 'ended' // the other side closed before it was READY
  | 'transport' // the stream failed below us
  | 'closed' // used after it was closed
  | 'window-full' // as many messages unacknowledged as allowed, or the stream is not draining
  | 'duplicate-guid' // a message with this guid is still unacknowledged on the connection
  | 'message' // the message cannot be written: a field is out of its range
  | 'unsupported' // the generation, or the other side, has no such thing
  | 'call-state' // the call frame is not legal in the state of the call
  | 'aborted' // the caller gave up
  | 'unreachable' // no address led to the wanted identity
  | 'signer' // the signer failed
  | 'handler' // a callback of the application threw
  | 'internal' // a fault of this package: please report it

/** Who caused it: the caller, the other side, the network, or the clock. */
export type Blame = 'local' | 'remote' | 'transport' | 'timeout'

const BLAME: Record<PeerErrorCode, Blame> = {
  truncated: 'remote',
  'header-size': 'remote',
  length: 'remote',
  limit: 'remote',
  key: 'remote',
  'wrong-receiver': 'remote',
  self: 'remote',
  'bad-signature': 'remote',
  'unexpected-type': 'remote',
  'challenge-refused': 'remote',
  timeout: 'timeout',
  json: 'remote',
  'json-field': 'remote',
  malformed: 'remote',
  address: 'remote',
  refused: 'local',
  'slow-reader': 'remote',
  ended: 'remote',
  transport: 'transport',
  closed: 'local',
  'window-full': 'local',
  'duplicate-guid': 'local',
  message: 'local',
  unsupported: 'local',
  'call-state': 'local',
  aborted: 'local',
  unreachable: 'transport',
  signer: 'local',
  handler: 'local',
  internal: 'local',
}

/** Every failure of this package. Recognise it by `name` or {@link isPeerError}, not by `instanceof`. */
export class PeerError extends Error {
  override readonly name = 'PeerError'
  readonly code: PeerErrorCode
  readonly blame: Blame

  constructor(code: PeerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.blame = BLAME[code]
  }
}

export function isPeerError(value: unknown): value is PeerError {
  return value instanceof Error && value.name === 'PeerError'
}
