import type { HistoryEntry, LinkState } from '@mimirjs/messenger'

/** What the page shows instead of, or beside, the conversations. */
export type Phase =
  | { readonly name: 'starting' }
  /** There is an identity, or there will be: what is it called? */
  | { readonly name: 'welcome' }
  /** The browser cannot keep keys by itself: a passphrase does. `isNew` for none yet, `isWrong` after one that did not fit. */
  | { readonly name: 'locked'; readonly isNew: boolean; readonly isWrong: boolean }
  /** The same person is open in another window. */
  | { readonly name: 'elsewhere' }
  | { readonly name: 'ready' }
  /** Nothing works; `message` is one sentence for a person. */
  | { readonly name: 'failed'; readonly message: string }

export interface Me {
  readonly name: string
  /** 64 lower-case hex digits. */
  readonly publicKey: string
  /** To read to each other: six groups of four. */
  readonly fingerprint: string
  /** Opens this page and offers to add us; `undefined` while nobody can meet us. */
  readonly link: string | undefined
}

export interface PersonView {
  readonly peer: string
  readonly name: string
  readonly unread: number
  /** First words of the last message. */
  readonly preview: string
  readonly lastAt: Date | undefined
  /** Nothing comes from them, and nothing goes to them. */
  readonly isBlocked: boolean
}

export interface KnockView {
  readonly peer: string
  readonly name: string
  readonly fingerprint: string
  readonly expiresMs: number
}

export interface ServerView {
  readonly url: string
  readonly state: string
  readonly reason: string | undefined
}

export interface Transfer {
  readonly state: 'progress' | 'waiting' | 'paused' | 'cancelled' | 'complete' | 'failed'
  readonly doneBytes: number
  readonly sizeBytes: number
  /** Why it does not move, in a sentence; empty for nothing. */
  readonly why: string
}

/** A file that was chosen, and of which there is no copy of ours yet. */
export interface FileToKeep {
  readonly peer: string
  readonly file: File
  /** What goes with it; empty for nothing. */
  readonly text: string
}

/** Somebody that a link, or a typed text, names. */
export interface Candidate {
  /** As the messenger takes it. */
  readonly person: string
  /** Public key, 64 lower-case hex digits. */
  readonly peer: string
  readonly name: string
  readonly servers: readonly string[]
  /** A `ws://` or `wss://` address where they listen. */
  readonly address: string | undefined
}

export interface ChatState {
  readonly phase: Phase
  readonly me: Me | undefined
  readonly people: readonly PersonView[]
  readonly selected: string | undefined
  /** Of the selected person, oldest first. */
  readonly entries: readonly HistoryEntry[]
  readonly hasOlder: boolean
  readonly knocks: readonly KnockView[]
  readonly servers: readonly ServerView[]
  /** By how much the servers' clocks are ahead of ours, in ms, while most of them say that ours is wrong. */
  readonly clockOffsetMs: number | undefined
  /** Why there are no servers until the page is loaded again. */
  readonly serversProblem: string | undefined
  readonly links: ReadonlyMap<string, LinkState>
  /** By `${peer}/${outgoing}/${id}`. */
  readonly transfers: ReadonlyMap<string, Transfer>
  /** They are copied one after the other: from then on the originals are not needed. */
  readonly copying: readonly FileToKeep[]
  readonly isOnline: boolean
  /** A sentence for everybody, read aloud by screen readers; empty for none. */
  readonly notice: string
  /** The link that was opened, to be answered with yes or no. */
  readonly candidate: Candidate | undefined
}

export const FIRST_STATE: ChatState = {
  phase: { name: 'starting' },
  me: undefined,
  people: [],
  selected: undefined,
  entries: [],
  hasOlder: false,
  knocks: [],
  servers: [],
  clockOffsetMs: undefined,
  serversProblem: undefined,
  links: new Map(),
  transfers: new Map(),
  copying: [],
  isOnline: true,
  notice: '',
  candidate: undefined,
}

/** Key of {@link ChatState.transfers}. */
export function transferKey(of: { peer: string; outgoing: boolean; id: string }): string {
  return `${of.peer}/${of.outgoing}/${of.id}`
}
