// Every message that crosses a link, layouts only: `@mimirjs/yggdrasil/wire`, for ports, tests and traces.
export { transformKey } from '../address.js'
export { BloomFilter, type BloomLocations, bloomLocations, MAX_BLOOM_BYTES } from '../bloom.js'
export { type Blame, isYggdrasilError, YggdrasilError, type YggdrasilErrorCode } from '../error.js'
export { type Announce, decodeAnnounce, encodeAnnounce } from './announce.js'
export type { DecodeOptions } from './body.js'
export {
  type CoreMessage,
  CoreType,
  DebugType,
  decodeCoreMessage,
  encodeCoreMessage,
  MAX_NODE_INFO_BYTES,
  ProtocolType,
} from './core.js'
export { encodeFrame, KEEP_ALIVE_FRAME, PacketType, type PacketTypeName } from './frame.js'
export { FrameReader, type OnFrame } from './frame-reader.js'
export {
  MAX_CORE_PACKET_BYTES,
  MAX_FRAME_BYTES,
  MAX_PATH_PORTS,
  MAX_WATERMARK,
  SIGNATURE_BYTES,
} from './limits.js'
export {
  decodeMetadata,
  encodeMetadata,
  LINK_VERSION,
  METADATA_BYTES,
  METADATA_HEAD_BYTES,
  type Metadata,
  metadataBytes,
} from './metadata.js'
export { decodePacket, decodePacketFrame, encodePacket, encodePacketFrame, type Packet } from './packet.js'
export { decodePath, type Path, pathDistance, pathLength, pathOf, portsOf, ROOT_PATH } from './path.js'
export {
  decodePathBroken,
  decodePathLookup,
  decodePathNotify,
  encodePathBroken,
  encodePathLookup,
  encodePathNotify,
  type PathBroken,
  type PathLookup,
  type PathNotify,
  signedPathBytes,
} from './pathfinder.js'
export {
  decodeSessionInit,
  decodeSessionInitMessage,
  decodeSessionTraffic,
  encodeSessionInit,
  encodeSessionInitMessage,
  encodeSessionTraffic,
  MIN_SESSION_TRAFFIC_BYTES,
  SESSION_INIT_BYTES,
  SESSION_INIT_PLAIN_BYTES,
  SESSION_TRAFFIC_HEAD_BYTES,
  type SessionInit,
  type SessionInitMessage,
  type SessionTraffic,
  SessionType,
  sessionTrafficHeadBytes,
  signedSessionBytes,
  writeSessionTrafficHead,
} from './session.js'
export {
  decodeSigReq,
  decodeSigRes,
  encodeSigReq,
  encodeSigRes,
  type SigReq,
  type SigRes,
  signedParentBytes,
} from './signature.js'
export {
  decodeStreamPacket,
  encodeStreamPacket,
  MAX_STREAM_DATA_BYTES,
  MAX_STREAM_PACKET_BYTES,
  MAX_STREAM_WINDOW,
  STREAM_HEADER_BYTES,
  StreamFlag,
  type StreamPacket,
  writeStreamPacket,
} from './stream-packet.js'
export {
  decodeTraffic,
  encodeTraffic,
  scanTraffic,
  type Traffic,
  TrafficScan,
  trafficHead,
  writeForwardedTraffic,
} from './traffic.js'
export { decodeUvarint, encodeUvarint, MAX_UVARINT_BYTES } from './uvarint.js'
