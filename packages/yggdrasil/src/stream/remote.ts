import type { KeyId } from '../key.js'
import type { StreamConnection } from './connection.js'

/** What a stack knows of one other node, while it has connections with it. */
export class Remote {
  readonly key: Uint8Array
  readonly id: KeyId
  /** By local and remote port: see {@link portsOf}. */
  readonly connections: Map<number, StreamConnection> = new Map()
  /** Connections that came from there. */
  incoming = 0
  /** Those of them that are not open yet. */
  halfOpen = 0
  /** Bytes that came from there and were not read, and those of them that are behind a gap. */
  heldBytes = 0
  earlyBytes = 0
  /** One of them that may go is looked for again then. */
  searchAtMs = 0
  /** The way there is full. */
  isBlocked = false
  /** Connections that have something for that way, the one that waits longest first. */
  readonly waiting: Set<StreamConnection> = new Set()

  constructor(key: Uint8Array, id: KeyId) {
    this.key = key
    this.id = id
  }
}

/** Both ports as one number. */
export function portsOf(localPort: number, remotePort: number): number {
  return localPort * 65_536 + remotePort
}

/** So many in one second, for each of many keys. */
export class KeyedLimit {
  readonly #perSecond: number
  readonly #maxKeys: number
  readonly #spans = new Map<KeyId, { sinceMs: number; count: number }>()

  constructor(perSecond: number, maxKeys: number) {
    this.#perSecond = perSecond
    this.#maxKeys = maxKeys
  }

  /** Whether one more is allowed; it is counted then. */
  take(id: KeyId, nowMs: number): boolean {
    const span = this.#spans.get(id)
    if (span !== undefined && nowMs - span.sinceMs < 1000) return span.count++ < this.#perSecond
    // Oldest spans first: a span that begins anew moves to the end.
    this.#spans.delete(id)
    if (this.#spans.size >= this.#maxKeys) {
      const oldest = this.#spans.entries().next().value
      if (oldest !== undefined) {
        // All of them fresh: somebody has very many keys, and gets no more than this in a second.
        if (nowMs - oldest[1].sinceMs < 1000) return false
        this.#spans.delete(oldest[0])
      }
    }
    this.#spans.set(id, { sinceMs: nowMs, count: 1 })
    return true
  }
}
