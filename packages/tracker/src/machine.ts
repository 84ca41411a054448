import type { DatagramPeer } from '@mimirjs/transport'
import { toHex } from '@mimirjs/wire'
import type { TrackerLimits } from './limits.js'
import { type AnnounceFields, MESSAGES, type Messages } from './messages.js'
import { POLICIES, type TrackerGeneration, type TrackerPolicy } from './policy.js'
import { Rank, type StoredRecord, type TableChange, userOf } from './record.js'
import { type Source, Sources } from './source.js'
import type { Table } from './table.js'
import { TokenBucket } from './token-bucket.js'

// The tracker without its socket, disk and clock: a datagram goes in, and what is to be done comes out. Nothing in here
// throws on account of the bytes, and a datagram that gets no answer costs as little as possible.

/** An announce to be committed: write `changes` down, then send `acknowledgement`; `refusal` if that failed. */
export interface Commit {
  readonly changes: readonly TableChange[]
  readonly acknowledgement: Uint8Array
  readonly refusal: Uint8Array
  /** latin1 text of the user key. */
  readonly user: string
  readonly record: StoredRecord
}

/** An answer to send now, an announce to commit, or nothing: the datagram is dropped. */
export type Reaction = Uint8Array | Commit | undefined

/** What a tracker counts from its start on. */
export interface TrackerCounters {
  /** Resolves answered, and those of them that had at least one record. */
  answered: number
  found: number
  /** Pings answered. */
  pinged: number
  /** Announces whose record was stored; refused because the table or the share of their sender is full; not kept because
   * somebody more trusted says something else. */
  announced: number
  refused: number
  outranked: number
  /** Datagrams dropped: not a request of this generation; wrong signature; above a rate; from outside what is served. */
  malformed: number
  badSignature: number
  limited: number
  notServed: number
}

export interface MachineOptions {
  readonly generation: TrackerGeneration
  readonly limits: TrackerLimits
  readonly table: Table
  readonly allowAnySource: boolean
  /** Whether `signature` over `address` was made by `publicKey`, and the key is one that can make signatures at all. */
  verify(signature: Uint8Array, address: Uint8Array, publicKey: Uint8Array): boolean
  readonly nowMs: number
}

export class TrackerMachine {
  readonly counters: TrackerCounters = {
    answered: 0,
    found: 0,
    pinged: 0,
    announced: 0,
    refused: 0,
    outranked: 0,
    malformed: 0,
    badSignature: 0,
    limited: 0,
    notServed: 0,
  }
  /** Signatures checked, for all senders together. */
  readonly checks: TokenBucket
  readonly #policy: TrackerPolicy
  readonly #messages: Messages
  readonly #table: Table
  readonly #sources: Sources
  readonly #allowAnySource: boolean
  readonly #verify: MachineOptions['verify']

  constructor({ generation, limits, table, allowAnySource, verify, nowMs }: MachineOptions) {
    this.#policy = POLICIES[generation]
    this.#messages = MESSAGES[generation]()
    this.#table = table
    this.#sources = new Sources(limits)
    this.checks = new TokenBucket(limits.checksPerSecond, limits.checksPerSecond, nowMs)
    this.#allowAnySource = allowAnySource
    this.#verify = verify
  }

  /** @param bytes - valid during the call only; nothing returned points into it */
  receive(bytes: Uint8Array, from: DatagramPeer, nowMs: number): Reaction {
    const kind = this.#messages.kindOf(bytes)
    if (kind === undefined) {
      this.counters.malformed++
      return undefined
    }
    const source = this.#sources.of(from, nowMs)
    if (source === undefined || (source.scope === 'public' && !this.#allowAnySource)) {
      this.counters.notServed++
      return undefined
    }
    if (kind === 'announce') return this.#announce(bytes, source, nowMs)
    if (!source.getAddrs.take(nowMs)) {
      this.counters.limited++
      return undefined
    }
    return kind === 'getAddrs' ? this.#getAddrs(bytes, nowMs) : this.#ping(bytes)
  }

  #ping(bytes: Uint8Array): Reaction {
    this.counters.pinged++
    return this.#messages.pong?.(bytes)
  }

  #getAddrs(bytes: Uint8Array, nowMs: number): Reaction {
    const user = this.#messages.userAskedFor(bytes)
    if (user === undefined) {
      this.counters.malformed++
      return undefined
    }
    const answer = this.#table.answer(user, nowMs)
    this.counters.answered++
    if (answer.given.length > 0) this.counters.found++
    return this.#messages.answer(bytes, answer, nowMs)
  }

  #announce(bytes: Uint8Array, source: Source, nowMs: number): Reaction {
    // Both rates before the check: a signature costs about as much as ten answers.
    if (!source.announces.take(nowMs) || !this.checks.take(nowMs)) {
      this.counters.limited++
      return undefined
    }
    const request = this.#messages.readAnnounce(bytes)
    if (request === undefined) {
      this.counters.malformed++
      return undefined
    }
    const user = userOf(request.publicKey)
    const encoded = this.#policy.records.encode(request)
    if (!this.#table.knows(user, encoded) && !this.#verify(request.signature, request.address, request.publicKey)) {
      this.counters.badSignature++
      return undefined
    }
    const { clientId } = request
    const rank = this.#rankOf(request, source)
    const outcome = this.#table.announce({ user, clientId, encoded, rank, source: source.key }, nowMs)
    const { fullTtlSeconds, outrankedTtlSeconds, unwrittenTtlSeconds } = this.#policy
    if (outcome.stored) {
      this.counters.announced++
      const { changes, record, grant } = outcome
      const acknowledgement = this.#messages.acknowledgement(bytes, grant.ttlSeconds)
      const refusal = this.#messages.acknowledgement(bytes, unwrittenTtlSeconds)
      return { changes, acknowledgement, refusal, user, record }
    }
    if (outcome.reason === 'outranked') {
      this.counters.outranked++
      return this.#messages.acknowledgement(bytes, outrankedTtlSeconds)
    }
    this.counters.refused++
    return fullTtlSeconds === undefined ? undefined : this.#messages.acknowledgement(bytes, fullTtlSeconds)
  }

  /** Who announces the node that he is has the right to. */
  #rankOf({ address }: AnnounceFields, { nodeKey }: Source): Rank {
    return nodeKey !== undefined && nodeKey === toHex(address) ? Rank.self : Rank.thirdParty
  }
}
