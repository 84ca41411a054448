import type { Row } from '@mimirjs/store'
import type { InviteRow, StoredMessageRow } from '../../operations.js'
import { bigintIn, bigintOrNone, bytesIn } from './columns.js'

const decoder = new TextDecoder()

/** The Go server kept texts as they came: what is no UTF-8 becomes U+FFFD. */
export function textIn(row: Row, column: string): string {
  return decoder.decode(bytesIn(row, column))
}

export function messageOf(row: Row | undefined): StoredMessageRow | undefined {
  if (row === undefined) return undefined
  return {
    messageId: bigintIn(row, 'id'),
    guid: bigintIn(row, 'guid'),
    timestampSeconds: bigintIn(row, 'ts'),
    clientTimestampSeconds: bigintOrNone(row, 'client_ts'),
    author: bytesIn(row, 'author'),
  }
}

export function inviteOf(row: Row | undefined): InviteRow | undefined {
  return row && inviteIn(row)
}

export function inviteIn(row: Row): InviteRow {
  return {
    inviteId: bigintIn(row, 'id'),
    timestampSeconds: bigintIn(row, 'timestamp'),
    from: bytesIn(row, 'from_pubkey'),
    to: bytesIn(row, 'to_pubkey'),
    chatId: bigintIn(row, 'chat_id'),
    data: bytesIn(row, 'encrypted_data'),
    sent: row['sent'] !== 0n,
  }
}
