import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import type { PersonView } from '../model/state.js'
import { linkWords, serversWords, timeWords } from '../model/words.js'
import type { Window } from './App.js'
import { Icon } from './Icon.js'
import { useChat } from './use-chat.js'

/** Whom we know, and how we stand with the world. */
export function People({ onOpen }: { readonly onOpen: (window: Window) => void }): JSX.Element {
  const { state } = useChat()
  const servers = serversWords(state.servers, state.isOnline, state.clockOffsetMs, state.serversProblem)
  return (
    <nav class="people" aria-label="People">
      <header class="people-head">
        <div class="me">
          <h1>{state.me?.name || 'Mimir web chat'}</h1>
          <button type="button" class="status" data-good={servers.isGood} onClick={() => onOpen('settings')}>
            <span class="dot" aria-hidden="true" />
            {servers.text}
          </button>
        </div>
        <button type="button" class="quiet" aria-label="Settings" onClick={() => onOpen('settings')}>
          <Icon name="settings" />
        </button>
      </header>
      <div class="row people-actions">
        <button type="button" onClick={() => onOpen('link')}>
          My link
        </button>
        <button type="button" class="plain" onClick={() => onOpen('add')}>
          Add somebody
        </button>
      </div>
      {state.people.length === 0 ? (
        <p class="hint">Nobody here yet. Give somebody your link, or add them with theirs.</p>
      ) : (
        <ul>
          {state.people.map((person) => (
            <Row key={person.peer} person={person} />
          ))}
        </ul>
      )}
    </nav>
  )
}

function Row({ person }: { readonly person: PersonView }): JSX.Element {
  const { chat, state } = useChat()
  const { isBlocked, preview } = person
  const { text, isUp } = linkWords(state.links.get(person.peer), { isBlocked, isOnline: state.isOnline })
  const isSelected = state.selected === person.peer
  const button = useRef<HTMLButtonElement>(null)
  useEffect(() => {
    if (!isSelected) return
    return () => {
      // Whoever comes back from a conversation is where they left the list.
      if (chat.state.value.selected === undefined) button.current?.focus()
    }
  }, [isSelected])
  return (
    <li>
      <button
        ref={button}
        type="button"
        class="person"
        aria-current={isSelected ? 'true' : undefined}
        onClick={() => void chat.select(person.peer)}
      >
        <span class="face" data-up={isUp} aria-hidden="true">
          {[...person.name][0]?.toUpperCase()}
        </span>
        <span class="person-words">
          <span class="person-name">
            {person.name}
            <span class="unseen">, {isBlocked ? 'blocked' : text}</span>
          </span>
          <span class="person-preview">{isBlocked ? 'blocked' : preview || text}</span>
        </span>
        <span class="person-side">
          {person.lastAt !== undefined && (
            <time dateTime={person.lastAt.toISOString()}>{timeWords(person.lastAt)}</time>
          )}
          {person.unread > 0 && (
            <span class="badge">
              {person.unread}
              <span class="unseen"> not read</span>
            </span>
          )}
        </span>
      </button>
    </li>
  )
}
