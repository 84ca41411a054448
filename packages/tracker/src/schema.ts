import type { Row, Value } from '@mimirjs/store'
import type { TrackerGeneration } from './policy.js'
import { Rank, type RecordFields } from './record.js'

// The records of each generation in one SQLite file. `position` keeps the stored order.

/** `PRAGMA application_id` of a tracker's file: "MiTr". */
export const STORE_APPLICATION_ID = 0x4d695472

/** Schema of a tracker's file, for those who open the database themselves and hand it to `createTracker`. */
export const STORE_MIGRATIONS: readonly string[] = [
  `CREATE TABLE classic_records (
     position   INTEGER PRIMARY KEY,
     user_key   BLOB    NOT NULL,
     client_id  INTEGER NOT NULL,
     address    BLOB    NOT NULL,
     signature  BLOB    NOT NULL,
     port       INTEGER NOT NULL,
     priority   INTEGER NOT NULL,
     expires_ms INTEGER NOT NULL,
     UNIQUE (user_key, client_id)
   );
   CREATE INDEX classic_records_by_expiry ON classic_records (expires_ms);`,
  `CREATE TABLE current_records (
     position    INTEGER PRIMARY KEY,
     user_key    BLOB    NOT NULL,
     client_id   INTEGER NOT NULL,
     address     BLOB    NOT NULL,
     signature   BLOB    NOT NULL,
     priority    INTEGER NOT NULL,
     expires_ms  INTEGER NOT NULL,
     ttl_minutes INTEGER NOT NULL,
     rank        INTEGER NOT NULL,
     UNIQUE (user_key, client_id, address)
   );
   CREATE INDEX current_records_by_expiry ON current_records (expires_ms);`,
]

/** A row as it was read: its types checked, its lengths and its signature not. */
export interface RecordRow extends RecordFields {
  readonly publicKey: Uint8Array
  readonly expiresMs: number
  readonly ttlMinutes: number
  readonly rank: number
}

/** The table of one generation. */
export interface RecordTable {
  readonly name: string
  /** Columns of blobs, then those of integers. */
  readonly blobs: readonly string[]
  readonly integers: readonly string[]
  /** What a row is found by. */
  readonly key: readonly string[]
  /** Whether a row that is written again keeps its position; else it becomes the last. */
  readonly keepsPosition: boolean
}

const BLOBS = ['user_key', 'address', 'signature'] as const

export const RECORD_TABLES: Readonly<Record<TrackerGeneration, RecordTable>> = {
  classic: {
    name: 'classic_records',
    blobs: BLOBS,
    integers: ['client_id', 'port', 'priority', 'expires_ms'],
    key: ['user_key', 'client_id'],
    keepsPosition: true,
  },
  current: {
    name: 'current_records',
    blobs: BLOBS,
    integers: ['client_id', 'priority', 'expires_ms', 'ttl_minutes', 'rank'],
    key: ['user_key', 'client_id', 'address'],
    keepsPosition: false,
  },
}

/** The values of a row by their columns. */
export function columnsOf(row: RecordRow): Readonly<Record<string, Value>> {
  return {
    user_key: row.publicKey,
    address: row.address,
    signature: row.signature,
    client_id: row.clientId,
    port: row.port,
    priority: row.priority,
    expires_ms: row.expiresMs,
    ttl_minutes: row.ttlMinutes,
    rank: row.rank,
  }
}

/** `undefined` for what cannot be a record. Columns that the generation does not have read as 0. */
export function readRow(row: Row): RecordRow | undefined {
  const { user_key: publicKey, address, signature } = row
  if (!(publicKey instanceof Uint8Array && address instanceof Uint8Array && signature instanceof Uint8Array)) {
    return undefined
  }
  const { client_id, port = 0n, priority, expires_ms, ttl_minutes = 0n, rank = 0n } = row
  const numbers = [client_id, port, priority, expires_ms, ttl_minutes, rank].map(safeNumber)
  const [clientId, portNumber, priorityNumber, expiresMs, ttlMinutes, rankNumber] = numbers
  if (
    clientId === undefined ||
    portNumber === undefined ||
    priorityNumber === undefined ||
    expiresMs === undefined ||
    ttlMinutes === undefined ||
    rankNumber === undefined
  ) {
    return undefined
  }
  return {
    publicKey,
    address,
    signature,
    clientId,
    port: portNumber,
    priority: priorityNumber,
    expiresMs,
    ttlMinutes,
    rank: rankNumber,
  }
}

/** The rank that a number in the file stands for; anything strange is trusted least. */
export function rankOf(number: number): Rank {
  return number === Rank.self || number === Rank.synced ? number : Rank.thirdParty
}

function safeNumber(value: Value | undefined): number | undefined {
  const number = Number(value)
  return typeof value === 'bigint' && Number.isSafeInteger(number) ? number : undefined
}
