import { isWireError, WireError } from '../error.js'
import type { Generation } from '../generation.js'
import { checkUint, readI32, write32 } from '../int.js'
import { readUtf8Strict } from '../utf8.js'
import { singleMember } from './envelope.js'
import { type JsonMember, JsonNumber, parseJsonObject } from './json.js'
import { ENCODING_RULES } from './rules.js'

/** Longest metadata, in bytes. Source: peer protocol section 11. */
export const MAX_ATTACHMENT_METADATA_BYTES = 65_536
const SHORTEST_METADATA_BYTES = 2

/** What a sender says about a file. All of it is hostile input: never build a path from a name. */
export interface AttachmentMetadata {
  readonly name: string
  /** Length of the file. */
  readonly sizeBytes?: number
  /** SHA-256 of the file, 64 lower-case hex digits. */
  readonly hash?: string
  /**
   * Where in the file the bytes behind the metadata begin, if they are a part of it: the answer to a `fileRange`. Size and
   * hash are those of the whole file.
   */
  readonly offset?: number
  readonly originalName?: string
  readonly mimeType?: string
  /** Caption. */
  readonly text?: string
}

export interface Attachment {
  readonly metadata: AttachmentMetadata
  /** A view into the payload. */
  readonly file: Uint8Array
}

/** What is read from the bytes in front of a file. */
export interface ReceivedMetadata {
  readonly metadata: AttachmentMetadata
  /**
   * The size given is not the length of the file (of a part: the part does not lie within it), or size, hash or offset is
   * not of the right kind. The hash itself is for the caller to compare, who has SHA-256. Deliver the message all the
   * same, marked as damaged.
   */
  readonly damaged: boolean
}

export type ReceivedAttachment = Attachment & ReceivedMetadata

/**
 * Take the payload of an image or file apart: `length i32 | metadata (JSON) | file`. In the current generation only the
 * answer to a FILE_REQUEST has this form. Source: peer protocol section 6.4, current protocol §9.
 * @throws {WireError} `attachment`: acknowledge such a message, drop it, and keep the connection.
 */
export function splitAttachment(payload: Uint8Array): ReceivedAttachment {
  const fileAt = 4 + metadataByteLength(payload, payload.length)
  const file = payload.subarray(fileAt)
  return { ...readMetadata(payload.subarray(4, fileAt), file.length), file }
}

/**
 * The payload of an image or file; members of the metadata that are not given are left out.
 * @param generation - the order of the members: alphabetical in `current`, else as the originals of old write them.
 * @throws {WireError} `attachment` when the metadata is too long, `out-of-range` for a bad size.
 */
export function joinAttachment({ metadata, file }: Attachment, generation: Generation = 'overlay'): Uint8Array {
  const head = encodeAttachmentHead(metadata, generation)
  const payload = new Uint8Array(head.length + file.length)
  payload.set(head)
  payload.set(file, head.length)
  return payload
}

/**
 * Length and metadata; the file, unchanged, belongs right behind them, so that a large one is never held as a whole.
 * @throws {WireError} as {@link joinAttachment}
 */
export function encodeAttachmentHead(metadata: AttachmentMetadata, generation: Generation): Uint8Array {
  const { name, hash, originalName, mimeType, text } = metadata
  const size = checkMember(metadata.sizeBytes, 'attachment.size')
  const offset = checkMember(metadata.offset, 'attachment.offset')
  const members = { name, size, hash, offset, originalName, mimeType, text }
  const json = new TextEncoder().encode(JSON.stringify(members, [...ENCODING_RULES[generation].metadataKeys]))
  if (json.length > MAX_ATTACHMENT_METADATA_BYTES) {
    throw attachmentError(`metadata of at most ${MAX_ATTACHMENT_METADATA_BYTES} bytes, got ${json.length}`)
  }
  const head = new Uint8Array(4 + json.length)
  write32(head, 0, json.length)
  head.set(json, 4)
  return head
}

