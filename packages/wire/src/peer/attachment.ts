import { isWireError, WireError } from '../error.js'
import { checkUint, readI32, write32 } from '../int.js'
import { readUtf8Strict } from '../utf8.js'
import { singleMember } from './envelope.js'
import { type JsonMember, JsonNumber, parseJsonObject } from './json.js'

/** Longest metadata, in bytes. Source: peer protocol section 11. */
export const MAX_ATTACHMENT_METADATA_BYTES = 65_536

/** What a sender says about a file. All of it is hostile input: never build a path from a name. */
export interface AttachmentMetadata {
  readonly name: string
  /** Length of the file. */
  readonly sizeBytes?: number
  /** SHA-256 of the file, 64 lower-case hex digits. */
  readonly hash?: string
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

export interface ReceivedAttachment extends Attachment {
  /**
   * The size given is not the length of the file, or size or hash is not of the right kind. The hash itself is for the
   * caller to compare, who has SHA-256. Deliver the message all the same, marked as damaged.
   */
  readonly damaged: boolean
}

/**
 * Take the payload of an image or file apart: `length i32 | metadata (JSON) | file`. Source: peer protocol section 6.4.
 * @throws {WireError} `attachment`: acknowledge such a message, drop it, and keep the connection.
 */
export function splitAttachment(payload: Uint8Array): ReceivedAttachment {
  if (payload.length < 4) throw attachmentError(`a payload of 4 bytes or more, got ${payload.length}`)
  const metadataBytes = readI32(payload, 0)
  const longest = Math.min(payload.length - 4, MAX_ATTACHMENT_METADATA_BYTES)
  if (metadataBytes < 0 || metadataBytes > longest) {
    throw attachmentError(`metadata of 0 to ${longest} bytes, got ${metadataBytes}`)
  }
  const file = payload.subarray(4 + metadataBytes)
  const text = readUtf8Strict(payload.subarray(4, 4 + metadataBytes))
  if (text === undefined) throw attachmentError('metadata in UTF-8')
  try {
    return { ...readMetadata(parseJsonObject(text), file.length), file }
  } catch (cause) {
    if (!isWireError(cause) || cause.code === 'attachment') throw cause
    throw new WireError('attachment', `attachment metadata: ${cause.message}`, { cause })
  }
}

/**
 * The payload of an image or file; members of the metadata that are not given are left out.
 * @throws {WireError} `attachment` when the metadata is too long, `out-of-range` for a bad size.
 */
export function joinAttachment(attachment: Attachment): Uint8Array {
  const { name, sizeBytes, hash, originalName, mimeType, text } = attachment.metadata
  const size = sizeBytes === undefined ? undefined : checkUint(sizeBytes, Number.MAX_SAFE_INTEGER, 'attachment.size')
  const metadata = new TextEncoder().encode(JSON.stringify({ name, size, hash, originalName, mimeType, text }))
  if (metadata.length > MAX_ATTACHMENT_METADATA_BYTES) {
    throw attachmentError(`metadata of at most ${MAX_ATTACHMENT_METADATA_BYTES} bytes, got ${metadata.length}`)
  }
  const payload = new Uint8Array(4 + metadata.length + attachment.file.length)
  write32(payload, 0, metadata.length)
  payload.set(metadata, 4)
  payload.set(attachment.file, 4 + metadata.length)
  return payload
}

function readMetadata(members: JsonMember[], fileBytes: number): Omit<ReceivedAttachment, 'file'> {
  const name = textMember(members, 'name').name
  if (name === undefined) throw attachmentError('a name')
  const size = singleMember(members, 'size')?.[1]
  const sizeBytes = size instanceof JsonNumber ? Number(size.integer ?? Number.NaN) : undefined
  const hash = textMember(members, 'hash')
  const sizeIsKnown = sizeBytes !== undefined && Number.isSafeInteger(sizeBytes) && sizeBytes >= 0
  const hashIsBad = hash.hash === undefined && singleMember(members, 'hash') !== undefined
  return {
    metadata: {
      name,
      ...(sizeIsKnown ? { sizeBytes } : {}),
      ...hash,
      ...textMember(members, 'originalName'),
      ...textMember(members, 'mimeType'),
      ...textMember(members, 'text'),
    },
    damaged: hashIsBad || (singleMember(members, 'size') !== undefined && sizeBytes !== fileBytes),
  }
}

/** `{ key: text }`, or nothing when the member is missing or not a string. */
function textMember<K extends string>(members: readonly JsonMember[], key: K): { readonly [P in K]?: string } {
  const value = singleMember(members, key)?.[1]
  return typeof value === 'string' ? ({ [key]: value } as { readonly [P in K]?: string }) : {}
}

function attachmentError(expected: string): WireError {
  return new WireError('attachment', `attachment: expected ${expected}`)
}
