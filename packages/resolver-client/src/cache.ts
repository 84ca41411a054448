import type { ResolverLimits } from './limits.js'
import type { ResolvedAddress } from './record.js'

interface Entry {
  /** In dial order; empty while "no records" is believed. */
  addresses: readonly ResolvedAddress[]
  /** Until when an entry without addresses counts. */
  readonly emptyUntilMs: number
}

/** What was resolved lately, by user; bounded, least recently used out first (tracker protocol §11.6). */
export class Cache {
  readonly #limits: ResolverLimits
  /** In the order of their last use. */
  readonly #entries = new Map<string, Entry>()

  constructor(limits: ResolverLimits) {
    this.#limits = limits
  }

  get size(): number {
    return this.#entries.size
  }

  /** The live addresses of `user`; none while "no records" is believed; `undefined` when a tracker must be asked. */
  get(user: string, nowMs: number): ResolvedAddress[] | undefined {
    const entry = this.#entries.get(user)
    if (entry === undefined) return undefined
    const live = entry.addresses.filter(({ deadlineMs }) => deadlineMs > nowMs)
    this.#entries.delete(user)
    if (live.length === 0 && nowMs >= entry.emptyUntilMs) return undefined
    this.#entries.set(user, entry)
    return live
  }

  put(user: string, addresses: readonly ResolvedAddress[], nowMs: number): void {
    const emptyUntilMs = addresses.length === 0 ? nowMs + this.#limits.emptyMs : nowMs
    this.#entries.delete(user)
    this.#entries.set(user, { addresses: addresses.slice(0, this.#limits.recordsPerUser), emptyUntilMs })
    if (this.#entries.size > this.#limits.cachedUsers) {
      this.#entries.delete(this.#entries.keys().next().value!)
    }
  }

  /** Remove one address; a user whose last one went is asked for again at the next look-up. */
  forget(user: string, address: string): void {
    const entry = this.#entries.get(user)
    if (entry === undefined || entry.addresses.length === 0) return
    entry.addresses = entry.addresses.filter((known) => known.address !== address)
    if (entry.addresses.length === 0) this.#entries.delete(user)
  }
}
