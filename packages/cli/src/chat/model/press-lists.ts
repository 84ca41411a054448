import { clamp } from '../arrays.js'
import type { ChatEntry, ChatGroup } from '../backend.js'
import type { Key } from '../keys.js'
import { helpLines } from '../view/help.js'
import { layoutOf } from '../view/layout.js'
import { personOf } from '../view/names.js'
import { mayInvite, mayLeave, personRows } from '../view/person.js'
import { viewedRows } from '../view/whole.js'
import { sought } from './arrivals.js'
import { filesOf, matching, page, prompting } from './modes.js'
import { type ChatState, keyOf, type Mode, type PeopleMode, type SearchMode, type Step } from './state.js'
import { andThen, noticed, step } from './step.js'
import { changeTalk, talkOf } from './talk.js'
import { listOf, opened } from './talks.js'
import { keyName, typed } from './typing.js'

type ModeOf<Name extends Mode['name']> = Extract<Mode, { readonly name: Name }>

const WRITING: Mode = { name: 'write' }

/** Keys while somebody to talk to is looked for. */
export function pressedPeople(state: ChatState, mode: PeopleMode, key: Key): Step {
  const name = keyName(key)
  const found = matching(state, mode)
  if (name === 'escape') return step({ ...state, mode: WRITING })
  if (name === 'enter') {
    const text = mode.draft.text.trim()
    const peer = found[mode.at]
    if (peer !== undefined && listOf(state).includes(peer)) return opened(state, peer)
    // Somebody nearby whom we do not know yet.
    if (peer !== undefined) return step({ ...state, mode: WRITING }, { do: 'meet', person: peer })
    return text === '' ? step(state) : step({ ...state, mode: WRITING }, { do: 'meet', person: text })
  }
  const by = rowsOf(name, page(state))
  if (by !== 0) return step({ ...state, mode: { ...mode, at: clamp(mode.at + by, 0, Math.max(0, found.length - 1)) } })
  const draft = typed(mode.draft, key, { lines: false })
  return step(draft === undefined ? state : { ...state, mode: { ...mode, draft, at: 0 } })
}

/** Keys while messages are looked for: Enter searches, and opens what is found. */
export function pressedSearch(state: ChatState, mode: SearchMode, key: Key): Step {
  const name = keyName(key)
  if (name === 'escape') return step({ ...state, mode: WRITING })
  if (name === 'tab') return searched(state, { ...mode, everywhere: !mode.everywhere })
  const chosen = mode.found?.[mode.at]
  if (name === 'enter') return chosen === undefined ? searched(state, mode) : shown(state, chosen)
  const by = rowsOf(name, page(state))
  if (by !== 0) {
    const most = Math.max(0, (mode.found?.length ?? 0) - 1)
    return step({ ...state, mode: { ...mode, at: clamp(mode.at + by, 0, most) } })
  }
  const draft = typed(mode.draft, key, { lines: false })
  if (draft === undefined) return step(state)
  const found = draft.text === mode.draft.text ? mode.found : undefined
  return step({ ...state, mode: { ...mode, draft, found, token: found === undefined ? 0 : mode.token } })
}

function searched(state: ChatState, mode: SearchMode): Step {
  const text = mode.draft.text.trim()
  if (text === '') return step({ ...state, mode })
  const token = state.nextToken
  const peer = mode.everywhere ? undefined : state.open
  return step(
    { ...state, nextToken: token + 1, mode: { ...mode, found: undefined, at: 0, token } },
    { do: 'search', token, text, peer },
  )
}

/** Open the conversation at this message, however far back it is. */
function shown(state: ChatState, entry: ChatEntry): Step {
  const { peer } = entry
  return andThen(opened(state, peer), (next) => {
    const seeking = changeTalk(next, peer, { seek: keyOf(entry) })
    const talk = talkOf(seeking, peer)
    return talk.loaded === 'nothing' ? step(seeking) : sought(seeking, talk)
  })
}

