/** Every ceiling of a resolver. */
export interface ResolverLimits {
  /** Trackers asked at once by one look-up, those with the best score. */
  readonly trackersAsked: number
  /** Requests without an answer at one time. */
  readonly outstanding: number
  /** Look-ups that wait for a place among them; one more fails with `busy`. */
  readonly waitingLookups: number
  /** Longest wait for such a place, in ms; then the look-up fails with `busy`. */
  readonly waitMs: number
  /** Users in the cache; the one not asked for longest goes first. */
  readonly cachedUsers: number
  /** Records looked at in one answer, and kept per user. Checking one costs a signature. */
  readonly recordsPerUser: number
  /** How long "no records" is believed without asking again, in ms. */
  readonly emptyMs: number
  /** Addresses announced at one time. */
  readonly announcedAddresses: number
}

/** Tracker protocol §11.4 and §11.6. */
export const DEFAULT_LIMITS: ResolverLimits = {
  trackersAsked: 5,
  outstanding: 64,
  waitingLookups: 1000,
  waitMs: 30_000,
  cachedUsers: 10_000,
  recordsPerUser: 16,
  emptyMs: 5000,
  announcedAddresses: 4,
}

/** @throws {RangeError} for a name that is no limit, or a value that is not a whole number of at least 1 */
export function completeLimits(given: Partial<ResolverLimits> = {}): ResolverLimits {
  for (const [name, value] of Object.entries(given)) {
    if (!(name in DEFAULT_LIMITS)) throw new RangeError(`limits.${name} is not a limit of the resolver`)
    if (!Number.isInteger(value) || value < 1) {
      throw new RangeError(`limits.${name} must be a whole number of at least 1, got ${value}`)
    }
  }
  return { ...DEFAULT_LIMITS, ...given }
}
