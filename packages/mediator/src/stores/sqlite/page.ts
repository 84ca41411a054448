import type { Row } from '@mimirjs/store'
import type { MessagePage } from '../../operations.js'
import { MAX_HEAD_BYTES, recordBytes } from '../record.js'
import type { Chat } from './chat.js'
import { bigintIn, bigintOrNone, bytesOrNone } from './columns.js'

type Layout = 'binary' | 'tlv'

/** A page of a chat, joined by SQLite from ranges of ids. */
export function readPage(chat: Chat, sinceId: bigint, limit: number, layout: Layout, maxBytes: number): MessagePage {
  const above = sinceId > chat.expiredTo ? sinceId : chat.expiredTo
  if (above >= chat.lastId) return { count: 0, bytes: new Uint8Array(0), lastId: sinceId }
  if (limit * (MAX_HEAD_BYTES + chat.largestBytes) > maxBytes) {
    return partOf(range(chat, layout, above, lastThatFits(chat, above, limit, layout, maxBytes)), sinceId)
  }
  const to = above + BigInt(limit)
  const page = partOf(range(chat, layout, above, to), sinceId)
  if (page.count === limit || to >= chat.lastId) return page
  // Messages were deleted here: the page goes on behind where it would end otherwise.
  const end = chat.statement('idAfter').get(to, limit - page.count - 1)
  const rest = range(chat, layout, to, end === undefined ? chat.lastId : bigintIn(end, 'id'))
  return joined(page, partOf(rest, page.lastId))
}

/** The rows above `above`, up to `to`. */
function range(chat: Chat, layout: Layout, above: bigint, to: bigint): Row {
  return chat.statement(layout === 'tlv' ? 'tlvPage' : 'binaryPage').get(above + 1n, to) ?? {}
}

function partOf(row: Row, sinceId: bigint): MessagePage {
  return {
    count: Number(bigintIn(row, 'count')),
    bytes: bytesOrNone(row, 'bytes') ?? new Uint8Array(0),
    lastId: bigintOrNone(row, 'last_id') ?? sinceId,
  }
}

function joined(first: MessagePage, second: MessagePage): MessagePage {
  const bytes = new Uint8Array(first.bytes.length + second.bytes.length)
  bytes.set(first.bytes)
  bytes.set(second.bytes, first.bytes.length)
  return { count: first.count + second.count, bytes, lastId: second.lastId }
}

/** Id of the last row of a page of at most `maxBytes`, which has one row at least. */
function lastThatFits(chat: Chat, above: bigint, limit: number, layout: Layout, maxBytes: number): bigint {
  let last = above
  let bytes = 0
  for (const row of chat.statement('blobLengths').all(above, limit)) {
    bytes += recordBytes(layout, Number(bigintIn(row, 'n')))
    if (last > above && bytes > maxBytes) break
    last = bigintIn(row, 'id')
  }
  return last
}
