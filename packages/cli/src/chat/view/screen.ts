import { harmlessLine } from '../../harmless.js'
import { draftWindow } from '../editor.js'
import { QUICK_REACTIONS } from '../model/quick.js'
import { bottomOf, rowsAbove } from '../model/scroll.js'
import { type ChatState, keyOf, type Prompt, type Talk } from '../model/state.js'
import { entryOf, openTalk, shownOf } from '../model/talk.js'
import { truncate, widthOf, wrap } from '../width.js'
import { rowsAt } from './entry.js'
import { type Frame, fitRow, type Row, type Style, span, spread } from './frame.js'
import { type Layout, layoutOf, MIN_COLUMNS, MIN_ROWS, PROMPT_CELLS } from './layout.js'
import { linkText, listRows } from './list.js'
import { authorOf, ellipsisOf, gist, nameOf, whoOf } from './names.js'
import { overlayRows } from './overlays.js'

/** The whole screen for a state: exactly `rows` rows, none wider than `columns`. */
export function screenOf(state: ChatState): Frame {
  const layout = layoutOf(state)
  if (layout.tooSmall) return smallScreen(state)
  const bodyRows = layout.talkRows + 1
  const overlay =
    overlayRows(state, state.columns, bodyRows) ??
    (state.open === undefined ? welcome(state, state.columns) : undefined)
  const body =
    overlay === undefined
      ? besideEachOther(state, layout, bodyRows)
      : Array.from({ length: bodyRows }, (_, at) => fitRow(overlay[at] ?? [], state.columns, ellipsisOf(state.look)))
  const input = inputOf(state, layout)
  return {
    rows: [titleRow(state), ...body, separatorRow(state), ...input.rows, statusRow(state)],
    cursor: { row: 2 + bodyRows + input.row, column: input.column },
  }
}

function smallScreen({ columns, rows, look }: ChatState): Frame {
  const text = truncate(`too small: ${MIN_COLUMNS}x${MIN_ROWS} at least`, columns, ellipsisOf(look))
  return { rows: Array.from({ length: rows }, (_, at): Row => (at === 0 ? [span(text)] : [])), cursor: undefined }
}

const TITLE: Style = { inverse: true }

function titleRow(state: ChatState): Row {
  const { self, columns, look } = state
  const unread = state.people.reduce((sum, person) => sum + person.unread, 0)
  const name =
    self.name === '' ? self.publicKey.slice(0, 8) : `${harmlessLine(self.name)} (${self.publicKey.slice(0, 8)})`
  const left: Row = [
    span(` mimir  ${name}  `, TITLE),
    span(harmlessLine(self.reach.text), { ...TITLE, ...(self.reach.ok ? {} : { bold: true }) }),
  ]
  const right: Row = unread === 0 ? [] : [span(` ${unread} unread `, { ...TITLE, bold: true })]
  return spread(left, right, columns, ellipsisOf(look), TITLE)
}

function besideEachOther(state: ChatState, layout: Layout, rows: number): Row[] {
  const { listColumns, columns } = layout
  const talk = talkColumn(state, layout)
  if (listColumns === 0) return talk
  const list = listRows(state, listColumns, rows)
  const line = span(state.look.unicode ? '│' : '|', { dim: true })
  return talk.map((row, at) => [...(list[at] ?? []), line, ...fitRow(row, columns, ellipsisOf(state.look))])
}

/** Headline and messages. */
function talkColumn(state: ChatState, layout: Layout): Row[] {
  const { columns, talkRows } = layout
  const talk = openTalk(state)
  if (talk === undefined) return blank(talkRows + 1)
  const messages = visibleRows(state, talk, layout)
  return [headline(state, talk, columns), ...blank(talkRows - messages.length), ...messages]
}

function blank(count: number): Row[] {
  return Array.from({ length: Math.max(0, count) }, () => [])
}

function welcome(state: ChatState, columns: number): Row[] {
  const lines = [
    'Nobody here yet.',
    '',
    'Ctrl-T talks to somebody: give their contact link or key.',
    'Others write to you with yours:',
    ...wrap(state.self.link, columns - 2),
  ]
  return lines.map((text, at) => [
    span(` ${truncate(text, columns - 1, ellipsisOf(state.look))}`, at === 0 ? { bold: true } : {}),
  ])
}

