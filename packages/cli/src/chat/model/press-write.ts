import type { ChatContent } from '../backend.js'
import { EMPTY_DRAFT, moveRow } from '../editor.js'
import type { Key } from '../keys.js'
import { layoutOf } from '../view/layout.js'
import { personOf } from '../view/names.js'
import { page, prompting } from './modes.js'
import { revealed } from './scroll.js'
import { type ChatState, type EntryKey, keyOf, type Step, type Talk } from './state.js'
import { andThen, noticed, step } from './step.js'
import { changeOpen, openTalk, putTalk, shownOf } from './talk.js'
import { followed, listOf, moved, needOlder, neighbour, opened, SEEK_ENTRIES, writable } from './talks.js'
import { keyName, typed } from './typing.js'

/** Keys while a message is being written: the usual state of things. */
export function pressedWrite(state: ChatState, key: Key): Step {
  const talk = openTalk(state)
  const name = keyName(key)
  const command = COMMANDS[name]
  if (command !== undefined) return command(state)
  if (talk === undefined) return step(state)
  if (name === 'enter') return entered(state, talk)
  if (name === 'escape') return escaped(state, talk)
  if (name === 'up' || name === 'down') {
    const draft = moveRow(talk.draft, name === 'up' ? -1 : 1, layoutOf(state).inputColumns)
    if (draft !== undefined) return step(changeOpen(state, { draft }))
    return name === 'up' ? choosing(state) : step(state)
  }
  const draft = typed(talk.draft, key, { lines: true })
  return step(draft === undefined ? state : changeOpen(state, { draft }))
}

/** Keys that leave what is typed alone. */
const COMMANDS: Readonly<Record<string, (state: ChatState) => Step>> = {
  f1: (state) => step({ ...state, mode: { name: 'help', top: 0 } }),
  'alt-h': (state) => step({ ...state, mode: { name: 'help', top: 0 } }),
  'ctrl-n': (state) => toNeighbour(state, 1),
  'alt-down': (state) => toNeighbour(state, 1),
  'ctrl-p': (state) => toNeighbour(state, -1),
  'alt-up': (state) => toNeighbour(state, -1),
  tab: (state) => toNeighbour(state, 1, true),
  'ctrl-t': talkTo,
  f2: talkTo,
  'ctrl-f': search,
  f3: search,
  'ctrl-o': sendFile,
  f4: sendFile,
  'ctrl-b': browseFiles,
  f5: browseFiles,
  'ctrl-y': lookAt,
  f6: lookAt,
  'alt-n': lookAround,
  f7: lookAround,
  'ctrl-r': choosing,
  pageup: (state) => moved(state, page(state)),
  pagedown: (state) => moved(state, -page(state)),
  'ctrl-end': followed,
  'alt-end': followed,
  'ctrl-g': followed,
  'alt-r': (state) => step(noticed(state, 'info', 'trying everybody at once'), { do: 'retry' }),
}

function toNeighbour(state: ChatState, by: 1 | -1, onlyUnread = false): Step {
  const peer = neighbour(state, by, onlyUnread)
  if (peer !== undefined && peer !== state.open) return opened(state, peer)
  if (onlyUnread) return step(noticed(state, 'info', 'nothing is unread'))
  return step(state)
}

function talkTo(state: ChatState): Step {
  const at = Math.max(0, state.open === undefined ? 0 : listOf(state).indexOf(state.open))
  return step({ ...state, mode: { name: 'people', draft: EMPTY_DRAFT, at, onlyNearby: false } })
}

function lookAround(state: ChatState): Step {
  if (state.nearby === undefined)
    return step(noticed(state, 'error', 'you are not on the local network: mimir chat --multicast begins there'))
  return step({ ...state, mode: { name: 'people', draft: EMPTY_DRAFT, at: 0, onlyNearby: true } })
}

/** The person of this conversation, or the group with its members. */
function lookAt(state: ChatState): Step {
  const { open } = state
  if (open === undefined) return step(state)
  const next: ChatState = { ...state, mode: { name: 'person', top: 0 } }
  return personOf(state, open)?.group === undefined ? step(next) : step(next, { do: 'read-members', peer: open })
}

function search(state: ChatState): Step {
  return step({
    ...state,
    mode: { name: 'search', draft: EMPTY_DRAFT, everywhere: true, found: undefined, at: 0, token: 0 },
  })
}

function sendFile(state: ChatState): Step {
  if (state.open === undefined) return step(state)
  const refused = writable(state, state.open)
  return refused === undefined ? prompting(state, { for: 'file' }) : step(refused)
}

function browseFiles(state: ChatState): Step {
  const talk = openTalk(state)
  if (talk === undefined) return step(state)
  return needOlder({ ...state, mode: { name: 'files', at: 0 } }, talk, SEEK_ENTRIES)
}

/** Choose a message, the newest on the screen first. */
function choosing(state: ChatState): Step {
  const talk = openTalk(state)
  if (talk === undefined) return step(state)
  const shown = shownOf(talk.entries)
  const bottom = talk.scroll?.key ?? (shown.length > 0 ? lastKey(shown) : undefined)
  if (bottom === undefined) return step(noticed(state, 'info', 'nothing was said here yet'))
  return step({ ...putTalk(state, revealed(state, talk, bottom)), mode: { name: 'choose', key: bottom } })
}

function lastKey(shown: readonly Parameters<typeof keyOf>[0][]): EntryKey | undefined {
  const last = shown.at(-1)
  return last && keyOf(last)
}

/** Esc leaves things one at a time: the change of a message, the answer, the place further up. */
function escaped(state: ChatState, talk: Talk): Step {
  if (talk.editing !== undefined) return step(changeOpen(state, { editing: undefined, draft: talk.editing.before }))
  if (talk.replyTo !== undefined) return step(changeOpen(state, { replyTo: undefined }))
  if (talk.scroll !== undefined) return followed(state)
  return step({ ...state, notice: undefined })
}

function entered(state: ChatState, talk: Talk): Step {
  const { text } = talk.draft
  if (text.trim() === '') return step(state)
  const refused = writable(state, talk.peer)
  if (refused !== undefined) return step(refused)
  const editing = talk.editing?.key
  const token = state.nextToken
  const next: Talk = {
    ...talk,
    draft: talk.editing?.before ?? EMPTY_DRAFT,
    editing: undefined,
    replyTo: undefined,
    sending: [...talk.sending, { token, text, replyTo: talk.replyTo, editing }],
    firstUnread: undefined,
  }
  const sending = step(
    { ...putTalk(state, next), nextToken: token + 1 },
    { do: 'send', peer: talk.peer, token, content: contentOf(text, talk) },
  )
  return editing === undefined ? andThen(sending, followed) : sending
}

function contentOf(text: string, { replyTo, editing }: Talk): ChatContent {
  if (editing !== undefined) return { edit: editing.key.slice(1), text }
  return replyTo === undefined ? { text } : { text, replyTo: replyTo.slice(1) }
}
