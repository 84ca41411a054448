import type { JSX } from 'preact'
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import { dayWords, linkWords } from '../model/words.js'
import type { Window } from './App.js'
import { Composer } from './Composer.js'
import { Icon } from './Icon.js'
import { Message } from './Message.js'
import { useChat } from './use-chat.js'

/** How near to the end still counts as reading along, in pixels. */
const NEAR_END = 80

/** What was said with the selected person. */
export function Conversation({ onOpen }: { readonly onOpen: (window: Window) => void }): JSX.Element {
  const { chat, state } = useChat()
  const { selected, entries } = state
  const person = state.people.find(({ peer }) => peer === selected)
  const list = useRef<HTMLDivElement>(null)
  const isAtEnd = useRef(true)
  const heading = useRef<HTMLHeadingElement>(null)
  const last = entries.at(-1)

  useEffect(() => {
    isAtEnd.current = true
    // On a phone the list of people gives way to the conversation, and the focus must not stay behind.
    if (selected !== undefined) heading.current?.focus()
  }, [selected])
  useLayoutEffect(() => {
    if (isAtEnd.current && list.current) list.current.scrollTop = list.current.scrollHeight
  }, [last?.id, entries.length])

  if (selected === undefined || person === undefined)
    return (
      <main class="talk empty">
        <div>
          <p>Choose somebody on the left, or give somebody your link.</p>
          <button type="button" onClick={() => onOpen('link')}>
            My link
          </button>
        </div>
      </main>
    )
  const link = linkWords(state.links.get(selected))
  let day = ''
  return (
    <main
      class="talk"
      onDrop={(event) => person.isBlocked || chat.sendFiles(selected, [...(event.dataTransfer?.files ?? [])])}
    >
      <header class="talk-head">
        <button
          type="button"
          class="quiet back"
          aria-label="Back to people"
          onClick={() => void chat.select(undefined)}
        >
          <Icon name="back" />
        </button>
        <div class="talk-title">
          <h2 ref={heading} tabIndex={-1}>
            {person.name}
          </h2>
          <p class="link-state" data-up={link.isUp} role="status">
            {person.isBlocked ? 'blocked: nothing comes from them, and nothing goes to them' : link.text}
          </p>
        </div>
        <button
          type="button"
          class="plain"
          onClick={() => void (person.isBlocked ? chat.unblock(selected) : chat.block(selected))}
        >
          {person.isBlocked ? 'Unblock' : 'Block'}
        </button>
      </header>
      <div
        class="messages"
        ref={list}
        role="log"
        aria-label={`Conversation with ${person.name}`}
        onScroll={({ currentTarget: at }) => {
          isAtEnd.current = at.scrollHeight - at.scrollTop - at.clientHeight < NEAR_END
        }}
      >
        {state.hasOlder && (
          <button type="button" class="plain older" onClick={() => void chat.older()}>
            Earlier messages
          </button>
        )}
        {entries.length === 0 && (
          <p class="hint">Nothing said yet. What you write is kept here until {person.name} has it.</p>
        )}
        {entries.map((entry) => {
          const words = dayWords(entry.sentAt)
          const isNewDay = words !== day
          day = words
          return (
            <div key={`${entry.outgoing}/${entry.id}`}>
              {isNewDay && <p class="day">{words}</p>}
              <Message entry={entry} />
            </div>
          )
        })}
      </div>
      <Composer key={selected} peer={selected} isBlocked={person.isBlocked} />
    </main>
  )
}