function headline(state: ChatState, talk: Talk, columns: number): Row {
  const who: Row = [
    span(` ${whoOf(state, talk.peer)}`, { bold: true }),
    span(`  ${harmlessLine(linkText(state, talk.peer))}`, { dim: true }),
  ]
  const request = state.requests.find(({ peer }) => peer === talk.peer)
  return request !== undefined
    ? spread(
        who,
        [
          span(
            ` ${request.invite !== undefined ? 'invite' : request.knock !== undefined ? 'knocks' : 'asks'}: Ctrl-Y `,
            { bold: true, colour: 'yellow' },
          ),
        ],
        columns,
        ellipsisOf(state.look),
      )
    : fitRow(who, columns, ellipsisOf(state.look))
}

/** The rows of the conversation that are on the screen, the last at the bottom. */
function visibleRows(state: ChatState, talk: Talk, { columns, talkRows }: Layout): Row[] {
  const { at: bottom, hidden } = bottomOf(talk)
  if (bottom < 0) return [[span(talk.loading ? ' reading' : ' nothing was said here yet', { dim: true })]]
  const chosen = state.mode.name === 'choose' ? state.mode.key : undefined
  const shown = shownOf(talk.entries)
  const rows: Row[] = []
  for (let at = bottom; at >= 0 && rows.length < talkRows; at--) {
    const entry = shown[at]
    const all = rowsAt(state, talk, at, columns)
    const kept = at === bottom ? all.slice(0, all.length - hidden) : all
    rows.unshift(...(entry !== undefined && keyOf(entry) === chosen ? kept.map(chosenRow) : kept))
  }
  return rows.slice(-talkRows)
}

/** The chosen message has a mark in the gutter, where every row begins with a space. */
function chosenRow([first, ...rest]: Row): Row {
  return first === undefined
    ? [span('>', { inverse: true })]
    : [span('>', { inverse: true }), span(first.text.slice(1), { ...first.style, bold: true }), ...rest]
}

function separatorRow(state: ChatState): Row {
  const { columns, look } = state
  const line = look.unicode ? '─' : '-'
  const talk = openTalk(state)
  const above =
    talk === undefined || talk.scroll === undefined
      ? ''
      : talk.below > 0
        ? `${talk.below} newer below, Ctrl-G shows them`
        : 'older messages, Ctrl-G goes to the newest'
  const text = talk === undefined ? '' : doingText(state, talk)
  const left: Row =
    text === '' ? [] : [span(`${line.repeat(2)} `, { dim: true }), span(text, { bold: true }), span(' ')]
  const right: Row = above === '' ? [] : [span(` ${above} `, { colour: 'yellow' }), span(line.repeat(2), { dim: true })]
  const room = columns - right.reduce((cells, { text: part }) => cells + widthOf(part), 0)
  if (room < 8) return fitRow(left, columns, ellipsisOf(look))
  const cut =
    left.length === 0
      ? []
      : fitRow(
          left,
          Math.min(
            room,
            left.reduce((cells, { text: part }) => cells + widthOf(part), 0),
          ),
          ellipsisOf(look),
        )
  const used = cut.reduce((cells, { text: part }) => cells + widthOf(part), 0)
  return [...cut, span(line.repeat(Math.max(0, room - used)), { dim: true }), ...right]
}

/** What Enter will do, when it is not simply to send. */
function doingText(state: ChatState, talk: Talk): string {
  if (talk.editing !== undefined) return 'changing a message, Esc stops'
  const quoted = talk.replyTo === undefined ? undefined : entryOf(talk, talk.replyTo)
  if (quoted === undefined) return ''
  return `answering ${quoted.outgoing ? 'yourself' : authorOf(state, quoted)}: ${gist(quoted)}`
}

interface Input {
  readonly rows: readonly Row[]
  readonly row: number
  readonly column: number
}

function inputOf(state: ChatState, layout: Layout): Input {
  const { mode } = state
  switch (mode.name) {
    case 'prompt':
      return promptInput(state, promptText(state, mode.prompt), mode.draft, layout)
    case 'people':
      return promptInput(state, 'Who: ', mode.draft, layout)
    case 'search':
      return promptInput(state, 'Search: ', mode.draft, layout)
    default:
      return draftInput(state, layout)
  }
}

function draftInput(state: ChatState, { inputColumns, inputRows }: Layout): Input {
  const draft = openTalk(state)?.draft
  if (draft === undefined) return { rows: [[span('> ', { dim: true })]], row: 0, column: PROMPT_CELLS }
  const { rows, row, column } = draftWindow(draft, inputColumns, inputRows)
  const style: Style = state.mode.name === 'write' ? {} : { dim: true }
  return {
    rows: Array.from({ length: inputRows }, (_, at): Row => {
      const shown = rows[at]
      const text = shown === undefined ? '' : visible(draft.text.slice(shown.start, shown.end))
      return [
        span(at === 0 ? '> ' : '  ', { bold: state.mode.name === 'write', dim: state.mode.name !== 'write' }),
        span(text, style),
      ]
    }),
    row,
    column: PROMPT_CELLS + Math.min(column, inputColumns - 1),
  }
}

