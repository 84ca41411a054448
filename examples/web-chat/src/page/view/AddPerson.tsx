import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { Dialog } from './Dialog.js'
import { useChat } from './use-chat.js'

export function AddPerson({ onClose }: { readonly onClose: () => void }): JSX.Element {
  const { chat } = useChat()
  const [text, setText] = useState('')
  const [problem, setProblem] = useState('')
  const isWrong = problem !== ''
  const submit = (event: Event): void => {
    event.preventDefault()
    // What it names is asked about in a window of its own, which takes the place of this one.
    setProblem(chat.consider(text))
  }
  return (
    <Dialog title="Add somebody" onClose={onClose}>
      <form onSubmit={submit}>
        <label>
          Their link, or their key
          <textarea
            rows={4}
            value={text}
            required
            aria-invalid={isWrong}
            aria-describedby="add-hint"
            onInput={(event) => {
              setText(event.currentTarget.value)
              setProblem('')
            }}
          />
        </label>
        <p id="add-hint" class={isWrong ? 'bad' : 'hint'} role={isWrong ? 'alert' : undefined}>
          {problem || 'For somebody who listens with “mimir listen --ws”, put the ws:// address behind the key.'}
        </p>
        <button type="submit">Go on</button>
      </form>
    </Dialog>
  )
}
