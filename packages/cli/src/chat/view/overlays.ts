import { harmlessLine, harmlessText } from '../../harmless.js'
import { filesOf, matching } from '../model/modes.js'
import { type ChatState, keyOf, type SearchMode, transferKey } from '../model/state.js'
import { truncate, wrap } from '../width.js'
import { transferText } from './entry.js'
import { type Row, span } from './frame.js'
import { helpLines } from './help.js'
import { linkText, markOf } from './list.js'
import { ellipsisOf, gist, nameOf, personOf, sizeText, whoOf } from './names.js'
import { viewedRows } from './whole.js'

/** What lies over list and conversation, in rows of the whole width; undefined when nothing does. */
export function overlayRows(state: ChatState, columns: number, rows: number): readonly Row[] | undefined {
  const { mode } = state
  switch (mode.name) {
    case 'help':
      return helpLines(columns - 1, state.self.link)
        .slice(mode.top, mode.top + rows)
        .map(({ text, bold }) => [span(` ${text}`, bold ? { bold } : {})])
    case 'view':
      return viewedRows(state, mode.key)
        .slice(mode.top, mode.top + rows)
        .map((text) => [span(` ${text}`)])
    case 'people':
      return peopleRows(state, mode, columns, rows)
    case 'search':
      return searchRows(state, mode, columns, rows)
    case 'files':
      return fileRows(state, mode.at, columns, rows)
    case 'person':
      return personRows(state, columns)
    default:
      return undefined
  }
}

/** Rows of a list around the chosen one. */
function windowed<T>(list: readonly T[], at: number, rows: number, row: (item: T, isChosen: boolean) => Row): Row[] {
  const top = Math.max(0, Math.min(at - Math.floor(rows / 2), list.length - rows))
  return list.slice(top, top + rows).map((item, index) => row(item, top + index === at))
}

function line(state: ChatState, text: string, columns: number, isChosen: boolean): Row {
  const shown = truncate(text, columns - 2, ellipsisOf(state.look))
  return [span(isChosen ? '> ' : '  '), span(shown, isChosen ? { inverse: true } : {})]
}

function peopleRows(
  state: ChatState,
  { draft, at }: { draft: { text: string }; at: number },
  columns: number,
  rows: number,
): Row[] {
  const found = matching(state, draft.text)
  const head: Row = [span(' Talk to', { bold: true })]
  if (found.length === 0)
    return [
      head,
      [
        span(
          truncate(
            '  nobody is called so; Enter takes it as a public key or a contact link',
            columns,
            ellipsisOf(state.look),
          ),
          { dim: true },
        ),
      ],
    ]
  return [
    head,
    ...windowed(found, at, rows - 1, (peer, isChosen) =>
      line(state, `${markOf(state, peer)[0]} ${whoOf(state, peer)}`, columns, isChosen),
    ),
  ]
}

function searchRows(
  state: ChatState,
  { found, at, everywhere, token }: SearchMode,
  columns: number,
  rows: number,
): Row[] {
  const where = everywhere || state.open === undefined ? 'everywhere' : `with ${nameOf(state, state.open)}`
  const state_ =
    token !== 0
      ? 'searching'
      : found === undefined
        ? ''
        : found.length === 0
          ? 'nothing found'
          : `${found.length} found`
  const head: Row = [span(` Search ${where}`, { bold: true }), span(state_ === '' ? '' : `  ${state_}`, { dim: true })]
  const { day, clock } = state.look.times
  const list = windowed(found ?? [], at, rows - 1, (entry, isChosen) => {
    const who = entry.outgoing ? `you to ${nameOf(state, entry.peer)}` : nameOf(state, entry.peer)
    return line(state, `${day(entry.sentMs)} ${clock(entry.sentMs)} ${who}: ${gist(entry)}`, columns, isChosen)
  })
  return [head, ...list]
}

function fileRows(state: ChatState, at: number, columns: number, rows: number): Row[] {
  const files = filesOf(state)
  const talk = state.open === undefined ? undefined : state.talks.get(state.open)
  const more = talk?.loaded === 'all' ? '' : '  older messages are being read'
  const head: Row = [span(' Files', { bold: true }), span(files.length === 0 ? '  none here' : more, { dim: true })]
  const list = windowed(files, at, rows - 1, (entry, isChosen) => {
    const { name = '', sizeBytes = 0 } = entry.file ?? {}
    const transfer = state.transfers.get(transferKey(entry.peer, keyOf(entry)))
    const how = transfer === undefined ? '' : `  ${transferText(transfer, 40)}`
    const from = entry.outgoing ? 'to them' : 'from them'
    return line(
      state,
      `${state.look.times.day(entry.sentMs)} ${harmlessLine(name)}, ${sizeText(sizeBytes)} ${from}${how}`,
      columns,
      isChosen,
    )
  })
  return [head, ...list]
}

/** A person with all that is known of them, and what can be done. */
function personRows(state: ChatState, columns: number): Row[] {
  const peer = state.open ?? ''
  const person = personOf(state, peer)
  const request = state.requests.find((asking) => asking.peer === peer)
  const kind =
    request === undefined
      ? { contact: 'a contact', stranger: 'not a contact', blocked: 'blocked' }[person?.kind ?? 'stranger']
      : 'asks to be your contact'
  const facts: [string, string][] = [
    ['name', person?.name || '-'],
    ['calls itself', person?.nickname || request?.nickname || '-'],
    ['key', peer],
    ['is', kind],
    ['link', linkText(state, peer)],
  ]
  if (person !== undefined && person.info !== '') facts.push(['says', person.info])
  if (request !== undefined && request.message !== '') facts.push(['asks', request.message])
  const rows: Row[] = [[span(` ${nameOf(state, peer)}`, { bold: true })]]
  const actions = [
    ...(request === undefined ? [] : ['a accept', 'r refuse']),
    person?.kind === 'blocked' ? 'b let in again' : 'b block',
    'n name',
    ...(request === undefined && person?.kind !== 'blocked' ? ['q ask to be contacts'] : []),
    'Esc back',
  ]
  rows.push(...wrap(actions.join('    '), columns - 2).map((text): Row => [span(` ${text}`, { bold: true })]))
  rows.push([])
  for (const [label, text] of facts)
    wrap(harmlessText(text.slice(0, 1_000)), columns - 16)
      .slice(0, 6)
      .forEach((part, at) => {
        rows.push([span(` ${at === 0 ? label.padEnd(14) : ' '.repeat(14)}`, { dim: true }), span(part)])
      })
  return rows
}