/** Pasted text may hold what a terminal would obey; a tab takes one cell while it is being written. */
function visible(text: string): string {
  return text.replaceAll('\t', ' ').replaceAll(/[\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, '\u00b7')
}

/** One line that scrolls sideways so that the cursor is always on the screen. */
function promptInput(
  state: ChatState,
  label: string,
  { text, cursor }: { text: string; cursor: number },
  { inputRows }: Layout,
): Input {
  const room = Math.max(4, state.columns - widthOf(label) - 1)
  const before = visible(text.slice(0, cursor))
  const all = [...before]
  while (widthOf(all.join('')) > room - 1) all.shift()
  const start = all.join('')
  const shown = start + visible(text.slice(cursor))
  const row: Row = [span(label, { bold: true }), span(truncate(shown, room, ''))]
  return {
    rows: [row, ...blank(inputRows - 1)],
    row: 0,
    column: Math.min(state.columns - 1, widthOf(label) + widthOf(start)),
  }
}

function promptText(state: ChatState, prompt: Prompt): string {
  const name = state.open === undefined ? '' : truncate(nameOf(state, state.open), 20, ellipsisOf(state.look))
  switch (prompt.for) {
    case 'file':
      return 'File: '
    case 'caption':
      return 'Caption (or none): '
    case 'save':
      return 'Save to: '
    case 'reaction':
      return 'Reaction: '
    case 'name':
      return `Call ${name}: `
    case 'ask':
      return 'Say with the request: '
    case 'block':
      return `Block ${name}? yes or no: `
    case 'invite':
      return 'Invite whom: '
    case 'leave':
      return `Leave ${name}? yes or no: `
    case 'remove':
      return prompt.mayEverywhere ? 'Delete it? yes here, all for everybody, or no: ' : 'Remove it here? yes or no: '
  }
}

function statusRow(state: ChatState): Row {
  const { notice, columns, look } = state
  const isTyped = state.mode.name === 'prompt' && state.mode.hints.length > 0
  if (notice === undefined || isTyped)
    return fitRow([span(` ${hintOf(state)}`, { dim: true })], columns, ellipsisOf(look))
  const style: Style = notice.kind === 'error' ? { bold: true, colour: 'red' } : { colour: 'green' }
  return fitRow(
    [span(` ${notice.kind === 'error' ? '! ' : ''}${harmlessLine(notice.text)}`, style)],
    columns,
    ellipsisOf(look),
  )
}

/** What the keys do now, the most needed first. */
function hintOf(state: ChatState): string {
  const { mode } = state
  switch (mode.name) {
    case 'write': {
      const talk = openTalk(state)
      if (talk === undefined) return 'F1 help  Ctrl-T talk to somebody  Ctrl-C end'
      const waiting = rowsAbove(state, talk, 1)
      return `F1 help  Ctrl-T talk to  Ctrl-N next  Up choose a message${waiting > 0 ? '  PageUp older' : ''}  Ctrl-C end`
    }
    case 'choose':
      return 'Enter answer  e react  s save file  m change  v read all  d remove  Esc back'
    case 'prompt':
      return promptHint(mode.prompt, mode.hints)
    case 'people':
      return 'Enter talk  Up, Down choose  Esc back'
    case 'search':
      return mode.found === undefined
        ? 'Enter search  Tab here or everywhere  Esc back'
        : 'Enter go there  Up, Down choose  Tab here or everywhere  Esc back'
    case 'files':
      return 's save  x stop  Up, Down choose  Esc back'
    case 'person':
      return 'Esc back'
    case 'view':
      return 'PageDown more  Esc back'
    case 'help':
      return 'PageDown more  Esc back'
  }
}

function promptHint(prompt: Prompt, hints: readonly string[]): string {
  if (hints.length > 0) return hints.map(harmlessLine).join('  ')
  if (prompt.for === 'reaction')
    return `${QUICK_REACTIONS.map((emoji, at) => `${at + 1} ${emoji}`).join('  ')}  or type one; empty takes yours back`
  if (prompt.for === 'file' || prompt.for === 'save') return 'Tab completes  Enter goes on  Esc back'
  return 'Enter goes on  Esc back'
}
