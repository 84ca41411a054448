import { WireError } from '@mimirjs/wire'
import {
  decodeLegacyChannelFrame,
  decodeLegacyFrame,
  decodeLegacyMessage,
  encodeLegacyChannelFrame,
  encodeLegacyFrame,
  encodeLegacyMessage,
  type LegacyChat,
  type LegacyFrame,
  type LegacyMessage,
  type LegacyShared,
} from '@mimirjs/wire/rendezvous'
import type { CodecTable, TextCodec } from './codec.js'

/** A value of any other type is no value of this codec, though the decoder beneath knows it. */
function only<T extends { readonly type: string }>(type: string, value: T): T {
  if (value.type === type) return value
  throw new WireError('unexpected-type', `expected ${type}`)
}

/** The order of members is that of a client, but for what only servers send. */
const frame = (type: LegacyFrame['type']): TextCodec => ({
  input: 'text',
  shape: { encrypted: 'bytes', signature: 'bytes' },
  decode: (text) => only(type, decodeLegacyFrame(text)),
  encode: (value: LegacyFrame) => encodeLegacyFrame(value),
})

const message = (type: LegacyMessage['type']): TextCodec => ({
  input: 'text',
  shape: 'plain',
  decode: (text) => only(type, decodeLegacyMessage(text)),
  encode: (value: LegacyMessage) => encodeLegacyMessage(value),
})

const channelFrame = (type: 'chat' | 'shared'): TextCodec => ({
  input: 'text',
  shape: 'plain',
  decode: (text) => only(type, decodeLegacyChannelFrame(text)),
  encode: (value: LegacyChat | LegacyShared) => encodeLegacyChannelFrame(value),
})

export const rendezvousLegacyCodecs: CodecTable = {
  'rendezvous.legacy.auth': frame('auth'),
  'rendezvous.legacy.prove-auth': frame('prove-auth'),
  'rendezvous.legacy.auth-proof': frame('auth-proof'),
  'rendezvous.legacy.authenticated': frame('authenticated'),
  'rendezvous.legacy.relay-msg': frame('relay-msg'),
  'rendezvous.legacy.relayed-msg': frame('relayed-msg'),
  'rendezvous.legacy.peer-msg': frame('peer-msg'),
  'rendezvous.legacy.signal': message('signal'),
  'rendezvous.legacy.connect-from': message('connect-from'),
  'rendezvous.legacy.ice-candidate': message('ice-candidate'),
  'rendezvous.legacy.chat': channelFrame('chat'),
  'rendezvous.legacy.shared': channelFrame('shared'),
}
