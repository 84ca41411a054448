import { classicRecords, currentRecords, type RecordForm } from './record.js'

/** What a device is granted by an announce. */
export interface Grant {
  /** Told to the device: seconds until it should announce again. */
  readonly ttlSeconds: bigint
  /** The same in minutes where the next grant depends on it, else 0. */
  readonly ttlMinutes: number
  /** How long the record is kept. */
  readonly lifetimeMs: number
}

/**
 * What one generation of the protocol lets a tracker decide. Each generation is a row of {@link POLICIES}; nothing else
 * in this package but the row of its messages (`messages.ts`) and of its table in the store (`schema.ts`) knows which one is
 * served.
 */
export interface TrackerPolicy {
  /** Its addresses have this scheme, because its senders have to be proven by the network; `undefined`: any. */
  readonly scheme: string | undefined
  readonly records: RecordForm
  /** @param previousMinutes - granted last to the same device at the same address, 0 for none; any number */
  grant(previousMinutes: number): Grant
  /** Longest that any record is kept, in ms. */
  readonly longestLifetimeMs: number
  /** Told to a device whose record found no room; `undefined`: it is told nothing. */
  readonly fullTtlSeconds: bigint | undefined
  /** Told to a device whose record is not kept because somebody more trusted says something else (§8.6, H1). */
  readonly outrankedTtlSeconds: bigint
  /** Told to a device whose record could not be written down: it comes back sooner. */
  readonly unwrittenTtlSeconds: bigint
  /** Most records in one answer. */
  readonly answerRecords: number
  /** Whether a record that is announced moves to the front; else a known one keeps its place and a new one goes to the end. */
  readonly newestFirst: boolean
  /** Whether senders are proven, so that their word about themselves counts more (§8.6). */
  readonly ranked: boolean
  /** Records that expire before the returned time are no longer given out. */
  lapsedBelowMs(nowMs: number): number
}

const MINUTE_MS = 60_000
const FIRST_PREVIOUS_MINUTES = 2
const MAX_TTL_MINUTES = 16

/** Minutes that a device can have been granted, whatever anybody says (§8.6, H5; §10.7). */
export function clampMinutes(minutes: number): number {
  return Math.min(Math.max(minutes, FIRST_PREVIOUS_MINUTES), MAX_TTL_MINUTES)
}

export const POLICIES: Readonly<Record<'classic' | 'current', TrackerPolicy>> = {
  // Tracker protocol §3.3, §4.2, §4.4; the 1024-byte buffers of the originals hold ten records.
  classic: {
    scheme: undefined,
    records: classicRecords,
    grant: () => ({ ttlSeconds: 600n, ttlMinutes: 0, lifetimeMs: 60 * MINUTE_MS }),
    longestLifetimeMs: 60 * MINUTE_MS,
    fullTtlSeconds: 120n,
    outrankedTtlSeconds: 600n,
    unwrittenTtlSeconds: 120n,
    answerRecords: 10,
    newestFirst: false,
    ranked: false,
    // §8.3: this generation counts whole seconds and includes the last one.
    lapsedBelowMs: (nowMs) => nowMs - (nowMs % 1000),
  },
  // §8.1, §8.2: 4, 8, 16, 16 … minutes, and one more until the record goes.
  current: {
    scheme: 'ygg',
    records: currentRecords,
    grant(previousMinutes) {
      const ttlMinutes = Math.min(2 * (previousMinutes > 0 ? previousMinutes : FIRST_PREVIOUS_MINUTES), MAX_TTL_MINUTES)
      return { ttlSeconds: BigInt(ttlMinutes * 60), ttlMinutes, lifetimeMs: (ttlMinutes + 1) * MINUTE_MS }
    },
    longestLifetimeMs: (MAX_TTL_MINUTES + 1) * MINUTE_MS,
    fullTtlSeconds: undefined,
    outrankedTtlSeconds: 240n,
    unwrittenTtlSeconds: 120n,
    answerRecords: 255,
    newestFirst: true,
    ranked: true,
    // §8.3: a record that expires now is gone.
    lapsedBelowMs: (nowMs) => Math.floor(nowMs) + 1,
  },
}

/** Generations that this tracker serves. */
export type TrackerGeneration = keyof typeof POLICIES
