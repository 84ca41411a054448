import { fromHex } from '@mimirjs/wire'
import { MAX_PREVIEW_BYTES, type SearchOptions, type Store, type StoredMessage } from '../../store.js'
import { fold, isSearchable, searchableText } from '../searchable.js'
import { PEER_ID, type Row, SELECT_MESSAGE, SHOWN } from './rows.js'
import type { Tables } from './tables.js'

/** Rows that are read at once; between pages other work runs. */
const PAGE_ROWS = 64
/** SQLite reads only as far as it has to tell a length; longer texts than these are fetched one by one. */
const PAGE_TEXT_BYTES = MAX_PREVIEW_BYTES

// The conditions on a row stand in its columns: in WHERE, a page of 64 matches could mean any number of rows read.
const COLUMNS = `seq, messageType, ${SHOWN} AS isShown,
  CASE WHEN messageType IN (1, 3) THEN substr(payload, 1, ${MAX_PREVIEW_BYTES})
    WHEN messageType = 0 AND length(payload) <= ${PAGE_TEXT_BYTES} THEN payload END AS head`

/** Parameters: the place to begin before, the number of rows. */
export const SEARCH_ALL: string = `SELECT ${COLUMNS} FROM message WHERE seq < ? ORDER BY seq DESC LIMIT ?`

/** Parameters: key of the peer, the place to begin before, the number of rows. */
export const SEARCH_PEER: string = `SELECT ${COLUMNS} FROM message
  WHERE peer = ${PEER_ID} AND seq < ? AND ${SHOWN} ORDER BY seq DESC LIMIT ?`

/**
 * SQLite knows upper and lower case of ASCII only, so the texts are compared here: all of them, newest first, until enough
 * are found. That takes about two seconds per million short messages, in pieces of well below a millisecond.
 */
export function searchStore(tables: Tables): Pick<Store, 'search'> {
  return {
    async search(text, options) {
      const wanted = fold(text)
      const found: StoredMessage[] = []
      if (wanted === '' || options.limit <= 0) return found
      let beforeSeq = options.beforeSeq ?? Number.MAX_SAFE_INTEGER
      for (;;) {
        const rows = readPage(tables, options, beforeSeq)
        for (const row of rows) {
          beforeSeq = Number(row['seq'])
          if (!textOf(tables, row).includes(wanted)) continue
          found.push(...tables.messages(`${SELECT_MESSAGE} WHERE seq = ?`, beforeSeq))
          if (found.length >= options.limit) return found
        }
        if (rows.length < PAGE_ROWS) return found
        await new Promise<void>((resolve) => {
          setImmediate(resolve)
        })
      }
    },
  }
}

function readPage(tables: Tables, { peer }: SearchOptions, beforeSeq: number): Row[] {
  if (peer === undefined) return tables.all(SEARCH_ALL, beforeSeq, PAGE_ROWS)
  return tables.all(SEARCH_PEER, fromHex(peer), beforeSeq, PAGE_ROWS)
}

function textOf(tables: Tables, row: Row): string {
  const messageType = Number(row['messageType'])
  if (row['isShown'] !== 1n || !isSearchable(messageType)) return ''
  const head = row['head'] ?? tables.get('SELECT payload FROM message WHERE seq = ?', row['seq']!)!['payload']!
  return searchableText(messageType, head as Uint8Array)
}
