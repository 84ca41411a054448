export {
  type Attachment,
  type AttachmentMetadata,
  joinAttachment,
  MAX_ATTACHMENT_METADATA_BYTES,
  type ReceivedAttachment,
  splitAttachment,
} from './attachment.js'
export { FrameType, HEADER_BYTES, MessageType } from './codes.js'
export { decodeFrame } from './decode.js'
export { encodeFrame, encodeFrameInto, encodeTextHead, frameByteLength } from './encode.js'
export { FrameReader } from './frame-reader.js'
export { classicGuid, polynomialGuid, xxh64Guid } from './guid.js'
export { DEFAULT_FRAME_LIMITS, type FrameLimits, frameLimits } from './limits.js'
export { decodeReaction, encodeReaction, type Reaction } from './reaction.js'
export { ENCODING_RULES, type EncodingRules, type EnvelopeKey } from './rules.js'
export type * from './types.js'
