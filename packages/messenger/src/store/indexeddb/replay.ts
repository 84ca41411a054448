import { MessengerError } from '../../error.js'
import type { Store } from '../../store.js'
import type { Tables } from '../memory/tables.js'
import { type Came, cameOf, carryOut, METHODS } from './calls.js'
import type { Entry } from './journal.js'

/**
 * Carry out again, on a store and its tables, what was carried out before. Those that failed then fail again, and change nothing again.
 * Whoever changes a rule of the store sees to it that what was kept under the old one is carried out by that.
 * @returns what came of the calls of the last entry
 * @throws {MessengerError} `store` when something else comes of it than then, or there is a call that nobody knows
 */
export async function replay(store: Store, tables: Tables, entries: readonly Entry[]): Promise<Came | undefined> {
  let came: Came | undefined
  for (const { calls, before } of entries) {
    if (before !== undefined && !isSame(before, came)) throw otherwise()
    if (calls.some(({ method }) => METHODS[method] !== 'change')) throw otherwise()
    came = cameOf(await carryOut(store, calls), tables)
  }
  return came
}

function isSame(one: Came, other: Came | undefined): boolean {
  return one.lastSeq === other?.lastSeq && String(one.failed) === String(other.failed)
}

function otherwise(): MessengerError {
  const why =
    'another version of this program wrote what this browser keeps, and this one does not read it the same way'
  return new MessengerError('store', `${why}: load that one again, or a newer one; nothing was changed`)
}
