import { type Generation, WireError } from '@mimirjs/wire'
import {
  type AnnouncedFile,
  decodeAttachmentMetadata,
  decodeMemberInfo,
  encodeAttachmentMetadata,
  encodeMemberInfo,
  type MemberInfo,
} from '@mimirjs/wire/content'
import {
  type Attachment,
  type DataFrame,
  decodeDataFrame,
  decodeFrame,
  decodeReaction,
  encodeDataFrame,
  encodeFrame,
  encodeReaction,
  joinAttachment,
  type PeerFrame,
  type PeerFrameType,
  type Reaction,
  splitAttachment,
} from '@mimirjs/wire/peer'
import type { BytesCodec, CodecTable } from './codec.js'
import type { Shape } from './shape.js'

/** The members of all frames: none means different things in two of them. */
const frameShape: Shape = {
  publicKey: 'bytes',
  receiver: 'bytes',
  address: 'bytes',
  data: 'bytes',
  signature: 'bytes',
  timeSeconds: 'bigint',
  avatar: 'bytes',
  guid: 'bigint',
  replyTo: 'bigint',
  sendTimeMs: 'bigint',
  editTimeMs: 'bigint',
  payload: 'bytes',
  id: 'bigint',
}

const CURRENT_ONLY: ReadonlySet<PeerFrameType> = new Set([
  'contactRequest',
  'contactResponse',
  'fileRequest',
  'fileRange',
  'streamWanted',
])

/** A frame that exists in one generation only need not name it. */
function encode(frame: PeerFrame, generation: Generation): Uint8Array {
  return encodeFrame(frame, CURRENT_ONLY.has(frame.type) ? 'current' : generation)
}

const anyFrame: BytesCodec = {
  shape: frameShape,
  decode: (bytes) => decodeFrame(bytes),
  encode,
}

/** A frame that must be of one type. */
function frameOf(type: PeerFrameType): BytesCodec {
  return {
    shape: frameShape,
    decode(bytes) {
      const frame = decodeFrame(bytes)
      if (frame.type !== type) throw new WireError('unexpected-type', `expected a frame ${type}, got ${frame.type}`)
      return frame
    },
    encode: (frame: PeerFrame, generation) => encode({ ...frame, type } as PeerFrame, generation),
  }
}

const attachment: BytesCodec = {
  shape: { metadata: 'plain', file: 'bytes' },
  decode(payload) {
    const { damaged, ...rest } = splitAttachment(payload)
    return damaged ? { ...rest, damaged } : rest
  },
  encode: (value: Attachment, generation) => joinAttachment(value, generation),
}

const attachmentMetadata: BytesCodec = {
  shape: { key: 'bytes', server: 'bytes' },
  decode: decodeAttachmentMetadata,
  encode: (value: AnnouncedFile) => encodeAttachmentMetadata(value),
}

const dataFrame: BytesCodec = {
  shape: frameShape,
  decode: decodeDataFrame,
  encode: (value: DataFrame) => encodeDataFrame(value),
}

const memberInfo: BytesCodec = {
  shape: { avatar: 'bytes' },
  decode: decodeMemberInfo,
  encode: (value: MemberInfo) => encodeMemberInfo(value),
}

const reaction: BytesCodec = {
  shape: { replyTo: 'bigint' },
  decode: decodeReaction,
  encode: (value: Reaction) => encodeReaction(value),
}

export const peerCodecs: CodecTable = {
  'peer.hello': frameOf('hello'),
  'peer.challenge': frameOf('challenge'),
  'peer.challengeAnswer': frameOf('challengeAnswer'),
  'peer.challenge2': frameOf('challenge2'),
  'peer.challengeAnswer2': frameOf('challengeAnswer2'),
  'peer.infoRequest': frameOf('infoRequest'),
  'peer.infoResponse': frameOf('infoResponse'),
  'peer.ping': frameOf('ping'),
  'peer.pong': frameOf('pong'),
  'peer.text': frameOf('text'),
  'peer.callOffer': frameOf('callOffer'),
  'peer.callAnswer': frameOf('callAnswer'),
  'peer.callHang': frameOf('callHang'),
  'peer.callPacket': frameOf('callPacket'),
  'peer.contactRequest': frameOf('contactRequest'),
  'peer.contactResponse': frameOf('contactResponse'),
  'peer.fileRequest': frameOf('fileRequest'),
  'peer.fileRange': frameOf('fileRange'),
  'peer.streamWanted': frameOf('streamWanted'),
  'peer.ok': frameOf('ok'),
  'peer.frame': anyFrame,
  'peer.attachment': attachment,
  'peer.attachmentMetadata': attachmentMetadata,
  'peer.reaction': reaction,
  'peer.dataFrame': dataFrame,
  'peer.memberInfo': memberInfo,
}
