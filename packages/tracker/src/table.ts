import {
  type Admission,
  type AdmissionRules,
  admitAnnounce,
  admitSynced,
  type Candidate,
  evict,
  type SyncedTerms,
} from './admission.js'
import { DEFAULT_HARDENING, type TrackerHardening } from './hardening.js'
import type { TrackerLimits } from './limits.js'
import { clampMinutes, type Grant, type TrackerPolicy } from './policy.js'
import { type StoredRecord, sameAddress, sameSignedPart, type TableChange } from './record.js'

// The table of a tracker: who can be reached where. It has no clock, disk or socket. Changes take effect at once; what
// must be written down is returned, and the caller answers the device only after that is done.

/** A record whose signature was checked, and where it came from. */
export interface Announcement extends Candidate {
  readonly user: string
  /** What the limits count the sender as; `undefined` for one whose share has no limit. */
  readonly source: string | undefined
}

/** A record that the store has kept. */
export interface LoadedRecord extends Omit<StoredRecord, 'announced'> {
  readonly user: string
}

export type AnnounceOutcome =
  | {
      readonly stored: true
      readonly changes: readonly TableChange[]
      readonly record: StoredRecord
      readonly grant: Grant
    }
  | { readonly stored: false; readonly reason: 'table-full' | 'source-full' | 'outranked' }

/** The records of one answer, in stored order. */
export interface Answer {
  readonly given: readonly StoredRecord[]
  /** Whatever the maker of answers keeps here stays until the records change. */
  body: Uint8Array | undefined
}

interface User extends Answer {
  /** Stored order (tracker protocol §8.1). */
  records: StoredRecord[]
  /** The answer is up to date while this has not lapsed; `-Infinity` after a change. */
  soonestExpiryMs: number
  given: readonly StoredRecord[]
  /** Source counted for this user; absent for users loaded from the store. */
  readonly source: string | undefined
}

const EMPTY: Answer = { given: [], body: undefined }
/** A full table looks for expired records no more often than this, whatever comes in. */
const FULL_SWEEP_INTERVAL_MS = 1000

export class Table {
  readonly #policy: TrackerPolicy
  readonly #limits: TrackerLimits
  readonly #rules: AdmissionRules
  readonly #users = new Map<string, User>()
  /** Users counted per source; holds no more entries than there are users. */
  readonly #usersBySource = new Map<string, number>()
  #announced = 0
  #records = 0
  #nextFullSweepMs = -Infinity

  constructor(policy: TrackerPolicy, limits: TrackerLimits, hardening: TrackerHardening = DEFAULT_HARDENING) {
    this.#policy = policy
    this.#limits = limits
    this.#rules = { policy, hardening, recordsPerUser: limits.recordsPerUser }
  }

  get users(): number {
    return this.#users.size
  }

  /** Records held, some of them perhaps expired and not swept yet. */
  get records(): number {
    return this.#records
  }

  /** Whether this address of the user is held with this signature, which then needs no second check. */
  knows(user: string, encoded: Uint8Array): boolean {
    const { records } = this.#policy
    const found = this.#users.get(user)
    return found?.records.some((record) => sameSignedPart(records, record.encoded, encoded)) ?? false
  }

  /** The live records of a user, at most as many as the policy allows: then the newest, in stored order (§8.3). */
  answer(user: string, nowMs: number): Answer {
    const found = this.#users.get(user)
    if (found === undefined) return EMPTY
    // Nothing that expires later has lapsed: the exact instant is worked out only for what may have.
    if (found.soonestExpiryMs <= nowMs) this.#refreshIfLapsed(found, nowMs)
    return found
  }

  announce(announcement: Announcement, nowMs: number): AnnounceOutcome {
    return this.#admit(announcement, nowMs, (live, candidate) =>
      admitAnnounce(this.#rules, live, candidate, ++this.#announced, nowMs),
    )
  }

  /** A record that another tracker was told (§10.4, §10.7); what it says of time was checked before. */
  sync(announcement: Announcement, terms: SyncedTerms, nowMs: number): AnnounceOutcome {
    return this.#admit(announcement, nowMs, (live, candidate) =>
      admitSynced(this.#rules, live, candidate, terms, ++this.#announced),
    )
  }

