import type { Database } from '@mimirjs/store'
import type { Clock, Logger } from '@mimirjs/transport'
import { isWireError } from '@mimirjs/wire'
import { isDamage, moveAside, openStore, storeFailure } from './open-store.js'
import { POLICIES, type TrackerGeneration } from './policy.js'
import { type RecordForm, userOf } from './record.js'
import { RECORD_TABLES, type RecordRow, rankOf } from './schema.js'
import { Storage } from './storage.js'
import type { Table } from './table.js'
import { verifyRecord } from './verify.js'

export interface LoadOptions {
  readonly store: string | Database
  readonly durability: 'process' | 'power'
  readonly generation: TrackerGeneration
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
      return { database: undefined, storage: await fill(storageOf(store, options), options) }
    } catch (error) {
      throw storeFailure(error)
    }
  }
  for (let attempt = 1; ; attempt++) {
    let database: Database | undefined
    try {
      database = openStore(store, durability)
      return { database, storage: await fill(storageOf(database, options), options) }
    } catch (error) {
      database?.close()
      if (attempt > 1 || !isDamage(error)) throw storeFailure(error)
      moveAside(store, clock.nowMs(), logger, error)
    }
  }
}

function storageOf(database: Database, { generation }: LoadOptions): Storage {
  return new Storage(database, RECORD_TABLES[generation], POLICIES[generation].records)
}

async function fill(storage: Storage, { generation, table, clock, logger }: LoadOptions): Promise<Storage> {
  const { longestLifetimeMs, records } = POLICIES[generation]
  const removed = await storage.load(Math.floor(clock.nowMs() + longestLifetimeMs), (row) => {
    const encoded = encodedIfSound(row, records)
    if (encoded === undefined) return false
    const { publicKey, clientId, expiresMs, ttlMinutes } = row
    const user = userOf(publicKey)
    return table.load({ user, clientId, expiresMs, encoded, ttlMinutes, rank: rankOf(row.rank) }, clock.nowMs())
  })
  if (removed > 0) logger?.info({ removed }, 'expired or unsound records of the store removed')
  return storage
}

/** The file may have been written by anything: its records are trusted no more than those of the network. */
function encodedIfSound(row: RecordRow, records: RecordForm): Uint8Array | undefined {
  try {
    const encoded = records.encode(row)
    return verifyRecord(row.signature, row.address, row.publicKey) ? encoded : undefined
  } catch (error) {
    if (isWireError(error)) return undefined
    throw error
  }
}
