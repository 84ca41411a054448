import { randomBytes, sha256 } from '@mimirjs/crypto'
import { type Generation, toHex } from '@mimirjs/wire'
import { encodeReaction, joinAttachment, MessageType } from '@mimirjs/wire/peer'
import { MessengerError } from './error.js'
import { type Carriage, FEATURES, GROUP_FEATURES, unsupported } from './features.js'
import { parseMessageId } from './message-id.js'
import { VOICE_MIME_TYPE, VOICE_NAME } from './view.js'

/** A file to send, in memory. */
export interface OutgoingBytes {
  /** Contents; inside a message at most 10 MiB (images 5 MiB): what the originals take. */
  readonly bytes: Uint8Array
  /** The name to show, for example `report.pdf`. */
  readonly name: string
  /** For example `application/pdf`. */
  readonly mimeType?: string
}

/**
 * A file to send, on disk. It is read, or copied, before `send` resolves: what becomes of it afterwards does not matter. In a
 * browser this is one that the messenger keeps, such as one that was downloaded; what a user chose is an {@link OutgoingBlob}.
 */
export interface OutgoingPath {
  readonly path: string
  /** The name to show. Default: the last part of the path. */
  readonly name?: string
  readonly mimeType?: string
}

/** A file to send as the platform holds it, such as a `File` that the user chose in a page: read in pieces before `send` resolves. */
export interface OutgoingBlob {
  readonly blob: Blob
  /** The name to show. Default: that of a `File`, else `unnamed`. */
  readonly name?: string
  /** Default: the type of the blob. */
  readonly mimeType?: string
}

export type OutgoingFile = OutgoingBytes | OutgoingPath | OutgoingBlob

/** What can be sent: a plain string is a text message. */
export type Content =
  | string
  | { readonly text: string; readonly replyTo?: string }
  | { readonly image: OutgoingFile; readonly text?: string; readonly replyTo?: string }
  | { readonly file: OutgoingFile; readonly text?: string; readonly replyTo?: string }
  /** A recording, AAC in an MP4 container. */
  | { readonly voice: OutgoingFile; readonly replyTo?: string }
  /** New text for a text of ours. The originals show it as a message of its own. */
  | { readonly edit: string; readonly text: string }
  | { readonly reaction: string; readonly replyTo: string }

export const MAX_TEXT_BYTES = 1_048_576
export const MAX_IMAGE_BYTES = 5_242_880
export const MAX_FILE_BYTES = 10_485_760
/** Far above any emoji. */
export const MAX_REACTION_BYTES = 1_024

const utf8 = new TextEncoder()

/** A message that can be written down as it is. */
export interface ReadyContent {
  readonly kind: 'ready'
  readonly messageType: number
  readonly payload: Uint8Array
  readonly replyTo: bigint
}

/** A message whose payload follows from a file that has to be read, or copied, first. */
export interface FileContent {
  readonly kind: 'file'
  readonly messageType: number
  readonly replyTo: bigint
  readonly file: OutgoingFile
  readonly text: string
  readonly carriage: Exclude<Carriage, 'none'>
  /** Ceiling of a file inside a message. */
  readonly maxInlineBytes: number
}

export interface EditContent {
  readonly kind: 'edit'
  readonly guid: bigint
  readonly payload: Uint8Array
}

export type PlannedContent = ReadyContent | FileContent | EditContent

/**
 * What has to be done to send this in this generation, or to a group.
 * @throws {MessengerError} `bad-content` | `too-large` | `unsupported`
 */
export function planContent(content: Content, generation: Generation | 'group'): PlannedContent {
  if (typeof content === 'string') return planText(content, 0n)
  if (typeof content !== 'object' || content === null) throw notContent()
  if ('edit' in content) {
    return { kind: 'edit', guid: parseMessageId(content.edit), payload: planText(content.text, 0n).payload }
  }
  const replyTo = content.replyTo === undefined ? 0n : parseMessageId(content.replyTo)
  const { images, files, voice, reactions } = generation === 'group' ? GROUP_FEATURES : FEATURES[generation]
  if ('reaction' in content) {
    if (!reactions) throw unsupported(generation, 'reactions', 'reactions')
    return planReaction(content.reaction, replyTo)
  }
  if ('image' in content) {
    if (images === 'none') throw unsupported(generation, 'images', 'images')
    return planFile(MessageType.image, content.image, content.text, replyTo, images, MAX_IMAGE_BYTES)
  }
  if ('file' in content) {
    if (files === 'none') throw unsupported(generation, 'files', 'files')
    return planFile(MessageType.file, content.file, content.text, replyTo, files, MAX_FILE_BYTES)
  }
  if ('voice' in content) {
    if (voice === 'none') throw unsupported(generation, 'voice', 'voice messages')
    const recording = { ...content.voice, name: VOICE_NAME, mimeType: VOICE_MIME_TYPE }
    return planFile(MessageType.file, recording, undefined, replyTo, voice, MAX_FILE_BYTES)
  }
  return planText(content.text, replyTo)
}

