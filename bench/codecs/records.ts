import { Encoder } from 'cbor-x'
import { Packr } from 'msgpackr'
import type { Codec, Message } from './messages.js'

/** What a codec is to carry: how its users hold it, and how every field is read. */
type Model<Value> = Pick<Codec<Value>, 'prepare' | 'touch'>

/** msgpackr with shared record structures, its fastest mode. */
export function msgpackrCodec<Value extends object>({ prepare, touch }: Model<Value>): Codec<Value> {
  const packr = new Packr({ structures: [], int64AsType: 'bigint' })
  return {
    prepare: (message: Message) => ({ ...prepare(message) }),
    encode: (value) => packr.pack(value),
    decode: (bytes) => packr.unpack(bytes) as Value,
    touch,
  }
}

/** cbor-x with shared record structures, its fastest mode. */
export function cborCodec<Value extends object>({ prepare, touch }: Model<Value>): Codec<Value> {
  const encoder = new Encoder({ structures: [], useRecords: true })
  return {
    prepare: (message: Message) => ({ ...prepare(message) }),
    encode: (value) => encoder.encode(value),
    decode: (bytes) => encoder.decode(bytes) as Value,
    touch,
  }
}
