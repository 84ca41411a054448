import type { Database } from '@mimirjs/store'
import { bigintIn } from './columns.js'
import { tableName } from './schema.js'

// Old Go servers stored a guid as often as it was sent. The later messages get the next guids that are free, as the
// protocol has it (mediator protocol §11.3).

/** Copy the messages that `to`, which has every guid once, did not take. */
export function copyUniqueGuids(database: Database, from: string, to: string): void {
  const left = database
    .prepare(`SELECT id, guid FROM ${from} WHERE id NOT IN (SELECT id FROM ${to}) ORDER BY id`, { bigints: true })
    .all()
  const copy = database.prepare(
    `INSERT INTO ${to} (id, ts, guid, author) SELECT id, ts, ?, author FROM ${from} WHERE id = ?`,
  )
  const free = freeGuids(database, to)
  for (const row of left) copy.run(free(bigintIn(row, 'guid')), bigintIn(row, 'id'))
}

/** Give every guid of a chat's messages to one of them, and make sure that it stays so. */
export function makeGuidsUnique(database: Database, chatId: bigint): void {
  const messages = tableName('messages', chatId)
  const unique = database
    .prepare(
      `SELECT 1 FROM pragma_index_list(?) AS list
       WHERE "unique" AND 'guid' = (SELECT group_concat(name) FROM pragma_index_info(list.name))`,
    )
    .get(`messages_${chatId}`)
  if (unique !== undefined) return
  const numbered = `SELECT id, guid, row_number() OVER (PARTITION BY guid ORDER BY id) AS nth FROM ${messages}`
  const doubles = database
    .prepare(`SELECT id, guid FROM (${numbered}) WHERE nth > 1 ORDER BY id`, { bigints: true })
    .all()
  database.exec(`CREATE INDEX guids_for_now ON ${messages} (guid)`)
  const change = database.prepare(`UPDATE ${messages} SET guid = ? WHERE id = ?`)
  const free = freeGuids(database, messages)
  for (const row of doubles) change.run(free(bigintIn(row, 'guid')), bigintIn(row, 'id'))
  database.exec(`DROP INDEX guids_for_now; CREATE UNIQUE INDEX "guids_${chatId}" ON ${messages} (guid)`)
}

/** The next guid above one that no row of `table` has. */
function freeGuids(database: Database, table: string): (guid: bigint) => bigint {
  const taken = database.prepare(`SELECT 1 FROM ${table} WHERE guid = ?`)
  return (guid) => {
    let next = guid
    do next = BigInt.asIntN(64, next + 1n)
    while (taken.get(next) !== undefined)
    return next
  }
}
