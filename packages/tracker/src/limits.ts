import { MAX_SYNC_PAYLOAD_BYTES } from '@mimirjs/wire/tracker'
import { TrackerError } from './error.js'

/**
 * Every ceiling of a tracker. The defaults suit a public one; tests and benchmarks that put all load on one address have
 * to raise the rates. `Infinity` switches a ceiling off where the table of the README allows it.
 */
export interface TrackerLimits {
  /** Users in the table. A full table refuses new users (tracker protocol §8.6, H4). */
  readonly users: number
  /** Records of one user; one more removes the one that expires first (§8.6, H3). */
  readonly recordsPerUser: number
  /** Users whose live records came from one source; more are refused like those of a full table. */
  readonly usersPerSource: number
  /** Resolves answered per second and source, and how many at once after a pause. */
  readonly getAddrsPerSecond: number
  readonly getAddrsBurst: number
  /** Announces looked at per second and source, and how many at once after a pause. */
  readonly announcesPerSecond: number
  readonly announcesBurst: number
  /** Signatures checked per second for all sources together. */
  readonly checksPerSecond: number
  /** Sources remembered for the rates above; the ones not seen for longest are forgotten. */
  readonly sources: number
  /** Milliseconds between two removals of expired records. */
  readonly sweepIntervalMs: number
  /** Records that wait for one other tracker; the oldest goes first. */
  readonly syncQueue: number
  /** Longest payload of a record of another tracker, in bytes; they send 162. */
  readonly syncPayloadBytes: number
  /** Trackers that are not configured and may be connected at one time, where sync is open. */
  readonly syncStrangers: number
  /** Records looked at per second of each of these. */
  readonly syncRecordsPerSecond: number
  /** Users remembered as just heard of, who are not passed on again. */
  readonly syncRecentUsers: number
}

/** Tracker protocol §8.5 and §14.4. */
export const DEFAULT_LIMITS: TrackerLimits = {
  users: 100_000,
  recordsPerUser: 8,
  usersPerSource: 32,
  getAddrsPerSecond: 20,
  getAddrsBurst: 40,
  announcesPerSecond: 10,
  announcesBurst: 20,
  checksPerSecond: 2000,
  sources: 10_000,
  sweepIntervalMs: 60_000,
  syncQueue: 512,
  syncPayloadBytes: 4096,
  syncStrangers: 64,
  syncRecordsPerSecond: 50,
  syncRecentUsers: 10_000,
}

const FINITE: ReadonlySet<keyof TrackerLimits> = new Set([
  'sources',
  'sweepIntervalMs',
  'syncQueue',
  'syncPayloadBytes',
  'syncStrangers',
  'syncRecentUsers',
])
/** What a record of another tracker needs (tracker protocol §10.3). */
const MIN_SYNC_PAYLOAD_BYTES = 162

/** @throws {TrackerError} `bad-option` */
export function completeLimits(given: Partial<TrackerLimits> = {}): TrackerLimits {
  const limits = { ...DEFAULT_LIMITS, ...given }
  for (const [name, value] of Object.entries(limits) as [keyof TrackerLimits, unknown][]) {
    if (!(name in DEFAULT_LIMITS)) throw new TrackerError('bad-option', `limits.${name} is not a limit of the tracker`)
    const sound = typeof value === 'number' && value >= 1 && (value < Infinity || !FINITE.has(name))
    if (!sound)
      throw new TrackerError('bad-option', `limits.${name} must be a number of at least 1, got ${String(value)}`)
  }
  if (limits.syncPayloadBytes < MIN_SYNC_PAYLOAD_BYTES || limits.syncPayloadBytes > MAX_SYNC_PAYLOAD_BYTES) {
    throw new TrackerError(
      'bad-option',
      `limits.syncPayloadBytes must be from ${MIN_SYNC_PAYLOAD_BYTES} to ${MAX_SYNC_PAYLOAD_BYTES}, got ${limits.syncPayloadBytes}`,
    )
  }
  return limits
}
