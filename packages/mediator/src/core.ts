import type { Clock, Emitter, Logger } from '@mimirjs/transport'
import type { Accounts } from './accounts.js'
import type { Cluster } from './cluster/types.js'
import type { Counters } from './counters.js'
import type { MediatorLimits } from './limits.js'
import type { Nonces } from './nonces.js'
import type { MediatorStore, Program } from './operations.js'
import type { RateLimits } from './rate-limits.js'
import type { Rooms } from './rooms.js'
import type { MediatorEvents, Moderation } from './types.js'

/** What the parts of a running mediator share. */
export interface Core {
  readonly mediatorKey: Uint8Array
  readonly moderation: Moderation
  readonly limits: MediatorLimits
  readonly clock: Clock
  readonly logger: Logger | undefined
  readonly emitter: Emitter<MediatorEvents>
  readonly counters: Counters
  readonly store: MediatorStore
  readonly rooms: Rooms
  readonly accounts: Accounts
  readonly nonces: Nonces
  readonly rates: RateLimits
  /** The other processes of this store; absent when there are none. */
  readonly cluster: Cluster | undefined
  /** Work in the store that nobody waits for: {@link Mediator.close} does. Failures are counted and logged. */
  background<T>(program: () => Program<T>, chatId?: bigint): Promise<T | undefined>
  /** The database failed. */
  readonly storeFailed: (error: unknown) => void
  /** Something threw that never should: it is logged, and nobody else suffers. */
  readonly broken: (error: unknown) => void
}

export function secondsOf(clock: Clock): bigint {
  return BigInt(Math.floor(clock.nowMs() / 1000))
}
