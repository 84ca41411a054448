const LENGTH = 'octet_length(blob)'

// All operators on bits bind alike in PostgreSQL, from left to right: hence the brackets.
const group = (shift: number): string => `((${LENGTH} >> ${shift} & 127 | 128)::bigint`
const VARINT_VALUE: readonly (readonly [below: number, value: string])[] = [
  [0x80, `${LENGTH}::bigint`],
  [0x4000, `${group(0)} << 8) | (${LENGTH} >> 7)`],
  [0x20_0000, `${group(0)} << 16) | ${group(7)} << 8) | (${LENGTH} >> 14)`],
  [0x1000_0000, `${group(0)} << 24) | ${group(7)} << 16) | ${group(14)} << 8) | (${LENGTH} >> 21)`],
]

/** The varint of the blob's length: the last bytes of a number. */
const VARINT = `CASE ${VARINT_VALUE.map(
  ([below, value], index) => `WHEN ${LENGTH} < ${below} THEN substring(int8send(${value}) FROM ${8 - index})`,
).join('\n  ')} END`

const RECORDS = {
  tlv: `'\\x1108'::bytea || int8send(id) || '\\x1208'::bytea || int8send(guid) || '\\x3208'::bytea || int8send(ts)
    || '\\x0120'::bytea || author || '\\x23'::bytea || ${VARINT} || blob`,
  binary: `int8send($1::bigint) || int8send(id) || int8send(guid) || author || int4send(${LENGTH}) || blob`,
}

/** How long a record is: 60 bytes and the blob, or 65, the varint of its length, and the blob. */
const RECORD_BYTES = {
  binary: `60 + ${LENGTH}`,
  tlv: `66 + ${LENGTH} + (${LENGTH} >= 128)::integer + (${LENGTH} >= 16384)::integer + (${LENGTH} >= 2097152)::integer`,
}

/**
 * Parameters: chat, since, limit, most bytes. One row: `count`, `last_id` and `base64`, both NULL for an empty page. The
 * library gets everything as text, and bytes by themselves would come in hexadecimal.
 */
export function pageSql(layout: 'binary' | 'tlv'): string {
  return `SELECT count(*)::integer AS count, max(id) AS last_id,
      encode(string_agg(${RECORDS[layout]}, ''::bytea ORDER BY id), 'base64') AS base64
    FROM (
      SELECT *, row_number() OVER (ORDER BY id) AS nth, sum(${RECORD_BYTES[layout]}) OVER (ORDER BY id) AS total
      FROM (
        SELECT id, ts, guid, author, blob FROM $schema.messages
        WHERE chat_id = $1 AND id > greatest($2, (SELECT expired_to FROM $schema.chats WHERE id = $1))
        ORDER BY id LIMIT $3
      ) AS above
    ) AS counted
    WHERE nth = 1 OR total <= $4`
}
