import type { Content } from '../content.js'
import type { HistoryEntry, Sent } from '../message.js'
import type { GroupChange, GroupMember, GroupRole, GroupState, MediatorAddress, RotateKeyOptions } from './types.js'

/** What a {@link Group} shows, as it is now. */
export interface GroupFacts {
  readonly name: string
  readonly description: string
  readonly avatar: Uint8Array | undefined
  readonly mediator: MediatorAddress
  readonly chatId: bigint
  readonly role: GroupRole
  readonly state: GroupState
}

/** What can be done with the group of this id; see {@link Group} for what each means. */
export interface GroupActions {
  facts(group: string): GroupFacts
  send(group: string, content: Content): Promise<Sent>
  history(group: string, options?: { limit?: number; before?: HistoryEntry }): Promise<HistoryEntry[]>
  markRead(group: string): Promise<void>
  refresh(group: string, options?: { signal?: AbortSignal }): Promise<void>
  members(group: string): Promise<GroupMember[]>
  invite(group: string, person: string | Uint8Array): Promise<void>
  ban(group: string, person: string | Uint8Array): Promise<void>
  setRole(group: string, person: string | Uint8Array, role: GroupRole): Promise<void>
  update(group: string, change: GroupChange): Promise<void>
  deleteMessage(group: string, id: string): Promise<void>
  leave(group: string): Promise<void>
  delete(group: string): Promise<void>
  forget(group: string): Promise<void>
  rotateKey(group: string, options?: RotateKeyOptions): Promise<void>
}

/**
 * A group that we are in, or were. What it tells is as we last heard it; what it does, the mediator decides. Everything that asks
 * the mediator waits for the connection to it, 15 s at most.
 */
export class Group {
  /** 64 lower-case hex digits, made from the mediator's key and its number there: the same for every member. */
  readonly id: string
  readonly #actions: GroupActions

  constructor(id: string, actions: GroupActions) {
    this.id = id
    this.#actions = actions
  }

  get name(): string {
    return this.#facts.name
  }

  get description(): string {
    return this.#facts.description
  }

  /** Image file bytes; `undefined` for none. */
  get avatar(): Uint8Array | undefined {
    return this.#facts.avatar
  }

  get mediator(): MediatorAddress {
    return this.#facts.mediator
  }

  /** Its number at the mediator, decimal. */
  get chatId(): string {
    return String(this.#facts.chatId)
  }

  /** Ours. */
  get role(): GroupRole {
    return this.#facts.role
  }

  get state(): GroupState {
    return this.#facts.state
  }

  /**
   * Send to everybody in it. When the promise resolves the message is on disk, encrypted, and reaches the mediator once, now or after
   * any number of restarts of either side.
   * @throws {MessengerError} `not-member` | `forbidden` for a reader | `bad-content` | `too-large` | `unsupported` | `store` | `closed`
   */
  send(content: Content): Promise<Sent> {
    return this.#actions.send(this.id, content)
  }

  /** Newest first. @throws {MessengerError} `bad-content` for an id that is none | `store` | `closed` */
  history(options: { limit?: number; before?: HistoryEntry } = {}): Promise<HistoryEntry[]> {
    return this.#actions.history(this.id, options)
  }

  /** Everything in it up to now has been read. @throws {MessengerError} `store` | `closed` */
  markRead(): Promise<void> {
    return this.#actions.markRead(this.id)
  }

  /**
   * Ask the mediator for what is new, and wait until it is here: messages, members, their names; and until the mediator has
   * what it asked us for. Waits for the connection as long as that takes, or until `signal` fires. Of a group that we are
   * not in there is nothing new.
   * @throws {MessengerError} `aborted` | `closed`
   */
  refresh(options: { signal?: AbortSignal } = {}): Promise<void> {
    return this.#actions.refresh(this.id, options)
  }

  /** Those in it, as we last heard; while we are connected that is now. @throws {MessengerError} `store` | `closed` */
  members(): Promise<GroupMember[]> {
    return this.#actions.members(this.id)
  }

  /**
   * Ask a person into the group: the key of the group goes with it, encrypted for them.
   * @throws {MessengerError} `bad-key` | `forbidden` | `not-member` | `mediator`, also when they are invited already | `closed`
   */
  invite(person: string | Uint8Array): Promise<void> {
    return this.#actions.invite(this.id, person)
  }

  /**
   * Take a person out, for good. They keep the key and what they have: {@link rotateKey} locks them out of what follows.
   * @throws {MessengerError} `bad-key` | `forbidden` | `not-member` | `mediator` | `closed`
   */
  ban(person: string | Uint8Array): Promise<void> {
    return this.#actions.ban(this.id, person)
  }

  /** @throws {MessengerError} `bad-key` | `forbidden` | `not-member` | `unsupported` in the dialect `binary` | `mediator` | `closed` */
  setRole(person: string | Uint8Array, role: GroupRole): Promise<void> {
    return this.#actions.setRole(this.id, person, role)
  }

  /** @throws {MessengerError} `bad-content` for a blank name | `forbidden` | `not-member` | `too-large` | `unsupported` in the dialect `binary` | `mediator` | `closed` */
  update(change: GroupChange): Promise<void> {
    return this.#actions.update(this.id, change)
  }

  /**
   * Take a message away everywhere: here, at the mediator, and from those who hear of it. Our own, or, as a moderator, anybody's.
   * @throws {MessengerError} `unknown-message` | `bad-content` for an id that is none | `forbidden` | `not-member` | `mediator` | `closed`
   */
  deleteMessage(id: string): Promise<void> {
    return this.#actions.deleteMessage(this.id, id)
  }

  /** Leave it; the history stays. @throws {MessengerError} `forbidden` for the owner, who can only delete it | `mediator` | `closed` */
  leave(): Promise<void> {
    return this.#actions.leave(this.id)
  }

  /** Delete it at the mediator, for everybody; our history stays. @throws {MessengerError} `forbidden` | `mediator` | `closed` */
  delete(): Promise<void> {
    return this.#actions.delete(this.id)
  }

  /** Take it out of our own history, with everything in it. @throws {MessengerError} `forbidden` while we are in it | `store` | `closed` */
  forget(): Promise<void> {
    return this.#actions.forget(this.id)
  }

  /**
   * Make a new key and hand it to everybody who is in the group now, as the mediator says, or to those of them in `to`; as an
   * invite of its own to each. From then on we encrypt with it; the others from when they take it. The former keys go on to open
   * what was written under them. Called again after it failed, it goes on with the same key. Mediators of this project let only the owner do it, for nobody else may invite the owner; the originals let nobody, or everybody lose their role.
   * @throws {MessengerError} `bad-key` | `forbidden` for who is no owner, and says so | `not-member` | `mediator`: some were not reached, or went meanwhile, and the
   * old key stays | `aborted` | `store` | `closed`
   */
  rotateKey(options: RotateKeyOptions = {}): Promise<void> {
    return this.#actions.rotateKey(this.id, options)
  }

  get #facts(): GroupFacts {
    return this.#actions.facts(this.id)
  }
}
