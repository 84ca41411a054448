import type { StreamLimits } from '../limits.js'
import type { StreamConnection } from './connection.js'
import type { Remote } from './remote.js'
import type { ConnectionHandler } from './types.js'

/** A port on which connections are taken. */
export interface PortListener {
  readonly onConnection: ConnectionHandler
  /** Those that are not open yet, oldest first. */
  readonly halfOpen: Set<StreamConnection>
}

/** Connections that came and whose opening is not complete: what a flood of openings may cost. yggdrasil protocol §12 */
export class HalfOpen {
  readonly #limits: StreamLimits
  readonly #listeners = new Map<StreamConnection, PortListener>()

  constructor(limits: StreamLimits) {
    this.#limits = limits
  }

  get size(): number {
    return this.#listeners.size
  }

  /**
   * @returns whether one more may come to the listener. When it is full, the oldest one goes of the node that has most:
   * to open one costs nobody more than us.
   */
  makeRoom(listener: PortListener, remote: Remote): boolean {
    if (remote.halfOpen >= this.#limits.halfOpenPerKey) return false
    if (listener.halfOpen.size < this.#limits.halfOpenPerListener) return true
    const counts = new Map<Remote, number>()
    let most = 0
    for (const connection of listener.halfOpen) {
      const count = (counts.get(connection.remote) ?? 0) + 1
      counts.set(connection.remote, count)
      most = Math.max(most, count)
    }
    if (most <= (counts.get(remote) ?? 0)) return false
    for (const connection of listener.halfOpen) {
      if (counts.get(connection.remote) !== most) continue
      connection.discard('timeout')
      return true
    }
    return false
  }

  add(connection: StreamConnection, listener: PortListener): void {
    this.#listeners.set(connection, listener)
    listener.halfOpen.add(connection)
    connection.remote.halfOpen++
  }

  /** @returns where it came, `undefined` when it was not half open */
  remove(connection: StreamConnection): PortListener | undefined {
    const listener = this.#listeners.get(connection)
    if (listener === undefined) return undefined
    this.#listeners.delete(connection)
    listener.halfOpen.delete(connection)
    connection.remote.halfOpen--
    return listener
  }
}
