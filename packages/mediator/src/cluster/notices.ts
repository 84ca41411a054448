// What processes tell each other: `version u8 | kind u8 | sender 16 | fields`. A notice that cannot be read is dropped: one of
// another version is no reason to fall over.
import { isWireError, Reader, Writer } from '@mimirjs/wire'
import type { PushedMessage } from '../commands/command.js'
import type { MemberInfo } from './types.js'

const VERSION = 1
export const PROCESS_ID_BYTES = 16
const KEY_BYTES = 32
const HEAD_BYTES = 2 + PROCESS_ID_BYTES
/** Longer contents are left out, or not told at all: buses have limits, and the store has everything. */
const MAX_INLINE_BYTES = 262_144
const MAX_NOTICE_BYTES = 1_000_000
/** Pairs of chat and key in one notice. */
export const PAIRS_PER_NOTICE = 4_096

/** Where a chat's notices go. */
export function chatSubject(chatId: bigint): string {
  return `chat.${chatId}`
}
export const INVITES_SUBJECT = 'invites'
export const PRESENCE_SUBJECT = 'presence'

/** A key that is subscribed to a chat. */
export interface Pair {
  readonly chatId: bigint
  readonly publicKey: Uint8Array
}

export type Notice =
  /** Without `blob`: it is too long, fetch it. */
  | {
      readonly kind: 'message'
      readonly message: Omit<PushedMessage, 'blob'> & { readonly blob: Uint8Array | undefined }
    }
  | { readonly kind: 'memberInfo'; readonly member: MemberInfo }
  /** `messageId` says so; 0: no message does. */
  | { readonly kind: 'dropped'; readonly publicKey: Uint8Array; readonly messageId: bigint }
  | { readonly kind: 'chatDeleted' }
  | { readonly kind: 'invited'; readonly inviteId: bigint; readonly to: Uint8Array }
  | { readonly kind: 'arrived' | 'left'; readonly sequence: number; readonly pair: Pair }
  /** Everything up to `sequence` was told. */
  | { readonly kind: 'beat'; readonly sequence: number }
  /** Tell everything again. */
  | { readonly kind: 'want'; readonly process: Uint8Array }
  /** A part of everything; the first one forgets what was told before. */
  | { readonly kind: 'all'; readonly sequence: number; readonly isFirst: boolean; readonly pairs: readonly Pair[] }
  | { readonly kind: 'bye' }

const KINDS: readonly Notice['kind'][] = [
  'message',
  'memberInfo',
  'dropped',
  'chatDeleted',
  'invited',
  'arrived',
  'left',
  'beat',
  'want',
  'all',
  'bye',
]

/** `undefined`: too long to be told. */
export function encodeNotice(sender: Uint8Array, notice: Notice): Uint8Array | undefined {
  const bytes = HEAD_BYTES + bodyBytes(notice)
  if (bytes > MAX_NOTICE_BYTES) return undefined
  const writer = new Writer(bytes).u8(VERSION).u8(KINDS.indexOf(notice.kind)).bytes(sender)
  writeBody(writer, notice)
  return writer.finish()
}

export function decodeNotice(bytes: Uint8Array): { readonly sender: Uint8Array; readonly notice: Notice } | undefined {
  try {
    const reader = new Reader(bytes)
    if (reader.u8() !== VERSION) return undefined
    const kind = KINDS[reader.u8()]
    const sender = reader.bytes(PROCESS_ID_BYTES)
    return kind === undefined ? undefined : { sender, notice: readBody(reader, kind) }
  } catch (error) {
    if (isWireError(error)) return undefined
    throw error
  }
}

function bodyBytes(notice: Notice): number {
  switch (notice.kind) {
    case 'message':
      return 24 + KEY_BYTES + 1 + (inline(notice.message.blob)?.length ?? 0)
    case 'memberInfo':
      return KEY_BYTES + 8 + notice.member.info.length
    case 'dropped':
    case 'invited':
      return 8 + KEY_BYTES
    case 'arrived':
    case 'left':
      return 4 + 8 + KEY_BYTES
    case 'beat':
      return 4
    case 'want':
      return PROCESS_ID_BYTES
    case 'all':
      return 5 + notice.pairs.length * (8 + KEY_BYTES)
    case 'chatDeleted':
    case 'bye':
      return 0
  }
}

function writeBody(writer: Writer, notice: Notice): void {
  switch (notice.kind) {
    case 'message': {
      const { messageId, guid, timestampSeconds, author } = notice.message
      const blob = inline(notice.message.blob)
      writer.i64(messageId).i64(guid).i64(timestampSeconds).bytes(author)
      writer.u8(blob === undefined ? 0 : 1)
      if (blob !== undefined) writer.bytes(blob)
      return
    }
    case 'memberInfo':
      writer.bytes(notice.member.publicKey).i64(notice.member.timestampSeconds).bytes(notice.member.info)
      return
    case 'dropped':
      writer.bytes(notice.publicKey).i64(notice.messageId)
      return
    case 'invited':
      writer.i64(notice.inviteId).bytes(notice.to)
      return
    case 'arrived':
    case 'left':
      writer.u32(notice.sequence).i64(notice.pair.chatId).bytes(notice.pair.publicKey)
      return
    case 'beat':
      writer.u32(notice.sequence)
      return
    case 'want':
      writer.bytes(notice.process)
      return
    case 'all':
      writer.u32(notice.sequence).u8(notice.isFirst ? 1 : 0)
      for (const { chatId, publicKey } of notice.pairs) writer.i64(chatId).bytes(publicKey)
      return
    case 'chatDeleted':
    case 'bye':
      return
  }
}

function readBody(reader: Reader, kind: Notice['kind']): Notice {
  switch (kind) {
    case 'message': {
      const [messageId, guid, timestampSeconds] = [reader.i64(), reader.i64(), reader.i64()]
      const author = reader.bytes(KEY_BYTES)
      const blob = reader.u8() === 1 ? reader.rest() : undefined
      return { kind, message: { messageId, guid, timestampSeconds, author, blob } }
    }
    case 'memberInfo': {
      const publicKey = reader.bytes(KEY_BYTES)
      const timestampSeconds = reader.i64()
      return { kind, member: { publicKey, timestampSeconds, info: reader.rest() } }
    }
    case 'dropped':
      return { kind, publicKey: reader.bytes(KEY_BYTES), messageId: reader.i64() }
    case 'invited':
      return { kind, inviteId: reader.i64(), to: reader.bytes(KEY_BYTES) }
    case 'arrived':
    case 'left':
      return { kind, sequence: reader.u32(), pair: readPair(reader) }
    case 'beat':
      return { kind, sequence: reader.u32() }
    case 'want':
      return { kind, process: reader.bytes(PROCESS_ID_BYTES) }
    case 'all': {
      const sequence = reader.u32()
      const isFirst = reader.u8() === 1
      const pairs: Pair[] = []
      while (reader.remaining > 0 && pairs.length < PAIRS_PER_NOTICE) pairs.push(readPair(reader))
      return { kind, sequence, isFirst, pairs }
    }
    case 'chatDeleted':
    case 'bye':
      return { kind }
  }
}

function readPair(reader: Reader): Pair {
  const chatId = reader.i64()
  return { chatId, publicKey: reader.bytes(KEY_BYTES) }
}

function inline(blob: Uint8Array | undefined): Uint8Array | undefined {
  return blob === undefined || blob.length > MAX_INLINE_BYTES ? undefined : blob
}
