import type { KeyId } from '../key.js'
import type { RouterLimits } from '../limits.js'
import type { Checks } from './checks.js'
import type { LinkState } from './link-state.js'
import type { Neighbours } from './neighbours.js'
import type { NextHops } from './next-hops.js'
import type { Records } from './records.js'
import type { RouterOptions, RouterStats } from './types.js'

/** What the parts of a router share. */
export interface RouterCore {
  readonly options: RouterOptions
  readonly limits: RouterLimits
  readonly selfId: KeyId
  readonly stats: RouterStats
  readonly checks: Checks
  readonly records: Records
  readonly neighbours: Neighbours
  readonly hops: NextHops
  /**
   * Send a whole frame of types 6 to 9, or let it wait. It is copied.
   * @param source - of the packet; with `dest` it tells whose share of the queue it takes
   */
  write(link: LinkState, frame: Uint8Array, source: Uint8Array, dest: Uint8Array, nowMs: number): void
}
