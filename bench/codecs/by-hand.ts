import { type Codec, type Message, touchMessage } from './messages.js'

// The limit of the TLV rows: the same bytes written and read by code that knows this one message, checks nothing and
// trusts its input. The order of the fields and all lengths but the last are constants.

const AUTHOR_AT = 32
const BLOB_AT = 66

/** @param view - over `target` */
export function encodeByHandInto(message: Message, target: Uint8Array, view: DataView): number {
  const { chatId, guid, timestamp, author, blob } = message
  target[0] = 1
  target[1] = 8
  view.setBigUint64(2, chatId)
  target[10] = 2
  target[11] = 8
  view.setBigUint64(12, guid)
  target[20] = 3
  target[21] = 8
  view.setBigUint64(22, timestamp)
  target[30] = 4
  target[31] = 32
  target.set(author, AUTHOR_AT)
  target[64] = 5
  target[65] = blob.length
  target.set(blob, BLOB_AT)
  return BLOB_AT + blob.length
}

/** The blob is shorter than 128 bytes and ends the message. */
function decodeByHand(bytes: Uint8Array): Message {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return {
    chatId: view.getBigUint64(2),
    guid: view.getBigUint64(12),
    timestamp: view.getBigUint64(22),
    author: new Uint8Array(bytes.buffer, bytes.byteOffset + AUTHOR_AT, 32),
    blob: new Uint8Array(bytes.buffer, bytes.byteOffset + BLOB_AT, bytes[65]!),
  }
}

export function byHandDecoder(): Pick<Codec<Message>, 'decode' | 'touch'> {
  return { decode: decodeByHand, touch: touchMessage }
}
