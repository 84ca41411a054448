export {
  type Attachment,
  type AttachmentMetadata,
  encodeAttachmentHead,
  joinAttachment,
  MAX_ATTACHMENT_METADATA_BYTES,
  type ReceivedAttachment,
  type ReceivedMetadata,
  splitAttachment,
} from './attachment.js'
export { FrameType, HEADER_BYTES, MessageType, StreamRole } from './codes.js'
export {
  DATA_HEADER_BYTES,
  type DataFrame,
  type DataHeader,
  decodeDataFrame,
  encodeDataFrame,
  encodeDataHeader,
  MAX_CONTROL_PAYLOAD_BYTES,
  MAX_DATA_BYTES,
} from './data-frame.js'
export { type DataStreamEvent, DataStreamReader, type DataStreamReaderOptions } from './data-stream-reader.js'
export { decodeFrame } from './decode.js'
export { encodeFrame, encodeFrameInto, encodeTextHead, frameByteLength } from './encode.js'
export { FrameReader, type FrameReaderOptions } from './frame-reader.js'
export { classicGuid, polynomialGuid, xxh64Guid } from './guid.js'
export { CURRENT_FRAME_LIMITS, DEFAULT_FRAME_LIMITS, type FrameLimits, frameLimits } from './limits.js'
export { decodeReaction, encodeReaction, type Reaction } from './reaction.js'
export { ENCODING_RULES, type EncodingRules, type EnvelopeKey, type MetadataKey } from './rules.js'
export type * from './types.js'
