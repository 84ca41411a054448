import type { Connection } from '@mimirjs/peer'

/** Answers that a connection may still owe; the oldest is forgotten first. */
const MAX_ASKED = 64

/**
 * What was asked for on which connection. An answer that comes too late is taken to its end and acknowledged, so that the
 * sender is free for the next; what was never asked for is not even that.
 */
export class Asked {
  readonly #guids = new WeakMap<Connection, Set<bigint>>()

  add(connection: Connection, guid: bigint): void {
    const guids = this.#guids.get(connection) ?? new Set()
    this.#guids.set(connection, guids)
    guids.delete(guid)
    guids.add(guid)
    const [oldest] = guids
    if (guids.size > MAX_ASKED && oldest !== undefined) guids.delete(oldest)
  }

  has(connection: Connection, guid: bigint): boolean {
    return this.#guids.get(connection)?.has(guid) ?? false
  }
}
