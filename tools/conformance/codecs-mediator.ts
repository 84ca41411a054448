import { WireError } from '@mimirjs/wire'
import {
  decodeGroupMessage,
  decodeMediatorError,
  decodeMediatorRequest,
  decodeMediatorResponse,
  decodePushPayload,
  decodeRequestPayload,
  decodeResponsePayload,
  decodeSystemMessage,
  encodeGroupMessage,
  encodeMediatorError,
  encodeMediatorInit,
  encodeMediatorRequest,
  encodeMediatorResponse,
  encodePushPayload,
  encodeRequestPayload,
  encodeResponsePayload,
  encodeSystemMessage,
  type GroupMessage,
  hasMediatorCommand,
  MEDIATOR_DIALECTS,
  MediatorCommand,
  type MediatorCommandName,
  type MediatorDialect,
  MediatorPush,
  type MediatorPushName,
  type MediatorRequestFrame,
  type MediatorResponseFrame,
  mediatorInitBytes,
  peekMediatorInit,
  SystemEvent,
  type SystemEventName,
  type SystemMessage,
} from '@mimirjs/wire/mediator'
import type { BytesCodec, CodecTable } from './codec.js'
import type { Shape } from './shape.js'

const message: Shape = {
  chatId: 'bigint',
  messageId: 'bigint',
  guid: 'bigint',
  timestampSeconds: 'bigint',
  author: 'bytes',
  blob: 'bytes',
}

const member: Shape = {
  publicKey: 'bytes',
  info: 'bytes',
  timestampSeconds: 'bigint',
  lastSeenSeconds: 'bigint',
}

/** The members of all payloads: none means different things in two of them. */
const payloadShape: Shape = {
  ...message,
  publicKey: 'bytes',
  ownerPublicKey: 'bytes',
  userPublicKey: 'bytes',
  toPublicKey: 'bytes',
  from: 'bytes',
  nonce: 'bytes',
  signature: 'bytes',
  avatar: 'bytes',
  data: 'bytes',
  info: 'bytes',
  inviteId: 'bigint',
  sinceId: 'bigint',
  sinceSeconds: 'bigint',
  lastUpdateSeconds: 'bigint',
  chatIds: ['bigint'],
  messages: [message],
  members: [member],
}

const systemShape: Shape = {
  target: 'bytes',
  actor: 'bytes',
  user: 'bytes',
  random: 'bytes',
  avatar: 'bytes',
  deleter: 'bytes',
  guid: 'bigint',
  publicKey: 'bytes',
  timestampSeconds: 'bigint',
}

interface Init {
  readonly version?: number
  readonly protocol: number
}

function init(dialect: MediatorDialect): BytesCodec {
  const layout = dialect === 'binary' ? 'binary' : 'tlv'
  return {
    shape: 'plain',
    decode(bytes): Init {
      const found = peekMediatorInit(bytes)
      if (found === undefined) throw new WireError('truncated', 'opening: ends inside')
      if (found !== layout) throw new WireError('unexpected-type', `opening: expected one of ${layout}, got ${found}`)
      if (bytes.length > mediatorInitBytes(found)) throw new WireError('trailing', 'opening: bytes are left over')
      return found === 'binary' ? { protocol: 0 } : { version: 1, protocol: 0 }
    },
    encode: () => encodeMediatorInit(dialect),
  }
}

function requestFrame(dialect: MediatorDialect): BytesCodec {
  return {
    shape: { payload: 'bytes' },
    decode: (bytes) => decodeMediatorRequest(dialect, bytes),
    encode: (frame: MediatorRequestFrame) => encodeMediatorRequest(dialect, frame),
  }
}

const responseFrame: BytesCodec = {
  shape: { payload: 'bytes' },
  decode: decodeMediatorResponse,
  encode: (frame: MediatorResponseFrame) => encodeMediatorResponse(frame),
}

const error: BytesCodec = {
  shape: 'plain',
  decode: (payload) => ({ message: decodeMediatorError(payload) }),
  encode: (value: { readonly message: string }) => encodeMediatorError(value.message),
}

function request(dialect: MediatorDialect, command: MediatorCommandName): BytesCodec {
  return {
    shape: payloadShape,
    decode: (payload) => decodeRequestPayload(dialect, command, payload),
    encode: (value: never) => encodeRequestPayload(dialect, command, value),
  }
}

function response(dialect: MediatorDialect, command: MediatorCommandName): BytesCodec {
  return {
    shape: payloadShape,
    decode: (payload) => decodeResponsePayload(dialect, command, payload),
    encode: (value: never) => encodeResponsePayload(dialect, command, value),
  }
}

function push(dialect: MediatorDialect, name: MediatorPushName): BytesCodec {
  return {
    shape: payloadShape,
    decode: (payload) => decodePushPayload(dialect, name, payload),
    encode: (value: never) => encodePushPayload(dialect, name, value),
  }
}

function system(event: SystemEventName): BytesCodec {
  return {
    shape: systemShape,
    decode(body) {
      const found = decodeSystemMessage(body)
      if (found?.event === event) return found
      throw new WireError('unexpected-type', `event: expected ${event}, got ${found?.event ?? 'one that is not known'}`)
    },
    encode: (value: SystemMessage) => encodeSystemMessage({ ...value, event } as SystemMessage),
  }
}

const groupMessage: BytesCodec = {
  shape: { guid: 'bigint', replyTo: 'bigint', sendTimeMs: 'bigint', editTimeMs: 'bigint', payload: 'bytes' },
  decode: decodeGroupMessage,
  encode: (value: GroupMessage) => encodeGroupMessage(value),
}

function codecsOf(dialect: MediatorDialect): CodecTable {
  const commands = (Object.keys(MediatorCommand) as MediatorCommandName[]).filter((command) =>
    hasMediatorCommand(dialect, command),
  )
  const rows: [string, BytesCodec][] = [
    ['init', init(dialect)],
    ['requestFrame', requestFrame(dialect)],
    ['responseFrame', responseFrame],
    ...commands.flatMap((command): [string, BytesCodec][] => [
      [`${command}Request`, request(dialect, command)],
      [`${command}Response`, response(dialect, command)],
    ]),
    ...(Object.keys(MediatorPush) as MediatorPushName[]).map((name): [string, BytesCodec] => [
      name,
      push(dialect, name),
    ]),
    ['error', error],
  ]
  return Object.fromEntries(rows.map(([name, codec]) => [`mediator.${dialect}.${name}`, codec]))
}

export const mediatorCodecs: CodecTable = {
  ...Object.assign({}, ...MEDIATOR_DIALECTS.map(codecsOf)),
  ...Object.fromEntries(
    (Object.keys(SystemEvent) as SystemEventName[]).map((event) => [`mediator.system.${event}`, system(event)]),
  ),
  'mediator.groupMessage': groupMessage,
}
