import type { Connection } from './connection.js'
import type { Counters } from './counters.js'
import type { MediatorLimits } from './limits.js'

/** What the requests of all connections hold together: those that are not whole, that wait, and that are in the store. */
export class Buffered {
  readonly #connections: ReadonlySet<Connection>
  readonly #counters: Counters
  readonly #limits: MediatorLimits

  constructor(connections: ReadonlySet<Connection>, counters: Counters, limits: MediatorLimits) {
    this.#connections = connections
    this.#counters = counters
    this.#limits = limits
  }

  /** What this connection holds has changed. @returns who has to go, when all hold too much */
  count(connection: Connection): Connection | undefined {
    const bytes = bytesOf(connection)
    this.#counters.bufferedBytes += bytes - connection.countedBytes
    connection.countedBytes = bytes
    return this.#counters.bufferedBytes > this.#limits.bufferedBytes ? this.#heaviest() : undefined
  }

  /** Of the source that holds most, the connection that holds most: whoever comes last did nothing wrong. */
  #heaviest(): Connection | undefined {
    const bySource = new Map<string, number>()
    for (const { source, countedBytes } of this.#connections)
      if (countedBytes > 0) bySource.set(source, (bySource.get(source) ?? 0) + countedBytes)
    let heaviest: Connection | undefined
    let ofSource = 0
    for (const connection of this.#connections) {
      const { source, countedBytes } = connection
      if (countedBytes <= this.#limits.loginPayloadBytes) continue
      const bytes = bySource.get(source) ?? 0
      if (bytes < ofSource || (bytes === ofSource && countedBytes <= (heaviest?.countedBytes ?? 0))) continue
      heaviest = connection
      ofSource = bytes
    }
    return heaviest
  }
}

function bytesOf({ isClosed, isCut, session, held, slotBytes }: Connection): number {
  return isClosed || isCut ? 0 : session.bufferedBytes + (held?.payload.length ?? 0) + slotBytes
}
