import { isKeyAt, type KeyId, keyId } from '../key.js'
import type { StreamConnection } from './connection.js'
import { IDLE_RECLAIM_MS, OUTGOING_PART, SEARCH_PAUSE_MS } from './constants.js'
import { Ranking } from './ranking.js'
import { portsOf, Remote } from './remote.js'

/** The connections of a stack, by (local port, remote key, remote port), with ceilings. yggdrasil protocol §10.2, §12 */
export class ConnectionTable {
  readonly #maxConnections: number
  readonly #maxIncoming: number
  readonly #maxPerKey: number
  readonly #remotes = new Map<KeyId, Remote>()
  /** That of the last packet: the next one is mostly from the same. */
  #last: Remote | undefined
  #size = 0
  #incoming = 0
  readonly #ranking = new Ranking()
  #searchAtMs = 0
  /** Those that have failed and only repeat their reset, oldest first. */
  readonly #cut = new Set<StreamConnection>()

  constructor(maxConnections: number, maxPerKey: number) {
    this.#maxConnections = maxConnections
    this.#maxIncoming = Math.max(1, maxConnections - Math.floor(maxConnections * OUTGOING_PART))
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

  /**
   * @param isIncoming - it came from there; of those a part of the table is kept free
   * @returns whether one more with this node may be added. What is over makes room; then the node that has most, as long
   * as it keeps no less than this one gets: what is given away for nothing is shared evenly.
   */
  makeRoom(remote: Remote, isIncoming: boolean, nowMs: number): boolean {
    if (isIncoming && remote.incoming >= this.#maxPerKey) {
      if (nowMs < remote.searchAtMs) return false
      const own = this.#dispensable(remote.connections.values(), nowMs)
      if (own === undefined) remote.searchAtMs = nowMs + SEARCH_PAUSE_MS
      if (own === undefined) return false
      own.discard('timeout')
    }
    if (this.#size < this.#maxConnections && !(isIncoming && this.#incoming >= this.#maxIncoming)) return true
    const victim = this.#victim(isIncoming ? remote.incoming : 0, isIncoming, nowMs)
    victim?.discard('timeout')
    return victim !== undefined
  }

  #victim(has: number, isIncoming: boolean, nowMs: number): StreamConnection | undefined {
    // One of ours would leave no room in the part of those that come.
    const hasToBeIncoming = isIncoming && this.#incoming >= this.#maxIncoming
    for (const cut of this.#cut) if (cut.incoming || !hasToBeIncoming) return cut
    const { first } = this.#ranking
    if (first !== undefined && first.incoming >= has + 2) return idlest(first)
    if (nowMs < this.#searchAtMs) return undefined
    const found = this.#dispensable(this, nowMs)
    if (found === undefined) this.#searchAtMs = nowMs + SEARCH_PAUSE_MS
    return found
  }

  add(connection: StreamConnection): void {
    const { remote, localPort, remotePort } = connection
    this.#remotes.set(remote.id, remote)
    remote.connections.set(portsOf(localPort, remotePort), connection)
    this.#size++
    if (connection.incoming) this.#countIncoming(remote, 1)
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
    if (connection.incoming) this.#countIncoming(remote, -1)
    if (remote.connections.size === 0) {
      this.#remotes.delete(remote.id)
      if (this.#last === remote) this.#last = undefined
    }
    return true
  }

  #countIncoming(remote: Remote, by: 1 | -1): void {
    this.#incoming += by
    this.#ranking.change(remote, by)
  }

  /** One that came in, has nothing of ours to send, and is silent for longest, if that is very long. */
  #dispensable(connections: Iterable<StreamConnection>, nowMs: number): StreamConnection | undefined {
    let found: StreamConnection | undefined
    let heardMs = nowMs - IDLE_RECLAIM_MS
    for (const connection of connections) {
      if (!connection.incoming) continue
      if (connection.isCut) return connection
      if (connection.heardMs > heardMs || !connection.isSettled) continue
      found = connection
      heardMs = connection.heardMs
    }
    return found
  }
}

/** The one of those that came from there that is silent for longest; first of those that have nothing of ours to send. */
function idlest(remote: Remote): StreamConnection | undefined {
  let found: StreamConnection | undefined
  for (const connection of remote.connections.values()) {
    if (!connection.incoming) continue
    if (found === undefined || isBefore(connection, found)) found = connection
  }
  return found
}

function isBefore(one: StreamConnection, other: StreamConnection): boolean {
  return one.isSettled === other.isSettled ? one.heardMs < other.heardMs : one.isSettled
}
