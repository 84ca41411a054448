import { encodePushFrame, encodeRequestFrame, encodeResponseFrame } from '@mimirjs/wire/mediator'
import { BLOB_BYTES } from './fan-out.js'

/** Status or command, request id, length of the payload. */
export const HEADER_BYTES = 7
const REQUEST_ID_OFFSET = 1
const GUID_MARK = 0x55667788n
const BLOB_MARK = 0x99aabbccddeeff00n
/** The same whatever the message. */
const PUBLIC_KEY = new Uint8Array(32).fill(7)

/** A frame whose changing parts are at known places, so that making one is a copy and three numbers. */
export interface FrameTemplate {
  readonly frame: Buffer
  readonly guidOffset: number
  readonly blobOffset: number
}

/** SEND_MESSAGE of one sender to one chat. @param sender - no two have the same */
export function sendTemplate(chatId: bigint, sender: number): FrameTemplate {
  const guid = (BigInt(sender + 1) << 32n) | GUID_MARK
  const value = { chatId, guid, timestampSeconds: nowSeconds(), blob: markedBlob() }
  return templateOf(encodeRequestFrame('tlv-push', 0, 'sendMessage', value), guid)
}

/** GOT_MESSAGE as a subscriber of that chat gets it. */
export function pushTemplate(chatId: bigint): FrameTemplate {
  const [guid, messageId, timestampSeconds] = [GUID_MARK, 1n, nowSeconds()]
  const value = { chatId, messageId, guid, timestampSeconds, author: PUBLIC_KEY, blob: markedBlob() }
  return templateOf(encodePushFrame('tlv-push', 'gotMessage', value), guid)
}

/** What a sender is told of a message that is stored. */
export const ACKNOWLEDGEMENT: Uint8Array = encodeResponseFrame('tlv-push', 0, 'sendMessage', {
  guid: 1n,
  messageId: 1n,
})

/** A page of so many messages of the same kind. */
export function pageFrame(messages: number): Uint8Array {
  const blob = markedBlob()
  const message = { messageId: 1n, guid: 1n, timestampSeconds: nowSeconds(), author: PUBLIC_KEY, blob }
  return encodeResponseFrame('tlv-push', 0, 'getMessagesSince', { messages: Array(messages).fill(message) })
}

export function writeMessage(
  { frame, guidOffset, blobOffset }: FrameTemplate,
  target: Buffer,
  at: number,
  serial: number,
): void {
  target.set(frame, at)
  target.writeUInt16BE(1 + (serial & 0x1f), at + REQUEST_ID_OFFSET)
  // The upper half of the guid tells who wrote.
  target.writeUInt32BE(serial, at + guidOffset + 4)
  target.writeDoubleBE(performance.now(), at + blobOffset)
}

function templateOf(bytes: Uint8Array, guid: bigint): FrameTemplate {
  const frame = Buffer.from(bytes)
  return { frame, guidOffset: offsetOf(frame, guid), blobOffset: offsetOf(frame, BLOB_MARK) }
}

function offsetOf(frame: Buffer, mark: bigint): number {
  const pattern = Buffer.alloc(8)
  pattern.writeBigUInt64BE(mark)
  const offset = frame.indexOf(pattern)
  if (offset < 0) throw new Error('a frame without its marks')
  return offset
}

function markedBlob(): Uint8Array {
  const blob = Buffer.alloc(BLOB_BYTES, 0x61)
  blob.writeBigUInt64BE(BLOB_MARK)
  return blob
}

function nowSeconds(): bigint {
  return BigInt(Math.floor(Date.now() / 1000))
}
