import { TokenBucket } from '../machine/token-bucket.js'
import type { StreamConnection } from './connection.js'
import type { EndedStream } from './ended.js'
import type { Account } from './memory.js'

/** A peer of whom nothing is left is forgotten after this: until then, what it may ask for is counted. */
const KEPT_MS = 5000

/** All there is of one other node. */
export interface Peer extends Account {
  /** 32 bytes; always the same array. */
  readonly key: Uint8Array
  readonly streams: Map<string, StreamConnection>
  readonly ended: Map<string, EndedStream>
  readonly resets: TokenBucket
  /** Streams that it has begun to open. */
  halfOpen: number
  /** A new session with it is being opened. */
  isRenewing: boolean
  lastMs: number
}

/** Other nodes, by their keys. */
export class Peers {
  readonly #resetsPerSecond: number
  readonly #byText = new Map<string, Peer>()
  #forgetMs = 0
  /** Callers hold on to the array of a key: no text of it is made for every segment. */
  #last: { readonly key: Uint8Array; readonly peer: Peer } | undefined

  constructor(resetsPerSecond: number) {
    this.#resetsPerSecond = resetsPerSecond
  }

  get size(): number {
    return this.#byText.size
  }

  find(key: Uint8Array): Peer | undefined {
    return this.#byText.get(textOf(key))
  }

  values(): Iterable<Peer> {
    return this.#byText.values()
  }

  /** The peer with that key, made if there was none. */
  get(key: Uint8Array, nowMs: number): Peer {
    if (this.#last?.key === key) {
      this.#last.peer.lastMs = nowMs
      return this.#last.peer
    }
    const text = textOf(key)
    let peer = this.#byText.get(text)
    if (peer === undefined) {
      if (this.#byText.size === 0) this.#forgetMs = nowMs + KEPT_MS
      const resets = new TokenBucket(this.#resetsPerSecond)
      const rest = { heldBytes: 0, halfOpen: 0, isRenewing: false, lastMs: nowMs }
      peer = { key: key.slice(), streams: new Map(), ended: new Map(), resets, ...rest }
      this.#byText.set(text, peer)
    }
    peer.lastMs = nowMs
    this.#last = { key, peer }
    return peer
  }

  /** Forget those of whom nothing is left. Costs nothing when it was done just now. */
  forget(nowMs: number): void {
    if (nowMs < this.#forgetMs) return
    this.#forgetMs = nowMs + KEPT_MS
    this.#last = undefined
    for (const [text, { streams, ended, lastMs }] of this.#byText) {
      if (streams.size === 0 && ended.size === 0 && nowMs >= lastMs + KEPT_MS) this.#byText.delete(text)
    }
  }

  /** When there may be somebody to forget. */
  get deadlineMs(): number {
    return this.#byText.size === 0 ? Number.POSITIVE_INFINITY : this.#forgetMs
  }
}

function textOf(key: Uint8Array): string {
  return String.fromCharCode(...key)
}
