/** Ceilings of the frame codec, in bytes. Every one is checked at a length field, before anything is allocated. */
export interface FrameLimits {
  /** JSON envelope of a text frame. */
  readonly envelopeBytes: number
  /** Payload of a text frame other than an attachment. */
  readonly payloadBytes: number
  /** Payload of an image or file: length, metadata and file bytes together. */
  readonly attachmentPayloadBytes: number
  readonly nicknameBytes: number
  readonly infoBytes: number
  /** Avatar that is kept. */
  readonly avatarBytes: number
  /** Avatar that is skipped and reported as absent; a larger one is refused. */
  readonly avatarSkipBytes: number
  readonly mimeTypeBytes: number
  readonly callErrorBytes: number
  readonly callPacketBytes: number
  /** Body of a frame of unknown type that is skipped; a larger one is refused. */
  readonly unknownBytes: number
  /** Message of a contact request. */
  readonly contactMessageBytes: number
  readonly contactNicknameBytes: number
  readonly contactInfoBytes: number
  /** Name in a file request, of a whole file or a part. */
  readonly fileNameBytes: number
}

/** Source: peer protocol section 11; of contact and file requests: current protocol §4.6. */
export const DEFAULT_FRAME_LIMITS: FrameLimits = {
  envelopeBytes: 65_536,
  payloadBytes: 1_048_576,
  attachmentPayloadBytes: 4 + 65_536 + 10_485_760,
  nicknameBytes: 4_096,
  infoBytes: 65_536,
  avatarBytes: 1_048_576,
  avatarSkipBytes: 16 * 1_048_576,
  mimeTypeBytes: 255,
  callErrorBytes: 4_096,
  callPacketBytes: 65_536,
  unknownBytes: 1_048_576,
  contactMessageBytes: 16_384,
  contactNicknameBytes: 1_024,
  contactInfoBytes: 16_384,
  fileNameBytes: 1_024,
}

/**
 * What two programs of the current generation allow each other; give it to the reader and to the encoders. An attachment
 * is metadata only here, so one ceiling serves all payloads. Source: current protocol §4.6.
 */
export const CURRENT_FRAME_LIMITS: FrameLimits = {
  ...DEFAULT_FRAME_LIMITS,
  payloadBytes: 16 * 1_048_576,
  attachmentPayloadBytes: 16 * 1_048_576,
  nicknameBytes: 1_024,
  infoBytes: 16_384,
}

/**
 * All limits: those given, defaults for the rest. A complete set is returned as it is; whoever encodes many frames with
 * limits of their own makes one first, and spares every frame the merging.
 */
export function frameLimits(limits?: Partial<FrameLimits>): FrameLimits {
  if (limits === undefined) return DEFAULT_FRAME_LIMITS
  return isComplete(limits) ? limits : { ...DEFAULT_FRAME_LIMITS, ...limits }
}

/** Spelled out: a loop over names would cost more than the merging it is to spare. */
function isComplete(limits: Partial<FrameLimits>): limits is FrameLimits {
  return (
    limits.envelopeBytes !== undefined &&
    limits.payloadBytes !== undefined &&
    limits.attachmentPayloadBytes !== undefined &&
    limits.nicknameBytes !== undefined &&
    limits.infoBytes !== undefined &&
    limits.avatarBytes !== undefined &&
    limits.avatarSkipBytes !== undefined &&
    limits.mimeTypeBytes !== undefined &&
    limits.callErrorBytes !== undefined &&
    limits.callPacketBytes !== undefined &&
    limits.unknownBytes !== undefined &&
    limits.contactMessageBytes !== undefined &&
    limits.contactNicknameBytes !== undefined &&
    limits.contactInfoBytes !== undefined &&
    limits.fileNameBytes !== undefined
  )
}
