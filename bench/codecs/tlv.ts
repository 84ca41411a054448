import { tlvCodec as makeCodec, type TlvCodec } from '@mimirjs/wire/tlv'
import { type Codec, type Message, touchMessage } from './messages.js'

const TABLE = {
  chatId: { tag: 1, type: 'u64' },
  guid: { tag: 2, type: 'u64' },
  timestamp: { tag: 3, type: 'u64' },
  author: { tag: 4, type: 'bytes', sizeBytes: 32 },
  blob: { tag: 5, type: 'bytes' },
} as const

const codec: TlvCodec<typeof TABLE> = makeCodec(TABLE)

/** Our TLV, from a table. */
export function tlvCodec(): Codec<Message> {
  return {
    prepare: (message) => ({ ...message }),
    encode: (message) => codec.encode(message),
    decode: (bytes) => codec.decode(bytes),
    touch: touchMessage,
  }
}

/** Encode into memory that the caller keeps; returns the end. */
export function encodeTlvInto(message: Message, target: Uint8Array): number {
  return codec.encodeInto(message, target, 0)
}
