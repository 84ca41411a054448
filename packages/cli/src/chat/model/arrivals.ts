import type { ChatEntry, ChatRequest, ChatTransfer } from '../backend.js'
import { cleanInput, draftOf } from '../editor.js'
import { nameOf, whoOf } from '../view/names.js'
import type { ChatEvent } from './event.js'
import { revealed } from './scroll.js'
import { type ChatState, keyOf, type Step, type Talk, transferKey } from './state.js'
import { andThen, noticed, step } from './step.js'
import { addEntry, addNewest, addOlder, changeTalk, entryOf, putTalk, talkOf } from './talk.js'
import { firstUnreadOf, needOlder, opened, SEEK_ENTRIES, seen } from './talks.js'

/** Everything but keys, clock and size. */
type Arrival = Exclude<ChatEvent, { readonly type: 'key' | 'resize' | 'tick' }>
type Of<Type extends ChatEvent['type']> = Extract<ChatEvent, { readonly type: Type }>

/** What comes from the messenger and from effects. Nothing of it touches what is being typed. */
export function arrived(state: ChatState, event: Arrival): Step {
  switch (event.type) {
    case 'message':
      return messageArrived(state, event.entry)
    case 'changed':
      if (talkOf(state, event.peer).loaded === 'nothing') return step(state)
      return step(state, { do: 'read', peer: event.peer, limit: SEEK_ENTRIES })
    case 'state':
      return stateArrived(state, event)
    case 'link':
      return step({ ...state, links: new Map(state.links).set(event.peer, event.link) })
    case 'mediator':
      return step({ ...state, mediators: new Map(state.mediators).set(event.publicKey, event.link) })
    case 'nearby':
      return nearbyChanged(state, event)
    case 'members-changed':
      return state.mode.name === 'person' && state.open === event.peer
        ? step(state, { do: 'read-members', peer: event.peer })
        : step(state)
    case 'members':
      return step({ ...state, members: new Map(state.members).set(event.peer, event.members) })
    case 'people':
      return peopleRead(state, event)
    case 'request':
      return requestArrived(state, event)
    case 'answer': {
      const said = event.accepted ? 'accepted' : 'refused'
      return step(noticed(state, 'info', `${nameOf(state, event.peer)} ${said} your contact request`))
    }
    case 'read':
      return readArrived(state, event)
    case 'read-failed':
      return step(noticed(changeTalk(state, event.peer, { loading: false }), 'error', event.reason))
    case 'sent':
      return sent(state, event)
    case 'send-failed':
      return sendFailed(state, event)
    case 'found':
      return found(state, event)
    case 'removed':
      return removed(state, event)
    case 'completed':
      return completed(state, event)
    case 'transfer':
      return step({ ...state, transfers: new Map(state.transfers).set(keyOfTransfer(event), transferOf(event)) })
    case 'saved':
      return step(
        noticed(ended(state, event.entry, 'done', `saved as ${event.path}`), 'info', `saved as ${event.path}`),
      )
    case 'save-failed':
      return step(noticed(ended(state, event.entry, 'failed', event.reason), 'error', event.reason))
    case 'open':
      return andThen(opened(state, event.peer), (next) => step(next, { do: 'read-people' }))
    case 'notice':
      return step(noticed(state, event.kind, event.text))
    case 'reach':
      return step({ ...state, self: { ...state.self, reach: { ok: event.ok, text: event.text } } })
  }
}

/** Who is talked to is connected to as soon as they are here. */
function nearbyChanged(state: ChatState, { peer, isHere }: Of<'nearby'>): Step {
  const nearby = new Set(state.nearby)
  if (isHere) nearby.add(peer)
  else nearby.delete(peer)
  const isWanted = isHere && state.open === peer && state.links.get(peer)?.state !== 'up'
  return step({ ...state, nearby }, ...(isWanted ? [{ do: 'connect', peer } as const] : []))
}

