import { checkLegacySize, decodeLegacyFrame, type LegacyRelayFrame, type LegacyUnknown } from './frame.js'
import { objectOf, parseObject, textOf } from './json.js'

/** UTF-16 units of a chat message. rendezvous protocol A13 */
export const LEGACY_CHAT_MAX_LENGTH = 8192
/** UTF-16 units of a name. rendezvous protocol A13 */
export const LEGACY_NAME_MAX_LENGTH = 64

/** A message. */
export interface LegacyChat {
  readonly type: 'chat'
  /** At most 8192 UTF-16 units. */
  readonly text: string
}

/** A profile, which replaces the one before. Members other than the name are not read. */
export interface LegacyShared {
  readonly type: 'shared'
  /** At most 64 UTF-16 units. */
  readonly name?: string
}

/** On the data channel. rendezvous protocol A10 */
export type LegacyChannelFrame = LegacyChat | LegacyShared | LegacyRelayFrame

/**
 * Decode one text frame of a data channel of pim, at most 65,536 bytes of UTF-8. Unknown members are ignored.
 * rendezvous protocol A10, A13
 * @throws {WireError} `frame-too-large` | `json` | `json-field`
 */
export function decodeLegacyChannelFrame(text: string): LegacyChannelFrame | LegacyUnknown {
  checkLegacySize(text)
  const frame = parseObject(text, 'legacy frame')
  switch (textOf(frame, 'type', 'legacy frame')) {
    case 'chat':
      return { type: 'chat', text: textOf(frame, 'text', 'chat', LEGACY_CHAT_MAX_LENGTH) }
    case 'shared': {
      const shared = objectOf(frame, 'shared', 'shared')
      if (shared.name === undefined) return { type: 'shared' }
      return { type: 'shared', name: textOf(shared, 'name', 'shared', LEGACY_NAME_MAX_LENGTH) }
    }
    case 'relay-msg':
    case 'relayed-msg':
      return decodeLegacyFrame(text) as LegacyRelayFrame
    default:
      return { type: 'unknown' }
  }
}

/**
 * The text of a frame for a data channel of pim. rendezvous protocol A10
 * @throws {WireError} `json-field` for a text or name that {@link decodeLegacyChannelFrame} would refuse
 */
export function encodeLegacyChannelFrame(frame: LegacyChat | LegacyShared): string {
  if (frame.type === 'chat') {
    const { type, text } = frame
    textOf({ text }, 'text', type, LEGACY_CHAT_MAX_LENGTH)
    return JSON.stringify({ type, text })
  }
  const { type, name } = frame
  if (name === undefined) return JSON.stringify({ type, shared: {} })
  textOf({ name }, 'name', type, LEGACY_NAME_MAX_LENGTH)
  return JSON.stringify({ type, shared: { name } })
}
