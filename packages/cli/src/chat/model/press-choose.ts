import { clamp } from '../arrays.js'
import type { ChatEntry } from '../backend.js'
import type { Key } from '../keys.js'
import { personOf } from '../view/names.js'
import { editing, page, prompting } from './modes.js'
import { revealed } from './scroll.js'
import { type ChatState, type EntryKey, keyOf, type Mode, type Step, type Talk } from './state.js'
import { noticed, step } from './step.js'
import { changeOpen, entryOf, openTalk, putTalk, shownOf } from './talk.js'
import { followed, needOlder, PAGE_ENTRIES, writable } from './talks.js'
import { keyName } from './typing.js'

/** Keys while a message is chosen: letters are commands here, and what is typed waits. */
export function pressedChoose(state: ChatState, { key: chosen }: { key: EntryKey }, key: Key): Step {
  const talk = openTalk(state)
  const entry = entryOf(talk, chosen)
  if (talk === undefined || entry === undefined) return step({ ...state, mode: { name: 'write' } })
  const name = key.kind === 'text' ? key.text : keyName(key)
  switch (name) {
    case 'up':
    case 'k':
      return chooseNext(state, talk, chosen, -1)
    case 'down':
    case 'j':
      return chooseNext(state, talk, chosen, 1)
    case 'pageup':
      return chooseNext(state, talk, chosen, -Math.ceil(page(state) / 2))
    case 'pagedown':
      return chooseNext(state, talk, chosen, Math.ceil(page(state) / 2))
    case 'end':
      return followed({ ...state, mode: { name: 'write' } })
    case 'enter':
    case 'r':
      return reply(state, talk, chosen)
    case 'e':
      return react(state, talk, chosen)
    case 'm':
      return modify(state, talk, chosen)
    case 's':
      return save(state, chosen, entry.file?.name)
    case 'x':
      return step(state, { do: 'stop-transfer', peer: talk.peer, id: entry.id })
    case 'd':
      return prompting(state, { for: 'remove', key: chosen, mayEverywhere: mayDelete(state, entry) })
    case 'v':
      return step({ ...state, mode: { name: 'view', key: chosen, top: 0 } })
    case 'f1':
    case '?':
      return step({ ...state, mode: { name: 'help', top: 0 } })
    case 'escape':
    case 'q':
      return step({ ...state, mode: { name: 'write' } })
    default:
      return step(state)
  }
}

/** Beyond the newest message there is the input again. */
function chooseNext(state: ChatState, talk: Talk, chosen: EntryKey, by: number): Step {
  const shown = shownOf(talk.entries)
  const at = shown.findIndex((entry) => keyOf(entry) === chosen)
  if (at + by >= shown.length && by > 0) return followed({ ...state, mode: { name: 'write' } })
  const next = shown[clamp(at + by, 0, shown.length - 1)]
  if (next === undefined) return step({ ...state, mode: { name: 'write' } })
  const key = keyOf(next)
  const moved = revealed(state, talk, key)
  const mode: Mode = { name: 'choose', key }
  const chosenNext: ChatState = { ...putTalk(state, moved), mode }
  return at + by < PAGE_ENTRIES / 4 ? needOlder(chosenNext, moved, PAGE_ENTRIES) : step(chosenNext)
}

function reply(state: ChatState, talk: Talk, chosen: EntryKey): Step {
  const refused = writable(state, talk.peer)
  if (refused !== undefined) return step(refused)
  const not = notAMessage(entryOf(talk, chosen))
  if (not !== undefined) return step(noticed(state, 'error', `${not} cannot be answered`))
  return followed({ ...changeOpen(state, { replyTo: chosen, scroll: undefined }), mode: { name: 'write' } })
}

function react(state: ChatState, talk: Talk, chosen: EntryKey): Step {
  const refused = writable(state, talk.peer)
  if (refused !== undefined) return step(refused)
  const not = notAMessage(entryOf(talk, chosen))
  if (not !== undefined) return step(noticed(state, 'error', `${not} cannot be reacted to`))
  return prompting(state, { for: 'reaction', key: chosen })
}

/** What has no id on the other side, or says nothing here. */
function notAMessage(entry: ChatEntry | undefined): string | undefined {
  switch (entry?.kind) {
    case 'reaction':
      return 'a reaction'
    case 'system':
      return 'what happened'
    case 'unreadable':
      return 'what cannot be read'
    default:
      return undefined
  }
}

/** In a group messages can be deleted for everybody: our own, and as a moderator all. */
function mayDelete(state: ChatState, { peer, outgoing, kind }: ChatEntry): boolean {
  const group = personOf(state, peer)?.group
  if (group?.state !== 'joined' || kind === 'system') return false
  return outgoing || group.role === 'owner' || group.role === 'admin' || group.role === 'moderator'
}

function modify(state: ChatState, talk: Talk, chosen: EntryKey): Step {
  const entry = entryOf(talk, chosen)
  if (entry?.outgoing !== true || entry.kind !== 'text')
    return step(noticed(state, 'error', 'only a text of your own can be changed'))
  return editing(state, talk, chosen)
}

function save(state: ChatState, chosen: EntryKey, fileName: string | undefined): Step {
  if (fileName === undefined || chosen.startsWith('o'))
    return step(noticed(state, 'error', fileName === undefined ? 'there is no file in it' : 'that file is your own'))
  return prompting(state, { for: 'save', key: chosen }, state.self.saveFolder)
}
