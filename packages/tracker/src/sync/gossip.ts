import { encodeSyncRecord, type SyncRecord } from '@mimirjs/wire/tracker'
import { TrackerError } from '../error.js'
import type { TrackerLimits } from '../limits.js'
import { clampMinutes, type TrackerPolicy } from '../policy.js'
import { publicKeyOf, type Rank, type StoredRecord, type TableChange, userOf } from '../record.js'
import { RotatingMap } from '../rotating-map.js'
import type { Table } from '../table.js'
import type { TokenBucket } from '../token-bucket.js'

// What trackers tell each other, and what is made of it (tracker protocol §10.4, §10.7).

/** Links that a fresh announce may cross; more than that nobody may claim. */
const MAX_HOP = 3
/** A user who was heard of so lately is not passed on again: this and the hops end every circle. */
const RECENT_MS = 10_000
/** What a record may say above the longest lifetime, for clocks and ways that differ. */
const LIFETIME_GRACE_SECONDS = 60

/** A record on its way to other trackers. */
export interface SyncItem {
  readonly user: string
  readonly record: StoredRecord
  readonly hop: number
}

/** Who says it. */
export interface SyncOrigin {
  readonly rank: Rank
  /** What the limits count it as; `undefined` for one of our own. */
  readonly source: string | undefined
}

/** A record that was stored. */
export interface SyncOutcome {
  readonly user: string
  readonly record: StoredRecord
  readonly changes: readonly TableChange[]
  /** What the other trackers are to be told, if anything. */
  readonly forward: SyncItem | undefined
}

export interface GossipOptions {
  readonly policy: TrackerPolicy
  readonly limits: TrackerLimits
  readonly table: Table
  readonly checks: TokenBucket
  verify(signature: Uint8Array, address: Uint8Array, publicKey: Uint8Array): boolean
}

export class Gossip {
  readonly #options: GossipOptions
  /** When a user was last heard of. */
  readonly #recent: RotatingMap<string, number>

  constructor(options: GossipOptions) {
    this.#options = options
    this.#recent = new RotatingMap(options.limits.syncRecentUsers)
  }

  /** A device announced itself here: what every other tracker is to be told. */
  announced(user: string, record: StoredRecord, nowMs: number): SyncItem {
    this.#recent.set(user, nowMs)
    return { user, record, hop: MAX_HOP }
  }

  /**
   * Another tracker was told of a device.
   * @returns `undefined` when nothing changes by it
   * @throws {TrackerError} `sync-violation` for a wrong signature: nobody honest passes one on
   */
  received(record: SyncRecord, origin: SyncOrigin, nowMs: number): SyncOutcome | undefined {
    const { policy, table } = this.#options
    const seconds = this.#seconds(record.lifetimeSeconds)
    if (record.hop === 0 || seconds === 0) return undefined
    const user = userOf(record.publicKey)
    const encoded = policy.records.encode({ ...record, port: 0 })
    if (!table.knows(user, encoded)) {
      if (!this.#options.checks.take(nowMs)) return undefined
      if (!this.#options.verify(record.signature, record.address, record.publicKey)) {
        throw new TrackerError('sync-violation', 'a tracker passed on a record with a wrong signature')
      }
    }
    const terms = { expiresMs: nowMs + seconds * 1000, ttlMinutes: clampMinutes(record.ttlMinutes) }
    const outcome = table.sync({ user, clientId: record.clientId, encoded, ...origin }, terms, nowMs)
    if (!outcome.stored) return undefined
    const hop = Math.min(record.hop, MAX_HOP) - 1
    const recent = nowMs - (this.#recent.get(user) ?? -Infinity) < RECENT_MS
    this.#recent.set(user, nowMs)
    const forward = hop > 0 && !recent ? { user, record: outcome.record, hop } : undefined
    return { user, record: outcome.record, changes: outcome.changes, forward }
  }

  /** The frame of an item; `undefined` for one that has lapsed while it waited. */
  encode({ user, record, hop }: SyncItem, nowMs: number): Uint8Array | undefined {
    const lifetimeSeconds = Math.floor((record.expiresMs - nowMs) / 1000)
    if (lifetimeSeconds <= 0) return undefined
    return encodeSyncRecord({
      ...this.#options.policy.records.decode(record.encoded),
      hop,
      publicKey: publicKeyOf(user),
      lifetimeSeconds: BigInt(lifetimeSeconds),
      ttlMinutes: record.ttlMinutes,
    })
  }

  /** 0 for a lifetime that no tracker can have granted. */
  #seconds(lifetimeSeconds: bigint): number {
    const longest = this.#options.policy.longestLifetimeMs / 1000
    return lifetimeSeconds > BigInt(longest + LIFETIME_GRACE_SECONDS) ? 0 : Math.min(Number(lifetimeSeconds), longest)
  }
}
