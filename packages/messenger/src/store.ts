/**
 * What a messenger keeps. Every method is one step: when its promise resolves, the step is as durable as the store
 * can make it, and a crash leaves either all of the step or nothing of it.
 *
 * Peers are named by the lower-case hex of their 32-byte public key.
 */
export interface Store {
  /** Values of the installation itself, such as its client id. */
  setting(name: string): Promise<string | undefined>
  setSetting(name: string, value: string): Promise<void>

  contacts(): Promise<Contact[]>
  /** Those that are contacts or blocked, without the rest of what is known of them. */
  contactKinds(): Promise<ReadonlyMap<string, ContactKind>>
  contact(peer: string): Promise<Contact | undefined>
  /** Create the contact or change the given fields. */
  putContact(peer: string, change: ContactChange): Promise<Contact>

  /**
   * Add to the history and the outbox. With `heldBy`, the row waits until {@link handled} of that message; if that has
   * been, it waits for nothing.
   */
  enqueue(message: NewOutgoing): Promise<StoredMessage>
  /** Oldest undelivered messages to `peer` that are not held, in order of acceptance. */
  pending(peer: string, limit: number): Promise<StoredMessage[]>
  /** Peers that {@link pending} has something for. */
  pendingPeers(): Promise<string[]>
  /** @returns false when there is no such undelivered message. */
  markDelivered(peer: string, guid: bigint, atMs: number): Promise<boolean>
  markFailed(seq: number): Promise<void>

  /**
   * Add to the inbox. When it rejects, what the same peer was to add after it is not added either, and rejects too:
   * else a message would overtake the one before it.
   * @returns undefined when this peer's guid is already there: a repetition
   */
  receive(message: NewIncoming): Promise<StoredMessage | undefined>
  /** Oldest incoming message of `peer` that no handler has finished. */
  nextUnhandled(peer: string): Promise<StoredMessage | undefined>
  unhandledPeers(): Promise<string[]>
  /**
   * Forget what handlers held back that the end of their process has cut off. To be called before any handler runs: they
   * will run again, and say what they have to say.
   */
  discardHeld(): Promise<void>
  /** The handler finished: move the cursor over this message and release what it sent, in one step. */
  handled(seq: number): Promise<void>

  /** Newest first. */
  history(peer: string, options: { limit: number; beforeSeq?: number }): Promise<StoredMessage[]>
  message(peer: string, guid: bigint, outgoing: boolean): Promise<StoredMessage | undefined>
  counts(): Promise<StoreCounts>

  close(): Promise<void>
}

export type ContactKind = 'stranger' | 'contact' | 'blocked'

export interface Contact {
  /** 64 lower-case hex digits. */
  readonly peer: string
  /** The name we gave; empty for none. */
  readonly name: string
  /** The name they gave themselves; empty for none. */
  readonly nickname: string
  readonly info: string
  readonly avatar: Uint8Array | undefined
  /** Seconds since 1970 of their last profile change that we know. */
  readonly infoTimeSeconds: bigint
  readonly kind: ContactKind
}

export type ContactChange = Partial<Omit<Contact, 'peer'>>

/** `held`: sent by a handler that has not finished. `failed`: given up for a reason that repetition cannot mend. */
export type OutgoingState = 'held' | 'stored' | 'delivered' | 'failed'
export type IncomingState = 'unhandled' | 'handled'

export interface MessageContent {
  /** Signed 64-bit id, unique per peer and direction. */
  readonly guid: bigint
  /** 0n for none. */
  readonly replyTo: bigint
  readonly sendTimeMs: number
  /** 0 for none. */
  readonly editTimeMs: number
  /** `MessageType` of the peer protocol. */
  readonly messageType: number
  readonly payload: Uint8Array
}

export interface NewOutgoing extends MessageContent {
  readonly peer: string
  /** `seq` of the incoming message whose handler sends this. */
  readonly heldBy?: number
}

export interface NewIncoming extends MessageContent {
  readonly peer: string
  readonly receivedMs: number
}

export interface StoredMessage extends MessageContent {
  /** Position in this store's history, ascending in order of acceptance. */
  readonly seq: number
  readonly peer: string
  readonly outgoing: boolean
  readonly state: OutgoingState | IncomingState
  /** When it came in, or was delivered; 0 while undelivered. */
  readonly settledMs: number
}

export interface StoreCounts {
  readonly undelivered: number
  readonly unhandled: number
  readonly messages: number
}