function notContent(): MessengerError {
  return new MessengerError('bad-content', 'expected a text that is not empty, or an image, file, voice or reaction')
}

/** An empty emoji takes the reaction back. */
function planReaction(emoji: string, replyTo: bigint): ReadyContent {
  if (typeof emoji !== 'string') throw new MessengerError('bad-content', 'expected an emoji as text')
  if (replyTo === 0n) throw new MessengerError('bad-content', 'expected in replyTo the message that is reacted to')
  const payload = encodeReaction({ emoji, replyTo })
  if (payload.length > MAX_REACTION_BYTES) tooLarge('reaction', payload.length, MAX_REACTION_BYTES)
  return { kind: 'ready', messageType: MessageType.reaction, payload, replyTo }
}

function planText(text: string, replyTo: bigint): ReadyContent {
  if (typeof text !== 'string' || text.length === 0) throw notContent()
  const payload = utf8.encode(text)
  if (payload.length > MAX_TEXT_BYTES) tooLarge('text', payload.length, MAX_TEXT_BYTES)
  return { kind: 'ready', messageType: MessageType.text, payload, replyTo }
}

function planFile(
  messageType: number,
  file: OutgoingFile,
  text: string | undefined,
  replyTo: bigint,
  carriage: Exclude<Carriage, 'none'>,
  maxInlineBytes: number,
): FileContent {
  if (typeof file !== 'object' || file === null || !isFile(file)) {
    throw new MessengerError('bad-content', 'expected the file as bytes, as a path, or as a blob')
  }
  const name = isPath(file) || isBlob(file) ? (file.name ?? '') : file.name
  for (const [field, value] of Object.entries({ name, mimeType: file.mimeType ?? '', text: text ?? '' })) {
    if (typeof value !== 'string') throw new MessengerError('bad-content', `${field} of the file: expected a text`)
  }
  return { kind: 'file', messageType, replyTo, file, text: text ?? '', carriage, maxInlineBytes }
}

export function isPath(file: OutgoingFile): file is OutgoingPath {
  return 'path' in file && typeof file.path === 'string'
}

export function isBlob(file: OutgoingFile): file is OutgoingBlob {
  return 'blob' in file && file.blob instanceof Blob
}

/** A blob with everything that is told of it. */
export function describeBlob({ blob, name, mimeType }: OutgoingBlob): Required<OutgoingBlob> {
  const { name: own } = blob as { name?: unknown }
  const fallback = typeof own === 'string' && own !== '' ? own : 'unnamed'
  return { blob, name: name ?? fallback, mimeType: mimeType ?? (blob.type || 'application/octet-stream') }
}

function isFile(file: OutgoingFile): boolean {
  return isPath(file) || isBlob(file) || file.bytes instanceof Uint8Array
}

/** The payload that carries a file inside the message. @throws {MessengerError} `too-large` */
export function inlinePayload({ text, maxInlineBytes }: FileContent, file: OutgoingBytes): Uint8Array {
  const { name, bytes, mimeType } = file
  if (bytes.length > maxInlineBytes) tooLarge(`file ${name}`, bytes.length, maxInlineBytes)
  const metadata = {
    // The wire name is a random one, as the originals send it; the real name travels beside it.
    name: wireName(name),
    sizeBytes: bytes.length,
    hash: toHex(sha256(bytes)),
    originalName: name,
    ...(mimeType === undefined ? {} : { mimeType }),
    text,
  }
  try {
    return joinAttachment({ metadata, file: bytes })
  } catch (cause) {
    throw new MessengerError('too-large', 'name, type and caption of the file are too long together', { cause })
  }
}

function tooLarge(what: string, bytes: number, maxBytes: number): never {
  throw new MessengerError('too-large', `${what} has ${bytes} bytes, the protocol carries at most ${maxBytes}`)
}

/** The same as an answer to the message `id`, unless it quotes another one already. */
export function quoting(content: Content, id: string): Content {
  if (typeof content === 'string') return { text: content, replyTo: id }
  if ('edit' in content) return content
  return content.replyTo === undefined ? { ...content, replyTo: id } : content
}

/** A random name with the extension of the real one. Source: current protocol §5.3. */
export function wireName(name: string): string {
  const extension = /\.([A-Za-z0-9]{1,8})$/.exec(name)?.[1] ?? 'bin'
  const alphabet = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'
  return `${Array.from(randomBytes(16), (byte) => alphabet[byte % alphabet.length]).join('')}.${extension}`
}
