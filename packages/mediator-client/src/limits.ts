/** Every ceiling of a client. */
export interface MediatorClientLimits {
  /** Requests without an answer at one time; one more fails with `busy`. Default 1 024. */
  readonly requestsInFlight: number
  /** Calls that wait for a connection; one more fails with `busy`. Default 1 024. */
  readonly waitingCalls: number
  /** Messages of one chat that wait for its `store`; what is pushed beyond is dropped, and fetched later. Default 1 000. */
  readonly queuedMessages: number
  /** The bytes of these messages. A page that is under way comes on top. Default 16 MiB. */
  readonly queuedBytes: number
  /** Messages handed to one `store`. Default 500. */
  readonly batchMessages: number
  /** Messages asked for in one page, 1 to 500. Default 100. */
  readonly pageMessages: number
  /** Message ids per chat that are remembered to drop repetitions. Default 4 096. */
  readonly knownIds: number
  /** Chats that are brought up to date at one time after a connect. Default 8. */
  readonly chatsAtOnce: number
  /** Nonces that are remembered, since none is signed twice. Default 1 024. */
  readonly seenNonces: number
}

export const DEFAULT_LIMITS: MediatorClientLimits = {
  requestsInFlight: 1024,
  waitingCalls: 1024,
  queuedMessages: 1000,
  queuedBytes: 16 * 1024 * 1024,
  batchMessages: 500,
  pageMessages: 100,
  knownIds: 4096,
  chatsAtOnce: 8,
  seenNonces: 1024,
}

/** Mediator protocol §8.15. */
const MAX_PAGE_MESSAGES = 500
/** 16 bits without those that are reserved, and some air for ids that are never answered. */
const MAX_REQUESTS_IN_FLIGHT = 32_768

/** @throws {RangeError} for a name that is no limit, or a value that is not a whole number in its range */
export function completeLimits(given: Partial<MediatorClientLimits> = {}): MediatorClientLimits {
  for (const [name, value] of Object.entries(given)) {
    if (!(name in DEFAULT_LIMITS)) throw new RangeError(`limits.${name} is not a limit of the mediator client`)
    const most =
      name === 'pageMessages'
        ? MAX_PAGE_MESSAGES
        : name === 'requestsInFlight'
          ? MAX_REQUESTS_IN_FLIGHT
          : Number.MAX_SAFE_INTEGER
    if (!Number.isInteger(value) || value < 1 || value > most) {
      throw new RangeError(`limits.${name} must be a whole number from 1 to ${most}, got ${value}`)
    }
  }
  return { ...DEFAULT_LIMITS, ...given }
}
