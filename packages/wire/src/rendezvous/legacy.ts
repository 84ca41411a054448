// The frames of pim, profile `pim-legacy`: weak, off by default, and kept apart from those of `rendezvous/1`. Part A of
// the rendezvous protocol.
export { decodeBinaryString, encodeBinaryString } from './legacy/binary-string.js'
export {
  decodeLegacyChannelFrame,
  encodeLegacyChannelFrame,
  LEGACY_CHAT_MAX_LENGTH,
  LEGACY_NAME_MAX_LENGTH,
  type LegacyChannelFrame,
  type LegacyChat,
  type LegacyShared,
} from './legacy/channel.js'
export {
  decodeLegacyFrame,
  encodeLegacyFrame,
  isLegacyChallenge,
  LEGACY_CHALLENGE_HEAD,
  LEGACY_MAX_FRAME_BYTES,
  type LegacyFrame,
  type LegacyRelayFrame,
  type LegacyUnknown,
} from './legacy/frame.js'
export {
  decodeLegacyMessage,
  encodeLegacyMessage,
  LEGACY_MAX_CANDIDATES,
  type LegacyCandidate,
  type LegacyConnectFrom,
  type LegacyDescription,
  type LegacyHead,
  type LegacyIceCandidate,
  type LegacyMessage,
  type LegacySignal,
  peekLegacyMessage,
} from './legacy/message.js'
