import { harmlessLine, harmlessText } from '../../harmless.js'
import { UNREADABLE } from '../../view.js'
import { clamp } from '../arrays.js'
import type { ChatEntry, ChatTransfer, EntryState } from '../backend.js'
import { type ChatState, keyOf, type Look, type Talk, transferKey } from '../model/state.js'
import { entryById, reactionsOf, shownOf } from '../model/talk.js'
import { truncate, wrap } from '../width.js'
import { type Row, type Style, span } from './frame.js'
import { authorOf, ellipsisOf, gist, sizeText } from './names.js'

/** One cell each, found on every keyboard and in every font. `mimir chat` explains them under F1. */
export const MARKS: Readonly<Record<EntryState, string>> = {
  preparing: '*',
  stored: '.',
  waiting: '?',
  delivered: '+',
  failed: '!',
  received: ' ',
}

/** Before the text: gutter, time, space, mark, space. */
const INDENT = 9
/** More of a text is shown on request only. */
const MAX_SHOWN_UNITS = 4_000
const MAX_SHOWN_ROWS = 60
const BAR_CELLS = 20

/** What the rows of an entry depend on, besides the entry. */
interface Surroundings {
  readonly before: ChatEntry | undefined
  readonly columns: number
}

const rendered = new WeakMap<ChatEntry, { signature: string; rows: readonly Row[] }>()

/**
 * The rows of one entry, with the day before it where a new one begins. How many they are does not depend on whether
 * the entry is chosen.
 */
export function entryRows(
  state: ChatState,
  talk: Talk,
  entry: ChatEntry,
  { before, columns }: Surroundings,
): readonly Row[] {
  const day = state.look.times.day(entry.sentMs)
  const isNewDay = before === undefined ? talk.loaded === 'all' : state.look.times.day(before.sentMs) !== day
  const isFirstUnread = talk.firstUnread === keyOf(entry)
  const quote = quoteOf(state, talk, entry)
  const reactions = reactionsText(state, talk, entry)
  const transfer = state.transfers.get(transferKey(talk.peer, keyOf(entry)))
  const name = authorOf(state, entry, whoCells(columns))
  const signature = [columns, name, isNewDay, isFirstUnread, quote, reactions, JSON.stringify(transfer)].join('\n')
  const known = rendered.get(entry)
  if (known?.signature === signature) return known.rows
  const { look } = state
  const rows: Row[] = []
  if (isNewDay) rows.push(ruler(day, columns, look, { dim: true }))
  if (isFirstUnread) rows.push(ruler('new', columns, look, { colour: 'yellow' }))
  if (quote !== undefined) rows.push(quoteRow(quote, columns, look))
  rows.push(...bodyRows(entry, name, columns, look))
  if (transfer !== undefined) rows.push(transferRow(transfer, columns, look))
  if (reactions !== '')
    rows.push([indent(), span(truncate(reactions, columns - INDENT, ellipsisOf(look)), { colour: 'yellow' })])
  rendered.set(entry, { signature, rows })
  return rows
}

/** Room for whoever said something, at most. */
function whoCells(columns: number): number {
  return Math.max(8, Math.floor((columns - INDENT) / 2))
}

function indent(): { text: string } {
  return span(' '.repeat(INDENT))
}

function ruler(text: string, columns: number, { unicode }: Look, style: Style): Row {
  const line = (unicode ? '─' : '-').repeat(3)
  return [span(` ${truncate(`${line} ${text} ${line}`, columns - 1)}`, style)]
}

function quoteOf(state: ChatState, talk: Talk, entry: ChatEntry): string | undefined {
  if (entry.replyTo === undefined || entry.kind === 'reaction') return undefined
  const quoted = entryById(talk, entry.replyTo)
  if (quoted === undefined) return 'an older message'
  return quoted.kind === 'system' ? gist(quoted) : `${authorOf(state, quoted)}: ${gist(quoted)}`
}

function quoteRow(quote: string, columns: number, look: Look): Row {
  const text = `${look.unicode ? '│' : '|'} ${quote}`
  return [indent(), span(truncate(text, columns - INDENT, ellipsisOf(look)), { dim: true })]
}

function reactionsText(state: ChatState, talk: Talk, entry: ChatEntry): string {
  const found = reactionsOf(talk.entries).get(entry.id) ?? []
  return found
    .map(({ emoji, entry: reaction }) => `${harmlessLine(emoji.slice(0, 40))} ${authorOf(state, reaction)}`)
    .join('   ')
}

