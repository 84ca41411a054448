import type { PeerLimits } from './limits.js'

/** An inbound connection that has not proven anything yet. */
export interface Stranger {
  readonly addressGroup: string
  /** How it came: the scheme of its address. */
  readonly network: string
}

/**
 * Inbound connections before READY: few in total, fewer from one address. One too many puts out the oldest, in total the
 * oldest of the network that most came by, for on some of them addresses cost nothing: a flood keeps itself busy, and whoever
 * finishes the handshake in time is not touched.
 */
export class WaitingRoom<T extends Stranger> {
  readonly #limits: PeerLimits
  /** In order of arrival. */
  readonly #all = new Set<T>()

  constructor(limits: PeerLimits) {
    this.#limits = limits
  }

  get size(): number {
    return this.#all.size
  }

  /** Let `stranger` in; returns who has to leave for it. */
  enter(stranger: T): T | undefined {
    const leaving = this.#crowdedOut(stranger.addressGroup)
    if (leaving !== undefined) this.#all.delete(leaving)
    this.#all.add(stranger)
    return leaving
  }

  leave(stranger: T): void {
    this.#all.delete(stranger)
  }

  *[Symbol.iterator](): Iterator<T> {
    yield* this.#all
  }

  #crowdedOut(group: string): T | undefined {
    const { unauthenticated, unauthenticatedPerAddress } = this.#limits
    if (this.#all.size < Math.min(unauthenticated, unauthenticatedPerAddress)) return undefined
    let fromThere = 0
    let oldestFromThere: T | undefined
    for (const other of this.#all) {
      if (other.addressGroup !== group) continue
      oldestFromThere ??= other
      fromThere++
    }
    if (fromThere >= unauthenticatedPerAddress) return oldestFromThere
    if (this.#all.size < unauthenticated) return undefined
    return this.#oldestOfLargest()
  }

  #oldestOfLargest(): T | undefined {
    const networks = new Map<string, { count: number; readonly oldest: T }>()
    let largest: { readonly count: number; readonly oldest: T } | undefined
    for (const other of this.#all) {
      const seen = networks.get(other.network) ?? { count: 0, oldest: other }
      seen.count++
      networks.set(other.network, seen)
      if (largest === undefined || seen.count > largest.count) largest = seen
    }
    return largest?.oldest
  }
}
