import type { Database } from '@mimirjs/store'
import { bigintIn, bigintOrNone } from './columns.js'
import { tableName } from './schema.js'

// A client takes a message with an id that it knows for one that it has. Where ids may have been given out that the file
// knows nothing of, the next ones begin far above:
//
// - in a copy: the original went on after it. `copied_at` says when that was;
// - where commits may have been lost with the power: `unsynced` says that the file was not closed since.

/** More messages than one chat has between two fsyncs, or between two copies of which the older one is restored. */
const GAP = 1_000_000n
/** And so many more for each second since the copy: it may be restored again, when ids were given out above the gap. */
const GAP_PER_SECOND = 100n

export type Durability = 'power' | 'process'

/** To be called when the file has been opened: nothing else has been given out of it yet. On disk when this returns. */
export function beginIds(database: Database, durability: Durability): void {
  const state = database.prepare('SELECT copied_at, unsynced FROM file_state', { bigints: true }).get()
  const copiedAt = state === undefined ? undefined : bigintOrNone(state, 'copied_at')
  const wasUnsynced = state?.['unsynced'] === 1n
  if (copiedAt === undefined && !wasUnsynced && durability === 'power') return
  if (durability === 'process') database.exec('PRAGMA synchronous = FULL')
  database.transaction(() => {
    if (copiedAt !== undefined || wasUnsynced) leaveGap(database, copiedAt)
    database.prepare('UPDATE file_state SET copied_at = NULL, unsynced = ?').run(Number(durability === 'process'))
  })
  if (durability === 'process') database.exec('PRAGMA synchronous = NORMAL')
}

/** To be called before the file is closed: what was committed before is there if this is. */
export function endIds(database: Database): void {
  database.exec('UPDATE file_state SET copied_at = NULL, unsynced = 0 WHERE copied_at IS NOT NULL OR unsynced <> 0')
}

/** Copies made until the call of {@link endCopying} are marked as such. Should it not come, the file counts as one. */
export function beginCopying(database: Database): void {
  database.exec("UPDATE file_state SET copied_at = CAST(strftime('%s', 'now') AS INTEGER)")
}

export function endCopying(database: Database): void {
  database.exec('UPDATE file_state SET copied_at = NULL')
}

function leaveGap(database: Database, copiedAt: bigint | undefined): void {
  const gap = GAP + GAP_PER_SECOND * secondsSince(database, copiedAt)
  const chats = database.prepare('SELECT chat_id, last_id FROM chat_state', { bigints: true }).all()
  const change = database.prepare('UPDATE chat_state SET last_id = ? WHERE chat_id = ?')
  for (const row of chats) {
    const chatId = bigintIn(row, 'chat_id')
    const lastId = bigintIn(row, 'last_id')
    const highest = database.prepare(`SELECT max(id) AS id FROM ${tableName('messages', chatId)}`, { bigints: true })
    const highestId = bigintOrNone(highest.get() ?? {}, 'id') ?? 0n
    change.run((highestId > lastId ? highestId : lastId) + gap, chatId)
  }
  // Without a chat there was no invite. AUTOINCREMENT goes on from here.
  if (chats.length === 0) return
  database.exec(`INSERT INTO sqlite_sequence (name, seq)
      SELECT 'invites', 0 WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'invites');
    UPDATE sqlite_sequence SET seq = seq + ${gap} WHERE name = 'invites'`)
}

function secondsSince(database: Database, copiedAt: bigint | undefined): bigint {
  if (copiedAt === undefined) return 0n
  const row = database.prepare("SELECT CAST(strftime('%s', 'now') AS INTEGER) AS now", { bigints: true }).get()
  const passed = bigintIn(row ?? {}, 'now') - copiedAt
  return passed > 0n ? passed : 0n
}
