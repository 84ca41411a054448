// What the chat needs of a messenger, and no more: the model and its tests know this, and nothing below it.
import type { GroupRole, MessageKind } from '@mimirjs/messenger'

/** A person on the list, or a group. */
export interface ChatPerson {
  /** Public key, or id of the group; 64 lower-case hex digits. */
  readonly peer: string
  /** The name we gave; empty for none. That of a group. */
  readonly name: string
  /** The name they gave themselves; empty for none. Proves nothing. */
  readonly nickname: string
  readonly info: string
  readonly kind: 'stranger' | 'contact' | 'blocked' | 'group'
  readonly unread: number
  /** Of a group. */
  readonly group?: ChatGroup | undefined
}

export interface ChatGroup {
  /** Ours. */
  readonly role: GroupRole
  /** Whether we are in it. */
  readonly state: 'joined' | 'left' | 'banned' | 'deleted'
  /** Public key of its mediator. */
  readonly mediator: string
  readonly mediatorAddress: string
}

export interface ChatMember {
  readonly publicKey: string
  /** What we call them, else what they call themselves; empty for nothing. */
  readonly name: string
  readonly role: GroupRole
  readonly online: boolean
}

/** Somebody asks to be our contact, knocks, or wants us in a group. */
export interface ChatRequest {
  /** Their public key, or the id of the group. */
  readonly peer: string
  /** What they call themselves, or what the group is called. */
  readonly nickname: string
  readonly message: string
  readonly invite?: ChatInvite | undefined
  /** They knock: they know nothing of us until they are let in. */
  readonly knock?: ChatKnock | undefined
}

export interface ChatKnock {
  /** Their key for people to compare. */
  readonly fingerprint: string
}

export interface ChatInvite {
  /** Public key of whoever invites, as the mediator says. */
  readonly from: string
  /** It brings a new key for a group that we are in. */
  readonly isNewKey: boolean
}

/** How we stand with a person, as honestly as the messenger knows. */
export type ChatLink =
  | { readonly state: 'down' }
  | { readonly state: 'connecting' }
  | { readonly state: 'up'; readonly address: string }
  | { readonly state: 'waiting'; readonly reason: string; readonly retryAtMs: number }
  /** Trying again cannot help. */
  | { readonly state: 'stopped'; readonly reason: string }

export interface ChatFile {
  /** A label, never a path. */
  readonly name: string
  readonly sizeBytes: number
  readonly damaged: boolean
}

/**
 * How far a message of ours has come: its file is being made ready, it is on our disk, the other side is there and
 * silent about it, the other side has it, it was given up. Messages of others are `received`.
 */
export type EntryState = 'preparing' | 'stored' | 'waiting' | 'delivered' | 'failed' | 'received'

/** One message of a conversation. */
export interface ChatEntry {
  /** The message's id as decimal text, unique per person and direction. */
  readonly id: string
  /** Whose conversation it belongs to: a person, or a group. */
  readonly peer: string
  /** Public key of whoever said it. */
  readonly author: string
  /** What the author is called in a group; empty for nothing. Proves nothing. */
  readonly authorName: string
  readonly outgoing: boolean
  /** `system`: what happened in a group, said by nobody. `unreadable`: under a key that we do not have. */
  readonly kind: MessageKind
  /** The text, the caption of a file, the emoji of a reaction, or what happened. */
  readonly text: string
  /** Id of the message replied or reacted to. */
  readonly replyTo: string | undefined
  readonly file: ChatFile | undefined
  readonly state: EntryState
  /** By the sender's clock, ms since 1970. */
  readonly sentMs: number
  readonly edited: boolean
}

export type ChatContent =
  | { readonly text: string; readonly replyTo?: string }
  | { readonly edit: string; readonly text: string }
  | { readonly reaction: string; readonly replyTo: string }
  | { readonly path: string; readonly text: string }

