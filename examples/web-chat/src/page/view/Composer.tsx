import type { JSX } from 'preact'
import { useRef, useState } from 'preact/hooks'
import { Icon } from './Icon.js'
import { useChat } from './use-chat.js'

/** Where messages are written. A text leaves the box only when it is kept. */
export function Composer({ isBlocked }: { readonly isBlocked: boolean }): JSX.Element {
  const { chat } = useChat()
  const [text, setText] = useState('')
  const [isBusy, setBusy] = useState(false)
  const files = useRef<HTMLInputElement>(null)
  const box = useRef<HTMLTextAreaElement>(null)

  const keep = async (send: () => Promise<boolean>): Promise<void> => {
    setBusy(true)
    const isKept = await send()
    setBusy(false)
    if (isKept) setText('')
    box.current?.focus()
  }
  const submit = (event: Event): void => {
    event.preventDefault()
    if (!isBusy && text.trim() !== '') void keep(() => chat.send(text.trimEnd()))
  }
  const attach = (file: File | undefined): void => {
    if (file !== undefined && !isBusy) void keep(() => chat.sendFile(file, text))
  }
  return (
    <form
      class="composer"
      onSubmit={submit}
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault()
        attach(event.dataTransfer?.files[0])
      }}
    >
      <input
        ref={files}
        type="file"
        class="unseen"
        aria-label="File to send"
        tabIndex={-1}
        onChange={(event) => {
          attach(event.currentTarget.files?.[0])
          event.currentTarget.value = ''
        }}
      />
      <button
        type="button"
        class="quiet"
        aria-label="Send a picture or a file"
        disabled={isBlocked}
        onClick={() => files.current?.click()}
      >
        <Icon name="attach" />
      </button>
      <textarea
        ref={box}
        value={text}
        rows={1}
        aria-label="Message"
        placeholder={isBlocked ? 'Blocked' : 'Message'}
        disabled={isBlocked}
        onInput={(event) => setText(event.currentTarget.value)}
        onPaste={(event) => attach(event.clipboardData?.files[0])}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) submit(event)
        }}
      />
      <button type="submit" disabled={isBlocked || text.trim() === ''}>
        Send
      </button>
    </form>
  )
}
