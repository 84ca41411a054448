import { varintByteLength, writeVarint } from '@mimirjs/wire'

/** What a message's record in a page is made of, but for the blob. */
export interface RecordHead {
  readonly messageId: bigint
  readonly guid: bigint
  readonly timestampSeconds: bigint
  /** 32 bytes. */
  readonly author: Uint8Array
  readonly blobBytes: number
}

/** Bytes of a head before the length of the blob in its last field. */
const FIXED_BYTES = 65

/**
 * All of a message's TLV record (mediator protocol §4.3) that comes before its blob, in one value that is stored with the
 * row, so that a page is joined by the database and not built from rows:
 *
 * `11 08 id (8) | 12 08 guid (8) | 32 08 ts (8) | 01 20 author (32) | 23 varint(blob length)`
 */
export function encodeHead({ messageId, guid, timestampSeconds, author, blobBytes }: RecordHead): Uint8Array {
  const head = new Uint8Array(FIXED_BYTES + varintByteLength(blobBytes))
  const view = new DataView(head.buffer)
  view.setUint16(0, 0x1108)
  view.setBigInt64(2, messageId)
  view.setUint16(10, 0x1208)
  view.setBigInt64(12, guid)
  view.setUint16(20, 0x3208)
  view.setBigInt64(22, timestampSeconds)
  view.setUint16(30, 0x0120)
  head.set(author, 32)
  head[64] = 0x23
  writeVarint(blobBytes, head, FIXED_BYTES)
  return head
}

/** How long the record of a message is in a page. */
export function recordBytes(layout: 'binary' | 'tlv', blobBytes: number): number {
  return layout === 'binary' ? 60 + blobBytes : FIXED_BYTES + varintByteLength(blobBytes) + blobBytes
}

/**
 * What a message costs a database besides its blob: columns, the entry in the index of guids, the space that pages leave
 * free. A round number near what was measured, the same for all databases.
 */
export const ROW_BYTES = 200

/** No record has more before its blob, in any layout. */
export const MAX_HEAD_BYTES = 69
