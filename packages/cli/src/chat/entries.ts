import { basename, extname } from 'node:path'
import type { Content, FileEvent, HistoryEntry, IncomingMessage, MediatorEvent, OutgoingPath } from '@mimirjs/messenger'
import { MIME_TYPES } from '../content.js'
import { systemLine } from '../system-line.js'
import { whoText } from '../view.js'
import type { ChatContent, ChatEntry, ChatLink, ChatTransfer, EntryState, TransferState } from './backend.js'

/** What ends like this goes as an image, which others see at once. */
const IMAGE_ENDINGS: ReadonlySet<string> = new Set(['.gif', '.jpeg', '.jpg', '.png', '.webp'])

const STATES: Readonly<Record<HistoryEntry['state'], EntryState>> = {
  preparing: 'preparing',
  held: 'stored',
  stored: 'stored',
  waiting: 'waiting',
  delivered: 'delivered',
  failed: 'failed',
  unhandled: 'received',
  handled: 'received',
}

const TRANSFER_STATES: Readonly<Record<FileEvent['state'], TransferState>> = {
  progress: 'running',
  waiting: 'waiting',
  paused: 'stopped',
  cancelled: 'stopped',
  complete: 'done',
  failed: 'failed',
}

export function transferOf({ peer, id, outgoing, state, doneBytes, sizeBytes, path, error }: FileEvent): ChatTransfer {
  const done = outgoing ? 'the file is sent' : `saved as ${path ?? ''}`
  const text = state === 'complete' ? done : (error?.message ?? '')
  return { peer, id, outgoing, state: TRANSFER_STATES[state], doneBytes, sizeBytes, text }
}

/** What people in a group are called, by public key. */
export type Names = ReadonlyMap<string, string>

/** @param self - our public key */
export function entryOf(entry: HistoryEntry, names: Names, self: string): ChatEntry {
  const { id, peer, author, outgoing, kind, text, replyTo, file, state, sentAt, editedAt } = entry
  return {
    id,
    peer,
    author,
    authorName: names.get(author) ?? '',
    outgoing,
    kind,
    text: kind === 'system' ? systemLine(entry, (key) => whoOf(key, names, self)) : text,
    replyTo,
    file: file && fileOf(file),
    state: STATES[state],
    sentMs: sentAt.getTime(),
    edited: editedAt !== undefined,
  }
}

/** As somebody on a line about a group: beside the name stands the start of the key. */
function whoOf(publicKey: string, names: Names, self: string): string {
  return publicKey === self ? 'you' : whoText(names.get(publicKey)?.slice(0, 40) || publicKey.slice(0, 8), publicKey)
}

export function incomingEntry(message: IncomingMessage): ChatEntry {
  const { id, from, fromName, group, kind, text, replyTo, file, sentAt } = message
  return {
    id,
    peer: group?.id ?? from,
    author: from,
    authorName: group === undefined || fromName === from.slice(0, 8) ? '' : fromName,
    outgoing: false,
    kind,
    text,
    replyTo,
    file: file && fileOf(file),
    state: 'received',
    sentMs: sentAt.getTime(),
    edited: false,
  }
}

function fileOf({ name, sizeBytes, damaged }: NonNullable<HistoryEntry['file']>): NonNullable<ChatEntry['file']> {
  return { name, sizeBytes, damaged }
}

/** An entry as a place in the history: the messenger looks at id and direction. */
export function placeOf({ id, peer, author, outgoing, kind, text, replyTo, sentMs }: ChatEntry): HistoryEntry {
  const rest = { file: undefined, state: 'handled', sentAt: new Date(sentMs), editedAt: undefined } as const
  return { id, peer, author, outgoing, kind, text, replyTo, ...rest }
}

export function contentOf(content: ChatContent): Content {
  if (!('path' in content)) return content
  const { path, text } = content
  const ending = extname(path).toLowerCase()
  const mimeType = MIME_TYPES[ending]
  const file: OutgoingPath = { path, name: basename(path), ...(mimeType === undefined ? {} : { mimeType }) }
  return IMAGE_ENDINGS.has(ending) ? { image: file, text } : { file, text }
}

/** How we stand with a mediator; undefined when we are about to end. */
export function linkOf({ address, state }: MediatorEvent): ChatLink | undefined {
  switch (state.state) {
    case 'up':
      return { state: 'up', address }
    case 'waiting':
      return { state: 'waiting', reason: state.reason.message, retryAtMs: state.retryAtMs }
    case 'stopped':
      return { state: 'stopped', reason: state.reason.message }
    case 'closed':
      return undefined
    default:
      return { state: 'connecting' }
  }
}
