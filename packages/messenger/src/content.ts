import { randomBytes, sha256, sha512 } from '@mimirjs/crypto'
import { toHex } from '@mimirjs/wire'
import { decodeReaction, encodeReaction, joinAttachment, MessageType, splitAttachment } from '@mimirjs/wire/peer'
import { MessengerError } from './error.js'
import type { StoredMessage } from './store.js'

/** A file or image to send: its bytes and what to call it. */
export interface OutgoingFile {
  /** Contents, at most 10 MiB (images 5 MiB): what the originals take. */
  readonly bytes: Uint8Array
  /** The name to show, for example `report.pdf`. */
  readonly name: string
  /** For example `application/pdf`. */
  readonly mimeType?: string
}

/** What can be sent: a plain string is a text message. */
export type Content =
  | string
  | { readonly text: string; readonly replyTo?: string }
  | { readonly image: OutgoingFile; readonly text?: string; readonly replyTo?: string }
  | { readonly file: OutgoingFile; readonly text?: string; readonly replyTo?: string }
  | { readonly reaction: string; readonly replyTo: string }

/** A file or image received. */
export interface IncomingFile {
  /** The sender's name for it, without any path: still only a label, never a place to write to. */
  readonly name: string
  readonly mimeType: string | undefined
  readonly bytes: Uint8Array
  /** The bytes do not fit the size or SHA-256 that the sender gave. */
  readonly damaged: boolean
}

export type MessageKind = 'text' | 'image' | 'file' | 'reaction' | 'unknown'

/** A stored message as a person reads it. */
export interface MessageView {
  readonly kind: MessageKind
  /** The text, or the caption of a file; for a reaction the emoji; empty for none. */
  readonly text: string
  /** Id of the message replied or reacted to. */
  readonly replyTo: string | undefined
  readonly file: IncomingFile | undefined
}

export const MAX_TEXT_BYTES = 1_048_576
export const MAX_IMAGE_BYTES = 5_242_880
export const MAX_FILE_BYTES = 10_485_760
/** Far above any emoji. */
export const MAX_REACTION_BYTES = 1_024

const utf8 = new TextEncoder()
const utf8Lenient = new TextDecoder()

export interface EncodedContent {
  readonly messageType: number
  readonly payload: Uint8Array
  readonly replyTo: bigint
}

/** @throws {MessengerError} `bad-content` | `too-large` */
export function encodeContent(content: Content): EncodedContent {
  if (typeof content === 'string') return encodeText(content, 0n)
  if (typeof content !== 'object' || content === null) throw notContent()
  const replyTo = content.replyTo === undefined ? 0n : parseMessageId(content.replyTo)
  if ('reaction' in content) return encodeReply(content.reaction, replyTo)
  if ('image' in content)
    return encodeFile(MessageType.image, content.image, content.text ?? '', replyTo, MAX_IMAGE_BYTES)
  if ('file' in content) return encodeFile(MessageType.file, content.file, content.text ?? '', replyTo, MAX_FILE_BYTES)
  return encodeText(content.text, replyTo)
}

function notContent(): MessengerError {
  return new MessengerError('bad-content', 'expected a text that is not empty, or an image, file or reaction')
}

/** An empty emoji takes the reaction back. */
function encodeReply(emoji: string, replyTo: bigint): EncodedContent {
  if (typeof emoji !== 'string') throw new MessengerError('bad-content', 'expected an emoji as text')
  if (replyTo === 0n) throw new MessengerError('bad-content', 'expected in replyTo the message that is reacted to')
  const payload = encodeReaction({ emoji, replyTo })
  if (payload.length > MAX_REACTION_BYTES) tooLarge('reaction', payload.length, MAX_REACTION_BYTES)
  return { messageType: MessageType.reaction, payload, replyTo }
}

function encodeText(text: string, replyTo: bigint): EncodedContent {
  if (typeof text !== 'string' || text.length === 0) throw notContent()
  const payload = utf8.encode(text)
  if (payload.length > MAX_TEXT_BYTES) tooLarge('text', payload.length, MAX_TEXT_BYTES)
  return { messageType: MessageType.text, payload, replyTo }
}

