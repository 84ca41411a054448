import { tableName } from './schema.js'

// A page is one value, joined by SQLite: a row costs the driver more than everything else (performance: a page of 500
// messages in a tenth of the time of reading its rows). Everything is cast to a blob before it leaves: libsql ends the
// process on reading text that is not UTF-8.

const LENGTH = 'length(blob)'

/** The varint of the blob's length, in hexadecimal. */
const VARINT_HEX = `CASE
  WHEN ${LENGTH} < 0x80 THEN printf('%02x', ${LENGTH})
  WHEN ${LENGTH} < 0x4000 THEN printf('%02x%02x', ${LENGTH} & 127 | 128, ${LENGTH} >> 7)
  WHEN ${LENGTH} < 0x200000
    THEN printf('%02x%02x%02x', ${LENGTH} & 127 | 128, ${LENGTH} >> 7 & 127 | 128, ${LENGTH} >> 14)
  ELSE printf('%02x%02x%02x%02x', ${LENGTH} & 127 | 128, ${LENGTH} >> 7 & 127 | 128, ${LENGTH} >> 14 & 127 | 128,
    ${LENGTH} >> 21)
END`

/** What stands in front of a blob, without what `binary` begins with: the chat's id. Rows of another server have no `head`. */
const HEAD = {
  tlv: `coalesce(head, unhex(printf('1108%016x1208%016x3208%016x0120%s23', id, guid, ts, hex(author)) || ${VARINT_HEX}))`,
  binary: `unhex(printf('%016x%016x', id, guid)) || author || unhex(printf('%08x', ${LENGTH}))`,
}

/**
 * Parameters: first and last id. One row: `count`, `last_id` and `bytes`, both NULL for an empty page. A range takes a
 * fifth less time than a limit, which SQLite counts row by row.
 */
export function pageSql(layout: 'binary' | 'tlv', chatId: bigint): string {
  const table = tableName('messages', chatId)
  return layout === 'tlv' ? tlvPage(table) : binaryPage(table, `x'${chatId.toString(16).padStart(16, '0')}'`)
}

/** The heads are the separators between the blobs, which saves a value per row; that of the first is put in front. */
function tlvPage(table: string): string {
  return `SELECT count, last_id,
      CAST((SELECT ${HEAD.tlv} FROM ${table} WHERE id = first_id) || behind AS BLOB) AS bytes
    FROM (SELECT count(*) AS count, min(id) AS first_id, max(id) AS last_id, group_concat(blob, ${HEAD.tlv}) AS behind
      FROM ${table} WHERE id BETWEEN ? AND ?)`
}

/** What all records begin with is the separator. */
function binaryPage(table: string, chat: string): string {
  return `SELECT count(*) AS count, max(id) AS last_id,
      CAST(${chat} || group_concat(${HEAD.binary} || blob, ${chat}) AS BLOB) AS bytes
    FROM ${table} WHERE id BETWEEN ? AND ?`
}
