import { harmlessLine } from '../../harmless.js'
import { filesOf, matching } from '../model/modes.js'
import { type ChatState, keyOf, type PeopleMode, type SearchMode, transferKey } from '../model/state.js'
import { truncate } from '../width.js'
import { transferText } from './entry.js'
import { type Row, span } from './frame.js'
import { helpLines } from './help.js'
import { markOf } from './list.js'
import { authorOf, ellipsisOf, gist, nameOf, sizeText, whoOf } from './names.js'
import { personRows } from './person.js'
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
      return personRows(state, columns).slice(mode.top, mode.top + rows)
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

function peopleRows(state: ChatState, mode: PeopleMode, columns: number, rows: number): Row[] {
  const { at, onlyNearby, draft } = mode
  const found = matching(state, mode)
  const head: Row = [span(onlyNearby ? ' On the local network' : ' Talk to', { bold: true })]
  const nobody =
    onlyNearby && draft.text === ''
      ? '  nobody is heard there'
      : '  nobody is called so; Enter takes it as a public key or a contact link'
  if (found.length === 0) return [head, [span(truncate(nobody, columns, ellipsisOf(state.look)), { dim: true })]]
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
    const where = nameOf(state, entry.peer)
    const author = authorOf(state, entry)
    const who = entry.outgoing || entry.author !== entry.peer ? `${author} to ${where}` : author
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
    const from = entry.outgoing
      ? 'to them'
      : entry.author === entry.peer
        ? 'from them'
        : `from ${authorOf(state, entry)}`
    return line(
      state,
      `${state.look.times.day(entry.sentMs)} ${harmlessLine(name)}, ${sizeText(sizeBytes)} ${from}${how}`,
      columns,
      isChosen,
    )
  })
  return [head, ...list]
}
