import { WireError } from '../../error.js'
import { decodeLegacyFrame, LEGACY_MAX_FRAME_BYTES, type LegacyRelayFrame, type LegacyUnknown } from './frame.js'
import { objectOf, parseObject, textOf } from './json.js'

/** UTF-16 units of a chat message. rendezvous protocol A13 */
export const LEGACY_CHAT_MAX_LENGTH = 8192
/** UTF-16 units of a name. rendezvous protocol A13 */
export const LEGACY_NAME_MAX_LENGTH = 64

export interface LegacyChat {
  readonly type: 'chat'
  readonly text: string
}

/** A profile, which replaces the one before. Members other than the name are not read. */
export interface LegacyShared {
  readonly type: 'shared'
  readonly name?: string
}

/** On the data channel. rendezvous protocol A10 */
export type LegacyChannelFrame = LegacyChat | LegacyShared | LegacyRelayFrame

/** @throws {WireError} `frame-too-large` | `json` | `json-field` */
export function decodeLegacyChannelFrame(text: string): LegacyChannelFrame | LegacyUnknown {
  if (text.length > LEGACY_MAX_FRAME_BYTES)
    throw new WireError('frame-too-large', `legacy frame: expected at most ${LEGACY_MAX_FRAME_BYTES} bytes`)
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

/** @throws {WireError} `json-field` for what {@link decodeLegacyChannelFrame} would refuse */
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