/** Keys in the list of files. */
export function pressedFiles(state: ChatState, mode: ModeOf<'files'>, key: Key): Step {
  const files = filesOf(state)
  const chosen = files[mode.at]
  const name = key.kind === 'text' ? key.text : keyName(key)
  if (name === 'escape' || name === 'q') return step({ ...state, mode: WRITING })
  if (chosen !== undefined && name === 'x')
    return step(state, { do: 'stop-transfer', peer: chosen.peer, id: chosen.id })
  if (chosen !== undefined && (name === 's' || name === 'enter')) {
    if (chosen.outgoing) return step(noticed(state, 'error', 'that file is your own'))
    return prompting(state, { for: 'save', key: keyOf(chosen) }, state.self.saveFolder)
  }
  const at = clamp(mode.at + rowsOf(name, page(state)), 0, Math.max(0, files.length - 1))
  return step({ ...state, mode: { ...mode, at } })
}

/** Keys while a person, or a group, is on the screen with what is known of it. */
export function pressedPerson(state: ChatState, mode: ModeOf<'person'>, key: Key): Step {
  const { open } = state
  const done: ChatState = { ...state, mode: WRITING }
  if (open === undefined) return step(done)
  const person = personOf(state, open)
  const request = state.requests.find(({ peer }) => peer === open)
  const name = key.kind === 'text' ? key.text : keyName(key)
  if (name === 'escape' || name === 'enter' || name === 'ctrl-y' || name === 'f6') return step(done)
  if (request !== undefined && (name === 'a' || name === 'r'))
    return step(done, { do: 'answer', peer: open, accept: name === 'a' })
  const isGroup = person?.group !== undefined || request?.invite !== undefined
  const doing = isGroup ? groupKey(state, person?.group, name) : personKey(state, open, name)
  if (doing !== undefined) return doing
  const most = Math.max(0, personRows(state, state.columns).length - (layoutOf(state).talkRows + 1))
  const top = topOf(name, mode.top, most, page(state))
  return step(Number.isNaN(top) ? state : { ...state, mode: { ...mode, top: clamp(top, 0, most) } })
}

function personKey(state: ChatState, peer: string, name: string): Step | undefined {
  const person = personOf(state, peer)
  switch (name) {
    case 'b':
      if (person?.kind === 'blocked') return step({ ...state, mode: WRITING }, { do: 'name', peer })
      return prompting(state, { for: 'block' })
    case 'n':
      return prompting(state, { for: 'name' }, person?.name ?? '')
    case 'q':
      return prompting(state, { for: 'ask' })
    default:
      return undefined
  }
}

function groupKey(state: ChatState, group: ChatGroup | undefined, name: string): Step | undefined {
  if (group?.state !== 'joined') return undefined
  if (name === 'i' && mayInvite(group)) return prompting(state, { for: 'invite' })
  return name === 'l' && mayLeave(group) ? prompting(state, { for: 'leave' }) : undefined
}

/** Keys while one message is read as a whole. */
export function pressedView(state: ChatState, mode: ModeOf<'view'>, key: Key): Step {
  const name = key.kind === 'text' ? key.text : keyName(key)
  if (name === 'escape' || name === 'q' || name === 'v')
    return step({ ...state, mode: { name: 'choose', key: mode.key } })
  const most = Math.max(0, viewedRows(state, mode.key).length - (layoutOf(state).talkRows + 1))
  const top = topOf(name, mode.top, most, page(state))
  return step(Number.isNaN(top) ? state : { ...state, mode: { ...mode, top: clamp(top, 0, most) } })
}

/** Any key that does not move leaves the help. */
export function pressedHelp(state: ChatState, mode: ModeOf<'help'>, key: Key): Step {
  const name = key.kind === 'text' ? key.text : keyName(key)
  const most = Math.max(0, helpLines(state.columns - 1, state.self.link).length - (layoutOf(state).talkRows + 1))
  const top = topOf(name, mode.top, most, page(state))
  return step({ ...state, mode: Number.isNaN(top) ? WRITING : { ...mode, top: clamp(top, 0, most) } })
}

/** @returns NaN for a key that does not move */
function topOf(name: string, top: number, most: number, rows: number): number {
  if (name === 'home') return 0
  if (name === 'end') return most
  const by = rowsOf(name === ' ' ? 'pagedown' : name, rows)
  return by === 0 ? Number.NaN : top + by
}

function rowsOf(name: string, rows: number): number {
  switch (name) {
    case 'up':
    case 'k':
    case 'ctrl-p':
      return -1
    case 'down':
    case 'j':
    case 'ctrl-n':
      return 1
    case 'pageup':
      return -rows
    case 'pagedown':
      return rows
    default:
      return 0
  }
}
