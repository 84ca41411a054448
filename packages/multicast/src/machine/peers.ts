import { equalBytes } from '@mimirjs/wire'
import type { MachineLimits } from '../limits.js'
import { nameOf } from './names.js'
import { TokenBucket } from './token-bucket.js'
import type { PeerAddress, Place } from './types.js'

/** A place that its owner signed. */
export interface DeclaredPlace extends Place {
  readonly signature: Uint8Array
}

/** A key whose owner may open sessions to us. */
export class Peer {
  readonly publicKey: Uint8Array
  readonly name: string
  /** What the user said: no declaration pushes it out. */
  pinned: Place | undefined
  /** The newest first. */
  declared: readonly DeclaredPlace[] = []
  heardMs: number
  /** Responses that may be sent to it. */
  readonly responses: TokenBucket

  constructor(publicKey: Uint8Array, responsesPerSecond: number, nowMs: number) {
    this.publicKey = new Uint8Array(publicKey)
    this.name = nameOf(publicKey)
    this.heardMs = nowMs
    this.responses = new TokenBucket(responsesPerSecond)
  }

  /**
   * Where sessions made now send to.
   * @param kept - how many declared ones count. The pinned one comes on top; where one alone counts, the declared one.
   */
  places(kept: number): readonly Place[] {
    const { pinned, declared } = this
    if (pinned === undefined || declared.some((place) => isSamePlace(place, pinned))) return declared
    return kept === 1 && declared.length > 0 ? declared : [...declared, pinned]
  }

  /** Whether this place was declared before with this very signature. */
  hasDeclared(place: Place, signature: Uint8Array): boolean {
    return this.declared.some((known) => isSamePlace(known, place) && equalBytes(known.signature, signature))
  }

  /** @param kept - how many places are remembered */
  declare(place: Place, signature: Uint8Array, kept: number): void {
    const others = this.declared.filter((known) => !isSamePlace(known, place))
    const newest = { group: new Uint8Array(place.group), port: place.port, signature: new Uint8Array(signature) }
    this.declared = [newest, ...others].slice(0, kept)
  }
}

/** Known keys and where they listen. Bounded; who was heard longest ago goes first, and before all who has no session. */
export class Peers {
  readonly #limits: MachineLimits
  readonly #isNeeded: (peer: Peer) => boolean
  readonly #peers = new Map<string, Peer>()

  constructor(limits: MachineLimits, isNeeded: (peer: Peer) => boolean) {
    this.#limits = limits
    this.#isNeeded = isNeeded
  }

  get size(): number {
    return this.#peers.size
  }

  get(name: string): Peer | undefined {
    return this.#peers.get(name)
  }

  /** The peer of this key, made when it is new. @returns `undefined` when there is no room */
  getOrAdd(publicKey: Uint8Array, nowMs: number): Peer | undefined {
    const known = this.#peers.get(nameOf(publicKey))
    if (known !== undefined) return known
    if (this.#peers.size >= this.#limits.peers) {
      const gone = this.#dispensable()
      if (gone === undefined) return undefined
      this.#peers.delete(gone.name)
    }
    const peer = new Peer(publicKey, this.#limits.responsesPerPeerPerSecond, nowMs)
    this.#peers.set(peer.name, peer)
    return peer
  }

  /** @returns `false` when there is no room */
  pin({ publicKey, group, port }: PeerAddress, nowMs: number): boolean {
    const peer = this.getOrAdd(publicKey, nowMs)
    if (peer === undefined) return false
    peer.pinned = { group: new Uint8Array(group), port }
    return true
  }

  forget(publicKey: Uint8Array): void {
    this.#peers.delete(nameOf(publicKey))
  }

  /** Sessions go on without the entry of their peer, which a new one would only have to declare again. */
  #dispensable(): Peer | undefined {
    let found: Peer | undefined
    let isFoundNeeded = true
    for (const peer of this.#peers.values()) {
      if (peer.pinned !== undefined) continue
      const isNeeded = this.#isNeeded(peer)
      const isBetter = isNeeded === isFoundNeeded ? found === undefined || peer.heardMs < found.heardMs : isFoundNeeded
      if (isBetter) [found, isFoundNeeded] = [peer, isNeeded]
    }
    return found
  }
}

function isSamePlace(a: Place, b: Place): boolean {
  return a.port === b.port && equalBytes(a.group, b.group)
}
