import { RECORD_BYTES } from '@mimirjs/wire/tracker'
import type { TrackerLimits } from './limits.js'
import type { TrackerPolicy } from './policy.js'
import type { StoredRecord, TableChange } from './record.js'

// The table of a tracker: who can be reached where. It has no clock, disk or socket. Changes take effect at once; what
// must be written down is returned, and the caller answers the device only after that is done.

/** A record whose signature was checked, and where it came from. */
export interface Announcement {
  readonly user: string
  readonly clientId: number
  readonly encoded: Uint8Array
  /** What the limits count the sender as. */
  readonly source: string
}

/** A record that the store has kept. */
export interface LoadedRecord {
  readonly user: string
  readonly clientId: number
  readonly expiresMs: number
  readonly encoded: Uint8Array
}

export type AnnounceOutcome =
  | { readonly stored: true; readonly changes: readonly TableChange[] }
  | { readonly stored: false; readonly reason: 'table-full' | 'source-full' }

/** The records of one answer, encoded one behind the other. */
export interface AnswerBody {
  readonly count: number
  readonly body: Uint8Array
}

interface User extends AnswerBody {
  /** Stored order: a known device keeps its place, a new one goes to the end (tracker protocol §8.1). */
  records: StoredRecord[]
  /** The answer is up to date while this has not lapsed; `-Infinity` after a change. */
  soonestExpiryMs: number
  count: number
  body: Uint8Array
  /** Source counted for this user; absent for users loaded from the store. */
  readonly source: string | undefined
}

const EMPTY: AnswerBody = { count: 0, body: new Uint8Array(0) }
/** A full table looks for expired records no more often than this, whatever comes in. */
const FULL_SWEEP_INTERVAL_MS = 1000

export class Table {
  readonly #policy: TrackerPolicy
  readonly #limits: TrackerLimits
  readonly #lifetimeMs: number
  readonly #users = new Map<string, User>()
  /** Users counted per source; holds no more entries than there are users. */
  readonly #usersBySource = new Map<string, number>()
  #announced = 0
  #records = 0
  #nextFullSweepMs = -Infinity

  constructor(policy: TrackerPolicy, limits: TrackerLimits) {
    this.#policy = policy
    this.#limits = limits
    this.#lifetimeMs = Number(policy.lifetimeSeconds) * 1000
  }

  get users(): number {
    return this.#users.size
  }

  /** Records held, some of them perhaps expired and not swept yet. */
  get records(): number {
    return this.#records
  }

  record(user: string, clientId: number): StoredRecord | undefined {
    return this.#users.get(user)?.records.find((record) => record.clientId === clientId)
  }

  /** The live records of a user, at most as many as the policy allows: then the newest, in stored order (§8.3). */
  answer(user: string, nowMs: number): AnswerBody {
    const found = this.#users.get(user)
    if (found === undefined) return EMPTY
    // Nothing that expires later has lapsed: the exact instant is worked out only for what may have.
    if (found.soonestExpiryMs < nowMs) this.#refreshIfLapsed(found, nowMs)
    return found
  }

