export { ByteQueue } from './byte-queue.js'
export { isWireError, WireError, type WireErrorCode } from './error.js'
export type { Generation } from './generation.js'
export { equalBytes, fromHex, toHex } from './hex.js'
export { Reader } from './reader.js'
export {
  MAX_VARINT,
  MAX_VARINT_BYTES,
  readVarint,
  varintByteLength,
  varintByteLengthAt,
  writeVarint,
} from './varint.js'
export { Writer } from './writer.js'