function requestArrived(state: ChatState, { request }: Of<'request'>): Step {
  const others = state.requests.filter(({ peer }) => peer !== request.peer)
  const next: ChatState = { ...state, requests: [...others, request] }
  const told = noticed(next, 'info', requestText(next, request))
  return step(told, { do: 'read-people' }, { do: 'bell' })
}

function requestText(state: ChatState, { peer, invite, knock }: ChatRequest): string {
  const who = whoOf(state, invite?.from ?? peer)
  if (knock !== undefined) return `${who} knocks: let them in or not`
  if (invite === undefined) return `${who} asks to be your contact`
  return invite.isNewKey
    ? `${who} has a new key for ${whoOf(state, peer)}`
    : `${who} invites you to ${whoOf(state, peer)}`
}

function messageArrived(state: ChatState, entry: ChatEntry): Step {
  const { peer } = entry
  const talk = talkOf(state, peer)
  const isKnown = entryOf(talk, keyOf(entry)) !== undefined
  // While nothing of the conversation was read, what came is among what will be.
  const isRead = talk.loaded !== 'nothing' || talk.loading
  const entries = isRead ? addEntry(talk.entries, entry) : talk.entries
  const isNews = !isKnown && entry.kind !== 'reaction'
  const isOpen = state.open === peer
  const below = talk.below + (isNews && isOpen && talk.scroll !== undefined ? 1 : 0)
  const next = putTalk(state, { ...talk, entries, below })
  const person = next.people.find((known) => known.peer === peer)
  if (person === undefined) return step(next, { do: 'read-people' }, ...(isNews ? [{ do: 'bell' } as const] : []))
  if (!isNews) return step(next)
  const counted = { ...person, unread: person.unread + 1 }
  const people = [counted, ...next.people.filter((other) => other !== person)]
  return andThen(step({ ...next, people }, { do: 'bell' }), (now) => (isOpen ? seen(now) : step(now)))
}

function stateArrived(state: ChatState, { peer, id, state: progress }: Of<'state'>): Step {
  const talk = talkOf(state, peer)
  const known = entryOf(talk, keyOf({ id, outgoing: true }))
  if (known !== undefined)
    return step(changeTalk(state, peer, { entries: addEntry(talk.entries, { ...known, state: progress }) }))
  // Perhaps it is being read at this moment, as it was before.
  return talk.loaded === 'nothing' ? step(state) : step(state, { do: 'read', peer, limit: 20 })
}

function peopleRead(state: ChatState, { people, requests }: Of<'people'>): Step {
  const next = markedNew(state, { ...state, people, requests })
  const first = requests[0]?.peer ?? people[0]?.peer
  return next.open === undefined && first !== undefined ? opened(next, first) : seen(next)
}

/** At the start the conversation may be on the screen before it is known what of it is unread. */
function markedNew(before: ChatState, state: ChatState): ChatState {
  const { open } = state
  if (before.people.length > 0 || open === undefined) return state
  const talk = talkOf(state, open)
  const unread = state.people.find(({ peer }) => peer === open)?.unread ?? 0
  return talk.firstUnread === undefined ? changeTalk(state, open, { firstUnread: firstUnreadOf(talk, unread) }) : state
}

function readArrived(state: ChatState, { peer, older, entries, start }: Of<'read'>): Step {
  const talk = talkOf(state, peer)
  const isFirst = talk.loaded === 'nothing'
  const merged = older ? addOlder(talk.entries, entries) : addNewest(talk.entries, entries, start)
  const loaded = start ? 'all' : talk.loaded === 'all' ? 'all' : 'some'
  const next: Talk = { ...talk, entries: merged, loaded, loading: older || isFirst ? false : talk.loading }
  const unread = state.people.find((person) => person.peer === peer)?.unread ?? 0
  const firstUnread = isFirst ? firstUnreadOf(next, unread) : talk.firstUnread
  const here = putTalk(state, { ...next, firstUnread })
  if (next.seek !== undefined) return sought(here, { ...next, firstUnread })
  const all = here.mode.name === 'files' && state.open === peer ? needOlder(here, next, SEEK_ENTRIES) : step(here)
  return state.open === peer ? andThen(all, seen) : all
}

