import type { ChatContent, ChatEntry, ChatLink, ChatMember, ChatPerson, ChatRequest, ChatTransfer } from '../backend.js'
import type { Draft } from '../editor.js'

/** Everything the screen shows and the keys act on. Only `reduce` makes a new one. */
export interface ChatState {
  readonly columns: number
  readonly rows: number
  readonly nowMs: number
  readonly self: Self
  readonly look: Look
  readonly people: readonly ChatPerson[]
  readonly requests: readonly ChatRequest[]
  /** By public key; who is not in it is down. */
  readonly links: ReadonlyMap<string, ChatLink>
  /** With mediators, by public key; what is not in it is connecting. */
  readonly mediators: ReadonlyMap<string, ChatLink>
  /** Those who are said to be on the local network, strangers too; undefined when we are not on it. */
  readonly nearby: ReadonlySet<string> | undefined
  /** Of groups whose members were looked at, by group. */
  readonly members: ReadonlyMap<string, readonly ChatMember[]>
  readonly talks: ReadonlyMap<string, Talk>
  /** Whose conversation is on the screen. */
  readonly open: string | undefined
  readonly mode: Mode
  readonly notice: Notice | undefined
  /** By {@link transferKey}. */
  readonly transfers: ReadonlyMap<string, ChatTransfer>
  /** Identifies what is under way, so that an answer finds its question. */
  readonly nextToken: number
}

export interface Self {
  readonly publicKey: string
  readonly name: string
  readonly link: string
  /** Where others reach us, or why they do not. */
  readonly reach: { readonly ok: boolean; readonly text: string }
  /** Where files are saved unless another place is typed. */
  readonly saveFolder: string
}

/** What the screen is made of. */
export interface Look {
  /** Lines and ellipses beyond ASCII. */
  readonly unicode: boolean
  readonly times: TimeTexts
}

/** How times are said; tests say them their own way. */
export interface TimeTexts {
  /** `12:05`, five cells. */
  clock(timeMs: number): string
  /** `2026-03-01` */
  day(timeMs: number): string
  /** `in 12 s` */
  left(durationMs: number): string
}

/** A conversation, as much of it as was read. */
export interface Talk {
  readonly peer: string
  /** Oldest first, reactions among them. */
  readonly entries: readonly ChatEntry[]
  /** `all`: nothing older is left on disk. */
  readonly loaded: 'nothing' | 'some' | 'all'
  readonly loading: boolean
  /** The message at the bottom of the screen, and how many of its lines are below it; undefined = the newest. */
  readonly scroll: Scroll | undefined
  readonly draft: Draft
  /** The message that is being answered. */
  readonly replyTo: EntryKey | undefined
  /** The message of ours whose text is being changed, and what was being written before that. */
  readonly editing: { readonly key: EntryKey; readonly before: Draft } | undefined
  /** Handed to the messenger, not yet on its disk. */
  readonly sending: readonly Sending[]
  /** The first message that was unread when the conversation was opened. */
  readonly firstUnread: EntryKey | undefined
  /** Messages that came while the screen showed older ones. */
  readonly below: number
  /** A message that is looked for further back. */
  readonly seek: EntryKey | undefined
}

export interface Scroll {
  readonly key: EntryKey
  readonly hidden: number
}

export interface Sending {
  readonly token: number
  readonly text: string
  readonly replyTo: EntryKey | undefined
  readonly editing: EntryKey | undefined
}

/** `i` or `o` for the direction, then the id. */
export type EntryKey = string

export function keyOf(entry: Pick<ChatEntry, 'id' | 'outgoing'>): EntryKey {
  return `${entry.outgoing ? 'o' : 'i'}${entry.id}`
}

export function transferKey(peer: string, key: EntryKey): string {
  return `${peer} ${key}`
}

export interface Notice {
  readonly text: string
  readonly kind: 'info' | 'error'
  readonly untilMs: number
}

/** What the keys do at the moment. */
export type Mode =
  | { readonly name: 'write' }
  | { readonly name: 'choose'; readonly key: EntryKey }
  | PromptMode
  | PeopleMode
  | SearchMode
  | { readonly name: 'files'; readonly at: number }
  | { readonly name: 'person'; readonly top: number }
  | { readonly name: 'view'; readonly key: EntryKey; readonly top: number }
  | { readonly name: 'help'; readonly top: number }

/** Somebody to talk to is looked for. */
export interface PeopleMode {
  readonly name: 'people'
  readonly draft: Draft
  readonly at: number
  /** Among those on the local network alone. */
  readonly onlyNearby: boolean
}

export interface PromptMode {
  readonly name: 'prompt'
  readonly prompt: Prompt
  readonly draft: Draft
  /** What a path could be completed to. */
  readonly hints: readonly string[]
  /** Where to go afterwards. */
  readonly back: Mode
}

export interface SearchMode {
  readonly name: 'search'
  readonly draft: Draft
  /** In this conversation only, or in all. */
  readonly everywhere: boolean
  /** Undefined until the first search. */
  readonly found: readonly ChatEntry[] | undefined
  readonly at: number
  /** Of the search under way; 0 for none. */
  readonly token: number
}

/** One line to be typed, and what becomes of it. */
export type Prompt =
  | { readonly for: 'file' }
  | { readonly for: 'caption'; readonly path: string }
  | { readonly for: 'save'; readonly key: EntryKey }
  | { readonly for: 'reaction'; readonly key: EntryKey }
  | { readonly for: 'name' }
  | { readonly for: 'ask' }
  | { readonly for: 'block' }
  | { readonly for: 'invite' }
  | { readonly for: 'leave' }
  | { readonly for: 'remove'; readonly key: EntryKey; readonly mayEverywhere: boolean }

/** What the program has to do for the model. What comes of it comes back as an event. */
export type Effect =
  | { readonly do: 'read-people' }
  | { readonly do: 'read'; readonly peer: string; readonly before?: ChatEntry; readonly limit: number }
  | { readonly do: 'send'; readonly peer: string; readonly token: number; readonly content: ChatContent }
  | { readonly do: 'connect'; readonly peer: string }
  | { readonly do: 'mark-read'; readonly peer: string }
  | { readonly do: 'search'; readonly token: number; readonly text: string; readonly peer: string | undefined }
  | { readonly do: 'complete'; readonly text: string }
  | { readonly do: 'save'; readonly entry: ChatEntry; readonly path: string }
  | { readonly do: 'stop-transfer'; readonly peer: string; readonly id: string }
  /** Somebody new, by key or contact link. */
  | { readonly do: 'meet'; readonly person: string }
  /** Without a name it stays; a blocked person is let in again. */
  | { readonly do: 'name'; readonly peer: string; readonly name?: string }
  | { readonly do: 'ask'; readonly peer: string; readonly message: string }
  | { readonly do: 'answer'; readonly peer: string; readonly accept: boolean }
  | { readonly do: 'block'; readonly peer: string }
  | { readonly do: 'remove'; readonly entry: ChatEntry; readonly everywhere: boolean }
  | { readonly do: 'read-members'; readonly peer: string }
  /** Somebody into a group, by name, key or contact link. */
  | { readonly do: 'invite'; readonly peer: string; readonly person: string }
  | { readonly do: 'leave'; readonly peer: string }
  | { readonly do: 'retry' }
  | { readonly do: 'bell' }
  | { readonly do: 'redraw' }
  | { readonly do: 'suspend' }
  | { readonly do: 'quit' }

/** The new state, and what there is to do. */
export interface Step {
  readonly state: ChatState
  readonly effects: readonly Effect[]
}
