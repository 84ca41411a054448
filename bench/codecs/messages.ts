import { createHash } from 'node:crypto'

/** The message of the codec rows, in our types. */
export interface Message {
  readonly chatId: bigint
  readonly guid: bigint
  readonly timestamp: bigint
  /** 32 bytes. */
  readonly author: Uint8Array
  readonly blob: Uint8Array
}

/** So many different messages take turns, lest an engine learns one by heart. */
const VARIANTS = 64

/** The same messages in every run: ids use all 64 bits, times are milliseconds of today's length. */
export function messages(blobBytes: number): readonly Message[] {
  return Array.from({ length: VARIANTS }, (_, index) => {
    const bytes = createHash('sha512').update(`codec benchmark ${index}`).digest()
    return {
      chatId: bytes.readBigUInt64BE(0),
      guid: bytes.readBigUInt64BE(8),
      timestamp: 1_764_000_000_000n + BigInt(bytes.readUInt32BE(16)),
      author: new Uint8Array(bytes.subarray(20, 52)),
      blob: new Uint8Array(blobBytes).map((__, at) => (at * 31 + index) & 0xff),
    }
  })
}

/** One way of writing a message: `Value` is what its users hold in memory. */
export interface Codec<Value> {
  /** The message as the users of this codec hold it. */
  prepare(message: Message): Value
  encode(value: Value): Uint8Array
  decode(bytes: Uint8Array): Value
  /** Read every field, so that no field is decoded for nothing or not at all. Equal for equal messages. */
  touch(value: Value): number
}

/** By truthiness, the cheapest way of looking at a bigint; some codecs return small ones as Numbers. */
export function touchMessage({ chatId, guid, timestamp, author, blob }: Message): number {
  return (chatId ? 0 : 1) + (guid ? 0 : 1) + (timestamp ? 0 : 1) + author[31]! + blob[blob.length - 1]!
}
