import { wallClock } from '@mimirjs/transport'
import { checkAddresses } from './address.js'
import { TrackerError } from './error.js'
import { completeHardening } from './hardening.js'
import { completeLimits } from './limits.js'
import { loadStore } from './load-store.js'
import { POLICIES } from './policy.js'
import { RunningTracker } from './running.js'
import { Table } from './table.js'
import type { Tracker, TrackerOptions } from './types.js'

/**
 * Start a tracker of one generation.
 *
 * ```ts
 * const tracker = await createTracker({ address: 'udp://[::1]:5050', store: 'tracker.sqlite' })
 * ```
 *
 * @throws {TrackerError} `public-address` | `listen` | `store-foreign` | `store-newer` | `store-in-use` | `store` |
 *   `bad-option`
 */
export async function createTracker(options: TrackerOptions): Promise<Tracker> {
  const { generation = 'classic', store, durability = 'process', clock = wallClock, logger } = options
  if (!Object.hasOwn(POLICIES, generation)) {
    throw new TrackerError('bad-option', `generation: expected classic or current, got ${String(generation)}`)
  }
  const limits = completeLimits(options.limits)
  const table = new Table(POLICIES[generation], limits, completeHardening(options.hardening))
  checkAddresses(options, generation)
  const { database, storage } = await loadStore({ store, durability, generation, table, clock, logger })
  try {
    const tracker = new RunningTracker(options, limits, clock, table, database, storage)
    await tracker.open()
    return tracker
  } catch (error) {
    database?.close()
    throw error
  }
}
