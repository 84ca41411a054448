export type MessengerErrorCode =
  | 'bad-key' // the text is neither a public key nor a contact link
  | 'bad-content' // nothing to send, or content of the wrong kind
  | 'too-large' // above what the protocol carries
  | 'blocked' // we blocked this person
  | 'in-use' // another process has the folder open
  | 'store' // the database refused; nothing was accepted
  | 'listen' // the address cannot be listened on
  | 'closed' // the messenger is closed
  | 'aborted' // the caller's signal fired
  | 'handler' // a message handler threw; the message counts as handled
  | 'unknown-message' // no such message in the history
  | 'unreachable' // all ways to the contact failed; it is tried again

export type Blame = 'local' | 'remote' | 'transport' | 'timeout'

const BLAME: Record<MessengerErrorCode, Blame> = {
  'bad-key': 'local',
  'bad-content': 'local',
  'too-large': 'local',
  blocked: 'local',
  'in-use': 'local',
  store: 'local',
  listen: 'local',
  closed: 'local',
  aborted: 'local',
  handler: 'local',
  'unknown-message': 'local',
  unreachable: 'transport',
}

/** Every failure of this package. Recognise it by `name` or {@link isMessengerError}, not by `instanceof`. */
export class MessengerError extends Error {
  override readonly name = 'MessengerError'
  readonly code: MessengerErrorCode
  readonly blame: Blame

  constructor(code: MessengerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.blame = BLAME[code]
  }
}

export function isMessengerError(value: unknown): value is MessengerError {
  return value instanceof Error && value.name === 'MessengerError'
}
