import type { ByteStream } from '@mimirjs/transport'
import { TokenBucket } from '../token-bucket.js'
import type { Gossip, SyncItem, SyncOrigin } from './gossip.js'
import type { SyncLink } from './link.js'

/** A stream and the machine behind it. */
export interface SyncConnection {
  readonly stream: ByteStream
  readonly link: SyncLink
  /** The stream takes more. */
  writable: boolean
  /** Nothing is read or written any more; it is only waited for its end. */
  over: boolean
}

/** Another tracker: what it is still to be told, and the up to two streams between us, one by who dialed. */
export class SyncPeer {
  /** `ygg://<64 hex>:69` */
  readonly address: string
  /** Whether it is one of our own choice; else it found us. */
  readonly configured: boolean
  readonly origin: SyncOrigin
  /** Records of it looked at. */
  readonly records: TokenBucket
  incoming: SyncConnection | undefined
  outgoing: SyncConnection | undefined
  /** When to dial next; `Infinity` while that goes on, or is not ours to do. */
  dialAtMs: number
  /** Whether it was last said to be connected. */
  up = false
  readonly #queue: SyncItem[] = []
  readonly #queueLimit: number

  constructor(
    address: string,
    options: {
      readonly configured: boolean
      readonly origin: SyncOrigin
      readonly queueLimit: number
      readonly recordsPerSecond: number
      readonly nowMs: number
    },
  ) {
    this.address = address
    this.configured = options.configured
    this.origin = options.origin
    this.records = new TokenBucket(options.recordsPerSecond, options.recordsPerSecond, options.nowMs)
    this.dialAtMs = options.configured ? options.nowMs : Infinity
    this.#queueLimit = options.queueLimit
  }

  /** Those that are not over. */
  get connections(): SyncConnection[] {
    return [this.incoming, this.outgoing].filter(isAlive)
  }

  get connected(): boolean {
    return this.connections.some(({ link }) => link.open)
  }

  /** @returns `false` when the oldest waiting item had to go */
  queue(item: SyncItem): boolean {
    this.#queue.push(item)
    if (this.#queue.length <= this.#queueLimit) return true
    this.#queue.shift()
    return false
  }

  /**
   * Write what waits, as far as the streams take it. Originals serve only one of two streams, and nobody can know which before
   * it has said something (§10.6).
   * @returns how many items went out
   */
  flush(gossip: Gossip, nowMs: number): number {
    const connections = this.#chosen()
    let sent = 0
    while (this.#queue.length > 0 && connections.some(({ writable }) => writable)) {
      const frame = gossip.encode(this.#queue.shift()!, nowMs)
      if (frame === undefined) continue
      sent++
      for (const connection of connections) {
        if (connection.writable) connection.writable = connection.stream.write(frame.slice())
      }
    }
    return sent
  }

  #chosen(): readonly SyncConnection[] {
    const open = this.connections.filter(({ link }) => link.open)
    const latest = Math.max(...open.map(({ link }) => link.deliveredMs))
    return latest === -Infinity ? open : open.filter(({ link }) => link.deliveredMs === latest).slice(0, 1)
  }
}

function isAlive(connection: SyncConnection | undefined): connection is SyncConnection {
  return connection !== undefined && !connection.over
}
