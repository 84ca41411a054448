import { formatMulticastAddress, type MulticastAddress } from '../address/index.js'
import type { Person } from './types.js'

/** What somebody said once, and says again and again in the same bytes. */
export interface Declared {
  readonly address: string
  /** The whole datagram, signature included: what is equal to it is as true, and costs no check. */
  readonly datagram: Uint8Array
  heardMs: number
}

/** Somebody in the table. */
export interface Entry {
  readonly key: string
  readonly publicKey: Uint8Array
  /** Host that their first declaration came from, where a stranger is counted until the entry goes. */
  readonly countedAt: string | undefined
  from: string
  /** Newest first: two, because an old declaration may be said again by anybody, and must not drive out the one that is true. */
  declared: Declared[]
}

/** Addresses kept of one person. As many as a node keeps of a peer: multicast protocol §7.2. */
const ADDRESSES_PER_PERSON = 2

/** Who is on the local network, bounded, in the order in which they were heard last. */
export class PeopleTable {
  readonly #entries = new Map<string, Entry>()
  readonly #perSource = new Map<string, number>()

  get size(): number {
    return this.#entries.size
  }

  get(key: string): Entry | undefined {
    return this.#entries.get(key)
  }

  /** Strangers in the table that this host spoke for first. */
  countOf(source: string): number {
    return this.#perSource.get(source) ?? 0
  }

  /** Whom we heard longest ago. */
  oldest(): Entry | undefined {
    for (const entry of this.#entries.values()) return entry
    return undefined
  }

  /** The same among those that this is not true of, who may have become it since they came. */
  oldestBut(isPreferred: (key: string) => boolean): Entry | undefined {
    for (const entry of this.#entries.values()) if (!isPreferred(entry.key)) return entry
    return undefined
  }

  /** @param countedAt - the host; `undefined` for those who are not counted */
  add(key: string, publicKey: Uint8Array, from: string, countedAt: string | undefined): Entry {
    const entry: Entry = { key, publicKey, countedAt, from, declared: [] }
    this.#entries.set(key, entry)
    if (countedAt !== undefined) this.#perSource.set(countedAt, this.countOf(countedAt) + 1)
    return entry
  }

  delete(entry: Entry): void {
    const { key, countedAt } = entry
    if (!this.#entries.delete(key) || countedAt === undefined) return
    const left = this.countOf(countedAt) - 1
    if (left > 0) this.#perSource.set(countedAt, left)
    else this.#perSource.delete(countedAt)
  }

  /** Said again. */
  heard(entry: Entry, declared: Declared, source: string, nowMs: number): void {
    declared.heardMs = nowMs
    entry.from = source
    this.#touch(entry)
  }

  /** Said for the first time. */
  learnt(entry: Entry, place: MulticastAddress, datagram: Uint8Array, source: string, nowMs: number): void {
    const declared = { address: formatMulticastAddress(place), datagram: datagram.slice(), heardMs: nowMs }
    entry.declared = [declared, ...entry.declared].slice(0, ADDRESSES_PER_PERSON)
    entry.from = source
    this.#touch(entry)
  }

  /** Forget what was not said since then. */
  prune(entry: Entry, sinceMs: number): void {
    if (entry.declared.some(({ heardMs }) => heardMs <= sinceMs))
      entry.declared = entry.declared.filter(({ heardMs }) => heardMs > sinceMs)
  }

  people(): Person[] {
    return [...this.#entries.values()].map(toPerson)
  }

  #touch(entry: Entry): void {
    this.#entries.delete(entry.key)
    this.#entries.set(entry.key, entry)
  }
}

/** When somebody was heard last, whatever they said. */
export function lastHeardMs({ declared }: Entry): number {
  return declared.reduce((latest, { heardMs }) => Math.max(latest, heardMs), Number.NEGATIVE_INFINITY)
}

export function toPerson({ publicKey, declared, from }: Entry): Person {
  const addresses = declared.map(({ address }) => address)
  return { publicKey, address: addresses[0] ?? '', addresses, from }
}
