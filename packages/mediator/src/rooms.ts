import type { Account } from './accounts.js'
import type { Connection } from './connection.js'

/** A SUBSCRIBE whose program is in the store: what happens meanwhile must not be missed. */
export interface PendingSubscription {
  readonly room: Room
  readonly account: Account
  /** The highest id pushed when the program was handed over. */
  readonly pushedBefore: bigint
  /** The member was banned, left, or the chat was deleted since. */
  isDropped: boolean
}

/** The subscribers that one chat has here. */
export class Room {
  readonly chatId: bigint
  readonly subscribers: Set<Connection> = new Set()
  /** Keys with how many of their connections are subscribed: whoever is here is online (mediator protocol §12). */
  readonly online: Map<Account, number> = new Map()
  readonly pending: Set<PendingSubscription> = new Set()
  /** The highest message id pushed here. */
  pushedId = 0n

  constructor(chatId: bigint) {
    this.chatId = chatId
  }

  get isEmpty(): boolean {
    return this.subscribers.size === 0 && this.pending.size === 0
  }
}

/** Told when a room comes and goes, and when the last connection of a key has left it. */
export interface RoomsObserver {
  opened(room: Room): void
  closed(room: Room): void
  absent(room: Room, account: Account): void
}

/** Subscriptions: a matter of connections, gone with them (mediator protocol §12). */
export class Rooms {
  readonly #rooms = new Map<bigint, Room>()
  readonly #observer: RoomsObserver | undefined
  #subscriptions = 0

  constructor(observer?: RoomsObserver) {
    this.#observer = observer
  }

  get size(): number {
    return this.#rooms.size
  }

  get subscriptions(): number {
    return this.#subscriptions
  }

  get(chatId: bigint): Room | undefined {
    return this.#rooms.get(chatId)
  }

  all(): IterableIterator<Room> {
    return this.#rooms.values()
  }

  /** Begin to subscribe; {@link settle} has to follow. */
  prepare(chatId: bigint, account: Account): PendingSubscription {
    let room = this.#rooms.get(chatId)
    if (room === undefined) {
      room = new Room(chatId)
      this.#rooms.set(chatId, room)
      this.#observer?.opened(room)
    }
    const pending = { room, account, pushedBefore: room.pushedId, isDropped: false }
    room.pending.add(pending)
    return pending
  }

  settle(pending: PendingSubscription): void {
    pending.room.pending.delete(pending)
    this.#closeIfEmpty(pending.room)
  }

  /** @returns whether this is the first subscribed connection of its key here */
  subscribe(room: Room, connection: Connection, account: Account): boolean {
    if (room.subscribers.has(connection)) return false
    room.subscribers.add(connection)
    connection.rooms.push(room)
    this.#subscriptions++
    const devices = room.online.get(account) ?? 0
    room.online.set(account, devices + 1)
    return devices === 0
  }

  /** All subscriptions of a connection end. @returns the rooms of which it was the last connection of its key */
  leaveAll(connection: Connection, account: Account): Room[] {
    const left: Room[] = []
    for (const room of connection.rooms) if (this.#remove(room, connection, account)) left.push(room)
    connection.rooms.length = 0
    for (const room of left) this.#closeIfEmpty(room)
    return left
  }

  /** All subscriptions of a key in a chat end. */
  drop(chatId: bigint, account: Account): void {
    const room = this.#rooms.get(chatId)
    if (room === undefined) return
    this.dropPending(room, account)
    for (const connection of account.connections) this.#cut(room, connection, account)
    this.#closeIfEmpty(room)
  }

  /** What a key is about to subscribe to is judged again. */
  dropPending(room: Room, account: Account): void {
    for (const pending of room.pending) if (pending.account === account) pending.isDropped = true
  }

  /** All subscriptions in a chat end. */
  dropAll(chatId: bigint): void {
    const room = this.#rooms.get(chatId)
    if (room === undefined) return
    for (const pending of room.pending) pending.isDropped = true
    for (const connection of room.subscribers)
      if (connection.account !== undefined) this.#cut(room, connection, connection.account)
    this.#closeIfEmpty(room)
  }

  #cut(room: Room, connection: Connection, account: Account): void {
    if (!room.subscribers.has(connection)) return
    this.#remove(room, connection, account)
    connection.rooms.splice(connection.rooms.indexOf(room), 1)
  }

  /** @returns whether no other connection of the key is left */
  #remove(room: Room, connection: Connection, account: Account): boolean {
    if (!room.subscribers.delete(connection)) return false
    this.#subscriptions--
    const devices = (room.online.get(account) ?? 1) - 1
    if (devices > 0) {
      room.online.set(account, devices)
      return false
    }
    room.online.delete(account)
    this.#observer?.absent(room, account)
    return true
  }

  #closeIfEmpty(room: Room): void {
    if (!room.isEmpty || this.#rooms.get(room.chatId) !== room) return
    this.#rooms.delete(room.chatId)
    this.#observer?.closed(room)
  }
}