/**
 * How a file comes or goes. `waiting`: nothing moves for now, it goes on by itself. `stopped`: by us, it can go on.
 */
export type TransferState = 'running' | 'waiting' | 'stopped' | 'done' | 'failed'

export interface ChatTransfer {
  readonly peer: string
  /** Id of the message. */
  readonly id: string
  readonly outgoing: boolean
  readonly state: TransferState
  readonly doneBytes: number
  readonly sizeBytes: number
  /** Where it is when it is done, why it waits or failed; empty for nothing to say. */
  readonly text: string
}

export type BackendEvent =
  | { readonly type: 'message'; readonly entry: ChatEntry }
  /** Something about older messages changed: what is shown should be read again. */
  | { readonly type: 'changed'; readonly peer: string }
  | { readonly type: 'state'; readonly peer: string; readonly id: string; readonly state: EntryState }
  | { readonly type: 'link'; readonly peer: string; readonly link: ChatLink }
  /** How we stand with a mediator: with all its groups. */
  | { readonly type: 'mediator'; readonly publicKey: string; readonly link: ChatLink }
  /** Somebody came to the local network, or went. */
  | { readonly type: 'nearby'; readonly peer: string; readonly isHere: boolean }
  /** Who is in a group has changed, or who of them is there. */
  | { readonly type: 'members-changed'; readonly peer: string }
  /** Names, kinds or requests changed. */
  | { readonly type: 'people-changed' }
  | { readonly type: 'request'; readonly request: ChatRequest }
  | { readonly type: 'answer'; readonly peer: string; readonly accepted: boolean }
  | ({ readonly type: 'transfer' } & ChatTransfer)
  | { readonly type: 'failure'; readonly error: unknown }

/** Everything a chat does with the world; each call rejects with an error that tells a person what is wrong. */
export interface ChatBackend {
  readonly publicKey: string
  /** Our contact link. */
  readonly link: string
  /** Those we talked to last first. */
  people(): Promise<ChatPerson[]>
  requests(): Promise<ChatRequest[]>
  /** See that there is a connection to this person; `state` events tell how it stands. */
  connect(peer: string): void
  /** Oldest first. */
  history(peer: string, options: { limit: number; before?: ChatEntry }): Promise<ChatEntry[]>
  /** Resolves with the id when the message is on disk. */
  send(peer: string, content: ChatContent): Promise<string>
  /** Newest first. */
  search(text: string, peer: string | undefined): Promise<ChatEntry[]>
  markRead(peer: string): Promise<void>
  /** Write somebody down, and ask them to do the same where the protocol knows that. @param person - key or contact link; @returns the key */
  meet(person: string): Promise<string>
  /** Give a person a name, or let a blocked one in again. */
  name(peer: string, name: string | undefined): Promise<void>
  /** Ask somebody to be our contact. */
  ask(peer: string, message: string): Promise<void>
  /** Answer a request. */
  answer(peer: string, accept: boolean): Promise<void>
  block(peer: string): Promise<void>
  /** Take a message out of our own history; in a group also out of everybody's. */
  remove(entry: ChatEntry, options: { everywhere: boolean }): Promise<void>
  /** Those who are in a group. */
  members(group: string): Promise<ChatMember[]>
  /** Ask somebody into a group. @param person - name of a contact, key or contact link */
  invite(group: string, person: string): Promise<void>
  leave(group: string): Promise<void>
  /**
   * Put the file of a message to `path`, a file or a folder. What is there is never replaced. Event `transfer` tells how
   * far it is; it goes on at the next start if this one ends.
   * @returns where it is, or undefined when it was stopped
   */
  save(entry: ChatEntry, path: string): Promise<string | undefined>
  /** Stop a file that is coming; {@link save} goes on with it. */
  stop(peer: string, id: string): Promise<void>
  /** Try everybody at once. */
  retryNow(): void
  /** @returns how to stop listening */
  listen(listener: (event: BackendEvent) => void): () => void
}
