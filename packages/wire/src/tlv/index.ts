export { type TlvCodec, type TlvCodecOptions, tlvCodec } from './codec.js'
export { decodeTlvPayload, encodeTlvPayload, type TlvPayloadField } from './payload.js'
export type { TlvField, TlvKinds, TlvTable, TlvValue } from './table.js'
