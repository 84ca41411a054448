import { WireError } from '@mimirjs/wire'
import {
  type ChannelFrame,
  decodeBody,
  decodeChannelFrame,
  decodeEnvelope,
  decodeLinkFrame,
  type Envelope,
  type EnvelopeBody,
  EnvelopeKind,
  encodeBody,
  encodeChannelFrame,
  encodeEnvelope,
  encodeLinkFrame,
  type LinkFrame,
} from '@mimirjs/wire/rendezvous'
import type { CodecTable, TextCodec } from './codec.js'
import type { Shape } from './shape.js'

const decoder = new TextDecoder()
const encoder = new TextEncoder()

export const rendezvousCodecs: CodecTable = {
  'rendezvous.envelope': {
    shape: {
      from: 'bytes',
      to: 'bytes',
      sid: 'bytes',
      epoch: 'bigint',
      exp: 'bigint',
      body: 'bytes',
      signature: 'bytes',
    },
    decode: decodeEnvelope,
    encode: (envelope: Envelope) => encodeEnvelope(envelope),
  },
  'rendezvous.auth': linkFrame('auth', { peer: 'bytes' }),
  'rendezvous.prove-auth': linkFrame('prove-auth', { nonce: 'bytes' }),
  'rendezvous.auth-proof': linkFrame('auth-proof', { cn: 'bytes', sig: 'bytes' }),
  'rendezvous.authenticated': linkFrame('authenticated'),
  'rendezvous.relay-msg': linkFrame('relay-msg'),
  'rendezvous.relayed-msg': linkFrame('relayed-msg'),
  'rendezvous.error': linkFrame('error'),
  'rendezvous.ping': pingOrPong('ping'),
  'rendezvous.pong': pingOrPong('pong'),
  'rendezvous.bind': channelFrame('bind', { sig: 'bytes' }),
  'rendezvous.chat': channelFrame('chat', { id: 'bytes' }),
  'rendezvous.ack': channelFrame('ack', { id: 'bytes' }),
  'rendezvous.shared': channelFrame('shared'),
  'rendezvous.bye': channelFrame('bye'),
  'rendezvous.window': channelFrame('window'),
  'rendezvous.knock': body('knock'),
  'rendezvous.welcome': body('welcome'),
  'rendezvous.offer': body('offer'),
  'rendezvous.answer': body('answer'),
  'rendezvous.candidates': body('candidates'),
  'rendezvous.decline': body('decline'),
  'rendezvous.hangup': body('hangup'),
}

function linkFrame(type: LinkFrame['type'], shape: Shape = {}): TextCodec {
  return {
    input: 'text',
    shape,
    decode: (text) => only(type, decodeLinkFrame(text)),
    encode: (frame: LinkFrame) => encodeLinkFrame(frame),
  }
}

function channelFrame(type: ChannelFrame['type'], shape: Shape = {}): TextCodec {
  return {
    input: 'text',
    shape,
    decode: (text) => only(type, decodeChannelFrame(text)),
    encode: (frame: ChannelFrame) => encodeChannelFrame(frame),
  }
}

/** Both languages have these two, and have them alike. */
function pingOrPong(type: 'ping' | 'pong'): TextCodec {
  const channel = channelFrame(type)
  return {
    ...linkFrame(type),
    decode: (text) => {
      only(type, decodeLinkFrame(text))
      return channel.decode(text)
    },
  }
}

/** The kind stands in the envelope, and here in the id: values do without it. */
function body(name: keyof typeof EnvelopeKind): TextCodec {
  const kind = EnvelopeKind[name]
  return {
    input: 'text',
    shape: { re: 'bytes' },
    decode: (text) => ({ ...decodeBody(kind, encoder.encode(text)), kind: undefined }),
    encode: (value: Omit<EnvelopeBody, 'kind'>) => decoder.decode(encodeBody({ ...value, kind } as EnvelopeBody)),
  }
}

/** @throws {WireError} `frame` for a frame of another type */
function only<Frame extends { readonly type: string }>(type: string, frame: Frame): Frame {
  if (frame.type === type) return frame
  throw new WireError('frame', `frame: expected ${type}, got ${frame.type}`)
}
