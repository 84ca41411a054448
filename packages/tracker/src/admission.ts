import type { TrackerHardening } from './hardening.js'
import { clampMinutes, type Grant, type TrackerPolicy } from './policy.js'
import { Rank, type StoredRecord, sameAddress } from './record.js'

// Which records a user has after one more was said (tracker protocol §8.1, §8.6, §10.4, §10.7). Only lists of live records go
// in and out: the table around it counts them, and knows time.

export interface AdmissionRules {
  readonly policy: TrackerPolicy
  readonly hardening: TrackerHardening
  readonly recordsPerUser: number
}

/** A record whose signature was checked. */
export interface Candidate {
  readonly clientId: number
  readonly encoded: Uint8Array
  readonly rank: Rank
}

/** What a fellow tracker says about a record. */
export interface SyncedTerms {
  readonly expiresMs: number
  readonly ttlMinutes: number
}

export interface Admission {
  readonly records: StoredRecord[]
  readonly record: StoredRecord
  readonly grant: Grant
}

/**
 * An announce.
 * @param live - in stored order
 * @param announced - higher than that of any record before
 * @returns `undefined` when somebody more trusted says something else
 */
export function admitAnnounce(
  rules: AdmissionRules,
  live: readonly StoredRecord[],
  candidate: Candidate,
  announced: number,
  nowMs: number,
): Admission | undefined {
  const { policy, hardening } = rules
  if (outranked(rules, live, candidate)) return undefined
  const known = live.find((record) => sameDevice(record, candidate) && sameNode(policy, record, candidate))
  const previous = known?.ttlMinutes ?? 0
  const grant = policy.grant(hardening.clampGrants && previous > 0 ? clampMinutes(previous) : previous)
  const { ttlMinutes, lifetimeMs } = grant
  const record: StoredRecord = { ...candidate, announced, ttlMinutes, expiresMs: nowMs + lifetimeMs }
  const mine = hardening.oneRecordPerAddress && policy.ranked && candidate.rank === Rank.self
  return settle(rules, live, record, grant, (other) =>
    sameDevice(other, candidate) ? true : mine && sameNode(policy, other, candidate),
  )
}

/** A record that another tracker was told. @returns `undefined` when it changes nothing */
export function admitSynced(
  rules: AdmissionRules,
  live: readonly StoredRecord[],
  candidate: Candidate,
  terms: SyncedTerms,
  announced: number,
): Admission | undefined {
  const { policy, hardening } = rules
  if (outranked(rules, live, candidate)) return undefined
  const known = live.find((record) => sameDevice(record, candidate) && sameNode(policy, record, candidate))
  const latest = known !== undefined && known.expiresMs > terms.expiresMs ? known : terms
  const { expiresMs, ttlMinutes } = latest
  const rank = known === undefined || known.rank < candidate.rank ? candidate.rank : known.rank
  const record: StoredRecord = { ...candidate, rank, announced, expiresMs, ttlMinutes }
  const grant = { ...policy.grant(0), ttlMinutes }
  return settle(rules, live, record, grant, (other) => {
    if (!sameDevice(other, candidate)) return false
    return !(hardening.keepBothWhenMoved && other.rank === Rank.self && !sameNode(policy, other, candidate))
  })
}

/** H1: a stranger's word counts only where nobody who should know has said anything. */
function outranked(
  { policy, hardening }: AdmissionRules,
  live: readonly StoredRecord[],
  candidate: Candidate,
): boolean {
  if (!policy.ranked || !hardening.keepTrusted || candidate.rank > Rank.thirdParty) return false
  return live.some(
    (other) => other.rank > candidate.rank && (sameDevice(other, candidate) || sameNode(policy, other, candidate)),
  )
}

function settle(
  { policy, recordsPerUser }: AdmissionRules,
  live: readonly StoredRecord[],
  record: StoredRecord,
  grant: Grant,
  goes: (other: StoredRecord) => boolean,
): Admission | undefined {
  const records: StoredRecord[] = []
  let placed = policy.newestFirst
  if (placed) records.push(record)
  for (const other of live) {
    if (!goes(other)) records.push(other)
    else if (!placed) {
      records.push(record)
      placed = true
    }
  }
  if (!placed) records.push(record)
  evict(records, recordsPerUser, record)
  return records.includes(record) ? { records, record, grant } : undefined
}

/**
 * H3: the least trusted record goes, of those the one that expires first, of those the one announced earlier. Never the one
 * just said while there is another that is trusted no more: with a clock set back it would always be the first to go.
 * @param records - changed in place
 */
export function evict(records: StoredRecord[], most: number, kept?: StoredRecord): void {
  while (records.length > most) {
    const others = records.filter((record) => record !== kept)
    const weakest = others.reduce((a, b) => (byWorth(a, b) <= 0 ? a : b))
    const goes = kept !== undefined && kept.rank < weakest.rank ? kept : weakest
    records.splice(records.indexOf(goes), 1)
  }
}

/** Least worth first. */
export function byWorth(a: StoredRecord, b: StoredRecord): number {
  return a.rank - b.rank || a.expiresMs - b.expiresMs || a.announced - b.announced
}

function sameDevice(record: StoredRecord, candidate: Candidate): boolean {
  return record.clientId === candidate.clientId
}

function sameNode({ records }: TrackerPolicy, record: StoredRecord, candidate: Candidate): boolean {
  return sameAddress(records, record.encoded, candidate.encoded)
}
