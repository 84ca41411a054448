import { randomBytes } from '@mimirjs/crypto'
import { type ByteStream, type Listener, parseAddress } from '@mimirjs/transport'
import { fromHex, toHex } from '@mimirjs/wire'
import { encodeSyncPing, type SyncRecord } from '@mimirjs/wire/tracker'
import { TrackerError } from '../error.js'
import { Rank, type StoredRecord } from '../record.js'
import type { SyncItem } from './gossip.js'
import { helloOf, SyncLink } from './link.js'
import { type SyncConnection, SyncPeer } from './peer.js'
import type { SyncCounters, SyncServiceOptions } from './types.js'

const DIAL_TIMEOUT_MS = 10_000
const REDIAL_MS = { least: 25_000, most: 35_000 } as const

/** The streams to other trackers: dials them and listens, as long as it is not closed. */
export class SyncService {
  readonly counters: SyncCounters = { synced: 0, syncIgnored: 0, syncSent: 0, syncDropped: 0 }
  readonly #options: SyncServiceOptions
  readonly #ownKey: Uint8Array
  /** By the hex of their key. */
  readonly #peers = new Map<string, SyncPeer>()
  readonly #abort = new AbortController()
  #listener: Listener | undefined
  #listening: Promise<unknown> = Promise.resolve()
  #cancelRetry: (() => void) | undefined
  #cancelTimer: (() => void) | undefined
  #timerMs = Infinity

  constructor(options: SyncServiceOptions) {
    this.#options = options
    const own = parseAddress(options.address).host
    this.#ownKey = fromHex(own)
    for (const address of options.peers) {
      const { host } = parseAddress(address)
      if (host !== own) this.#peers.set(host, this.#newPeer(address, host, true))
    }
  }

  /** Trackers connected now. */
  get connected(): number {
    return [...this.#peers.values()].filter(({ connected }) => connected).length
  }

  /** @throws what the transport says when nothing can be listened on */
  async start(): Promise<void> {
    await this.#listen()
    this.#tick()
  }

  /** A device announced itself here. */
  announced(user: string, record: StoredRecord): void {
    this.#tell(this.#options.gossip.announced(user, record, this.#options.clock.nowMs()), undefined)
  }

  async close(): Promise<void> {
    this.#abort.abort()
    this.#cancelTimer?.()
    this.#cancelRetry?.()
    for (const peer of this.#peers.values()) for (const { stream } of peer.connections) stream.abort()
    await this.#listening
    await this.#listener?.close()
  }

  get #closed(): boolean {
    return this.#abort.signal.aborted
  }

  #newPeer(address: string, key: string, configured: boolean): SyncPeer {
    const { limits, linkClock } = this.#options
    return new SyncPeer(address, {
      configured,
      origin: configured ? { rank: Rank.synced, source: undefined } : { rank: Rank.thirdParty, source: `ygg://${key}` },
      queueLimit: limits.syncQueue,
      recordsPerSecond: configured ? Infinity : limits.syncRecordsPerSecond,
      nowMs: linkClock.nowMs(),
    })
  }

  #listen(): Promise<void> {
    const { streams, address, logger } = this.#options
    const listening = streams
      .listen(address, {
        onStream: (stream) => this.#accept(stream),
        onError: (error) => {
          this.#listener = undefined
          if (this.#closed) return
          logger?.error({ err: error }, 'no tracker can reach this one any more; trying again')
          this.#listenLater()
        },
      })
      .then((listener) => {
        this.#listener = listener
      })
    this.#listening = listening.catch(() => {})
    return listening
  }

  /** Until it can be listened again, or this is closed. */
  #listenLater(): void {
    const { logger, linkClock } = this.#options
    const listen = async (): Promise<void> => {
      try {
        await this.#listen()
      } catch (error) {
        if (this.#closed) return
        logger?.warn({ err: error }, 'no tracker can reach this one yet; trying again')
        this.#listenLater()
      }
    }
    this.#cancelRetry = linkClock.schedule(() => void listen(), REDIAL_MS.least)
  }

  #accept(stream: ByteStream): void {
    const key = stream.remotePublicKey && toHex(stream.remotePublicKey)
    const peer = key === undefined ? undefined : (this.#peers.get(key) ?? this.#stranger(key))
    if (peer === undefined || this.#closed) {
      stream.abort()
      return
    }
    // The same key: the one before is a leftover of a tracker that was started again.
    if (peer.incoming !== undefined) this.#cut(peer.incoming)
    peer.incoming = this.#connect(peer, stream, true)
    this.#arm()
  }

  #stranger(key: string): SyncPeer | undefined {
    const { open, limits } = this.#options
    const strangers = [...this.#peers.values()].filter(({ configured }) => !configured).length
    if (!open || strangers >= limits.syncStrangers) return undefined
    const peer = this.#newPeer(`ygg://${key}:${parseAddress(this.#options.address).port}`, key, false)
    this.#peers.set(key, peer)
    return peer
  }

