import { WireError } from '../error.js'
import { checkI32, checkI64, checkUint, readI32, readI64, readU32, write32, write64 } from '../int.js'

/** Bytes in front of the data. */
export const DATA_HEADER_BYTES = 44
/** Longest data of one frame. Source: current protocol §6.2. */
export const MAX_DATA_BYTES = 536_870_912
/** A payload up to this size goes as TEXT on the control stream, a longer one on the data stream. Source: as above. */
export const MAX_CONTROL_PAYLOAD_BYTES = 65_536

const TWO_32 = 0x1_0000_0000

/** What goes in front of the data; the members mean what they mean in a text frame. */
export interface DataHeader {
  /** Signed 64-bit id of the message. 0n is read, but nobody can acknowledge it: send none. */
  readonly guid: bigint
  readonly replyTo: bigint
  readonly sendTimeMs: bigint
  readonly editTimeMs: bigint
  /** See `MessageType`. */
  readonly messageType: number
  /** Length of the data, 0 to {@link MAX_DATA_BYTES}. */
  readonly dataBytes: number
}

/** A frame of the data stream as a whole. */
export interface DataFrame extends Omit<DataHeader, 'dataBytes'> {
  readonly data: Uint8Array
}

/**
 * `guid i64 | replyTo i64 | sendTime i64 | editTime i64 | messageType i32 | dataSize i64`: 44 bytes, behind which the data
 * belongs, unchanged and in pieces of any size. Source: current protocol §6.1.
 * @throws {WireError} `out-of-range`, or `frame-too-large` for more than {@link MAX_DATA_BYTES}.
 */
export function encodeDataHeader(header: DataHeader): Uint8Array {
  return writeDataHeader(header, new Uint8Array(DATA_HEADER_BYTES))
}

/** Header and data in one piece, for what is small. @throws {WireError} as {@link encodeDataHeader} */
export function encodeDataFrame({ data, ...rest }: DataFrame): Uint8Array {
  checkDataBytes(data.length, MAX_DATA_BYTES)
  const frame = writeDataHeader({ ...rest, dataBytes: data.length }, new Uint8Array(DATA_HEADER_BYTES + data.length))
  frame.set(data, DATA_HEADER_BYTES)
  return frame
}

/**
 * Decode bytes that are exactly one frame. `data` is a view into them.
 * @throws {WireError} `truncated` or `trailing` when it is less or more than one frame; `length` or `frame-too-large`.
 */
export function decodeDataFrame(bytes: Uint8Array): DataFrame {
  if (bytes.length < DATA_HEADER_BYTES) throw truncated(DATA_HEADER_BYTES, bytes.length)
  const { dataBytes, ...rest } = readDataHeader(bytes, MAX_DATA_BYTES)
  const frameBytes = DATA_HEADER_BYTES + dataBytes
  if (frameBytes > bytes.length) throw truncated(frameBytes, bytes.length)
  if (frameBytes < bytes.length) {
    throw new WireError('trailing', `data frame of ${frameBytes} bytes: ${bytes.length - frameBytes} are left over`)
  }
  return { ...rest, data: bytes.subarray(DATA_HEADER_BYTES) }
}

/** The header at the start of `bytes`, all of which is there. @throws {WireError} `length` or `frame-too-large` */
export function readDataHeader(bytes: Uint8Array, maxDataBytes: number): DataHeader {
  return {
    guid: readI64(bytes, 0),
    replyTo: readI64(bytes, 8),
    sendTimeMs: readI64(bytes, 16),
    editTimeMs: readI64(bytes, 24),
    messageType: readI32(bytes, 32),
    // Exact up to 2^53 bytes, which is beyond every ceiling.
    dataBytes: checkDataBytes(readI32(bytes, 36) * TWO_32 + readU32(bytes, 40), maxDataBytes),
  }
}

function writeDataHeader(header: DataHeader, target: Uint8Array): Uint8Array {
  const dataBytes = checkDataBytes(checkUint(header.dataBytes, Number.MAX_SAFE_INTEGER, 'dataSize'), MAX_DATA_BYTES)
  write64(target, 0, checkI64(header.guid, 'guid'))
  write64(target, 8, checkI64(header.replyTo, 'replyTo'))
  write64(target, 16, checkI64(header.sendTimeMs, 'sendTimeMs'))
  write64(target, 24, checkI64(header.editTimeMs, 'editTimeMs'))
  write32(target, 32, checkI32(header.messageType, 'messageType'))
  write32(target, 36, 0)
  write32(target, 40, dataBytes)
  return target
}

function checkDataBytes(dataBytes: number, max: number): number {
  if (dataBytes >= 0 && dataBytes <= max) return dataBytes
  const code = dataBytes < 0 ? 'length' : 'frame-too-large'
  throw new WireError(code, `data frame: expected 0 to ${max} bytes of data, got ${dataBytes}`, { field: 'dataSize' })
}

function truncated(expectedBytes: number, gotBytes: number): WireError {
  return new WireError('truncated', `data frame: expected at least ${expectedBytes} bytes, got ${gotBytes}`)
}