function checkMember(value: number | undefined, field: string): number | undefined {
  return value === undefined ? undefined : checkUint(value, Number.MAX_SAFE_INTEGER, field)
}

/**
 * Length of the metadata, of which only the length field need be there.
 * @param payloadBytes - length of the whole payload. @throws {WireError} `attachment`
 */
export function metadataByteLength(payload: Uint8Array, payloadBytes: number): number {
  if (payloadBytes < 4) throw attachmentError(`a payload of 4 bytes or more, got ${payloadBytes}`)
  const metadataBytes = readI32(payload, 0)
  const longest = Math.min(payloadBytes - 4, MAX_ATTACHMENT_METADATA_BYTES)
  if (metadataBytes >= SHORTEST_METADATA_BYTES && metadataBytes <= longest) return metadataBytes
  throw attachmentError(`metadata of ${SHORTEST_METADATA_BYTES} to ${longest} bytes, got ${metadataBytes}`)
}

/** @param fileBytes - length of the file that follows. @throws {WireError} `attachment` */
export function readMetadata(bytes: Uint8Array, fileBytes: number): ReceivedMetadata {
  return asAttachment(bytes, (members) => received(members, fileBytes))
}

/** What `read` makes of the JSON object in `bytes`. @throws {WireError} `attachment`, whatever is wrong with it */
export function asAttachment<T>(bytes: Uint8Array, read: (members: JsonMember[]) => T): T {
  const text = readUtf8Strict(bytes)
  if (text === undefined) throw attachmentError('metadata in UTF-8')
  try {
    return read(parseJsonObject(text))
  } catch (cause) {
    if (!isWireError(cause) || cause.code === 'attachment') throw cause
    throw new WireError('attachment', `attachment metadata: ${cause.message}`, { cause })
  }
}

function received(members: JsonMember[], fileBytes: number): ReceivedMetadata {
  const name = textMember(members, 'name').name
  if (name === undefined) throw attachmentError('a name')
  const size = countMember(members, 'size')
  const offset = countMember(members, 'offset')
  const hash = textMember(members, 'hash')
  const hashIsBad = hash.hash === undefined && singleMember(members, 'hash') !== undefined
  return {
    metadata: {
      name,
      ...(size.value !== undefined && { sizeBytes: size.value }),
      ...hash,
      ...(offset.value !== undefined && { offset: offset.value }),
      ...textMember(members, 'originalName'),
      ...textMember(members, 'mimeType'),
      ...textMember(members, 'text'),
    },
    damaged: hashIsBad || size.isBad || offset.isBad || !fits(fileBytes, size.value, offset.value),
  }
}

/** Whether bytes may be the file, or the part of it that begins at `offset`, as far as their number tells. */
function fits(fileBytes: number, sizeBytes: number | undefined, offset: number | undefined): boolean {
  if (sizeBytes === undefined) return true
  return offset === undefined ? fileBytes === sizeBytes : offset + fileBytes <= sizeBytes
}

/** A number of bytes; `isBad` when there is something else in its place. */
function countMember(
  members: readonly JsonMember[],
  key: string,
): { readonly value: number | undefined; readonly isBad: boolean } {
  const member = singleMember(members, key)?.[1]
  const value = member instanceof JsonNumber ? Number(member.integer ?? Number.NaN) : Number.NaN
  if (Number.isSafeInteger(value) && value >= 0) return { value, isBad: false }
  return { value: undefined, isBad: member !== undefined }
}

/** `{ key: text }`, or nothing when the member is missing or not a string. */
function textMember<K extends string>(members: readonly JsonMember[], key: K): { readonly [P in K]?: string } {
  const value = singleMember(members, key)?.[1]
  return typeof value === 'string' ? ({ [key]: value } as { readonly [P in K]?: string }) : {}
}

export function attachmentError(expected: string): WireError {
  return new WireError('attachment', `attachment: expected ${expected}`)
}
