import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { Dialog } from './Dialog.js'
import { useChat } from './use-chat.js'

export function AddPerson({ onClose }: { readonly onClose: () => void }): JSX.Element {
  const { chat } = useChat()
  const [text, setText] = useState('')
  const [isWrong, setWrong] = useState(false)
  const submit = (event: Event): void => {
    event.preventDefault()
    if (chat.consider(text)) onClose()
    else setWrong(true)
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
              setWrong(false)
            }}
          />
        </label>
        <p id="add-hint" class={isWrong ? 'bad' : 'hint'} role={isWrong ? 'alert' : undefined}>
          {isWrong
            ? 'There is no link and no key in that. A key has 64 hex digits.'
            : 'For somebody who listens with “mimir listen --ws”, put the ws:// address behind the key.'}
        </p>
        <button type="submit">Go on</button>
      </form>
    </Dialog>
  )
}
