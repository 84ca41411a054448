/** Stable codes of {@link RendezvousError}. */
export type RendezvousErrorCode =
  // What the caller asked for cannot be.
  | 'bad-key' // no Ed25519 public key of 32 bytes that somebody can have, or one's own
  | 'bad-server' // no URL of a server that may be dialled
  | 'bad-state' // the state that was stored is none
  | 'misuse' // the caller broke the contract of this package
  | 'too-large' // a text or a profile above the limit
  | 'limit' // a limit of ours: too many servers, attempts or links
  | 'listen' // the port cannot be bound; see `cause`
  | 'aborted' // by the signal given; its reason is the `cause`
  | 'closed' // the node or link was closed here
  | 'unsupported' // this platform has no WebRTC, or no WebSocket
  // What the other side did.
  | 'declined' // they do not want to talk, or cannot now
  | 'hangup' // they ended the attempt or the link
  | 'bind' // they did not prove on the channel that they are who signalled
  | 'fingerprint' // the channel ends at another certificate than the one that was signed
  | 'protocol' // they broke the rules of the channel
  // What the network or the clock did.
  | 'failed' // no path between the two was found, or WebRTC gave up
  | 'lost' // the link fell silent
  | 'no-answer' // nobody answered the knock
  | 'timeout' // the other side stopped in the middle of an attempt

/** Who caused it: the caller, the other side, the network, or the clock. */
export type Blame = 'local' | 'remote' | 'transport' | 'timeout'

const BLAME: Record<RendezvousErrorCode, Blame> = {
  'bad-key': 'local',
  'bad-server': 'local',
  'bad-state': 'local',
  misuse: 'local',
  'too-large': 'local',
  limit: 'local',
  listen: 'local',
  aborted: 'local',
  closed: 'local',
  unsupported: 'local',
  declined: 'remote',
  hangup: 'remote',
  bind: 'remote',
  fingerprint: 'remote',
  protocol: 'remote',
  failed: 'transport',
  lost: 'transport',
  'no-answer': 'timeout',
  timeout: 'timeout',
}

/** Every failure of this package. Recognise it by `name` or {@link isRendezvousError}, not by `instanceof`. */
export class RendezvousError extends Error {
  override readonly name = 'RendezvousError'
  /** What happened. */
  readonly code: RendezvousErrorCode
  /** Who caused it. */
  readonly blame: Blame

  constructor(code: RendezvousErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options)
    this.code = code
    this.blame = BLAME[code]
  }
}

/** Whether this is a failure of this package, also of another copy of it. */
export function isRendezvousError(error: unknown): error is RendezvousError {
  return error instanceof Error && error.name === 'RendezvousError'
}
