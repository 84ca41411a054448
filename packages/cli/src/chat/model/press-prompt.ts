import { EMPTY_DRAFT } from '../editor.js'
import type { Key } from '../keys.js'
import { QUICK_REACTIONS } from './quick.js'
import type { ChatState, PromptMode, Step, Talk } from './state.js'
import { noticed, step } from './step.js'
import { entryOf, openTalk, putTalk } from './talk.js'
import { keyName, typed } from './typing.js'

/** Keys while one line is asked for. */
export function pressedPrompt(state: ChatState, mode: PromptMode, key: Key): Step {
  const talk = openTalk(state)
  const name = keyName(key)
  const { prompt, draft } = mode
  if (talk === undefined || name === 'escape') return step({ ...state, mode: mode.back })
  if (name === 'enter') return answered(state, talk, mode, draft.text)
  if (name === 'tab' && (prompt.for === 'file' || prompt.for === 'save'))
    return step(state, { do: 'complete', text: draft.text })
  if (prompt.for === 'reaction' && key.kind === 'text' && draft.text === '') {
    const quick = QUICK_REACTIONS[Number(key.text) - 1]
    if (quick !== undefined) return answered(state, talk, mode, quick)
  }
  const next = typed(draft, key, { lines: false })
  return step(next === undefined ? state : { ...state, mode: { ...mode, draft: next, hints: [] } })
}

function answered(state: ChatState, talk: Talk, mode: PromptMode, text: string): Step {
  const { peer } = talk
  const { prompt } = mode
  const done: ChatState = { ...state, mode: mode.back }
  switch (prompt.for) {
    case 'file':
      if (text.trim() === '') return step(done)
      return step({
        ...state,
        mode: { ...mode, prompt: { for: 'caption', path: text }, draft: EMPTY_DRAFT, hints: [] },
      })
    case 'caption':
      return sending(done, talk, { path: prompt.path, text })
    case 'reaction':
      return sending(done, talk, { reaction: text.trim(), replyTo: prompt.key.slice(1) })
    case 'save': {
      const entry = entryOf(talk, prompt.key)
      return entry === undefined || text.trim() === '' ? step(done) : step(done, { do: 'save', entry, path: text })
    }
    case 'name':
      return text.trim() === '' ? step(done) : step(done, { do: 'name', peer, name: text.trim() })
    case 'ask':
      return step(noticed(done, 'info', 'asked; the answer will be told'), { do: 'ask', peer, message: text })
    case 'block':
      return text.trim().toLowerCase() === 'yes' ? step(done, { do: 'block', peer }) : step(done)
    case 'invite':
      return text.trim() === '' ? step(done) : step(done, { do: 'invite', peer, person: text.trim() })
    case 'leave':
      return text.trim().toLowerCase() === 'yes' ? step(done, { do: 'leave', peer }) : step(done)
    case 'remove': {
      const entry = entryOf(talk, prompt.key)
      const said = text.trim().toLowerCase()
      const everywhere = prompt.mayEverywhere && said === 'all'
      if (entry === undefined || !(everywhere || said === 'yes')) return step(done)
      return step({ ...done, mode: { name: 'write' } }, { do: 'remove', entry, everywhere })
    }
  }
}

/** What has no text of its own to be given back when it fails. */
function sending(
  state: ChatState,
  talk: Talk,
  content: { reaction: string; replyTo: string } | { path: string; text: string },
): Step {
  const token = state.nextToken
  const next: ChatState = { ...putTalk(state, talk), nextToken: token + 1 }
  return step(next, { do: 'send', peer: talk.peer, token, content })
}
