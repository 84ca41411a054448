import { orderKeyBehind, orderKeyOf } from '../order-key.js'
import type { Row } from './row.js'

/** The messages of groups as they are shown. */
export class GroupOrder {
  /** Oldest first. */
  readonly #byGroup = new Map<string, Row[]>()
  readonly #highestIds = new Map<string, bigint>()

  add(row: Row): void {
    const { peer, beside } = row
    if (!beside) return
    for (const { messageId } of [beside, ...beside.copies]) {
      if (messageId > (this.#highestIds.get(peer) ?? 0n)) this.#highestIds.set(peer, messageId)
    }
    const rows = this.#byGroup.get(peer)
    if (rows) rows.splice(placeOf(rows, row), 0, row)
    else this.#byGroup.set(peer, [row])
  }

  /** As it was when it was added. */
  delete(row: Row): void {
    const rows = this.#byGroup.get(row.peer)
    const place = rows ? placeOf(rows, row) : 0
    if (rows?.[place] === row) rows.splice(place, 1)
  }

  /** The highest number of the mediator in each group, of removed messages too. */
  get highestIds(): Map<string, bigint> {
    return this.#highestIds
  }

  forget(group: string): void {
    this.#byGroup.delete(group)
    this.#highestIds.delete(group)
  }

  /** Of a message that is to be added. */
  keyOf(group: string, messageId: bigint): bigint {
    return messageId > 0n ? orderKeyOf(messageId) : orderKeyBehind(this.#highestIds.get(group) ?? 0n)
  }

  /** @param before - one of them, at which to begin; it is not among the result */
  *newestFirst(group: string, before?: Row): Generator<Row> {
    const rows = this.#byGroup.get(group) ?? []
    for (let index = (before ? placeOf(rows, before) : rows.length) - 1; index >= 0; index--) {
      const row = rows[index]
      if (row !== undefined) yield row
    }
  }
}

/** How many come before it. */
function placeOf(rows: readonly Row[], row: Row): number {
  let [low, high] = [0, rows.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    const other = rows[middle]
    if (other !== undefined && isBefore(other, row)) low = middle + 1
    else high = middle
  }
  return low
}

function isBefore(one: Row, other: Row): boolean {
  const [key, otherKey] = [one.beside?.orderKey ?? 0n, other.beside?.orderKey ?? 0n]
  return key < otherKey || (key === otherKey && one.seq < other.seq)
}
