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
}

/** Source: peer protocol section 11. */
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
    limits.unknownBytes !== undefined
  )
}
