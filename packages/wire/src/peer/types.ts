/**
 * The frames of the peer protocol as values. Byte fields are views into the input of the decoder and valid until more
 * bytes are pushed into it; copy what you keep.
 */
export type PeerFrame =
  | HelloFrame
  | ChallengeFrame
  | ChallengeAnswerFrame
  | InfoRequestFrame
  | InfoResponseFrame
  | SignalFrame
  | TextFrame
  | CallOfferFrame
  | CallAnswerFrame
  | CallPacketFrame
  | ContactRequestFrame
  | ContactResponseFrame
  | FileRequestFrame
  | FileRangeFrame
  | OkFrame
  | UnknownFrame

export type PeerFrameType = PeerFrame['type']

export interface HelloFrame {
  readonly type: 'hello'
  /** 1. Written by all, checked by none. */
  readonly version: number
  /** 32-byte identity key the sender claims. */
  readonly publicKey: Uint8Array
  /** 32-byte identity key of the wanted receiver. */
  readonly receiver: Uint8Array
  /** Signed 32-bit number of the sender's installation. A hint, never an identity. */
  readonly clientId: number
  /** 16-byte IPv6 address (classic) or 32-byte node key (overlay). */
  readonly address?: Uint8Array
}

export interface ChallengeFrame {
  readonly type: 'challenge' | 'challenge2'
  /** 32 bytes to be signed. */
  readonly data: Uint8Array
}

export interface ChallengeAnswerFrame {
  readonly type: 'challengeAnswer' | 'challengeAnswer2'
  /** 64-byte Ed25519 signature over exactly the challenge's `data`. */
  readonly signature: Uint8Array
}

export interface InfoRequestFrame {
  readonly type: 'infoRequest'
  /** Seconds since 1970: answer only if your profile changed after this. */
  readonly timeSeconds: bigint
}

export interface InfoResponseFrame {
  readonly type: 'infoResponse'
  /** Seconds since 1970 at which the sender last changed its profile. */
  readonly timeSeconds: bigint
  readonly nickname: string
  readonly info: string
  /** Image file bytes; absent when the sender has no avatar, or one that is too large to be kept. */
  readonly avatar?: Uint8Array
}

/** Frames without a body. */
export interface SignalFrame {
  /** `streamWanted` is ours alone, in the current generation: "open a data stream for me to write on". */
  readonly type: 'ping' | 'pong' | 'callHang' | 'streamWanted'
}

export interface TextFrame {
  readonly type: 'text'
  /** Signed 64-bit id of the message between two identities, never 0. */
  readonly guid: bigint
  /** guid of the message replied or reacted to; 0n for none. */
  readonly replyTo: bigint
  /** Milliseconds since 1970 (some senders write seconds in reactions). */
  readonly sendTimeMs: bigint
  /** Milliseconds of an edit; 0n for none. */
  readonly editTimeMs: bigint
  /** See `MessageType`. */
  readonly messageType: number
  /**
   * UTF-8 text for messageType 0, an attachment for 1 and 3 (in the current generation its metadata alone), a reaction for
   * 10, an attachment for 4001, opaque otherwise.
   */
  readonly payload: Uint8Array
}

export interface CallOfferFrame {
  readonly type: 'callOffer'
  readonly mimeType: string
  readonly sampleRate: number
  readonly channelCount: number
}

export interface CallAnswerFrame {
  readonly type: 'callAnswer'
  readonly accepted: boolean
  readonly error: string
}

export interface CallPacketFrame {
  readonly type: 'callPacket'
  readonly data: Uint8Array
}

/** "Take me as a contact", with the profile of the sender. Current generation only, as the two that follow. */
export interface ContactRequestFrame {
  readonly type: 'contactRequest'
  readonly message: string
  readonly nickname: string
  readonly info: string
  /** Image file bytes; absent when the sender has no avatar, or one that is too large to be kept. */
  readonly avatar?: Uint8Array
}

export interface ContactResponseFrame {
  readonly type: 'contactResponse'
  readonly accepted: boolean
}

/** "Send me this file". There is no negative answer, only silence. */
export interface FileRequestFrame {
  readonly type: 'fileRequest'
  /** guid of the message that announced the file. */
  readonly guid: bigint
  /** The `name` of the announcement. Hostile input: look it up among what you announced, never in a folder. */
  readonly name: string
  /** SHA-256 of the file, 64 lower-case hex digits. */
  readonly hash: string
}

/**
 * "Send me this part of this file": a FILE_REQUEST that begins where an earlier answer broke off. Ours alone, in the
 * current generation. The metadata of the answer names the `offset` as well.
 */
export interface FileRangeFrame extends Omit<FileRequestFrame, 'type'> {
  readonly type: 'fileRange'
  /** Where the part begins, in bytes of the file. */
  readonly offset: number
  /** Most bytes of it. */
  readonly maxBytes: number
}

export interface OkFrame {
  readonly type: 'ok'
  /** 0n in the handshake, else the guid acknowledged. */
  readonly id: bigint
}

/** A frame of a type that this version does not know; its body was skipped. */
export interface UnknownFrame {
  readonly type: 'unknown'
  readonly code: number
  readonly size: number
}
