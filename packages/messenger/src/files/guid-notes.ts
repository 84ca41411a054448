import type { Connection } from '@mimirjs/peer'

/** Of one connection; the oldest is forgotten first. */
const MAX_GUIDS = 64

/** Messages, noted by connection: what was asked for there, what was said there. Gone with the connection. */
export class GuidNotes {
  readonly #guids = new WeakMap<Connection, Set<bigint>>()

  add(connection: Connection, guid: bigint): void {
    const guids = this.#guids.get(connection) ?? new Set()
    this.#guids.set(connection, guids)
    guids.delete(guid)
    guids.add(guid)
    const [oldest] = guids
    if (guids.size > MAX_GUIDS && oldest !== undefined) guids.delete(oldest)
  }

  has(connection: Connection, guid: bigint): boolean {
    return this.#guids.get(connection)?.has(guid) ?? false
  }
}
