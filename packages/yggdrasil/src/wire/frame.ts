import { YggdrasilError } from '../error.js'
import { MAX_FRAME_BYTES } from './limits.js'
import { uvarintBytes, writeUvarint } from './uvarint.js'

/** Types of frames. yggdrasil protocol §3.3. */
export const PacketType = {
  /** Ignored, whatever it holds. */
  dummy: 0,
  keepAlive: 1,
  sigReq: 2,
  sigRes: 3,
  announce: 4,
  bloomFilter: 5,
  pathLookup: 6,
  pathNotify: 7,
  pathBroken: 8,
  traffic: 9,
} as const

export type PacketTypeName = keyof typeof PacketType

/** The highest type that is known. */
const LAST_TYPE: number = PacketType.traffic

/** Bytes in front of a body of this size: length and type. */
export function frameHeadBytes(bodyBytes: number): number {
  return uvarintBytes(bodyBytes + 1) + 1
}

/** Write `uvarint L ‖ type` and return the offset of the body. */
export function writeFrameHead(type: number, bodyBytes: number, target: Uint8Array, offset: number): number {
  const at = writeUvarint(bodyBytes + 1, target, offset)
  target[at] = type
  return at + 1
}

/**
 * A whole frame: `uvarint L ‖ type (1) ‖ body`, where L counts type and body. yggdrasil protocol §3.2.
 * @throws {YggdrasilError} `too-large` above 131,070 bytes: such a frame is not sent | `misuse` for an unknown type
 */
export function encodeFrame(type: number, body: Uint8Array): Uint8Array {
  if (!Number.isInteger(type) || type < 0 || type > LAST_TYPE) {
    throw new YggdrasilError('misuse', `frame: expected a type from 0 to ${LAST_TYPE}, got ${type}`)
  }
  if (body.length + 1 > MAX_FRAME_BYTES) {
    const text = `frame of ${body.length + 1} bytes: at most ${MAX_FRAME_BYTES} can be sent`
    throw new YggdrasilError('too-large', text, { blame: 'local' })
  }
  const frame = new Uint8Array(frameHeadBytes(body.length) + body.length)
  frame.set(body, writeFrameHead(type, body.length, frame, 0))
  return frame
}

/** The only answer to a keepalive-worthy silence: `01 01`. Do not write to it. */
export const KEEP_ALIVE_FRAME: Uint8Array = encodeFrame(PacketType.keepAlive, new Uint8Array(0))

/** @throws {YggdrasilError} `malformed` for an empty frame | `too-large` above `maxFrameBytes` */
export function checkFrameLength(length: number, maxFrameBytes: number): number {
  if (length > maxFrameBytes) {
    throw new YggdrasilError('too-large', `frame of ${length} bytes: at most ${maxFrameBytes} are accepted`)
  }
  if (length === 0) throw new YggdrasilError('malformed', 'frame of 0 bytes: expected at least its type')
  return length
}

/** @throws {YggdrasilError} `malformed` */
export function checkFrameType(type: number): number {
  if (type <= LAST_TYPE) return type
  throw new YggdrasilError('malformed', `frame of type ${type}: expected 0 to ${LAST_TYPE}`)
}
