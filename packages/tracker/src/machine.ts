import type { DatagramPeer } from '@mimirjs/transport'
import {
  ANNOUNCE_REQUEST_BYTES,
  ANNOUNCE_RESPONSE_BYTES,
  decodeAnnounceRequest,
  encodeAnnounceResponseInto,
  GET_ADDRS_REQUEST_BYTES,
  GET_ADDRS_RESPONSE_HEAD_BYTES,
  TrackerCommand,
} from '@mimirjs/wire/tracker'
import type { TrackerLimits } from './limits.js'
import type { TrackerPolicy } from './policy.js'
import { encodeRecord, sameSignedPart, type TableChange, userOf } from './record.js'
import { Slab } from './slab.js'
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
  readonly clientId: number
}

/** An answer to send now, an announce to commit, or nothing: the datagram is dropped. */
export type Reaction = Uint8Array | Commit | undefined

/** What a tracker counts from its start on. */
export interface TrackerCounters {
  /** Resolves answered, and those of them that had at least one record. */
  answered: number
  found: number
  /** Announces whose record was stored, and those refused because the table or the share of their sender is full. */
  announced: number
  refused: number
  /** Datagrams dropped: not a request of this generation; wrong signature; above a rate; from outside what is served. */
  malformed: number
  badSignature: number
  limited: number
  notServed: number
}

export interface MachineOptions {
  readonly policy: TrackerPolicy
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
    announced: 0,
    refused: 0,
    malformed: 0,
    badSignature: 0,
    limited: 0,
    notServed: 0,
  }
  readonly #policy: TrackerPolicy
  readonly #table: Table
  readonly #sources: Sources
  readonly #checks: TokenBucket
  readonly #allowAnySource: boolean
  readonly #verify: MachineOptions['verify']
  readonly #slab = new Slab()

  constructor({ policy, limits, table, allowAnySource, verify, nowMs }: MachineOptions) {
    this.#policy = policy
    this.#table = table
    this.#sources = new Sources(limits)
    this.#checks = new TokenBucket(limits.checksPerSecond, limits.checksPerSecond, nowMs)
    this.#allowAnySource = allowAnySource
    this.#verify = verify
  }

  /** @param bytes - valid during the call only; nothing returned points into it */
  receive(bytes: Uint8Array, from: DatagramPeer, nowMs: number): Reaction {
    const command = bytes[5]
    const needed = command === TrackerCommand.getAddrs ? GET_ADDRS_REQUEST_BYTES : ANNOUNCE_REQUEST_BYTES
    if (bytes.length < needed || (command !== TrackerCommand.getAddrs && command !== TrackerCommand.announce)) {
      this.counters.malformed++
      return undefined
    }
    const source = this.#sources.of(from, nowMs)
    if (source === undefined || (source.scope === 'public' && !this.#allowAnySource)) {
      this.counters.notServed++
      return undefined
    }
    return command === TrackerCommand.getAddrs
      ? this.#getAddrs(bytes, source, nowMs)
      : this.#announce(bytes, source, nowMs)
  }

  /** `version u8 | nonce u32 | command u8 | publicKey 32`; the nonce is copied, never looked at. */
  #getAddrs(bytes: Uint8Array, source: Source, nowMs: number): Reaction {
    if (!source.getAddrs.take(nowMs)) {
      this.counters.limited++
      return undefined
    }
    const { count, body } = this.#table.answer(userOf(bytes, 6, GET_ADDRS_REQUEST_BYTES), nowMs)
    const answer = this.#slab.take(GET_ADDRS_RESPONSE_HEAD_BYTES + body.length)
    answer[0] = bytes[1]!
    answer[1] = bytes[2]!
    answer[2] = bytes[3]!
    answer[3] = bytes[4]!
    answer[4] = TrackerCommand.getAddrs
    answer[5] = count
    answer.set(body, GET_ADDRS_RESPONSE_HEAD_BYTES)
    this.counters.answered++
    if (count > 0) this.counters.found++
    return answer
  }

  #announce(bytes: Uint8Array, source: Source, nowMs: number): Reaction {
    // Both rates before the check: a signature costs about as much as ten answers.
    if (!source.announces.take(nowMs) || !this.#checks.take(nowMs)) {
      this.counters.limited++
      return undefined
    }
    const request = decodeAnnounceRequest(bytes)
    const user = userOf(request.publicKey)
    const encoded = encodeRecord(request, this.#policy)
    const known = this.#table.record(user, request.clientId)
    const checked =
      (known !== undefined && sameSignedPart(known.encoded, encoded)) ||
      this.#verify(request.signature, request.address, request.publicKey)
    if (!checked) {
      this.counters.badSignature++
      return undefined
    }
    const { clientId, nonce } = request
    const refusal = acknowledge(nonce, this.#policy.refusedTtlSeconds)
    const outcome = this.#table.announce({ user, clientId, encoded, source: source.key }, nowMs)
    if (!outcome.stored) {
      this.counters.refused++
      return refusal
    }
    this.counters.announced++
    const acknowledgement = acknowledge(nonce, this.#policy.acknowledgedTtlSeconds)
    return { changes: outcome.changes, acknowledgement, refusal, user, clientId }
  }
}

function acknowledge(nonce: number, ttlSeconds: bigint): Uint8Array {
  const bytes = new Uint8Array(ANNOUNCE_RESPONSE_BYTES)
  encodeAnnounceResponseInto({ nonce, ttlSeconds }, bytes, 0)
  return bytes
}
