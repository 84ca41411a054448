import type { Database } from '@mimirjs/store'
import type { Clock, Logger } from '@mimirjs/transport'
import { isWireError } from '@mimirjs/wire'
import { isDamage, moveAside, openStore, storeFailure } from './open-store.js'
import type { TrackerPolicy } from './policy.js'
import { encodeRecord, userOf } from './record.js'
import { type RecordRow, Storage } from './storage.js'
import type { Table } from './table.js'
import { verifyRecord } from './verify.js'

export interface LoadOptions {
  readonly store: string | Database
  readonly durability: 'process' | 'power'
  readonly policy: TrackerPolicy
  readonly table: Table
  readonly clock: Clock
  readonly logger: Logger | undefined
}

export interface LoadedStore {
  /** Ours to close; absent when the caller opened it. */
  readonly database: Database | undefined
  readonly storage: Storage
}

/**
 * Open the store and fill the table from it; start empty where the file is damaged.
 * @throws {TrackerError} `store-foreign` | `store-newer` | `store-in-use` | `store`
 */
export async function loadStore(options: LoadOptions): Promise<LoadedStore> {
  const { store, durability, clock, logger } = options
  if (typeof store !== 'string') {
    try {
      return { database: undefined, storage: await fill(new Storage(store), options) }
    } catch (error) {
      throw storeFailure(error)
    }
  }
  for (let attempt = 1; ; attempt++) {
    let database: Database | undefined
    try {
      database = openStore(store, durability)
      return { database, storage: await fill(new Storage(database), options) }
    } catch (error) {
      database?.close()
      if (attempt > 1 || !isDamage(error)) throw storeFailure(error)
      moveAside(store, clock.nowMs(), logger, error)
    }
  }
}

async function fill(storage: Storage, { policy, table, clock, logger }: LoadOptions): Promise<Storage> {
  const latestMs = clock.nowMs() + Number(policy.lifetimeSeconds) * 1000
  const removed = await storage.load(Math.floor(latestMs), (row) => {
    const encoded = encodedIfSound(row, policy)
    if (encoded === undefined) return false
    const { publicKey, clientId, expiresMs } = row
    return table.load({ user: userOf(publicKey), clientId, expiresMs, encoded }, clock.nowMs())
  })
  if (removed > 0) logger?.info({ removed }, 'expired or unsound records of the store removed')
  return storage
}

/** The file may have been written by anything: its records are trusted no more than those of the network. */
function encodedIfSound(row: RecordRow, policy: TrackerPolicy): Uint8Array | undefined {
  try {
    const encoded = encodeRecord(row, policy)
    return verifyRecord(row.signature, row.address, row.publicKey) ? encoded : undefined
  } catch (error) {
    if (isWireError(error)) return undefined
    throw error
  }
}
