export type MediatorServerErrorCode =
  | 'bad-option' // an option is missing, of the wrong kind, or out of its range
  | 'listen' // an address could not be bound; `cause` says why
  | 'store-foreign' // the file belongs to another program; it was not touched
  | 'store-in-use' // another process has the file open
  | 'store-newer' // the file was written by a newer version of this package
  | 'store' // any other failure of the database; `cause` says which
  | 'bus' // the bus between processes failed; `cause` says how
  | 'unsupported' // this store or bus cannot do it
  | 'closed' // the mediator was closed

/** Who caused it: the caller, the other side, the network or disk, or the clock. */
export type Blame = 'local' | 'remote' | 'transport' | 'timeout'

const BLAME: Record<MediatorServerErrorCode, Blame> = {
  'bad-option': 'local',
  listen: 'transport',
  'store-foreign': 'local',
  'store-in-use': 'local',
  'store-newer': 'local',
  store: 'transport',
  bus: 'transport',
  unsupported: 'local',
  closed: 'local',
}

/**
 * Every failure of this package. Recognise it by `name` or {@link isMediatorServerError}, not by `instanceof`. What
 * clients do wrong is never one of these: they are answered with the protocol's texts.
 */
export class MediatorServerError extends Error {
  override readonly name = 'MediatorServerError'
  readonly code: MediatorServerErrorCode
  readonly blame: Blame

  constructor(code: MediatorServerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.blame = BLAME[code]
  }
}

export function isMediatorServerError(value: unknown): value is MediatorServerError {
  return value instanceof Error && value.name === 'MediatorServerError'
}