/** A message further back was looked for: show it, or read on. */
export function sought(state: ChatState, talk: Talk): Step {
  const { seek } = talk
  if (seek === undefined) return step(state)
  if (entryOf(talk, seek) === undefined) {
    if (talk.loaded === 'all')
      return step(
        noticed(changeTalk(state, talk.peer, { seek: undefined }), 'error', 'that message is not there any more'),
      )
    return needOlder(state, talk, SEEK_ENTRIES)
  }
  const shown = revealed(state, { ...talk, seek: undefined }, seek)
  return step({ ...putTalk(state, shown), mode: { name: 'choose', key: seek } })
}

function sent(state: ChatState, { peer, token, entries }: Of<'sent'>): Step {
  const talk = talkOf(state, peer)
  return step(
    putTalk(state, {
      ...talk,
      entries: talk.loaded === 'nothing' ? talk.entries : addNewest(talk.entries, entries),
      sending: talk.sending.filter((sending) => sending.token !== token),
    }),
    { do: 'read-people' },
  )
}

/** What was not accepted goes back to where it was typed, before what was typed since. */
function sendFailed(state: ChatState, { peer, token, reason }: Of<'send-failed'>): Step {
  const talk = talkOf(state, peer)
  const failed = talk.sending.find((sending) => sending.token === token)
  const next = noticed(state, 'error', reason)
  if (failed === undefined) return step(next)
  const sending = talk.sending.filter((other) => other !== failed)
  const typed = talk.draft.text
  const draft =
    typed === ''
      ? draftOf(failed.text)
      : { text: `${failed.text}\n${typed}`, cursor: failed.text.length + 1 + talk.draft.cursor }
  const editing =
    failed.editing === undefined || talk.editing !== undefined || typed !== ''
      ? talk.editing
      : { key: failed.editing, before: talk.draft }
  return step(putTalk(next, { ...talk, sending, draft, editing, replyTo: talk.replyTo ?? failed.replyTo }))
}

function found(state: ChatState, { token, entries }: Of<'found'>): Step {
  if (state.mode.name !== 'search' || state.mode.token !== token) return step(state)
  return step({ ...state, mode: { ...state.mode, found: entries, at: 0, token: 0 } })
}

function removed(state: ChatState, { entry, everywhere }: Of<'removed'>): Step {
  const talk = talkOf(state, entry.peer)
  const key = keyOf(entry)
  const entries = talk.entries.filter((other) => keyOf(other) !== key)
  const scroll = talk.scroll?.key === key ? undefined : talk.scroll
  const replyTo = talk.replyTo === key ? undefined : talk.replyTo
  const next = noticed(
    putTalk(state, { ...talk, entries, scroll, replyTo }),
    'info',
    everywhere ? 'deleted for everybody' : 'removed here; the other side keeps its copy',
  )
  return step(next, { do: 'read-people' })
}

function completed(state: ChatState, { from, text, hints }: Of<'completed'>): Step {
  const { mode } = state
  // What was typed meanwhile is worth more.
  if (mode.name !== 'prompt' || mode.draft.text !== from) return step(state)
  return step({ ...state, mode: { ...mode, draft: draftOf(cleanInput(text).replaceAll('\n', ' ')), hints } })
}

function keyOfTransfer(transfer: Pick<ChatTransfer, 'peer' | 'id' | 'outgoing'>): string {
  return transferKey(transfer.peer, keyOf(transfer))
}

function transferOf({ peer, id, outgoing, state, doneBytes, sizeBytes, text }: ChatTransfer): ChatTransfer {
  return { peer, id, outgoing, state, doneBytes, sizeBytes, text }
}

function ended(state: ChatState, entry: ChatEntry, how: 'done' | 'failed', text: string): ChatState {
  const sizeBytes = entry.file?.sizeBytes ?? 0
  const transfer = { ...transferOf({ ...entry, state: how, doneBytes: sizeBytes, sizeBytes, text }) }
  return { ...state, transfers: new Map(state.transfers).set(keyOfTransfer(entry), transfer) }
}
