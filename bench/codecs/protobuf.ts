import Long from 'long'
import type { Codec, Message } from './messages.js'

interface ProtobufMessage {
  chatId: Long
  guid: Long
  timestamp: Long
  author: Uint8Array
  blob: Uint8Array
}

interface ProtobufText {
  guid: Long
  replyTo: Long
  sendTime: Long
  editTime: Long
  type: number
  payload: Uint8Array
}

interface StaticType<T> {
  new (properties: T): T
  encode(message: T): { finish(): Uint8Array }
  decode(bytes: Uint8Array): T
}

/** What the generated module exports; see lib/protobuf.ts. */
export interface ProtobufTypes {
  readonly Message: StaticType<ProtobufMessage>
  readonly Text: StaticType<ProtobufText>
}

export async function loadProtobuf(): Promise<ProtobufTypes> {
  return (await import(new URL('./messages.js', import.meta.url).href)) as ProtobufTypes
}

/** protobufjs with its static code. Its users hold 64-bit numbers as Long. */
export function protobufCodec({ Message: Type }: ProtobufTypes): Codec<ProtobufMessage> {
  return {
    prepare: (message) =>
      new Type({
        chatId: toLong(message.chatId),
        guid: toLong(message.guid),
        timestamp: toLong(message.timestamp),
        author: message.author,
        blob: message.blob,
      }),
    encode: (value) => Type.encode(value).finish(),
    decode: (bytes) => Type.decode(bytes),
    touch: ({ chatId, guid, timestamp, author, blob }) =>
      (chatId.low & 1) + (guid.low & 1) + (timestamp.low & 1) + author[31]! + blob[blob.length - 1]!,
  }
}

/** A chat message with the fields of a TEXT frame. */
export function protobufTextCodec({ Text: Type }: ProtobufTypes): Codec<ProtobufText> {
  return {
    prepare: (message: Message) =>
      new Type({
        guid: toLong(message.guid),
        replyTo: Long.UZERO,
        sendTime: toLong(message.timestamp),
        editTime: Long.UZERO,
        type: 0,
        payload: message.blob,
      }),
    encode: (value) => Type.encode(value).finish(),
    decode: (bytes) => Type.decode(bytes),
    touch: ({ guid, replyTo, sendTime, editTime, type, payload }) =>
      (guid.low & 1) + replyTo.low + (sendTime.low & 1) + editTime.low + type + payload[payload.length - 1]!,
  }
}

function toLong(value: bigint): Long {
  return Long.fromString(String(value), true)
}
