export type MessengerErrorCode =
  | 'bad-key' // the text is neither a public key nor a contact link
  | 'bad-content' // nothing to send, or content of the wrong kind
  | 'too-large' // above what the protocol carries
  | 'blocked' // we blocked this person
  | 'unsupported' // the generation spoken has no such thing
  | 'unknown-request' // no such contact request, or knock, waits
  | 'in-use' // another process has the folder open; in a browser, another page
  | 'passphrase' // the browser keeps no keys by itself, and the passphrase for ours is missing or wrong
  | 'store' // the database refused; nothing was accepted
  | 'listen' // the address cannot be listened on
  | 'overlay' // the node of the overlay network could not start: its message says why
  | 'multicast' // a wrong option, or the node of the local network could not start, or failed: its message says why
  | 'rendezvous' // a wrong option or server URL, or our rendezvous node could not start, or failed: its message says why
  | 'closed' // the messenger is closed
  | 'aborted' // the caller's signal fired
  | 'handler' // a message handler threw; the message counts as handled
  | 'busy' // there is a conversation with this person already
  | 'no-answer' // the person said nothing in time
  | 'unknown-message' // no such message in the history
  | 'unknown-file' // the message announces no file, or was deleted
  | 'file' // the disk, or a permission: the message says where, why, and what to do
  | 'damaged' // twice what came was not the file that was announced
  | 'cannot-resume' // the sender's program only sends files as a whole
  | 'unreachable' // all ways to the contact failed; it is tried again
  | 'call' // the call is not possible, or not any more
  | 'file-server' // the file server refused, with its words, or broke the protocol
  | 'unknown-group' // we are in no group of this id, and were in none
  | 'unknown-invite' // no such invite waits
  | 'not-member' // we are not, or no longer, in this group
  | 'forbidden' // our role in the group does not allow it
  | 'mediator' // the mediator refused, with its words, or was not reached in time

export type Blame = 'local' | 'remote' | 'transport' | 'timeout'

const BLAME: Record<MessengerErrorCode, Blame> = {
  'bad-key': 'local',
  'bad-content': 'local',
  'too-large': 'local',
  blocked: 'local',
  unsupported: 'local',
  'unknown-request': 'local',
  'in-use': 'local',
  passphrase: 'local',
  store: 'local',
  listen: 'local',
  overlay: 'local',
  multicast: 'local',
  rendezvous: 'local',
  closed: 'local',
  aborted: 'local',
  handler: 'local',
  busy: 'local',
  'no-answer': 'timeout',
  'unknown-message': 'local',
  'unknown-file': 'local',
  file: 'local',
  damaged: 'remote',
  'cannot-resume': 'remote',
  unreachable: 'transport',
  call: 'local',
  'file-server': 'remote',
  'unknown-group': 'local',
  'unknown-invite': 'local',
  'not-member': 'local',
  forbidden: 'local',
  mediator: 'remote',
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
