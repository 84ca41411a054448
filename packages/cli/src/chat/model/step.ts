import type { ChatState, Effect, Notice, Step } from './state.js'

export function step(state: ChatState, ...effects: readonly Effect[]): Step {
  return { state, effects }
}

/** One step after another. */
export function andThen(first: Step, next: (state: ChatState) => Step): Step {
  const second = next(first.state)
  return { state: second.state, effects: [...first.effects, ...second.effects] }
}

const INFO_MS = 6_000
const ERROR_MS = 20_000

/** Say something in the status line, for a while. */
export function noticed(state: ChatState, kind: Notice['kind'], text: string): ChatState {
  const untilMs = state.nowMs + (kind === 'error' ? ERROR_MS : INFO_MS)
  return { ...state, notice: { kind, text, untilMs } }
}
