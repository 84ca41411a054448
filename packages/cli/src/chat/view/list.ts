import type { ChatLink } from '../backend.js'
import type { ChatState } from '../model/state.js'
import { listOf } from '../model/talks.js'
import { fit, truncate, widthOf } from '../width.js'
import { type Row, type Style, span } from './frame.js'
import { ellipsisOf, nameOf, personOf, whoOf } from './names.js'

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
  const person = personOf(state, peer)
  if (person?.kind === 'blocked') return ['x', { colour: 'red' }]
  if (state.requests.some((request) => request.peer === peer)) return ['?', { bold: true, colour: 'yellow' }]
  if (person?.group !== undefined && person.group.state !== 'joined') return ['x', { colour: 'red' }]
  switch (linkOf(state, peer).state) {
    case 'up':
      return ['*', { colour: 'green' }]
    case 'connecting':
      return ['~', { colour: 'yellow' }]
    case 'waiting':
    case 'stopped':
      return ['-', { colour: 'red' }]
    default:
      return state.nearby?.has(peer) ? ['@', { colour: 'cyan' }] : [' ', {}]
  }
}

const DOWN: ChatLink = { state: 'down' }
const CONNECTING: ChatLink = { state: 'connecting' }

/** Groups share the connection to their mediator. */
function linkOf(state: ChatState, peer: string): ChatLink {
  const group = personOf(state, peer)?.group
  if (group === undefined) return state.links.get(peer) ?? DOWN
  return state.mediators.get(group.mediator) ?? CONNECTING
}

const OUTSIDE = {
  left: 'you left it',
  banned: 'you are not in it any more',
  deleted: 'it was deleted',
} as const

/** How we stand with somebody, in words. */
export function linkText(state: ChatState, peer: string): string {
  const person = personOf(state, peer)
  if (person?.kind === 'blocked') return 'blocked'
  if (person?.group !== undefined && person.group.state !== 'joined') return OUTSIDE[person.group.state]
  const invite = state.requests.find((request) => request.peer === peer)?.invite
  if (person === undefined && invite !== undefined) return `${whoOf(state, invite.from)} invites you`
  const link = linkOf(state, peer)
  switch (link.state) {
    case 'up':
      if (link.address.startsWith('mp2p:')) return 'connected over the local network'
      if (link.address.startsWith('rdv:')) return 'connected directly, over WebRTC'
      return person?.group?.role === 'reader' ? 'connected, you may only read' : 'connected'
    case 'stopped':
      return `not reached (${link.reason})`
    case 'connecting':
      return 'connecting'
    case 'waiting':
      return `not reached, next attempt ${state.look.times.left(Math.max(0, link.retryAtMs - state.nowMs))} (${link.reason})`
    default:
      return state.nearby?.has(peer) ? 'on the local network, not connected' : 'not connected'
  }
}
