import type { StreamLimits } from '../limits.js'
import type { StreamConnection } from './connection.js'
import type { Remote } from './remote.js'
import type { ConnectionHandler } from './types.js'

/** A port on which connections are taken. */
export interface PortListener {
  readonly onConnection: ConnectionHandler
  halfOpen: number
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

  isFull(listener: PortListener, remote: Remote): boolean {
    return listener.halfOpen >= this.#limits.halfOpenPerListener || remote.halfOpen >= this.#limits.halfOpenPerKey
  }

  add(connection: StreamConnection, listener: PortListener): void {
    this.#listeners.set(connection, listener)
    listener.halfOpen++
    connection.remote.halfOpen++
  }

  /** @returns where it came, `undefined` when it was not half open */
  remove(connection: StreamConnection): PortListener | undefined {
    const listener = this.#listeners.get(connection)
    if (listener === undefined) return undefined
    this.#listeners.delete(connection)
    listener.halfOpen--
    connection.remote.halfOpen--
    return listener
  }

  of(listener: PortListener): StreamConnection[] {
    return [...this.#listeners].filter(([, at]) => at === listener).map(([connection]) => connection)
  }
}
