import { sha256 } from '@mimirjs/crypto'
import { toHex } from '@mimirjs/wire'
import { type AnnouncedFile, decodeAttachmentMetadata } from '@mimirjs/wire/content'
import type { SystemMessage } from '@mimirjs/wire/mediator'
import { decodeReaction, MessageType, splitAttachment } from '@mimirjs/wire/peer'
import { readSystemMessage, systemText } from './groups/system-text.js'
import type { StoredMessage } from './store.js'

/** A file or image received. */
export interface IncomingFile {
  /** The sender's name for it, without any path: still only a label, never a place to write to. */
  readonly name: string
  readonly mimeType: string | undefined
  readonly sizeBytes: number
  /** The contents, where the message carries them; `undefined` for a file that is only announced: download it. */
  readonly bytes: Uint8Array | undefined
  /** The bytes do not fit the size or SHA-256 that the sender gave. A download checks both by itself. */
  readonly damaged: boolean
}

/**
 * `call`: a call that was missed or made, written down by this side. `system`: what happened in a group, as its mediator says.
 * `unreadable`: encrypted under a key that we do not have, or damaged.
 */
export type MessageKind =
  | 'text'
  | 'image'
  | 'file'
  | 'voice'
  | 'reaction'
  | 'call'
  | 'system'
  | 'unreadable'
  | 'unknown'

/** A stored message as a person reads it. */
export interface MessageView {
  readonly kind: MessageKind
  /** The text, or the caption of a file; for a reaction the emoji; empty for none. */
  readonly text: string
  /** Id of the message replied or reacted to. */
  readonly replyTo: string | undefined
  readonly file: IncomingFile | undefined
  /** What happened in a group; `undefined` for what a person said. */
  readonly system?: SystemMessage | undefined
}

const utf8Lenient = new TextDecoder()

/** What a voice message is called by those who record one. Source: current protocol §5.3. */
export const VOICE_NAME = 'voice_message.m4a'
export const VOICE_MIME_TYPE = 'audio/mp4'

/** Whether the payload has the form its type demands; anything else is acknowledged and dropped (peer protocol §6.4). */
export function isReadable(messageType: number, payload: Uint8Array): boolean {
  if (!isAttachment(messageType)) return true
  try {
    if (isInline(payload)) splitAttachment(payload)
    else decodeAttachmentMetadata(payload)
    return true
  } catch {
    return false
  }
}

/** What a message of the current generation announces; `undefined` for one that announces nothing, or carries its file. */
export function announcedFile(messageType: number, payload: Uint8Array): AnnouncedFile | undefined {
  return isAttachment(messageType) && !isInline(payload) ? decodeAttachmentMetadata(payload) : undefined
}

/** Whether messages of this type carry, or announce, a file. */
function isAttachment(messageType: number): boolean {
  return messageType === MessageType.image || messageType === MessageType.file
}

/** A length of at most 64 KiB comes first in one form, the brace of a JSON object in the other. */
function isInline(payload: Uint8Array): boolean {
  return payload[0] === 0
}

/** Never throws: what cannot be read is shown as text, as the originals do. */
export function viewContent(message: StoredMessage): MessageView {
  const replyTo = message.replyTo === 0n ? undefined : String(message.replyTo)
  if (message.group?.unreadable) return { kind: 'unreadable', text: '', replyTo: undefined, file: undefined }
  if (message.group?.system) return viewSystem(message)
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
      case MessageType.callRecord:
        return plain('call')
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

function viewSystem({ payload }: StoredMessage): MessageView {
  const system = readSystemMessage(payload)
  return { kind: 'system', text: systemText(system), replyTo: undefined, file: undefined, system }
}

function viewFile(message: StoredMessage, replyTo: string | undefined): MessageView {
  const announced = announcedFile(message.messageType, message.payload)
  return announced === undefined ? viewInline(message, replyTo) : viewAnnounced(message, replyTo, announced)
}

function viewInline({ messageType, payload }: StoredMessage, replyTo: string | undefined): MessageView {
  const { metadata, file: bytes, damaged: wrongSize } = splitAttachment(payload)
  const damaged = wrongSize || (metadata.hash !== undefined && metadata.hash.toLowerCase() !== toHex(sha256(bytes)))
  const name = baseName(metadata.originalName ?? metadata.name)
  return {
    kind: messageType === MessageType.image ? 'image' : 'file',
    text: metadata.text ?? '',
    replyTo,
    file: { name, mimeType: metadata.mimeType, sizeBytes: bytes.length, bytes, damaged },
  }
}

function viewAnnounced(message: StoredMessage, replyTo: string | undefined, announced: AnnouncedFile): MessageView {
  const { name, originalName, mimeType, sizeBytes, text = '' } = announced
  const isVoice = mimeType === VOICE_MIME_TYPE && originalName === VOICE_NAME
  const kind = message.messageType === MessageType.image ? 'image' : isVoice ? 'voice' : 'file'
  const file = { name: baseName(originalName ?? name), mimeType, sizeBytes, bytes: undefined, damaged: false }
  return { kind, text, replyTo, file }
}

/** Control and format characters, among them those that turn the writing direction, and breaks of lines. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu
const MAX_NAME_CHARACTERS = 255

/** The last path segment, without what is invisible; hostile names end here. */
function baseName(name: string): string {
  const last = name.split(/[/\\]/).at(-1) ?? ''
  const shown = last.replace(INVISIBLE, '').replace(/^\.+/, '')
  const trimmed = [...shown].slice(0, MAX_NAME_CHARACTERS).join('')
  return trimmed === '' ? 'unnamed' : trimmed
}
