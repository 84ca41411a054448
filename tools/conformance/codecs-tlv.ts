import { readVarint, varintByteLength, varintByteLengthAt, WireError, writeVarint } from '@mimirjs/wire'
import { decodeTlvPayload, encodeTlvPayload, type TlvPayloadField } from '@mimirjs/wire/tlv'
import type { BytesCodec, CodecTable } from './codec.js'

const varint: BytesCodec = {
  shape: 'plain',
  decode(bytes) {
    const value = readVarint(bytes)
    const end = varintByteLengthAt(bytes, 0)
    if (end === bytes.length) return value
    throw new WireError('trailing', `varint of ${end} bytes: ${bytes.length - end} are left over`)
  },
  encode(value: number) {
    const bytes = new Uint8Array(varintByteLength(value))
    writeVarint(value, bytes, 0)
    return bytes
  },
}

const payload: BytesCodec = {
  shape: [{ tag: 'plain', value: 'bytes' }],
  decode: decodeTlvPayload,
  encode: (fields: readonly TlvPayloadField[]) => encodeTlvPayload(fields),
}

export const tlvCodecs: CodecTable = { 'tlv.varint': varint, 'tlv.payload': payload }
