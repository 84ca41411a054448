/** Stable codes of {@link MulticastError}. */
export type MulticastErrorCode =
  // What the caller asked for cannot be.
  | 'bad-address' // no multicast group, port or address URL that this protocol can use
  | 'bad-key' // no Ed25519 public key of 32 bytes, or one of small order
  | 'bad-interface' // no such network interface, or none that can do what is asked; the message names those there are
  | 'bad-config' // no configuration file of the original programs
  | 'misuse' // the caller broke the contract of this package
  | 'too-large' // a payload above the limit
  | 'address-in-use' // the port is taken by another program, or may not be used
  | 'limit' // a limit of ours: too many peers, sessions or streams
  | 'aborted' // by the signal given; its reason is the `cause`
  | 'closed' // the node, session or stream was closed here
  // What the other side did.
  | 'refused' // it offers no streams, or ended the stream at once
  | 'broken' // it broke the rules of the stream layer
  // What the network or the clock did.
  | 'socket' // the socket failed; see `cause`
  | 'no-response' // nobody answered the opening of a session
  | 'no-answer' // nobody answered a request
  | 'timeout' // the other side fell silent

/** Who caused it: the caller, the other side, the network, or the clock. */
export type Blame = 'local' | 'remote' | 'transport' | 'timeout'

const BLAME: Record<MulticastErrorCode, Blame> = {
  'bad-address': 'local',
  'bad-key': 'local',
  'bad-interface': 'local',
  'bad-config': 'local',
  misuse: 'local',
  'too-large': 'local',
  'address-in-use': 'local',
  limit: 'local',
  aborted: 'local',
  closed: 'local',
  refused: 'remote',
  broken: 'remote',
  socket: 'transport',
  'no-response': 'timeout',
  'no-answer': 'timeout',
  timeout: 'timeout',
}

/** Every failure of this package. Recognise it by `name` or {@link isMulticastError}, not by `instanceof`. */
export class MulticastError extends Error {
  override readonly name = 'MulticastError'
  readonly code: MulticastErrorCode
  readonly blame: Blame

  constructor(code: MulticastErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options)
    this.code = code
    this.blame = BLAME[code]
  }
}

export function isMulticastError(error: unknown): error is MulticastError {
  return error instanceof Error && error.name === 'MulticastError'
}
