export type TrackerErrorCode =
  | 'bad-option' // an option is missing, of the wrong kind, or out of its range
  | 'public-address' // bound to an address of the open Internet without allowAnySource
  | 'listen' // the socket could not be opened; `cause` says why
  | 'store-foreign' // the file belongs to another program; it was not touched
  | 'store-in-use' // another process has the file open
  | 'store-newer' // the file was written by a newer version of this package
  | 'store' // any other failure of the database; `cause` says which
  | 'sync-violation' // another tracker broke the protocol between trackers; only in the event `peerDown`
  | 'sync-timeout' // another tracker was silent for too long; only in the event `peerDown`
  | 'closed' // the tracker was closed

/** Who caused it: the caller, the other side, the network or disk, or the clock. */
export type Blame = 'local' | 'remote' | 'transport' | 'timeout'

const BLAME: Record<TrackerErrorCode, Blame> = {
  'bad-option': 'local',
  'public-address': 'local',
  listen: 'transport',
  'store-foreign': 'local',
  'store-in-use': 'local',
  'store-newer': 'local',
  store: 'transport',
  'sync-violation': 'remote',
  'sync-timeout': 'timeout',
  closed: 'local',
}

/** Every failure of this package. Recognise it by `name` or {@link isTrackerError}, not by `instanceof`. */
export class TrackerError extends Error {
  override readonly name = 'TrackerError'
  readonly code: TrackerErrorCode
  readonly blame: Blame

  constructor(code: TrackerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.blame = BLAME[code]
  }
}

export function isTrackerError(value: unknown): value is TrackerError {
  return value instanceof Error && value.name === 'TrackerError'
}
