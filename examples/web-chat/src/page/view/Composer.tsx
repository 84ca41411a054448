import type { JSX } from 'preact'
import { useRef } from 'preact/hooks'
import { Icon } from './Icon.js'
import { useChat, useWatched } from './use-chat.js'

interface ComposerProps {
  readonly peer: string
  readonly isBlocked: boolean
}

/** Where messages are written. */
export function Composer({ peer, isBlocked }: ComposerProps): JSX.Element {
  const { chat, state } = useChat()
  const { [peer]: text = '' } = useWatched(chat.drafts)
  const files = useRef<HTMLInputElement>(null)
  const box = useRef<HTMLTextAreaElement>(null)
  const [copied] = state.copying.filter((chosen) => chosen.peer === peer)

  const submit = (event: Event): void => {
    event.preventDefault()
    void chat.send(peer)
    box.current?.focus()
  }
  const attach = (chosen: FileList | null | undefined): void => {
    chat.sendFiles(peer, [...(chosen ?? [])])
    box.current?.focus()
  }
  return (
    <div class="composer">
      <p class="hint" role="status">
        {copied !== undefined && `Taking ${copied.file.name}…`}
      </p>
      <form onSubmit={submit}>
        <input
          ref={files}
          type="file"
          multiple
          class="unseen"
          aria-label="Files to send"
          tabIndex={-1}
          onChange={(event) => {
            attach(event.currentTarget.files)
            event.currentTarget.value = ''
          }}
        />
        <button
          type="button"
          class="quiet"
          aria-label="Send pictures or files"
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
          onInput={(event) => chat.drafts.write(peer, event.currentTarget.value)}
          onPaste={({ clipboardData }) => {
            // Cells of a table come as a text, and as a picture of them.
            if (clipboardData?.types.includes('text/plain') !== true) attach(clipboardData?.files)
          }}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) submit(event)
          }}
        />
        <button type="submit" disabled={isBlocked || text.trim() === ''}>
          Send
        </button>
      </form>
    </div>
  )
}