  async #dial(peer: SyncPeer): Promise<void> {
    peer.dialAtMs = Infinity
    try {
      const { signal } = this.#abort
      const stream = await this.#options.streams.dial(peer.address, { timeoutMs: DIAL_TIMEOUT_MS, signal })
      if (this.#closed) {
        stream.abort()
        return
      }
      peer.outgoing = this.#connect(peer, stream, false)
      peer.outgoing.writable = stream.write(helloOf(this.#ownKey))
      this.#noteState(peer)
      this.#flush(peer)
      this.#arm()
    } catch (error) {
      if (this.#closed) return
      this.#options.logger?.debug({ err: error, peer: peer.address }, 'a tracker cannot be reached; trying again')
      this.#redial(peer)
    }
  }

  #redial(peer: SyncPeer): void {
    if (!peer.configured) return
    const { linkClock } = this.#options
    peer.dialAtMs = linkClock.nowMs() + REDIAL_MS.least + chance() * (REDIAL_MS.most - REDIAL_MS.least)
    this.#arm()
  }

  #connect(peer: SyncPeer, stream: ByteStream, incoming: boolean): SyncConnection {
    const { limits, linkClock } = this.#options
    const peerKey = fromHex(parseAddress(peer.address).host)
    const link = new SyncLink({ incoming, peerKey, limits, chance: chance(), nowMs: linkClock.nowMs() })
    const connection: SyncConnection = { stream, link, writable: true, over: false }
    stream.start({
      data: (chunk) => {
        if (!connection.over && !this.#closed) this.#attempt(peer, connection, () => this.#receive(peer, link, chunk))
      },
      end: () => {
        connection.over = true
        stream.end()
      },
      drain: () => {
        connection.writable = true
        this.#flush(peer)
      },
      closed: (error) => this.#lost(peer, connection, error),
    })
    return connection
  }

  /** Do something with a connection, and cut it when the other side gave reason to. */
  #attempt(peer: SyncPeer, connection: SyncConnection, work: () => void): void {
    try {
      work()
    } catch (error) {
      if (!(error instanceof TrackerError)) throw error
      this.#cut(connection, error)
      this.#noteState(peer, error)
    }
  }

  #cut(connection: SyncConnection, error?: TrackerError): void {
    connection.over = true
    connection.stream.abort(error)
  }

  #receive(peer: SyncPeer, link: SyncLink, chunk: Uint8Array): void {
    const records = link.receive(chunk, this.#options.linkClock.nowMs())
    this.#noteState(peer)
    for (const record of records) this.#take(peer, record)
    this.#flush(peer)
    this.#arm()
  }

  #take(peer: SyncPeer, record: SyncRecord): void {
    const { gossip, clock, linkClock } = this.#options
    const outcome = peer.records.take(linkClock.nowMs())
      ? gossip.received(record, peer.origin, clock.nowMs())
      : undefined
    if (outcome === undefined) {
      this.counters.syncIgnored++
      return
    }
    this.counters.synced++
    this.#options.stored(outcome, peer.address)
    if (outcome.forward !== undefined) this.#tell(outcome.forward, peer)
  }

  #tell(item: SyncItem, except: SyncPeer | undefined): void {
    for (const peer of this.#peers.values()) {
      if (peer === except) continue
      if (!peer.queue(item)) this.counters.syncDropped++
      this.#flush(peer)
    }
  }

  #flush(peer: SyncPeer): void {
    this.counters.syncSent += peer.flush(this.#options.gossip, this.#options.clock.nowMs())
  }

  #lost(peer: SyncPeer, connection: SyncConnection, error: unknown): void {
    connection.over = true
    if (peer.incoming === connection) peer.incoming = undefined
    if (peer.outgoing === connection) {
      peer.outgoing = undefined
      if (!this.#closed) this.#redial(peer)
    }
    if (this.#closed) return
    this.#noteState(peer, error)
    if (!peer.configured && peer.connections.length === 0) this.#peers.delete(parseAddress(peer.address).host)
  }

  /** Say it when a tracker came or went. */
  #noteState(peer: SyncPeer, error?: unknown): void {
    if (peer.connected === peer.up) return
    peer.up = peer.connected
    if (peer.up) this.#options.up(peer.address)
    else this.#options.down(peer.address, error)
  }

  #tick(): void {
    const nowMs = this.#options.linkClock.nowMs()
    for (const peer of [...this.#peers.values()]) {
      for (const connection of peer.connections) this.#attempt(peer, connection, () => keepAlive(connection, nowMs))
      if (nowMs < peer.dialAtMs) continue
      // While it serves us on a stream of its own there is nothing to gain.
      if ((peer.incoming?.link.deliveredMs ?? -Infinity) > -Infinity) this.#redial(peer)
      else void this.#dial(peer)
    }
    this.#arm()
  }

  /** One timer for everything: never later than the next deadline, sometimes earlier. */
  #arm(): void {
    if (this.#closed) return
    let next = Infinity
    for (const peer of this.#peers.values()) {
      next = Math.min(next, peer.dialAtMs, ...peer.connections.map(({ link }) => link.nextDeadlineMs))
    }
    if (next >= this.#timerMs) return
    this.#cancelTimer?.()
    this.#timerMs = next
    const { linkClock } = this.#options
    this.#cancelTimer = linkClock.schedule(
      () => {
        this.#timerMs = Infinity
        this.#tick()
      },
      Math.max(0, next - linkClock.nowMs()),
    )
  }
}

/** @throws {TrackerError} `sync-timeout` */
function keepAlive(connection: SyncConnection, nowMs: number): void {
  const due = connection.link.tick(nowMs)
  if (due && connection.writable) connection.writable = connection.stream.write(encodeSyncPing())
}

function chance(): number {
  const bytes = randomBytes(4)
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0) / 2 ** 32
}
