import type { JSX } from 'preact'
import { Icon } from './Icon.js'
import { Knocks } from './Knocks.js'
import { useChat } from './use-chat.js'

/** What has to be seen at once. A dialog has its own, for it takes everything outside of it out of reach. */
export function Overlay(): JSX.Element {
  return (
    <div class="overlay">
      <Knocks />
      <Notice />
    </div>
  )
}

/** It is there before it says something: else some screen readers would not read it. */
export function Notice(): JSX.Element {
  const { chat, state } = useChat()
  return (
    <div class="notice-place" role="status" aria-live="polite">
      {state.notice !== '' && (
        <div class="notice">
          <span>{state.notice}</span>
          <button type="button" class="quiet" aria-label="Hide this" onClick={() => chat.notify('')}>
            <Icon name="close" />
          </button>
        </div>
      )}
    </div>
  )
}
