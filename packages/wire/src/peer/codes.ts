/** Bytes of a frame header: `stream i32 | type i32 | size i64`, big-endian. Source: peer protocol section 3. */
export const HEADER_BYTES = 16

/**
 * Type codes of frames. Source: peer protocol section 4; 3000 to 4000: current protocol §4. 30001 and 30002 are extensions
 * of this project in the current generation; the originals skip them, as every type they do not know.
 */
export const FrameType = {
  hello: 1,
  challenge: 2,
  challengeAnswer: 3,
  challenge2: 4,
  challengeAnswer2: 5,
  infoRequest: 6,
  infoResponse: 7,
  ping: 8,
  pong: 9,
  text: 1000,
  callOffer: 2000,
  callAnswer: 2001,
  callHang: 2002,
  callPacket: 2003,
  contactRequest: 3000,
  contactResponse: 3001,
  fileRequest: 4000,
  streamWanted: 30_001,
  fileRange: 30_002,
  ok: 32767,
} as const

/** Values of a message's `messageType`. Source: peer protocol section 6.3, current protocol §5.2. */
export const MessageType = {
  text: 0,
  image: 1,
  /** Local history only, never on the wire. */
  callRecord: 2,
  file: 3,
  reaction: 10,
  /** Group chats only, never between two peers. */
  system: 1000,
  /** A file that was asked for with FILE_REQUEST; its `guid` is the one of the request. */
  fileResponse: 4001,
} as const

/** First byte that the opener of a stream writes in the current generation. Source: current protocol §2.3. */
export const StreamRole = {
  /** Frames with a 16-byte header, both ways; HELLO is the first. */
  control: 0x00,
  /** Frames with a 44-byte header, from the opener only. */
  data: 0x01,
} as const

/** Whether a payload of this message type carries a file: the larger ceiling applies. */
export function isAttachment(messageType: number): boolean {
  return messageType === MessageType.image || messageType === MessageType.file
}
