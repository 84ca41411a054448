import type { Key } from '../keys.js'
import { clusters } from '../width.js'
import { pressedChoose } from './press-choose.js'
import { pressedFiles, pressedHelp, pressedPeople, pressedPerson, pressedSearch, pressedView } from './press-lists.js'
import { pressedPrompt } from './press-prompt.js'
import { pressedWrite } from './press-write.js'
import type { ChatState, Step } from './state.js'
import { andThen, step } from './step.js'
import { keyName } from './typing.js'

/** What a key does, in whatever mode we are. */
export function pressed(state: ChatState, key: Key): Step {
  if (key.kind === 'text' && state.mode.name !== 'write') {
    // Letters that come together are keys one by one; the first may change what the others do.
    const [first = '', ...rest] = clusters(key.text)
    if (rest.length > 0)
      return andThen(pressed(state, { kind: 'text', text: first }), (next) =>
        pressed(next, { kind: 'text', text: rest.join('') }),
      )
  }
  switch (keyName(key)) {
    case 'ctrl-c':
    case 'ctrl-q':
      return step(state, { do: 'quit' })
    case 'ctrl-l':
      return step(state, { do: 'redraw' })
    case 'ctrl-z':
      return step(state, { do: 'suspend' })
  }
  switch (state.mode.name) {
    case 'write':
      return pressedWrite(state, key)
    case 'choose':
      return pressedChoose(state, state.mode, key)
    case 'prompt':
      return pressedPrompt(state, state.mode, key)
    case 'people':
      return pressedPeople(state, state.mode, key)
    case 'search':
      return pressedSearch(state, state.mode, key)
    case 'files':
      return pressedFiles(state, state.mode, key)
    case 'person':
      return pressedPerson(state, state.mode, key)
    case 'view':
      return pressedView(state, state.mode, key)
    case 'help':
      return pressedHelp(state, state.mode, key)
  }
}