  /**
   * Take a record from the store at start, in stored order. Its remaining lifetime is cut to what an announce would give now.
   * @returns `false` if it has lapsed or finds no room
   */
  load({ user, clientId, encoded, rank, ...kept }: LoadedRecord, nowMs: number): boolean {
    const { lapsedBelowMs, longestLifetimeMs, newestFirst } = this.#policy
    if (kept.expiresMs < lapsedBelowMs(nowMs)) return false
    let entry = this.#users.get(user)
    if (entry === undefined) {
      if (this.#users.size >= this.#limits.users) return false
      entry = this.#addUser(user, undefined)
    }
    const expiresMs = Math.min(kept.expiresMs, nowMs + longestLifetimeMs)
    const ttlMinutes = kept.ttlMinutes > 0 ? clampMinutes(kept.ttlMinutes) : 0
    const record: StoredRecord = { clientId, encoded, rank, expiresMs, ttlMinutes, announced: ++this.#announced }
    const records = newestFirst ? [record, ...entry.records] : [...entry.records, record]
    evict(records, this.#limits.recordsPerUser)
    this.#replace(entry, records)
    return records.includes(record)
  }

  /** Forget what has lapsed. @returns how many records went */
  sweep(nowMs: number): number {
    const before = this.#records
    const lapsedBelowMs = this.#policy.lapsedBelowMs(nowMs)
    for (const [key, user] of this.#users) {
      if (user.soonestExpiryMs >= lapsedBelowMs) continue
      this.#refresh(user, lapsedBelowMs)
      if (user.records.length === 0) this.#removeUser(key, user)
    }
    return before - this.#records
  }

  #admit(
    { user, clientId, encoded, rank, source }: Announcement,
    nowMs: number,
    admit: (live: readonly StoredRecord[], candidate: Candidate) => Admission | undefined,
  ): AnnounceOutcome {
    let entry = this.#users.get(user)
    if (entry === undefined) {
      const reason = this.#refusal(source, nowMs)
      if (reason !== undefined) return { stored: false, reason }
      entry = this.#addUser(user, source)
    }
    const before = entry.records
    const lapsedBelowMs = this.#policy.lapsedBelowMs(nowMs)
    // An expired record counts as absent (§8.2).
    const live = before.filter(({ expiresMs }) => expiresMs >= lapsedBelowMs)
    const admission = admit(live, { clientId, encoded, rank })
    if (admission === undefined) return { stored: false, reason: 'outranked' }
    this.#replace(entry, admission.records)
    const { record, grant } = admission
    return { stored: true, record, grant, changes: this.#changes(user, live, admission) }
  }

  /** The record, which the store puts in the place of one with the same key; then what else went. */
  #changes(user: string, live: readonly StoredRecord[], { records, record }: Admission): TableChange[] {
    const form = this.#policy.records
    const { announced: _, ...put } = record
    const changes: TableChange[] = [{ type: 'put', user, ...put }]
    for (const other of live) {
      if (records.includes(other)) continue
      const { clientId, encoded } = other
      const written =
        clientId === record.clientId && (!form.keyedByAddress || sameAddress(form, encoded, record.encoded))
      if (!written) changes.push({ type: 'remove', user, clientId, address: form.decode(encoded).address })
    }
    return changes
  }

  #refusal(source: string | undefined, nowMs: number): 'table-full' | 'source-full' | undefined {
    const full = (): boolean => this.#users.size >= this.#limits.users
    const sourceFull = (): boolean =>
      source !== undefined && (this.#usersBySource.get(source) ?? 0) >= this.#limits.usersPerSource
    if (!full() && !sourceFull()) return undefined
    if (nowMs >= this.#nextFullSweepMs) {
      this.#nextFullSweepMs = nowMs + FULL_SWEEP_INTERVAL_MS
      this.sweep(nowMs)
    }
    if (full()) return 'table-full'
    return sourceFull() ? 'source-full' : undefined
  }

  #addUser(user: string, source: string | undefined): User {
    const entry: User = { records: [], soonestExpiryMs: -Infinity, given: [], body: undefined, source }
    this.#users.set(user, entry)
    if (source !== undefined) this.#usersBySource.set(source, (this.#usersBySource.get(source) ?? 0) + 1)
    return entry
  }

  #removeUser(key: string, { source }: User): void {
    this.#users.delete(key)
    if (source === undefined) return
    const left = this.#usersBySource.get(source)! - 1
    if (left > 0) this.#usersBySource.set(source, left)
    else this.#usersBySource.delete(source)
  }

  #replace(user: User, records: StoredRecord[]): void {
    this.#records += records.length - user.records.length
    user.records = records
    user.soonestExpiryMs = -Infinity
  }

  #refreshIfLapsed(user: User, nowMs: number): void {
    const lapsedBelowMs = this.#policy.lapsedBelowMs(nowMs)
    if (user.soonestExpiryMs < lapsedBelowMs) this.#refresh(user, lapsedBelowMs)
  }

  /** Drop what has lapsed and choose the answer from the rest. */
  #refresh(user: User, lapsedBelowMs: number): void {
    const live = user.records.filter(({ expiresMs }) => expiresMs >= lapsedBelowMs)
    this.#replace(user, live)
    user.given = this.#chosen(live)
    user.body = undefined
    if (live.length === 0) return // `-Infinity` for the sweep
    user.soonestExpiryMs = live.reduce((soonest, { expiresMs }) => Math.min(soonest, expiresMs), Infinity)
  }

  #chosen(records: readonly StoredRecord[]): readonly StoredRecord[] {
    const { answerRecords, newestFirst } = this.#policy
    if (records.length <= answerRecords) return records
    if (newestFirst) return records.slice(0, answerRecords)
    const newest = new Set([...records].sort(byAge).slice(-answerRecords))
    return records.filter((record) => newest.has(record))
  }
}

/** Oldest first. All records get the same lifetime, so expiry is age; the counter tells those of one millisecond apart. */
function byAge(a: StoredRecord, b: StoredRecord): number {
  return a.expiresMs - b.expiresMs || a.announced - b.announced
}
