/**
 * What one generation of the tracker protocol asks of a client. Each generation is a row of {@link POLICIES}; nothing
 * else in this package knows which one is spoken.
 */
export interface ResolverPolicy {
  /** Longest wait for one request, in ms, repeats included. */
  readonly requestTimeoutMs: number
  /** When a request is sent again under its old nonce, in ms after the first time. Both requests may be repeated. */
  readonly repeatAfterMs: readonly number[]
  /** Once one tracker said "no records": how long the others may still find some, in ms. */
  readonly emptyGraceMs: number
  /** Longest time that a record is believed, in ms, whatever the tracker says. */
  readonly maxLifetimeMs: number
  /** Bounds of the pause between two announces, in ms, whatever the tracker says. */
  readonly minAnnounceMs: number
  readonly maxAnnounceMs: number
  /** Trackers that an announce goes to. */
  readonly announceFanout: number
  /** Priority announced unless the caller chooses. */
  readonly announcePriority: number
  /** Which end of the priority is dialed first. */
  readonly dialFirst: 'lowest' | 'highest'
}

export const POLICIES: Readonly<Record<'classic', ResolverPolicy>> = {
  // Tracker protocol §11.4 to §11.6. Trackers of this generation do not tell each other, so all are told.
  classic: {
    requestTimeoutMs: 10_000,
    repeatAfterMs: [1000, 2000, 4000, 7000],
    emptyGraceMs: 4000,
    maxLifetimeMs: 3_600_000,
    minAnnounceMs: 30_000,
    maxAnnounceMs: 3_600_000,
    announceFanout: 5,
    announcePriority: 3,
    dialFirst: 'lowest',
  },
}
