import { YggdrasilError } from '../error.js'

// One packet of ygg_stream 0.2: `u16be source port ‖ u16be destination port ‖ u32be seq ‖ u32be ack ‖ flags (1) ‖ u24be
// window ‖ data`. One packet is one session payload. yggdrasil protocol §10.2.

/** Bytes in front of the data. */
export const STREAM_HEADER_BYTES = 16
/** Largest packet: what the other side reads into. */
export const MAX_STREAM_PACKET_BYTES = 65_535
/** Most data of a packet. yggdrasil protocol §10.2. */
export const MAX_STREAM_DATA_BYTES = 65_388
/** Largest window that its 24 bits can tell. */
export const MAX_STREAM_WINDOW = 0xff_ffff

/** Bits of `flags`. */
export const StreamFlag = { syn: 0x01, ack: 0x02, fin: 0x04, rst: 0x08, datagram: 0x10 } as const

export interface StreamPacket {
  readonly sourcePort: number
  readonly destinationPort: number
  /** Offset of the first byte of `data` in the stream, from 0. */
  readonly seq: number
  /** The next byte that is expected. */
  readonly ack: number
  /** Of {@link StreamFlag}; unknown bits are kept. */
  readonly flags: number
  /** Bytes that may be sent; encoders write the lowest 24 bits. */
  readonly window: number
  /** Decoded it is a view. */
  readonly data: Uint8Array
}

/** @throws {YggdrasilError} `misuse` for a number that does not fit | `too-large` above 65,388 bytes of data */
export function encodeStreamPacket(packet: StreamPacket): Uint8Array {
  const bytes = new Uint8Array(STREAM_HEADER_BYTES + packet.data.length)
  writeStreamPacket(packet, bytes, 0)
  return bytes
}

/** Write the packet, and return the offset behind it. @throws {YggdrasilError} as {@link encodeStreamPacket} */
export function writeStreamPacket(packet: StreamPacket, target: Uint8Array, offset: number): number {
  const { sourcePort, destinationPort, seq, ack, flags, window, data } = packet
  if (data.length > MAX_STREAM_DATA_BYTES) {
    const text = `stream packet: expected at most ${MAX_STREAM_DATA_BYTES} bytes of data, got ${data.length}`
    throw new YggdrasilError('too-large', text, { blame: 'local' })
  }
  if (
    sourcePort >>> 16 !== 0 ||
    destinationPort >>> 16 !== 0 ||
    seq >>> 0 !== seq ||
    ack >>> 0 !== ack ||
    flags >>> 8 !== 0 ||
    window >>> 0 !== window
  ) {
    throw new YggdrasilError('misuse', 'stream packet: expected ports of 16 bits, seq and ack of 32, flags of 8')
  }
  target[offset] = sourcePort >>> 8
  target[offset + 1] = sourcePort
  target[offset + 2] = destinationPort >>> 8
  target[offset + 3] = destinationPort
  target[offset + 4] = seq >>> 24
  target[offset + 5] = seq >>> 16
  target[offset + 6] = seq >>> 8
  target[offset + 7] = seq
  target[offset + 8] = ack >>> 24
  target[offset + 9] = ack >>> 16
  target[offset + 10] = ack >>> 8
  target[offset + 11] = ack
  target[offset + 12] = flags
  target[offset + 13] = window >>> 16
  target[offset + 14] = window >>> 8
  target[offset + 15] = window
  target.set(data, offset + STREAM_HEADER_BYTES)
  return offset + STREAM_HEADER_BYTES + data.length
}

/** @throws {YggdrasilError} `malformed` below 16 bytes: such a packet is ignored */
export function decodeStreamPacket(bytes: Uint8Array): StreamPacket {
  if (bytes.length < STREAM_HEADER_BYTES) {
    throw new YggdrasilError(
      'malformed',
      `stream packet: expected at least ${STREAM_HEADER_BYTES} bytes, got ${bytes.length}`,
    )
  }
  return {
    sourcePort: (bytes[0]! << 8) | bytes[1]!,
    destinationPort: (bytes[2]! << 8) | bytes[3]!,
    seq: ((bytes[4]! << 24) | (bytes[5]! << 16) | (bytes[6]! << 8) | bytes[7]!) >>> 0,
    ack: ((bytes[8]! << 24) | (bytes[9]! << 16) | (bytes[10]! << 8) | bytes[11]!) >>> 0,
    flags: bytes[12]!,
    window: (bytes[13]! << 16) | (bytes[14]! << 8) | bytes[15]!,
    data: bytes.subarray(STREAM_HEADER_BYTES),
  }
}
