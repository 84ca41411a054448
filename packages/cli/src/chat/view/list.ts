import type { ChatState } from '../model/state.js'
import { listOf } from '../model/talks.js'
import { fit, truncate, widthOf } from '../width.js'
import { type Row, type Style, span } from './frame.js'
import { ellipsisOf, nameOf, personOf } from './names.js'

/** The people at the left: where we stand with each, and what is unread. */
export function listRows(state: ChatState, columns: number, rows: number): readonly Row[] {
  const list = listOf(state)
  const at = Math.max(0, state.open === undefined ? 0 : list.indexOf(state.open))
  // The open one is always on the screen.
  const top = Math.max(0, Math.min(at - Math.floor(rows / 2), list.length - rows))
  const shown = list.slice(top, top + rows).map((peer) => personRow(state, peer, columns))
  return Array.from({ length: rows }, (_, row) => shown[row] ?? [span(' '.repeat(columns))])
}

function personRow(state: ChatState, peer: string, columns: number): Row {
  const { look } = state
  const isOpen = peer === state.open
  const unread = personOf(state, peer)?.unread ?? 0
  const count = unread === 0 ? '' : unread > 999 ? ' 999+' : ` ${unread}`
  const [mark, style] = markOf(state, peer)
  const typed = isOpen || !hasDraft(state, peer) ? '' : ' ...'
  const width = columns - 3 - widthOf(count) - typed.length
  const nameStyle: Style = { ...(unread > 0 || isOpen ? { bold: true } : {}), ...(isOpen ? { inverse: true } : {}) }
  return [
    span(isOpen ? '>' : ' '),
    span(mark, style),
    span(' '),
    span(
      truncate(nameOf(state, peer), width, ellipsisOf(look)) === ''
        ? ''
        : fit(nameOf(state, peer), width, ellipsisOf(look)),
      nameStyle,
    ),
    span(typed, { dim: true }),
    span(count, { bold: true, colour: 'yellow' }),
  ]
}

function hasDraft(state: ChatState, peer: string): boolean {
  return (state.talks.get(peer)?.draft.text ?? '') !== ''
}

/** One cell that says how we stand with somebody. */
export function markOf(state: ChatState, peer: string): readonly [string, Style] {
  if (personOf(state, peer)?.kind === 'blocked') return ['x', { colour: 'red' }]
  if (state.requests.some((request) => request.peer === peer)) return ['?', { bold: true, colour: 'yellow' }]
  switch (state.links.get(peer)?.state) {
    case 'up':
      return ['*', { colour: 'green' }]
    case 'connecting':
      return ['~', { colour: 'yellow' }]
    case 'waiting':
      return ['-', { colour: 'red' }]
    default:
      return [' ', {}]
  }
}

/** How we stand with somebody, in words. */
export function linkText(state: ChatState, peer: string): string {
  if (personOf(state, peer)?.kind === 'blocked') return 'blocked'
  const link = state.links.get(peer)
  switch (link?.state) {
    case 'up':
      return 'connected'
    case 'connecting':
      return 'connecting'
    case 'waiting':
      return `not reached, next attempt ${state.look.times.left(Math.max(0, link.retryAtMs - state.nowMs))} (${link.reason})`
    default:
      return 'not connected'
  }
}
