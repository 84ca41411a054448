/**
 * What one generation of the protocol lets a tracker decide. Each generation is a row of {@link POLICIES}; nothing else
 * in this package knows which one is served.
 */
export interface TrackerPolicy {
  /** Told to a device whose record is stored: seconds until it should announce again. */
  readonly acknowledgedTtlSeconds: bigint
  /** Told to a device whose record could not be stored: it comes back sooner. */
  readonly refusedTtlSeconds: bigint
  /** How long a record is kept after its announce; answers carry the same figure. */
  readonly lifetimeSeconds: bigint
  /** Most records in one answer. */
  readonly answerRecords: number
  /** Records that expire before the returned time are no longer given out. */
  lapsedBelowMs(nowMs: number): number
}

export const POLICIES: Readonly<Record<'classic', TrackerPolicy>> = {
  // Tracker protocol §3.3, §4.2, §4.4; the 1024-byte buffers of the originals hold ten records.
  classic: {
    acknowledgedTtlSeconds: 600n,
    refusedTtlSeconds: 120n,
    lifetimeSeconds: 3600n,
    answerRecords: 10,
    // §8.3: this generation counts whole seconds and includes the last one.
    lapsedBelowMs: (nowMs) => nowMs - (nowMs % 1000),
  },
}

/** Generations that this tracker serves. */
export type TrackerGeneration = keyof typeof POLICIES
