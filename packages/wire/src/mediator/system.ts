import { WireError } from '../error.js'
import { classicGuid } from '../peer/guid.js'
import { Reader } from '../reader.js'
import { type TlvTable, tlvCodec } from '../tlv/index.js'
import { Writer } from '../writer.js'

/** First byte of the body of a system message. Source: mediator protocol §10. */
export const SystemEvent = {
  userAdded: 0x01,
  userEntered: 0x02,
  userLeft: 0x03,
  userBanned: 0x04,
  chatDeleted: 0x05,
  chatInfoChanged: 0x06,
  permsChanged: 0x07,
  messageDeleted: 0x08,
  memberOnline: 0x09,
} as const

export type SystemEventName = keyof typeof SystemEvent

/**
 * What a mediator says in a group, in clear, as a message of which it is the author. Keys and `random` are 32 bytes; `random`
 * means nothing. Who did it is the `actor`, to whom the `target`.
 */
export type SystemMessage =
  | {
      readonly event: 'userAdded' | 'userBanned'
      readonly target: Uint8Array
      readonly actor: Uint8Array
      readonly random: Uint8Array
    }
  /** Nobody sends `userEntered`. */
  | { readonly event: 'userEntered' | 'userLeft'; readonly user: Uint8Array; readonly random: Uint8Array }
  /** Not kept by the mediator. */
  | { readonly event: 'chatDeleted'; readonly actor: Uint8Array; readonly random: Uint8Array }
  /** What is absent has not changed; an empty avatar was removed. */
  | {
      readonly event: 'chatInfoChanged'
      readonly actor: Uint8Array
      readonly name?: string | undefined
      readonly description?: string | undefined
      readonly avatar?: Uint8Array | undefined
    }
  | {
      readonly event: 'permsChanged'
      readonly target: Uint8Array
      /** See `Permission`. */
      readonly permissions: number
      readonly actor: Uint8Array
      readonly random: Uint8Array
    }
  /** `guid` is the one outside the encryption. */
  | { readonly event: 'messageDeleted'; readonly guid: bigint; readonly deleter: Uint8Array }
  /** Not kept by the mediator. */
  | {
      readonly event: 'memberOnline'
      readonly publicKey: Uint8Array
      readonly online: boolean
      readonly timestampSeconds: bigint
    }

type FieldType = 'key' | 'u8' | 'flag' | 'i64' | 'u64'
/** Name and type of every field behind the code, in order. */
type BodyRows = readonly (readonly [string, FieldType])[]

const SIZE_BYTES: Readonly<Record<FieldType, number>> = { key: 32, u8: 1, flag: 1, i64: 8, u64: 8 }
const CODE_BYTES = 1

const targetActor: BodyRows = [
  ['target', 'key'],
  ['actor', 'key'],
  ['random', 'key'],
]
const userOnly: BodyRows = [
  ['user', 'key'],
  ['random', 'key'],
]

/** `chatInfoChanged` alone is TLV. */
const BODIES: Readonly<Record<Exclude<SystemEventName, 'chatInfoChanged'>, BodyRows>> = {
  userAdded: targetActor,
  userEntered: userOnly,
  userLeft: userOnly,
  userBanned: targetActor,
  chatDeleted: [
    ['actor', 'key'],
    ['random', 'key'],
  ],
  permsChanged: [
    ['target', 'key'],
    ['permissions', 'u8'],
    ['actor', 'key'],
    ['random', 'key'],
  ],
  messageDeleted: [
    ['guid', 'i64'],
    ['deleter', 'key'],
  ],
  memberOnline: [
    ['publicKey', 'key'],
    ['online', 'flag'],
    ['timestampSeconds', 'u64'],
  ],
}

const chatInfo = tlvCodec({
  actor: { tag: 0x01, type: 'bytes', sizeBytes: 32 },
  name: { tag: 0x20, type: 'text', optional: true },
  description: { tag: 0x21, type: 'text', optional: true },
  avatar: { tag: 0x22, type: 'bytes', optional: true },
} as const satisfies TlvTable)

const EVENTS: ReadonlyMap<number, SystemEventName> = new Map(
  (Object.entries(SystemEvent) as [SystemEventName, number][]).map(([name, code]) => [code, name]),
)

/**
 * `code u8 | fields`, in every dialect. Source: mediator protocol §10.
 * @throws {WireError} `missing-field`, `length` or `out-of-range`; `unexpected-type` for an event that is none.
 */
export function encodeSystemMessage(message: SystemMessage): Uint8Array {
  const code = Object.hasOwn(SystemEvent, message.event) ? SystemEvent[message.event] : undefined
  if (code === undefined) throw new WireError('unexpected-type', `event: expected a system event, got ${message.event}`)
  if (message.event === 'chatInfoChanged') {
    const body = new Uint8Array(CODE_BYTES + chatInfo.byteLength(message))
    body[0] = code
    chatInfo.encodeInto(message, body, CODE_BYTES)
    return body
  }
  const rows = BODIES[message.event]
  const writer = new Writer(bodyBytes(rows)).u8(code)
  for (const [name, type] of rows) writeField(writer, name, type, (message as Readonly<Record<string, unknown>>)[name])
  return writer.finish()
}

/**
 * What a body says, `undefined` for a code that nobody knows: show it as such, or ignore it. Byte fields are views into
 * `body`, bytes behind the last field are ignored.
 * @throws {WireError} for a body that is too short, or no TLV where it has to be.
 */
export function decodeSystemMessage(body: Uint8Array): SystemMessage | undefined {
  if (body.length === 0) throw new WireError('truncated', 'system message: expected a code, got 0 bytes')
  const event = EVENTS.get(body[0]!)
  if (event === undefined) return undefined
  if (event === 'chatInfoChanged') return { event, ...chatInfo.decode(body, CODE_BYTES) }
  const rows = BODIES[event]
  const reader = new Reader(body, CODE_BYTES)
  const message: Record<string, unknown> = { event }
  for (const [name, type] of rows) message[name] = readField(reader, type)
  return message as unknown as SystemMessage
}

/**
 * The guid that a mediator gives a system message. Source: mediator protocol §11.1.
 * @param body - the whole body. @param timestampSeconds - the time that the message has
 */
export function systemGuid(body: Uint8Array, timestampSeconds: bigint): bigint {
  return classicGuid(body, timestampSeconds)
}

function bodyBytes(rows: BodyRows): number {
  return rows.reduce((sum, [, type]) => sum + SIZE_BYTES[type], CODE_BYTES)
}

function writeField(writer: Writer, name: string, type: FieldType, value: unknown): void {
  if (value === undefined) throw new WireError('missing-field', `${name}: required, but not there`, { field: name })
  switch (type) {
    case 'key':
      writer.bytes(checkKey(value as Uint8Array, name))
      break
    case 'u8':
      writer.u8(value as number, name)
      break
    case 'flag':
      writer.u8(value ? 1 : 0, name)
      break
    case 'i64':
      writer.i64(value as bigint, name)
      break
    case 'u64':
      writer.u64(value as bigint, name)
      break
  }
}

function checkKey(key: Uint8Array, field: string): Uint8Array {
  if (key.length === SIZE_BYTES.key) return key
  throw new WireError('length', `${field}: expected ${SIZE_BYTES.key} bytes, got ${key.length}`, { field })
}

function readField(reader: Reader, type: FieldType): unknown {
  switch (type) {
    case 'key':
      return reader.bytes(SIZE_BYTES.key)
    case 'u8':
      return reader.u8()
    case 'flag':
      return reader.u8() !== 0
    case 'i64':
      return reader.i64()
    case 'u64':
      return reader.u64()
  }
}
