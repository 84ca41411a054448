import type { HistoryEntry, IncomingFile, IncomingMessage, MessageKind } from '@mimirjs/messenger'
import { harmlessLine, harmlessText } from './harmless.js'

/** A message for scripts: what `--json` prints and what `--exec` gets on standard input. */
export interface MessageJson {
  readonly event: 'message'
  readonly id: string
  /** Public key of the sender, 64 hex digits. */
  readonly from: string
  readonly fromName: string
  /** The group it was said in. */
  readonly group: { readonly id: string; readonly name: string } | null
  readonly kind: MessageKind
  readonly text: string
  readonly replyTo: string | null
  /** ISO 8601; by the sender's clock. */
  readonly sentAt: string
  readonly receivedAt: string
  readonly file: FileJson | null
}

export interface FileJson {
  /** What the sender called it; not a path. */
  readonly name: string
  readonly mimeType: string | null
  readonly sizeBytes: number
  readonly damaged: boolean
  /** Where --save has put it. */
  readonly path: string | null
}

export interface EntryJson extends Pick<MessageJson, 'id' | 'kind' | 'text' | 'replyTo' | 'sentAt' | 'file'> {
  readonly event: 'entry'
  /** Public key of the other person, or id of the group, 64 hex digits. */
  readonly peer: string
  /** Public key of whoever said it, 64 hex digits. */
  readonly author: string
  readonly outgoing: boolean
  readonly state: HistoryEntry['state']
}

export function messageJson(message: IncomingMessage, path: string | undefined): MessageJson {
  return {
    event: 'message',
    id: message.id,
    from: message.from,
    fromName: message.fromName,
    group: message.group ? { id: message.group.id, name: message.group.name } : null,
    kind: message.kind,
    text: message.text,
    replyTo: message.replyTo ?? null,
    sentAt: message.sentAt.toISOString(),
    receivedAt: message.receivedAt.toISOString(),
    file: message.file ? fileJson(message.file, path) : null,
  }
}

/** An entry of the history for scripts. @param path - where its file was saved */
export function entryJson(entry: HistoryEntry, path: string | undefined): EntryJson {
  const { id, peer, author, outgoing, state, kind, text, replyTo, sentAt, file } = entry
  return {
    event: 'entry',
    id,
    peer,
    author,
    outgoing,
    state,
    kind,
    text,
    replyTo: replyTo ?? null,
    sentAt: sentAt.toISOString(),
    file: file ? fileJson(file, path) : null,
  }
}

function fileJson(file: IncomingFile, path: string | undefined): FileJson {
  return {
    name: file.name,
    mimeType: file.mimeType ?? null,
    sizeBytes: file.sizeBytes,
    damaged: file.damaged,
    path: path ?? null,
  }
}

export interface MessageHead {
  readonly time: Date
  readonly name: string
  /** Public key of whoever said it. */
  readonly key: string
  /** Where its file was saved. */
  readonly path?: string | undefined
  /** Name of the group it was said in, where that is not clear anyway. */
  readonly group?: string | undefined
}

/** What stands for a message that is encrypted under a key we do not have. */
export const UNREADABLE = '(cannot be read: damaged, or under a key that we do not have)'

/**
 * A message for people: time, name and the start of the key, because names prove nothing, then what it says. Further
 * lines of a text are indented, so that no text can pass for a message of somebody else.
 */
export function messageLine(
  message: Pick<HistoryEntry, 'kind' | 'text' | 'replyTo' | 'file'>,
  head: MessageHead,
): string {
  // Nobody said it: without a name and a colon no text of a person looks like this.
  if (message.kind === 'system') return `${timeText(head.time)}  * ${harmlessLine(message.text)}`
  const parts = [
    message.kind === 'reaction' ? `reacts to ${message.replyTo ?? 'nothing'} with` : '',
    message.kind === 'call' ? '(a call)' : '',
    message.kind === 'unreadable' ? UNREADABLE : '',
    message.kind === 'unknown' ? '(of a kind this version does not know)' : '',
    message.file ? `[${fileLine(message.kind, message.file, head.path)}]` : '',
    message.replyTo !== undefined && message.kind !== 'reaction' ? `(in reply to ${message.replyTo})` : '',
    harmlessText(message.text).replaceAll('\n', '\n    '),
  ]
  const said = parts.filter((part) => part !== '').join(' ')
  const where = head.group === undefined ? '' : `[${unbracketed(head.group)}] `
  return `${timeText(head.time)}  ${where}${whoText(head.name, head.key)}: ${said}`
}

/** Names prove nothing: the start of the key stands beside them. */
export function whoText(name: string, key: string): string {
  const start = key.slice(0, 8)
  return name === start ? start : `${unbracketed(name)} (${start})`
}

/** Brackets stand around the name of a group and nowhere else. */
function unbracketed(name: string): string {
  return harmlessLine(name).replaceAll('[', '(').replaceAll(']', ')')
}

function fileLine(kind: MessageKind, file: IncomingFile, path: string | undefined): string {
  const { sizeBytes } = file
  const size = sizeBytes < 10_240 ? `${sizeBytes} bytes` : `${Math.round(sizeBytes / 1024)} KiB`
  const damaged = file.damaged ? ', damaged' : ''
  return `${kind} ${harmlessLine(file.name)}, ${size}${damaged}${path === undefined ? '' : `, saved as ${path}`}`
}

/** Local time; with the date unless it is today's. */
export function timeText(time: Date): string {
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()].map(twoDigits).join(':')
  if (time.toDateString() === new Date().toDateString()) return clock
  return `${time.getFullYear()}-${twoDigits(time.getMonth() + 1)}-${twoDigits(time.getDate())} ${clock}`
}

function twoDigits(number: number): string {
  return String(number).padStart(2, '0')
}
