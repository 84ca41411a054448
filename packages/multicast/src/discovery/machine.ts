import { isSmallOrder, verify } from '@mimirjs/crypto'
import { equalBytes, toHex } from '@mimirjs/wire'
import {
  ADDRESS_DECLARATION_BYTES,
  decodeAddressDeclaration,
  MulticastPacketType,
  signedAddressDeclarationBytes,
} from '@mimirjs/wire/multicast'
import { isAcceptableGroup, isAcceptablePort, isIpv4Group } from '../address/index.js'
import { SILENCE_MS } from './constants.js'
import { type DiscoveryLimits, discoveryLimitsOf } from './limits.js'
import { type Entry, lastHeardMs, PeopleTable, toPerson } from './people-table.js'
import { Schedule } from './schedule.js'
import { SignatureBudget } from './signature-budget.js'
import { DISCOVERY_VERDICTS, type DiscoveryVerdict, type Person } from './types.js'

/** What the machine needs of the world. Nothing of it is called from inside a call of another of its own. */
export interface DiscoveryHost {
  /** Send our declaration to the group of discovery. */
  announce(): void
  /** 0 ≤ x < 1. */
  random(): number
  /** Whether this person, 64 lower-case hex digits, is let in though the table is full of strangers. */
  isPreferred(peer: string): boolean
  found(person: Person): void
  changed(person: Person): void
  lost(person: Person): void
}

/** Who we are, and of what we take notice. */
export interface DiscoveryMachineOptions {
  /** Our own, 32 bytes: what is said under it is ours, or a repetition of it. */
  readonly publicKey: Uint8Array
  /** Family of the groups that are taken notice of: what is of the other one cannot be reached from here. */
  readonly family: 4 | 6
  readonly limits?: Partial<DiscoveryLimits> | undefined
}

/**
 * Finding people on the local network: who is there says so, signed, and says it again when somebody new comes. No I/O, no
 * clock, no chance of its own.
 *
 * Anybody on the network can say again what was said once, for a declaration has no time in it. So a person here is a hint
 * whom to dial and where; who they are shows when a session is opened.
 */
export class DiscoveryMachine {
  readonly counters: Record<DiscoveryVerdict, number>
  readonly #host: DiscoveryHost
  readonly #publicKey: Uint8Array
  readonly #family: 4 | 6
  readonly #limits: DiscoveryLimits
  readonly #table = new PeopleTable()
  readonly #schedule: Schedule
  readonly #strangers: SignatureBudget
  readonly #preferred: SignatureBudget

  constructor(host: DiscoveryHost, { publicKey, family, limits }: DiscoveryMachineOptions) {
    this.#host = host
    this.#publicKey = publicKey
    this.#family = family
    this.#limits = discoveryLimitsOf(limits)
    this.#schedule = new Schedule(() => host.random())
    this.#strangers = new SignatureBudget(this.#limits.signaturesPerSource, this.#limits.signatures)
    this.#preferred = new SignatureBudget(this.#limits.signaturesPerPreferred, this.#limits.signaturesOfPreferred)
    this.counters = Object.fromEntries(DISCOVERY_VERDICTS.map((verdict) => [verdict, 0])) as typeof this.counters
  }

  /** When {@link advance} is due; `Infinity` for never. */
  get deadlineMs(): number {
    const oldest = this.#table.oldest()
    const lostMs = oldest === undefined ? Number.POSITIVE_INFINITY : lastHeardMs(oldest) + SILENCE_MS
    return Math.min(this.#schedule.deadlineMs, lostMs)
  }

  /** Who is there, whom we heard longest ago first. */
  people(): Person[] {
    return this.#table.people()
  }

  /** Somebody by their key. */
  person(publicKey: Uint8Array): Person | undefined {
    const entry = this.#table.get(toHex(publicKey))
    return entry && toPerson(entry)
  }

  get size(): number {
    return this.#table.size
  }

  /** Announce from now on. Called again: the network is back, so soon once more. Without it we only listen. */
  announce(nowMs: number): void {
    this.#schedule.start(nowMs)
    this.advance(nowMs)
  }

  /** Time has passed. */
  advance(nowMs: number): void {
    for (let entry = this.#table.oldest(); entry !== undefined; entry = this.#table.oldest()) {
      if (lastHeardMs(entry) + SILENCE_MS > nowMs) break
      this.#lose(entry)
    }
    if (this.#schedule.advance(nowMs)) this.#host.announce()
  }

  /**
   * A datagram came to the group of discovery.
   * @param bytes - read during the call only
   * @param source - host that sent it, for the limits per host; anybody on the network can pretend to be any
   */
  receive(bytes: Uint8Array, source: string, nowMs: number): DiscoveryVerdict {
    const verdict = this.#judge(bytes, source, nowMs)
    this.counters[verdict] += 1
    return verdict
  }

  /** What costs least comes first, and a signature is checked last. */
  #judge(bytes: Uint8Array, source: string, nowMs: number): DiscoveryVerdict {
    if (bytes.length !== ADDRESS_DECLARATION_BYTES || bytes[0] !== MulticastPacketType.addressDeclaration)
      return 'drop:length'
    const { port, address: group, src, signature } = decodeAddressDeclaration(bytes)
    if (equalBytes(src, this.#publicKey)) return 'drop:self'
    const isOurFamily = isIpv4Group(group) === (this.#family === 4)
    if (!isOurFamily || !isAcceptableGroup(group) || !isAcceptablePort(port)) return 'drop:address'
    if (isSmallOrder(src)) return 'drop:key'

    const key = toHex(src)
    const known = this.#table.get(key)
    const again = known?.declared.find(({ datagram }) => equalBytes(datagram, bytes))
    if (known !== undefined && again !== undefined) {
      this.#table.heard(known, again, source, nowMs)
      this.#table.prune(known, nowMs - SILENCE_MS)
      return 'heard'
    }
    const isPreferred = this.#host.isPreferred(key)
    if (known === undefined && !this.#hasRoom(isPreferred, source)) return 'drop:full'
    const mayCheck = isPreferred ? this.#preferred.take(key, nowMs) : this.#strangers.take(source, nowMs)
    if (!mayCheck) return 'drop:rate'
    if (!verify(signature, signedAddressDeclarationBytes(bytes), src)) return 'drop:signature'

    if (known === undefined) this.#makeRoom()
    const entry = known ?? this.#table.add(key, src.slice(), source, isPreferred ? undefined : source)
    this.#table.learnt(entry, { publicKey: entry.publicKey, group, port }, bytes, source, nowMs)
    this.#table.prune(entry, nowMs - SILENCE_MS)
    this.#schedule.answer(nowMs)
    if (known === undefined) this.#host.found(toPerson(entry))
    else this.#host.changed(toPerson(entry))
    return known === undefined ? 'found' : 'changed'
  }

  #hasRoom(isPreferred: boolean, source: string): boolean {
    const { people, peoplePerSource } = this.#limits
    if (isPreferred) return this.#table.size < people || this.#oldestStranger() !== undefined
    return this.#table.size < people && this.#table.countOf(source) < peoplePerSource
  }

  #makeRoom(): void {
    if (this.#table.size < this.#limits.people) return
    const stranger = this.#oldestStranger()
    if (stranger !== undefined) this.#lose(stranger)
  }

  #oldestStranger(): Entry | undefined {
    return this.#table.oldestBut((key) => this.#host.isPreferred(key))
  }

  #lose(entry: Entry): void {
    this.#table.delete(entry)
    this.#host.lost(toPerson(entry))
  }
}
