import type { HistoryEntry } from '@mimirjs/messenger'
import type { ComponentChildren, JSX } from 'preact'
import { useState } from 'preact/hooks'
import { deletionWords, markOf, timeWords } from '../model/words.js'
import { Attachment } from './Attachment.js'
import { Dialog } from './Dialog.js'
import { Icon } from './Icon.js'
import { useChat } from './use-chat.js'

/** Where a text has the address of a page in it. */
const LINK = /(https?:\/\/[^\s<>"]+)/

interface MessageProps {
  readonly entry: HistoryEntry
  /** It is about to go, with whatever has the focus in it. */
  readonly onDelete: () => void
}

/** One message: text as text, links only on click, marks of what became of it. */
export function Message({ entry, onDelete }: MessageProps): JSX.Element {
  const { chat } = useChat()
  const [isAsking, setAsking] = useState(false)
  const { mark, words } = markOf(entry.state)
  return (
    <article class="message" data-mine={entry.outgoing} data-state={entry.outgoing ? entry.state : undefined}>
      <div class="bubble">
        <span class="unseen">{entry.outgoing ? 'You: ' : 'They: '}</span>
        {entry.file !== undefined && <Attachment entry={entry} />}
        {entry.text !== '' && <p class="words">{withLinks(entry.text)}</p>}
        {entry.text === '' && entry.file === undefined && <p class="words hint">{entry.kind}</p>}
        <footer>
          {entry.editedAt !== undefined && <span>edited </span>}
          <time dateTime={entry.sentAt.toISOString()}>{timeWords(entry.sentAt)}</time>
          {entry.outgoing && (
            <span class="mark" title={words}>
              <span aria-hidden="true">{mark}</span>
              <span class="unseen">, {words}</span>
            </span>
          )}
        </footer>
      </div>
      <button
        type="button"
        class="quiet delete"
        aria-label={`Delete this message here: ${entry.text.slice(0, 40) || entry.kind}`}
        onClick={() => setAsking(true)}
      >
        <Icon name="close" />
      </button>
      {isAsking && (
        <Dialog title="Delete this message?" onClose={() => setAsking(false)}>
          <p>{deletionWords(entry)}</p>
          <div class="row">
            <button
              type="button"
              onClick={(event) => {
                closeAround(event)
                onDelete()
                void chat.deleteMessage(entry)
              }}
            >
              Delete
            </button>
            <button type="button" class="plain" onClick={closeAround}>
              Keep
            </button>
          </div>
        </Dialog>
      )}
    </article>
  )
}

function closeAround({ currentTarget }: { readonly currentTarget: Element }): void {
  currentTarget.closest('dialog')?.close()
}

function withLinks(text: string): ComponentChildren {
  return text.split(LINK).map((part, at) =>
    at % 2 === 0 ? (
      part
    ) : (
      <a key={`${at}${part}`} href={part} target="_blank" rel="noopener noreferrer nofollow">
        {part}
      </a>
    ),
  )
}