function bodyRows(entry: ChatEntry, who: string, columns: number, look: Look): Row[] {
  const { text, file, state } = entry
  const width = columns - INDENT
  if (entry.kind === 'system') return systemRows(entry, columns, look)
  const long = text.length > MAX_SHOWN_UNITS
  const said = harmlessText(long ? text.slice(0, MAX_SHOWN_UNITS) : text)
  const notes = [
    entry.edited ? '(edited)' : '',
    entry.kind === 'unreadable' ? UNREADABLE : '',
    entry.kind === 'unknown' ? '(of a kind this version does not know)' : '',
  ]
  const parts = [
    entry.kind === 'reaction' ? 'reacted to an older message:' : '',
    entry.kind === 'call' ? 'call:' : '',
    file === undefined ? '' : fileText(entry),
    said,
    ...notes,
  ]
  const lines = wrap(`${who}: ${parts.filter((part) => part !== '').join(' ')}`, width)
  const shown = lines.slice(0, MAX_SHOWN_ROWS)
  if (long || shown.length < lines.length) shown.push(`(${text.length} characters: choose it, v reads all)`)
  return shown.map((line, at): Row => {
    const style: Style | undefined = state === 'failed' ? { colour: 'red' } : undefined
    if (at > 0) return [indent(), span(truncate(line, width, ellipsisOf(look)), style)]
    return [
      span(` ${look.times.clock(entry.sentMs)} `, { dim: true }),
      span(MARKS[state], MARK_STYLES[state]),
      span(' '),
      span(line.slice(0, who.length + 1), { bold: true, ...(entry.outgoing ? {} : { colour: 'cyan' }) }),
      span(line.slice(who.length + 1), style),
    ]
  })
}

/** Nobody said it: there is no name before it, and no colon. */
function systemRows(entry: ChatEntry, columns: number, look: Look): Row[] {
  const width = columns - INDENT
  return wrap(`* ${harmlessText(entry.text.slice(0, MAX_SHOWN_UNITS))}`, width)
    .slice(0, MAX_SHOWN_ROWS)
    .map((line, at): Row => {
      const said = span(truncate(line, width, ellipsisOf(look)), { dim: true })
      return at > 0 ? [indent(), said] : [span(` ${look.times.clock(entry.sentMs)}   `, { dim: true }), said]
    })
}

const MARK_STYLES: Readonly<Record<EntryState, Style>> = {
  preparing: { dim: true },
  stored: { dim: true },
  waiting: { colour: 'yellow' },
  delivered: { colour: 'green' },
  failed: { bold: true, colour: 'red' },
  received: {},
}

function fileText({ kind, file }: ChatEntry): string {
  if (file === undefined) return ''
  const damaged = file.damaged ? ', damaged' : ''
  return `[${kind} ${harmlessLine(file.name)}, ${sizeText(file.sizeBytes)}${damaged}]`
}

function transferRow(transfer: ChatTransfer, columns: number, look: Look): Row {
  const text = truncate(transferText(transfer, columns - INDENT), columns - INDENT, ellipsisOf(look))
  return [indent(), span(text, TRANSFER_STYLES[transfer.state])]
}

const TRANSFER_STYLES: Readonly<Record<ChatTransfer['state'], Style>> = {
  running: { colour: 'green' },
  waiting: { colour: 'yellow' },
  stopped: { dim: true },
  done: { dim: true },
  failed: { colour: 'red' },
}

/** A bar while it moves, words when it does not. */
export function transferText({ state, outgoing, doneBytes, sizeBytes, text }: ChatTransfer, width: number): string {
  if (state === 'done' || state === 'failed') return harmlessLine(text)
  const share = sizeBytes === 0 ? 1 : Math.min(1, doneBytes / sizeBytes)
  const cells = clamp(width - 24, 4, BAR_CELLS)
  const full = Math.floor(share * cells)
  const bar = `[${'#'.repeat(full)}${'-'.repeat(cells - full)}]${`${Math.floor(share * 100)}%`.padStart(5)}`
  if (state === 'running') return `${bar} ${outgoing ? 'going' : 'coming'}`
  return state === 'stopped' ? `${bar} stopped, s goes on` : `${bar} waits: ${harmlessLine(text)}`
}

/** How many rows each shown entry takes, by its place. */
export function heightAt(state: ChatState, talk: Talk, at: number, columns: number): number {
  return rowsAt(state, talk, at, columns).length
}

export function rowsAt(state: ChatState, talk: Talk, at: number, columns: number): readonly Row[] {
  const shown = shownOf(talk.entries)
  const entry = shown[at]
  return entry === undefined ? [] : entryRows(state, talk, entry, { before: shown[at - 1], columns })
}
