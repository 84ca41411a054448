import { RendezvousCloseCode } from '@mimirjs/wire/rendezvous'
import { Buckets } from '../buckets.js'
import { type ClientSocket, Connection, type ConnectionOwner, GOING_AWAY } from './connection.js'
import type { Counters } from './counters.js'
import { Deadlines } from './deadlines.js'
import type { RendezvousServerLimits } from './limits.js'
import type { ServerProfile } from './profile.js'

/**
 * All connections of a server: who may connect, who takes too long to log in, who has fallen silent. It is told the
 * time, by a clock that never goes back, and touches no socket but through what it is handed.
 */
export class Hub implements ConnectionOwner {
  readonly limits: RendezvousServerLimits
  readonly counters: Counters
  readonly #connections = new Set<Connection>()
  /** Sockets by source, also of connections that are over and close. */
  readonly #sources = new Map<string, number>()
  #sockets = 0
  readonly #connects: Buckets
  /** What every address may have relayed: it is not given back to whoever comes with another key. */
  readonly #relays: Buckets
  /**
   * Without a first frame, or in a login of `pim-legacy`; challenged; silent not for long; asked for a sign of life. Each is in
   * one of them.
   */
  readonly #fresh: Deadlines<Connection>
  readonly #challenged: Deadlines<Connection>
  readonly #awake: Deadlines<Connection>
  readonly #asked: Deadlines<Connection>

  readonly #changed: () => void

  /** @param changed - told when {@link nextDeadlineMs} may have come nearer */
  constructor(limits: RendezvousServerLimits, counters: Counters, changed: () => void) {
    this.#changed = changed
    this.limits = limits
    this.counters = counters
    this.#connects = new Buckets(limits.connectsPerMinute / 60, limits.connectsBurst, limits.remembered)
    const { envelopesPerAddressBurst, envelopesPerAddressPerSecond, remembered } = limits
    this.#relays = new Buckets(envelopesPerAddressPerSecond, envelopesPerAddressBurst, remembered)
    this.#fresh = new Deadlines(limits.authMs)
    this.#challenged = new Deadlines(limits.nonceMs)
    this.#awake = new Deadlines(limits.silenceMs)
    this.#asked = new Deadlines(limits.pongMs)
  }

  get size(): number {
    return this.#connections.size
  }

  get authenticatedSize(): number {
    return this.#awake.size + this.#asked.size
  }

  /** When {@link tick} next has work, in ms; `Infinity` while nothing is awaited. */
  get nextDeadlineMs(): number {
    return Math.min(this.#fresh.nextMs, this.#challenged.nextMs, this.#awake.nextMs, this.#asked.nextMs)
  }

  /** Whether one more from there may connect; it counts as a try. */
  admits(source: string, nowMs: number): boolean {
    const isFull =
      this.#sockets >= this.limits.connections ||
      (this.#sources.get(source) ?? 0) >= this.limits.connectionsPerAddress ||
      !this.#connects.take(source, nowMs)
    if (isFull) this.counters.refused++
    return !isFull
  }

  /** A socket that was admitted is open. To be followed by {@link gone}, once. */
  connect(
    socket: ClientSocket,
    of: { source: string; host: string | undefined; profile: ServerProfile },
    nowMs: number,
  ): Connection {
    this.counters.accepted++
    this.#sockets++
    this.#sources.set(of.source, (this.#sources.get(of.source) ?? 0) + 1)
    if (this.#fresh.size + this.#challenged.size >= this.limits.unauthenticated) this.#makeRoom()
    const connection = new Connection(socket, of, this, nowMs)
    this.#connections.add(connection)
    this.#fresh.put(connection, nowMs)
    this.#changed()
    return connection
  }

  /** The socket of a connection is closed. */
  gone(connection: Connection): void {
    connection.disconnected()
    this.#sockets--
    const left = (this.#sources.get(connection.source) ?? 1) - 1
    if (left > 0) this.#sources.set(connection.source, left)
    else this.#sources.delete(connection.source)
  }

  tick(nowMs: number): void {
    for (const waiting of [this.#fresh, this.#challenged, this.#asked])
      for (const connection of waiting.takeDue(nowMs)) connection.close(RendezvousCloseCode.timeout, 'timeout')
    for (const connection of this.#awake.takeDue(nowMs)) {
      this.#asked.put(connection, nowMs)
      connection.ask(nowMs)
    }
  }

  /** Tell everybody to come back later. */
  shutdown(): void {
    for (const connection of [...this.#connections]) connection.close(GOING_AWAY, 'shutdown')
  }

  challenged(connection: Connection, nowMs: number): void {
    this.#fresh.delete(connection)
    this.#challenged.put(connection, nowMs)
    this.#changed()
  }

  authenticated(connection: Connection, nowMs: number): void {
    this.#fresh.delete(connection)
    this.#challenged.delete(connection)
    this.counters.logins++
    this.#awake.put(connection, nowMs)
    this.#changed()
  }

  heard(connection: Connection, nowMs: number): void {
    if (!this.#awake.has(connection) && !this.#asked.has(connection)) return
    this.#asked.delete(connection)
    this.#awake.put(connection, nowMs)
  }

  mayRelay(source: string, nowMs: number): boolean {
    return this.#relays.take(source, nowMs)
  }

  ended(connection: Connection): void {
    this.#connections.delete(connection)
    for (const waiting of [this.#fresh, this.#challenged, this.#awake, this.#asked]) waiting.delete(connection)
  }

  /** Who waits for longest makes room: a flood that never logs in must not keep out those who do. */
  #makeRoom(): void {
    const [fresh, challenged] = [this.#fresh.oldest, this.#challenged.oldest]
    const isFresh = (fresh?.sinceMs ?? Infinity) < (challenged?.sinceMs ?? Infinity)
    const oldest = isFresh ? fresh : challenged
    oldest?.close(RendezvousCloseCode.rate, 'full')
  }
}
