import { Encoder } from 'cbor-x'
import { Packr } from 'msgpackr'
import { type Codec, type Message, touchMessage } from './messages.js'

/** msgpackr with shared record structures, its fastest mode. */
export function msgpackrCodec(): Codec<Message> {
  const packr = new Packr({ structures: [], int64AsType: 'bigint' })
  return recordCodec(
    (message) => packr.pack(message),
    (bytes) => packr.unpack(bytes) as Message,
  )
}

/** cbor-x with shared record structures, its fastest mode. */
export function cborCodec(): Codec<Message> {
  const encoder = new Encoder({ structures: [], useRecords: true })
  return recordCodec(
    (message) => encoder.encode(message),
    (bytes) => encoder.decode(bytes) as Message,
  )
}

function recordCodec(encode: (message: Message) => Uint8Array, decode: (bytes: Uint8Array) => Message): Codec<Message> {
  return { prepare: (message) => ({ ...message }), encode, decode, touch: touchMessage }
}