  announce({ user, clientId, encoded, source }: Announcement, nowMs: number): AnnounceOutcome {
    let entry = this.#users.get(user)
    if (entry === undefined) {
      const reason = this.#refusal(source, nowMs)
      if (reason !== undefined) return { stored: false, reason }
      entry = this.#addUser(user, source)
    }
    const expiresMs = nowMs + this.#lifetimeMs
    const changes: TableChange[] = [{ type: 'put', user, clientId, expiresMs, encoded }]
    this.#put(entry, { clientId, expiresMs, announced: ++this.#announced, encoded }, nowMs)
    for (const removed of this.#evict(entry, clientId))
      changes.push({ type: 'remove', user, clientId: removed.clientId })
    return { stored: true, changes }
  }

  /**
   * Take a record from the store at start. Its remaining lifetime is cut to what an announce would give now.
   * @returns `false` if it has lapsed or finds no room
   */
  load({ user, clientId, expiresMs, encoded }: LoadedRecord, nowMs: number): boolean {
    if (expiresMs < this.#policy.lapsedBelowMs(nowMs)) return false
    let entry = this.#users.get(user)
    if (entry === undefined) {
      if (this.#users.size >= this.#limits.users) return false
      entry = this.#addUser(user, undefined)
    }
    const clampedMs = Math.min(expiresMs, nowMs + this.#lifetimeMs)
    this.#put(entry, { clientId, expiresMs: clampedMs, announced: ++this.#announced, encoded }, nowMs)
    return this.#evict(entry).every((removed) => removed.clientId !== clientId)
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

  #refusal(source: string, nowMs: number): 'table-full' | 'source-full' | undefined {
    const full = () => this.#users.size >= this.#limits.users
    const sourceFull = () => (this.#usersBySource.get(source) ?? 0) >= this.#limits.usersPerSource
    if (!full() && !sourceFull()) return undefined
    if (nowMs >= this.#nextFullSweepMs) {
      this.#nextFullSweepMs = nowMs + FULL_SWEEP_INTERVAL_MS
      this.sweep(nowMs)
    }
    if (full()) return 'table-full'
    return sourceFull() ? 'source-full' : undefined
  }

  #addUser(user: string, source: string | undefined): User {
    const entry: User = { records: [], soonestExpiryMs: -Infinity, count: 0, body: EMPTY.body, source }
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

  /** §8.1: a known device keeps its place; an expired record counts as absent (§8.2). */
  #put(user: User, record: StoredRecord, nowMs: number): void {
    const before = user.records.length
    const lapsedBelowMs = this.#policy.lapsedBelowMs(nowMs)
    user.records = user.records.filter(({ expiresMs }) => expiresMs >= lapsedBelowMs)
    const place = user.records.findIndex(({ clientId }) => clientId === record.clientId)
    if (place === -1) user.records.push(record)
    else user.records[place] = record
    user.soonestExpiryMs = -Infinity
    this.#records += user.records.length - before
  }

  /**
   * §8.6, H3: the record that expires first goes; of two, the one announced earlier. Never the one just announced, which
   * would be the first to go when the clock was set back.
   */
  #evict(user: User, keptClientId?: number): StoredRecord[] {
    const removed: StoredRecord[] = []
    while (user.records.length > this.#limits.recordsPerUser) {
      const others = user.records.filter(({ clientId }) => clientId !== keptClientId)
      const oldest = others.reduce((a, b) => (byAge(a, b) <= 0 ? a : b))
      user.records.splice(user.records.indexOf(oldest), 1)
      removed.push(oldest)
    }
    this.#records -= removed.length
    return removed
  }

  #refreshIfLapsed(user: User, nowMs: number): void {
    const lapsedBelowMs = this.#policy.lapsedBelowMs(nowMs)
    if (user.soonestExpiryMs < lapsedBelowMs) this.#refresh(user, lapsedBelowMs)
  }

  /** Drop what has lapsed and build the answer from the rest. */
  #refresh(user: User, lapsedBelowMs: number): void {
    const live = user.records.filter(({ expiresMs }) => expiresMs >= lapsedBelowMs)
    this.#records -= user.records.length - live.length
    user.records = live
    const given = newest(live, this.#policy.answerRecords)
    user.count = given.length
    user.body = given.length === 1 ? given[0]!.encoded : concat(given)
    user.soonestExpiryMs = live.reduce((soonest, { expiresMs }) => Math.min(soonest, expiresMs), Infinity)
    if (live.length === 0) user.soonestExpiryMs = -Infinity // for the sweep
  }
}

function newest(records: readonly StoredRecord[], count: number): readonly StoredRecord[] {
  if (records.length <= count) return records
  const chosen = new Set([...records].sort(byAge).slice(-count))
  return records.filter((record) => chosen.has(record))
}

/** Oldest first. All records get the same lifetime, so expiry is age; the counter tells those of one millisecond apart. */
function byAge(a: StoredRecord, b: StoredRecord): number {
  return a.expiresMs - b.expiresMs || a.announced - b.announced
}

function concat(records: readonly StoredRecord[]): Uint8Array {
  const body = new Uint8Array(records.length * RECORD_BYTES)
  for (const [index, { encoded }] of records.entries()) body.set(encoded, index * RECORD_BYTES)
  return body
}
