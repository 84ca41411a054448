import { YggdrasilError } from '../error.js'
import { KEY_BYTES } from '../key.js'
import { sized } from './body.js'
import { SIGNATURE_BYTES } from './limits.js'

// The message that opens a link: `"meta" ‖ u16be length ‖ fields ‖ signature (64)`; a field is `u16be type ‖ u16be
// length ‖ value`, and length counts fields and signature. yggdrasil protocol §2.6.

/** Bytes to read before {@link metadataBytes} can tell the rest. */
export const METADATA_HEAD_BYTES = 6
/** Bytes of the message that is sent; what is received may hold more fields. */
export const METADATA_BYTES = 123
/** The version spoken here. */
export const LINK_VERSION = { major: 0, minor: 5 } as const

const MAGIC = 0x6d65_7461
const FIELD_HEAD_BYTES = 4
const FieldType = { majorVersion: 0, minorVersion: 1, publicKey: 2, priority: 3 } as const
/** The lengths that the known fields must have, by type. */
const FIELD_BYTES: readonly number[] = [2, 2, KEY_BYTES, 1]

/** What the message says; what it lacks is left out. Unknown fields are skipped, of a repeated one the last counts. */
export interface Metadata {
  readonly majorVersion?: number | undefined
  readonly minorVersion?: number | undefined
  readonly publicKey?: Uint8Array | undefined
  /** 0 to 255. */
  readonly priority?: number | undefined
  readonly signature: Uint8Array
}

/**
 * Length of the whole message, told by its first {@link METADATA_HEAD_BYTES} bytes.
 * @throws {YggdrasilError} `handshake` when this is no Yggdrasil node, or the length is below that of a signature
 */
export function metadataBytes(head: Uint8Array): number {
  if (head.length < METADATA_HEAD_BYTES) {
    throw new YggdrasilError('handshake', `metadata: expected ${METADATA_HEAD_BYTES} bytes, got ${head.length}`)
  }
  const view = viewOf(head)
  if (view.getUint32(0) !== MAGIC) {
    throw new YggdrasilError('handshake', 'metadata: expected it to begin with "meta": this is no Yggdrasil node')
  }
  const length = view.getUint16(4)
  if (length >= SIGNATURE_BYTES) return METADATA_HEAD_BYTES + length
  throw new YggdrasilError('handshake', `metadata: expected a length from ${SIGNATURE_BYTES}, got ${length}`)
}

/**
 * The layout of a message that is there in full; neither signature nor version is checked.
 * @throws {YggdrasilError} `handshake`
 */
export function decodeMetadata(message: Uint8Array): Metadata {
  const size = metadataBytes(message)
  if (size !== message.length) {
    throw new YggdrasilError('handshake', `metadata: expected ${size} bytes, got ${message.length}`)
  }
  const view = viewOf(message)
  const end = size - SIGNATURE_BYTES
  const found: { -readonly [Name in keyof Metadata]: Metadata[Name] } = { signature: message.slice(end) }
  for (let at = METADATA_HEAD_BYTES; at < end; ) {
    if (end - at < FIELD_HEAD_BYTES) {
      throw new YggdrasilError('handshake', `metadata: ${end - at} bytes are left over before the signature`)
    }
    const type = view.getUint16(at)
    const length = view.getUint16(at + 2)
    const start = at + FIELD_HEAD_BYTES
    at = start + length
    if (at > end || length !== (FIELD_BYTES[type] ?? length)) {
      throw new YggdrasilError('handshake', `metadata: field of type ${type} cannot have ${length} bytes here`)
    }
    if (type === FieldType.majorVersion) found.majorVersion = view.getUint16(start)
    else if (type === FieldType.minorVersion) found.minorVersion = view.getUint16(start)
    else if (type === FieldType.publicKey) found.publicKey = message.slice(start, at)
    else if (type === FieldType.priority) found.priority = message[start]
  }
  return found
}

/** The message with the fields that are there, in the order of their types. @throws {YggdrasilError} `misuse` */
export function encodeMetadata(metadata: Metadata): Uint8Array {
  const fields = fieldsOf(metadata)
  const length = fields.reduce((sum, [, value]) => sum + FIELD_HEAD_BYTES + value.length, SIGNATURE_BYTES)
  const message = new Uint8Array(METADATA_HEAD_BYTES + length)
  const view = viewOf(message)
  view.setUint32(0, MAGIC)
  view.setUint16(4, length)
  let at = METADATA_HEAD_BYTES
  for (const [type, value] of fields) {
    view.setUint16(at, type)
    view.setUint16(at + 2, value.length)
    message.set(value, at + FIELD_HEAD_BYTES)
    at += FIELD_HEAD_BYTES + value.length
  }
  message.set(sized(metadata.signature, SIGNATURE_BYTES, 'signature'), at)
  return message
}

function fieldsOf({ majorVersion, minorVersion, publicKey, priority }: Metadata): [type: number, value: Uint8Array][] {
  const fields: [number, Uint8Array][] = []
  if (majorVersion !== undefined) fields.push([FieldType.majorVersion, u16(majorVersion, 'majorVersion')])
  if (minorVersion !== undefined) fields.push([FieldType.minorVersion, u16(minorVersion, 'minorVersion')])
  if (publicKey !== undefined) fields.push([FieldType.publicKey, sized(publicKey, KEY_BYTES, 'publicKey')])
  if (priority !== undefined) fields.push([FieldType.priority, Uint8Array.of(within(priority, 0xff, 'priority'))])
  return fields
}

function u16(value: number, name: string): Uint8Array {
  within(value, 0xffff, name)
  return Uint8Array.of(value >> 8, value & 0xff)
}

function within(value: number, max: number, name: string): number {
  if (Number.isInteger(value) && value >= 0 && value <= max) return value
  throw new YggdrasilError('misuse', `${name}: expected an integer from 0 to ${max}, got ${value}`)
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
