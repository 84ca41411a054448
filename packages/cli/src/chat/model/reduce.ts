import { arrived } from './arrivals.js'
import type { ChatEvent } from './event.js'
import { pressed } from './press.js'
import type { ChatState, Step } from './state.js'
import { step } from './step.js'

/**
 * The whole behaviour of the chat: what a state becomes by an event, and what there is to do then. No clock, no chance,
 * no input or output.
 */
export function reduce(state: ChatState, event: ChatEvent): Step {
  switch (event.type) {
    case 'key':
      return pressed(state, event.key)
    case 'resize':
      return step({ ...state, columns: event.columns, rows: event.rows })
    case 'tick':
      return step(ticked(state, event.nowMs))
    default:
      return arrived(state, event)
  }
}

function ticked(state: ChatState, nowMs: number): ChatState {
  const { notice } = state
  return { ...state, nowMs, notice: notice !== undefined && notice.untilMs <= nowMs ? undefined : notice }
}
