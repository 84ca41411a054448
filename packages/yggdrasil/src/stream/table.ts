import { isKeyAt, type KeyId, keyId } from '../key.js'
import type { StreamConnection } from './connection.js'
import { IDLE_RECLAIM_MS } from './constants.js'
import { portsOf, Remote } from './remote.js'

/** The connections of a stack, by (local port, remote key, remote port), with ceilings. yggdrasil protocol §10.2, §12 */
export class ConnectionTable {
  readonly #maxConnections: number
  readonly #maxPerKey: number
  readonly #remotes = new Map<KeyId, Remote>()
  /** That of the last packet: the next one is mostly from the same. */
  #last: Remote | undefined
  #size = 0
  /** Those that have failed and only repeat their reset, oldest first. */
  readonly #cut = new Set<StreamConnection>()

  constructor(maxConnections: number, maxPerKey: number) {
    this.#maxConnections = maxConnections
    this.#maxPerKey = maxPerKey
  }

  get size(): number {
    return this.#size
  }

  /** Connections that have not failed. */
  get openCount(): number {
    return this.#size - this.#cut.size
  }

  *[Symbol.iterator](): Generator<StreamConnection> {
    for (const remote of [...this.#remotes.values()]) yield* [...remote.connections.values()]
  }

  /** What is known of a node, `undefined` without connections. */
  remote(key: Uint8Array): Remote | undefined {
    if (this.#last !== undefined && isKeyAt(key, 0, this.#last.key)) return this.#last
    const found = this.#remotes.get(keyId(key))
    if (found !== undefined) this.#last = found
    return found
  }

  /** The same, made when there is none; it is kept when a connection is added. */
  remoteFor(key: Uint8Array): Remote {
    return this.remote(key) ?? new Remote(key.slice(), keyId(key))
  }

  find(remote: Remote | undefined, localPort: number, remotePort: number): StreamConnection | undefined {
    return remote?.connections.get(portsOf(localPort, remotePort))
  }

  /** @returns whether one more from this node may be added; what is over makes room */
  makeRoom(remote: Remote, nowMs: number): boolean {
    if (remote.connections.size >= this.#maxPerKey) {
      const own = this.#dispensable(remote.connections.values(), nowMs)
      if (own === undefined) return false
      own.discard('timeout')
    }
    if (this.#size < this.#maxConnections) return true
    const oldest = this.#cut.values().next().value ?? this.#dispensable(this, nowMs)
    oldest?.discard('timeout')
    return oldest !== undefined
  }

  add(connection: StreamConnection): void {
    const { remote, localPort, remotePort } = connection
    this.#remotes.set(remote.id, remote)
    remote.connections.set(portsOf(localPort, remotePort), connection)
    this.#size++
  }

  /** It has failed, and stays for a while. */
  markCut(connection: StreamConnection): void {
    this.#cut.add(connection)
  }

  /** @returns whether it was there */
  remove(connection: StreamConnection): boolean {
    const { remote, localPort, remotePort } = connection
    const ports = portsOf(localPort, remotePort)
    if (remote.connections.get(ports) !== connection) return false
    remote.connections.delete(ports)
    remote.waiting.delete(connection)
    this.#cut.delete(connection)
    this.#size--
    if (remote.connections.size === 0) {
      this.#remotes.delete(remote.id)
      if (this.#last === remote) this.#last = undefined
    }
    return true
  }

  /** One that came in, has nothing of ours to send, and is silent for longest, if that is very long. */
  #dispensable(connections: Iterable<StreamConnection>, nowMs: number): StreamConnection | undefined {
    let found: StreamConnection | undefined
    let heardMs = nowMs - IDLE_RECLAIM_MS
    for (const connection of connections) {
      if (connection.isCut) return connection
      if (!connection.incoming || connection.heardMs > heardMs || !connection.isSettled) continue
      found = connection
      heardMs = connection.heardMs
    }
    return found
  }
}
