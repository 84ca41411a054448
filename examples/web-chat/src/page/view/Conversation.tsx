import type { JSX } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { dayWords, fingerprintOf, linkWords } from '../model/words.js'
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
  const heading = useRef<HTMLHeadingElement>(null)

  useEffect(() => {
    // On a phone the list of people gives way to the conversation, and the focus must not stay behind.
    heading.current?.focus()
    return list.current ? stayAtEnd(list.current) : undefined
  }, [selected, person === undefined])

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
  const { isBlocked } = person
  const link = linkWords(state.links.get(selected), { isBlocked, isOnline: state.isOnline })
  let day = ''
  return (
    <main
      class="talk"
      onDrop={(event) => isBlocked || chat.sendFiles(selected, [...(event.dataTransfer?.files ?? [])])}
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
            {link.text}
          </p>
          <p class="fingerprint" title="Who they are, to compare by voice">
            <span class="unseen">Fingerprint: </span>
            {fingerprintOf(selected)}
          </p>
        </div>
        <button
          type="button"
          class="plain"
          onClick={() => void (isBlocked ? chat.unblock(selected) : chat.block(selected))}
        >
          {isBlocked ? 'Unblock' : 'Block'}
        </button>
      </header>
      <div class="messages" ref={list} role="log" aria-label={`Conversation with ${person.name}`}>
        <div>
          {state.hasOlder && (
            <button type="button" class="plain older" onClick={() => void chat.older()}>
              Earlier messages
            </button>
          )}
          {entries.length === 0 && !isBlocked && (
            <p class="hint">Nothing said yet. What you write is kept here until {person.name} has it.</p>
          )}
          {entries.map((entry) => {
            const words = dayWords(entry.sentAt)
            const isNewDay = words !== day
            day = words
            return (
              <div key={`${entry.outgoing}/${entry.id}`}>
                {isNewDay && <p class="day">{words}</p>}
                <Message entry={entry} onDelete={() => heading.current?.focus()} />
              </div>
            )
          })}
        </div>
      </div>
      <Composer key={selected} peer={selected} isBlocked={isBlocked} />
    </main>
  )
}

/**
 * Whoever reads the end of a list goes on reading it, whatever comes, also late: a picture has no height at first.
 * @returns what ends it
 */
function stayAtEnd(list: HTMLElement): () => void {
  let isAtEnd = true
  let topBefore = 0
  const look = (): void => {
    const { scrollTop, scrollHeight, clientHeight } = list
    // Only people scroll up: what has grown meanwhile does not count.
    if (scrollHeight - scrollTop - clientHeight < NEAR_END) isAtEnd = true
    else if (scrollTop < topBefore) isAtEnd = false
    topBefore = scrollTop
  }
  const observer = new ResizeObserver(() => {
    if (isAtEnd) list.scrollTop = list.scrollHeight
  })
  for (const each of [list, ...list.children]) observer.observe(each)
  list.addEventListener('scroll', look)
  return () => {
    observer.disconnect()
    list.removeEventListener('scroll', look)
  }
}
