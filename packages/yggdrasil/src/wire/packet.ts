import { BloomFilter } from '../bloom.js'
import { YggdrasilError } from '../error.js'
import { type Announce, decodeAnnounce, encodeAnnounce } from './announce.js'
import type { DecodeOptions } from './body.js'
import { checkFrameLength, checkFrameType, encodeFrame, PacketType } from './frame.js'
import { MAX_FRAME_BYTES } from './limits.js'
import {
  decodePathBroken,
  decodePathLookup,
  decodePathNotify,
  encodePathBroken,
  encodePathLookup,
  encodePathNotify,
  type PathBroken,
  type PathLookup,
  type PathNotify,
} from './pathfinder.js'
import { decodeSigReq, decodeSigRes, encodeSigReq, encodeSigRes, type SigReq, type SigRes } from './signature.js'
import { decodeTraffic, encodeTraffic, type Traffic } from './traffic.js'
import { uvarintEnd, uvarintNumber } from './uvarint.js'

/** Everything that a frame can hold, told apart by `type`: for traces, tests and ports. Routers read each type by itself. */
export type Packet =
  | { readonly type: 'dummy' }
  | { readonly type: 'keepAlive' }
  | ({ readonly type: 'sigReq' } & SigReq)
  | ({ readonly type: 'sigRes' } & SigRes)
  | ({ readonly type: 'announce' } & Announce)
  | { readonly type: 'bloomFilter'; readonly filter: BloomFilter }
  | ({ readonly type: 'pathLookup' } & PathLookup)
  | ({ readonly type: 'pathNotify' } & PathNotify)
  | ({ readonly type: 'pathBroken' } & PathBroken)
  | ({ readonly type: 'traffic' } & Traffic)

/** The body of a frame. @throws {YggdrasilError} `malformed` | `too-large` for a path above the limit */
export function decodePacket(type: number, body: Uint8Array, options?: DecodeOptions): Packet {
  switch (checkFrameType(type)) {
    case PacketType.dummy:
      return { type: 'dummy' }
    case PacketType.keepAlive:
      return { type: 'keepAlive' }
    case PacketType.sigReq:
      return { type: 'sigReq', ...decodeSigReq(body) }
    case PacketType.sigRes:
      return { type: 'sigRes', ...decodeSigRes(body) }
    case PacketType.announce:
      return { type: 'announce', ...decodeAnnounce(body) }
    case PacketType.bloomFilter:
      return { type: 'bloomFilter', filter: BloomFilter.decode(body) }
    case PacketType.pathLookup:
      return { type: 'pathLookup', ...decodePathLookup(body, options) }
    case PacketType.pathNotify:
      return { type: 'pathNotify', ...decodePathNotify(body, options) }
    case PacketType.pathBroken:
      return { type: 'pathBroken', ...decodePathBroken(body, options) }
    default:
      return { type: 'traffic', ...decodeTraffic(body, options) }
  }
}

/** The body of a packet, without length and type. @throws {YggdrasilError} `misuse` */
export function encodePacket(packet: Packet): Uint8Array {
  switch (packet.type) {
    case 'dummy':
    case 'keepAlive':
      return new Uint8Array(0)
    case 'sigReq':
      return encodeSigReq(packet)
    case 'sigRes':
      return encodeSigRes(packet)
    case 'announce':
      return encodeAnnounce(packet)
    case 'bloomFilter':
      return packet.filter.encode()
    case 'pathLookup':
      return encodePathLookup(packet)
    case 'pathNotify':
      return encodePathNotify(packet)
    case 'pathBroken':
      return encodePathBroken(packet)
    case 'traffic':
      return encodeTraffic(packet)
  }
}

/** A packet as a whole frame. @throws {YggdrasilError} `misuse` | `too-large` */
export function encodePacketFrame(packet: Packet): Uint8Array {
  return encodeFrame(PacketType[packet.type], encodePacket(packet))
}

/** One whole frame and nothing behind it. @throws {YggdrasilError} `malformed` | `too-large`, told by the length alone */
export function decodePacketFrame(frame: Uint8Array, options?: DecodeOptions): Packet {
  const start = uvarintEnd(frame, 0)
  const length = checkFrameLength(uvarintNumber(frame, 0, start), MAX_FRAME_BYTES)
  if (frame.length - start !== length) {
    throw new YggdrasilError('malformed', `frame: expected ${length} bytes, got ${frame.length - start}`)
  }
  return decodePacket(frame[start]!, frame.subarray(start + 1), options)
}
