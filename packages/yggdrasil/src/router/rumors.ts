import { transformKey } from '../address.js'
import { type BloomLocations, bloomLocations } from '../bloom.js'
import { type KeyId, keyId } from '../key.js'
import type { WaitingPackets } from './waiting-packets.js'

/** A key of which nothing is known but that somebody wants to reach it. yggdrasil protocol §6.1 */
export class Rumor {
  /** The transformed key. */
  readonly id: KeyId
  readonly locations: BloomLocations
  /** What to look for: whole or partial, as asked for last. */
  target: Uint8Array
  lookupMs: number = Number.NEGATIVE_INFINITY
  expiresMs: number
  /** When somebody last wanted it. */
  wantedMs: number
  /** The last lookup went out to a neighbour at least. */
  isOut = false
  /** Whom the packet is for that waits. */
  destination: Uint8Array | undefined

  constructor(id: KeyId, locations: BloomLocations, target: Uint8Array, nowMs: number, expiresMs: number) {
    this.id = id
    this.locations = locations
    this.target = target.slice()
    this.wantedMs = nowMs
    this.expiresMs = expiresMs
  }
}

/** Keys that are being looked for, by transformed key. */
export class Rumors {
  readonly #maxRumors: number
  readonly #waiting: WaitingPackets
  /** Those looked up longest ago first. */
  readonly #byId = new Map<KeyId, Rumor>()

  constructor(maxRumors: number, waiting: WaitingPackets) {
    this.#maxRumors = maxRumors
    this.#waiting = waiting
  }

  get size(): number {
    return this.#byId.size
  }

  values(): Iterable<Rumor> {
    return this.#byId.values()
  }

  find(key: Uint8Array): Rumor | undefined {
    return this.#byId.get(keyId(transformKey(key)))
  }

  /** The rumor of a key that is wanted now; the oldest one goes when there is no room for it. */
  want(key: Uint8Array, nowMs: number, lifetimeMs: number): Rumor {
    const transformed = transformKey(key)
    const id = keyId(transformed)
    let rumor = this.#byId.get(id)
    if (rumor === undefined) {
      if (this.#byId.size >= this.#maxRumors) this.#deleteOldest()
      rumor = new Rumor(id, bloomLocations(transformed), key, nowMs, nowMs + lifetimeMs)
      this.#byId.set(id, rumor)
    }
    rumor.target.set(key)
    rumor.wantedMs = nowMs
    return rumor
  }

  /** A lookup of it goes out: it lives longer, and is the youngest. */
  renew(rumor: Rumor, nowMs: number, lifetimeMs: number): void {
    rumor.lookupMs = nowMs
    rumor.expiresMs = nowMs + lifetimeMs
    this.#byId.delete(rumor.id)
    this.#byId.set(rumor.id, rumor)
  }

  expire(nowMs: number): void {
    for (const rumor of this.#byId.values()) if (nowMs >= rumor.expiresMs) this.#delete(rumor)
  }

  #deleteOldest(): void {
    const { value: oldest } = this.#byId.values().next()
    if (oldest !== undefined) this.#delete(oldest)
  }

  #delete(rumor: Rumor): void {
    this.#waiting.drop(rumor)
    this.#byId.delete(rumor.id)
  }
}
