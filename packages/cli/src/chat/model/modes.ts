import type { ChatEntry } from '../backend.js'
import { draftOf } from '../editor.js'
import { layoutOf } from '../view/layout.js'
import { nameOf } from '../view/names.js'
import type { ChatState, EntryKey, Mode, PeopleMode, Prompt, Step, Talk } from './state.js'
import { step } from './step.js'
import { changeOpen, entryOf, openTalk } from './talk.js'
import { listOf } from './talks.js'

/** A page leaves one row of the one before. */
export function page(state: ChatState): number {
  return Math.max(1, layoutOf(state).talkRows - 1)
}

/** Ask for one line; afterwards everything is as it was. */
export function prompting(state: ChatState, prompt: Prompt, text = ''): Step {
  const { mode } = state
  const back: Mode = mode.name === 'choose' || mode.name === 'files' ? mode : { name: 'write' }
  return step({ ...state, mode: { name: 'prompt', prompt, draft: draftOf(text), hints: [], back } })
}

/** Begin to change the text of a message of ours; what was being written comes back afterwards. */
export function editing(state: ChatState, talk: Talk, key: EntryKey): Step {
  const entry = entryOf(talk, key)
  if (entry === undefined) return step(state)
  const before = talk.editing?.before ?? talk.draft
  return step({
    ...changeOpen(state, { editing: { key, before }, draft: draftOf(entry.text), replyTo: undefined }),
    mode: { name: 'write' },
  })
}

/** Messages with files, newest first. */
export function filesOf(state: ChatState): readonly ChatEntry[] {
  return (openTalk(state)?.entries ?? []).filter(({ file }) => file !== undefined).reverse()
}

/** Those whose name or key fits what was typed, all of them for nothing: first whom we know, then who else is nearby. */
export function matching(
  state: ChatState,
  { draft, onlyNearby }: Pick<PeopleMode, 'draft' | 'onlyNearby'>,
): readonly string[] {
  const wanted = draft.text.trim().toLowerCase()
  const known = listOf(state)
  const all = [...new Set([...known, ...(state.nearby ?? [])])]
  const list = onlyNearby ? all.filter((peer) => state.nearby?.has(peer)) : all
  return list.filter((peer) => nameOf(state, peer).toLowerCase().includes(wanted) || peer.startsWith(wanted))
}