function encodeFile(
  messageType: number,
  file: OutgoingFile,
  text: string,
  replyTo: bigint,
  maxBytes: number,
): EncodedContent {
  if (!(file?.bytes instanceof Uint8Array)) throw new MessengerError('bad-content', 'expected the file as bytes')
  for (const [field, value] of Object.entries({ name: file.name, mimeType: file.mimeType ?? '', text })) {
    if (typeof value !== 'string') throw new MessengerError('bad-content', `${field} of the file: expected a text`)
  }
  if (file.bytes.length > maxBytes) tooLarge(`file ${file.name}`, file.bytes.length, maxBytes)
  const metadata = {
    // The wire name is a random one, as the originals send it; the real name travels beside it.
    name: `${randomName()}.${extensionOf(file.name)}`,
    sizeBytes: file.bytes.length,
    hash: toHex(sha256(file.bytes)),
    originalName: file.name,
    ...(file.mimeType === undefined ? {} : { mimeType: file.mimeType }),
    text,
  }
  try {
    return { messageType, payload: joinAttachment({ metadata, file: file.bytes }), replyTo }
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
  return content.replyTo === undefined ? { ...content, replyTo: id } : content
}

/** Whether the payload has the form its type demands; anything else is acknowledged and dropped (peer protocol §6.4). */
export function isReadable(messageType: number, payload: Uint8Array): boolean {
  if (messageType !== MessageType.image && messageType !== MessageType.file) return true
  try {
    splitAttachment(payload)
    return true
  } catch {
    return false
  }
}

/** Never throws: what cannot be read is shown as text, as the originals do. */
export function viewContent(message: StoredMessage): MessageView {
  const replyTo = message.replyTo === 0n ? undefined : String(message.replyTo)
  const plain = (kind: MessageKind): MessageView => ({
    kind,
    text: utf8Lenient.decode(message.payload),
    replyTo,
    file: undefined,
  })
  try {
    switch (message.messageType) {
      case MessageType.text:
        return plain('text')
      case MessageType.reaction:
        return { kind: 'reaction', text: decodeReaction(message.payload).emoji, replyTo, file: undefined }
      case MessageType.image:
      case MessageType.file:
        return viewFile(message, replyTo)
      default:
        return plain('unknown')
    }
  } catch {
    return plain('unknown')
  }
}

function viewFile(message: StoredMessage, replyTo: string | undefined): MessageView {
  const { metadata, file, damaged: wrongSize } = splitAttachment(message.payload)
  const damaged = wrongSize || (metadata.hash !== undefined && metadata.hash.toLowerCase() !== toHex(sha256(file)))
  return {
    kind: message.messageType === MessageType.image ? 'image' : 'file',
    text: metadata.text ?? '',
    replyTo,
    file: { name: baseName(metadata.originalName ?? metadata.name), mimeType: metadata.mimeType, bytes: file, damaged },
  }
}

/** The last path segment, without control characters; hostile names end here. */
function baseName(name: string): string {
  const last = name.split(/[/\\]/).at(-1) ?? ''
  // biome would see a control-character class as a mistake, so the check is spelled out.
  const printable = [...last].filter((character) => character >= ' ' && character !== '\u007f').join('')
  const trimmed = printable.replace(/^\.+/, '').slice(0, 255)
  return trimmed === '' ? 'unnamed' : trimmed
}

function extensionOf(name: string): string {
  return /\.([A-Za-z0-9]{1,8})$/.exec(name)?.[1] ?? 'bin'
}

function randomName(): string {
  const alphabet = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'
  return Array.from(randomBytes(16), (byte) => alphabet[byte % alphabet.length]).join('')
}

/** Message ids are the wire's guids as decimal text. @throws {MessengerError} `bad-content` */
export function parseMessageId(id: string): bigint {
  if (typeof id === 'string' && /^-?[1-9][0-9]{0,18}$/.test(id)) {
    const guid = BigInt(id)
    if (BigInt.asIntN(64, guid) === guid) return guid
  }
  throw new MessengerError('bad-content', `expected a message id (a 64-bit number other than 0), got '${String(id)}'`)
}

/** A fresh random guid: any 64 bits but zero (peer protocol §10.5). */
export function randomGuid(): bigint {
  const guid = guidOf(randomBytes(8))
  return guid === 0n ? randomGuid() : guid
}

/**
 * The guid of the `index`-th message that the handler of (`peer`, `guid`) sends to `to`. It depends on nothing else,
 * so a handler that runs again after a crash sends under the same ids.
 */
export function replyGuid(self: string, peer: string, guid: bigint, to: string, index: number): bigint {
  const digest = sha512(utf8.encode(`mimirjs reply 1\n${self}\n${peer}\n${guid}\n${to}\n${index}`))
  const reply = guidOf(digest)
  return reply === 0n ? 1n : reply
}

function guidOf(bytes: Uint8Array): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset, 8).getBigInt64(0)
}

/** The latest time that a `Date` can hold, in ms. */
const MAX_TIME_MS = 8_640_000_000_000_000

/** Some senders write reactions in seconds (peer protocol §6.5); hostile ones write anything. */
export function toTimeMs(wireTime: bigint): number {
  const time = Number(wireTime)
  if (time < 0) return 0
  return Math.min(time > 0 && time < 100_000_000_000 ? time * 1000 : time, MAX_TIME_MS)
}
