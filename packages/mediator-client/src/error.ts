export type MediatorErrorCode =
  // What the mediator said no with (mediator protocol §20.6).
  | 'not-member' // we are not in this chat, or banned
  | 'read-only' // we may read here, not post and not subscribe
  | 'forbidden' // our role does not allow it
  | 'not-found' // no such chat, invite, message or member
  | 'exists' // there is such an invite already, or the user is in the chat
  | 'auth' // not logged in, or the nonce, key or signature was refused
  | 'invalid' // a value out of its range: refused by the mediator, or here before it was sent
  | 'rate-limit' // too much at once: wait
  | 'server' // anything else the mediator said; see `remoteText`
  // What happened here.
  | 'unsupported' // the dialect, or this mediator, has no such command
  | 'timeout' // no answer in time: it may have been done all the same
  | 'not-connected' // there is no connection, or it broke before the answer: then it may have been done all the same
  | 'transport' // the mediator cannot be reached; see `cause`
  | 'protocol' // the mediator broke the protocol
  | 'wrong-mediator' // the network proved another key than the configured one
  | 'key-capability' // the signer failed, or gave something that is no signature
  | 'busy' // more calls at once than the limits allow
  | 'aborted' // by the signal given; its reason is the `cause`
  | 'closed' // the client was closed
  | 'misuse' // the caller broke the contract of this package

/** Who caused it: the caller, the other side, the network, or the clock. */
export type Blame = 'local' | 'remote' | 'transport' | 'timeout'

const BLAME: Record<MediatorErrorCode, Blame> = {
  'not-member': 'remote',
  'read-only': 'remote',
  forbidden: 'remote',
  'not-found': 'remote',
  exists: 'remote',
  auth: 'remote',
  invalid: 'local',
  'rate-limit': 'remote',
  server: 'remote',
  unsupported: 'local',
  timeout: 'timeout',
  'not-connected': 'transport',
  transport: 'transport',
  protocol: 'remote',
  'wrong-mediator': 'remote',
  'key-capability': 'local',
  busy: 'local',
  aborted: 'local',
  closed: 'local',
  misuse: 'local',
}

const TRANSIENT: ReadonlySet<MediatorErrorCode> = new Set([
  'rate-limit',
  'server',
  'timeout',
  'not-connected',
  'transport',
  'busy',
])

export interface MediatorErrorOptions extends ErrorOptions {
  readonly remoteText?: string
}

/** Every failure of this package. Recognise it by `name` or {@link isMediatorError}, not by `instanceof`. */
export class MediatorError extends Error {
  override readonly name = 'MediatorError'
  readonly code: MediatorErrorCode
  readonly blame: Blame
  /** What the mediator said, as it came, where it said something. */
  readonly remoteText: string | undefined

  constructor(code: MediatorErrorCode, message: string, options?: MediatorErrorOptions) {
    super(message, options)
    this.code = code
    this.blame = BLAME[code]
    this.remoteText = options?.remoteText
  }

  /** Whether the same call may succeed later, with nothing changed. */
  get isTransient(): boolean {
    return TRANSIENT.has(this.code)
  }
}

export function isMediatorError(value: unknown): value is MediatorError {
  return value instanceof Error && value.name === 'MediatorError'
}
