import { WireError } from '../error.js'
import { fromHex, toHex } from '../hex.js'
import {
  type AttachmentMetadata,
  asAttachment,
  attachmentError,
  MAX_ATTACHMENT_METADATA_BYTES,
} from '../peer/attachment.js'
import { singleMember } from '../peer/envelope.js'
import { hashOf } from '../peer/file-request.js'
import { type JsonMember, JsonNumber } from '../peer/json.js'
import { utf8ByteLength } from '../utf8.js'

const KEY_BYTES = 32
/** Longest `key`: one that is encrypted in its turn, as group chats once did, has 60 bytes. */
const MAX_KEY_BYTES = 256
const MAX_NAME_BYTES = 1_024
const MAX_MIME_TYPE_BYTES = 255
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/**
 * A file that is announced here and comes another way: from a file server when there is a `key`, else from the sender, who
 * is asked for it with FILE_REQUEST. Names are hostile input: never build a path from one.
 */
export interface AnnouncedFile extends AttachmentMetadata {
  /** Length of the file, not encrypted. */
  readonly sizeBytes: number
  /** SHA-256, 64 lower-case hex digits: of the encrypted file when there is a `key`, else of the file. */
  readonly hash: string
  /** Key of the encrypted file, 32 bytes; a longer one is itself encrypted with the key of the group. */
  readonly key?: Uint8Array
  /** 32-byte node key of the file server. */
  readonly server?: Uint8Array
}

/**
 * Read the payload of an image or file of the current generation: one JSON object and nothing else. Every member is of its
 * kind and within its length, or the message is refused. Source: current protocol §5.3.
 * @throws {WireError} `attachment`: acknowledge such a message, drop it, and keep the connection.
 */
export function decodeAttachmentMetadata(payload: Uint8Array): AnnouncedFile {
  if (payload.length > MAX_ATTACHMENT_METADATA_BYTES) {
    throw attachmentError(`metadata of at most ${MAX_ATTACHMENT_METADATA_BYTES} bytes, got ${payload.length}`)
  }
  return asAttachment(payload, announcedFile)
}

/**
 * The payload that announces a file; members that are not given are left out.
 * @throws {WireError} `attachment` for what {@link decodeAttachmentMetadata} would refuse.
 */
export function encodeAttachmentMetadata(file: AnnouncedFile): Uint8Array {
  const { name, sizeBytes: size, hash, originalName, mimeType, text } = file
  const key = file.key && toBase64(file.key)
  const server = file.server && toHex(file.server)
  const members = { name, size, hash: hashOf(hash), originalName, mimeType, text, key, server }
  const payload = new TextEncoder().encode(JSON.stringify(members))
  decodeAttachmentMetadata(payload)
  return payload
}

function announcedFile(members: readonly JsonMember[]): AnnouncedFile {
  return {
    name: demand('name', text(members, 'name', MAX_NAME_BYTES)),
    sizeBytes: size(members),
    hash: demand('hash', parsed(members, 'hash', hashOf)),
    ...optional('originalName', text(members, 'originalName', MAX_NAME_BYTES)),
    ...optional('mimeType', text(members, 'mimeType', MAX_MIME_TYPE_BYTES)),
    ...optional('text', text(members, 'text', MAX_ATTACHMENT_METADATA_BYTES)),
    ...optional('key', parsed(members, 'key', keyOf)),
    ...optional('server', parsed(members, 'server', nodeKeyOf)),
  }
}

function size(members: readonly JsonMember[]): number {
  const value = singleMember(members, 'size')?.[1]
  const sizeBytes = value instanceof JsonNumber ? Number(value.integer ?? Number.NaN) : Number.NaN
  if (Number.isSafeInteger(sizeBytes) && sizeBytes >= 0) return sizeBytes
  throw memberError('size', 'a length in bytes')
}

/** A member that is a string of at most `maxBytes`, `undefined` when it is not there. */
function text(members: readonly JsonMember[], name: string, maxBytes: number): string | undefined {
  const member = singleMember(members, name)
  if (member === undefined) return undefined
  const value = member[1]
  if (typeof value === 'string' && utf8ByteLength(value) <= maxBytes) return value
  throw memberError(name, `a string of at most ${maxBytes} bytes`)
}

/** A member that is a string of which `parse` makes something, `undefined` when it is not there. */
function parsed<T>(
  members: readonly JsonMember[],
  name: string,
  parse: (text: string) => T | undefined,
): T | undefined {
  const member = singleMember(members, name)
  if (member === undefined) return undefined
  const value = typeof member[1] === 'string' ? parse(member[1]) : undefined
  if (value !== undefined) return value
  throw memberError(name, 'a string of its form')
}

function nodeKeyOf(digits: string): Uint8Array | undefined {
  const hash = hashOf(digits)
  return hash === undefined ? undefined : fromHex(hash)
}

/** Standard alphabet, padded, no line breaks; `atob` alone would take much more. */
function keyOf(base64: string): Uint8Array | undefined {
  if (base64.length > (MAX_KEY_BYTES / 3 + 1) * 4 || !BASE64.test(base64)) return undefined
  const key = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
  return key.length >= KEY_BYTES && key.length <= MAX_KEY_BYTES ? key : undefined
}

function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes.subarray(0, MAX_KEY_BYTES + 1)))
}

function demand<T>(name: string, value: T | undefined): T {
  if (value !== undefined) return value
  throw memberError(name, 'it to be there')
}

/** `{ name: value }`, or nothing when there is no value. */
function optional<K extends string, T>(name: K, value: T | undefined): { readonly [P in K]?: T } {
  return value === undefined ? {} : ({ [name]: value } as { readonly [P in K]?: T })
}

function memberError(field: string, expected: string): WireError {
  return new WireError('attachment', `attachment metadata, ${field}: expected ${expected}`, { field })
}
