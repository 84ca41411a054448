export type YggdrasilErrorCode =
  // What the caller asked for cannot be.
  | 'bad-uri' // a peer or listen URI that cannot be read; the message says what is expected
  | 'bad-key' // no Ed25519 public key of 32 bytes, or one without an address
  | 'misuse' // the caller broke the contract of this package
  | 'unsupported' // this build, scheme or remote node cannot do it
  | 'duplicate' // this peer is given twice, this port is taken
  | 'address-in-use' // the port of a listener is taken by another program, or may not be used
  | 'aborted' // by the signal given; its reason is the `cause`
  | 'closed' // the node, link, stream or listener was closed here
  // What a link or a session brought.
  | 'malformed' // bytes that are no frame, packet or message of this protocol
  | 'too-large' // above a limit: refused before it was awaited or stored; packets of the caller too
  | 'handshake' // the other side is no Yggdrasil node, or broke the handshake off
  | 'incompatible' // another protocol version
  | 'wrong-password' // the handshake was signed for another password, or forged
  | 'self' // the link leads back to this node
  | 'pinned-key' // the remote key is not one of `key=`
  | 'not-allowed' // the remote key is not one of the allowed ones
  | 'unproven' // no valid signature response in time: the handshake may be a replay
  | 'bad-signature' // a signature that is wrong
  | 'flood' // more than the limits allow of one kind
  | 'refused' // the other side has no listener there, or reset the stream
  // What the network or the clock did.
  | 'link' // the link broke; see `cause`
  | 'unreachable' // no address, no path, nobody answers
  | 'timeout' // not done in time

/** Who caused it: the caller, the other side, the network, or the clock. */
export type Blame = 'local' | 'remote' | 'transport' | 'timeout'

const BLAME: Record<YggdrasilErrorCode, Blame> = {
  'bad-uri': 'local',
  'bad-key': 'local',
  misuse: 'local',
  unsupported: 'local',
  duplicate: 'local',
  'address-in-use': 'local',
  aborted: 'local',
  closed: 'local',
  malformed: 'remote',
  'too-large': 'remote',
  handshake: 'remote',
  incompatible: 'remote',
  'wrong-password': 'remote',
  self: 'local',
  'pinned-key': 'remote',
  'not-allowed': 'remote',
  unproven: 'remote',
  'bad-signature': 'remote',
  flood: 'remote',
  refused: 'remote',
  link: 'transport',
  unreachable: 'transport',
  timeout: 'timeout',
}

export interface YggdrasilErrorOptions extends ErrorOptions {
  /** Where the code alone tells it wrong, for example `too-large` for a packet of the caller. */
  readonly blame?: Blame
}

/**
 * Every failure of this package, its decoders included. Recognise it by `name` or {@link isYggdrasilError}, not by
 * `instanceof`.
 */
export class YggdrasilError extends Error {
  override readonly name = 'YggdrasilError'
  readonly code: YggdrasilErrorCode
  readonly blame: Blame

  constructor(code: YggdrasilErrorCode, message: string, options?: YggdrasilErrorOptions) {
    super(message, options)
    this.code = code
    this.blame = options?.blame ?? BLAME[code]
  }
}

export function isYggdrasilError(value: unknown): value is YggdrasilError {
  return value instanceof Error && value.name === 'YggdrasilError'
}
