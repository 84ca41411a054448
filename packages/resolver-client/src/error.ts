export type ResolverErrorCode =
  | 'no-tracker' // no tracker is configured
  | 'bad-address' // an address that cannot be used: a tracker's, or the one to announce
  | 'timeout' // no tracker answered in time
  | 'malformed' // every tracker that answered sent something that is not an answer
  | 'transport' // the socket failed; `cause` says why
  | 'busy' // more look-ups than the limits allow
  | 'aborted' // by the signal given
  | 'key-capability' // no signer was given, or it signs with another key
  | 'closed' // the resolver was closed

/** Who caused it: the caller, the other side, the network, or the clock. */
export type Blame = 'local' | 'remote' | 'transport' | 'timeout'

const BLAME: Record<ResolverErrorCode, Blame> = {
  'no-tracker': 'local',
  'bad-address': 'local',
  timeout: 'timeout',
  malformed: 'remote',
  transport: 'transport',
  busy: 'local',
  aborted: 'local',
  'key-capability': 'local',
  closed: 'local',
}

/** Every failure of this package. Recognise it by `name` or {@link isResolverError}, not by `instanceof`. */
export class ResolverError extends Error {
  override readonly name = 'ResolverError'
  readonly code: ResolverErrorCode
  readonly blame: Blame

  constructor(code: ResolverErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.blame = BLAME[code]
  }
}

export function isResolverError(value: unknown): value is ResolverError {
  return value instanceof Error && value.name === 'ResolverError'
}

type FailureCode = Extract<
  ResolverErrorCode,
  'no-tracker' | 'timeout' | 'malformed' | 'transport' | 'busy' | 'aborted' | 'closed' | 'key-capability'
>

const FAILURES: Readonly<Record<FailureCode, string>> = {
  'no-tracker': 'no tracker is configured: give the option trackers at least one address',
  timeout: 'no tracker answered in time: check their addresses and that this machine reaches their network',
  malformed: 'no tracker sent a sound answer: check that their addresses are those of trackers',
  transport: 'the trackers cannot be reached from here; the cause says why',
  busy: 'too many requests at once: wait for some of them, or raise limits.outstanding or limits.waitingLookups',
  aborted: 'given up by the signal',
  closed: 'the resolver is closed',
  'key-capability': 'announcing needs the option signer',
}

/** The usual text of a failure. */
export function failure(code: FailureCode, doing: string, cause?: unknown): ResolverError {
  return new ResolverError(code, `${doing}: ${FAILURES[code]}`, cause === undefined ? undefined : { cause })
}
