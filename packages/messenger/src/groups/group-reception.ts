import type { ReceivedBatch, ReceivedMessage } from '@mimirjs/mediator-client'
import { toHex } from '@mimirjs/wire'
import type { SystemMessage } from '@mimirjs/wire/mediator'
import type { Received } from '../store.js'
import type { GroupBatch, GroupRowChange, NewGroupMessage } from '../store-groups.js'
import { Arrivals } from './arrivals.js'
import type { GroupsContext } from './context.js'
import { KeyWatch } from './key-watch.js'
import { cutDescription, cutName, keptAvatar } from './profile.js'
import { isExpectedGuid, readBlob, readMessage } from './reading.js'
import type { Room } from './room.js'

/** How long a message waits for those before it. A gap that is none closes after about a second. */
const PATIENCE_MS = 10_000
const MAX_MESSAGE_ID = 2n ** 63n

/**
 * What becomes of what the mediator hands over: decrypted, and on disk with the place up to which we are in step, before the
 * client hears that it is done. Nothing is passed over: what cannot be read is kept as it came.
 *
 * Who the author is, the mediator says. What the group key adds is that somebody who has it wrote the message; the rows are
 * told apart by author and inner guid, so that nobody's message takes the place of somebody else's (mediator protocol §22.14).
 */
export class GroupReception {
  readonly #context: GroupsContext
  readonly #room: Room
  /** The newest change of name, text or picture that was applied: what comes late, out of order, is older. */
  #infoMessageId = 0n
  readonly #arrivals = new Arrivals()
  readonly #keyWatch: KeyWatch
  #cancelPatience: (() => void) | undefined
  #turn: Promise<void> = Promise.resolve()

  constructor(context: GroupsContext, room: Room) {
    this.#context = context
    this.#room = room
    this.#keyWatch = new KeyWatch(context, room)
  }

  /** On a new connection. */
  connected(): void {
    this.#keyWatch.connected()
  }

  /** @throws {MessengerError} `store` | `closed`: it is handed over again */
  store({ messages, syncedTo }: ReceivedBatch): Promise<void> {
    this.#arrivals.add(messages)
    return this.#inTurn(() => this.#take(this.#arrivals.due(syncedTo), syncedTo))
  }

  /** Nothing more is taken in; what waits is fetched again some day. */
  close(): void {
    this.#cancelPatience?.()
    this.#cancelPatience = undefined
    this.#arrivals.clear()
  }

  async #take(messages: readonly ReceivedMessage[], syncedTo: bigint): Promise<void> {
    if (messages.length > 0 || syncedTo > this.#room.record.syncedTo) await this.#receive(messages, syncedTo)
    this.#arrivals.drop(messages)
    if (this.#arrivals.isEmpty) {
      this.#cancelPatience?.()
      this.#cancelPatience = undefined
    } else this.#cancelPatience ??= this.#context.clock.schedule(() => this.#loseThePatience(), PATIENCE_MS)
  }

  /** What is missing before them does not come: they are taken in without it. */
  #loseThePatience(): void {
    const { access, onError } = this.#context
    this.#cancelPatience = undefined
    this.#inTurn(() => this.#take(this.#arrivals.due(MAX_MESSAGE_ID), this.#room.record.syncedTo)).catch((cause) => {
      if (!access.closed) onError(cause)
    })
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work)
    this.#turn = result.then(
      () => {},
      () => {},
    )
    return result
  }

  async #receive(messages: readonly ReceivedMessage[], syncedTo: bigint): Promise<void> {
    const { access, store, clock, publicKey } = this.#context
    const { record } = this.#room
    const nowMs = Math.floor(clock.nowMs())
    const kept = messages.filter(({ system }) => system?.event !== 'messageDeleted')
    const deleted = messages.flatMap(({ system }) => (system?.event === 'messageDeleted' ? [system.guid] : []))
    const rows = kept.map((message) => readMessage(record, message, publicKey, nowMs))
    const info = this.#infoOf(messages)
    const batch: GroupBatch = {
      messages: rows,
      syncedTo,
      ...(deleted.length === 0 ? {} : { deleted }),
      ...(info === undefined ? {} : { change: info.change }),
    }
    const received = await access.ask(() => store.receiveGroup(record.id, batch))
    if (info) this.#infoMessageId = info.messageId
    this.#room.moved({ ...info?.change, syncedTo })
    if (info) this.#room.tell('info')
    this.#warn(rows)
    this.#tell(received, rows.length)
    this.#room.inTurn(() => this.#keyWatch.look(rows))
    if (this.#room.isLive) await this.#room.members.changed(received)
    const end = messages.map(({ system }) => endOf(system, publicKey)).reduce((last, way) => way ?? last, undefined)
    if (end !== undefined && received.length > 0) this.#room.doubt(end)
    if (deleted.length > 0) this.#context.wakeWaiting()
    if (deleted.length > 0 || received.some(isSilent)) this.#room.tell('history')
  }

  /**
   * A key has come: what could not be read may be readable now. One message at a time, each in its turn: what was being taken in
   * without the key is on disk before the last look, and they may be large.
   * @throws {MessengerError} `store` | `closed`
   */
  async retryUnreadable(): Promise<void> {
    let isRead = false
    for (let place: number | undefined = 0; place !== undefined; ) {
      const afterSeq: number = place
      const tried = await this.#inTurn(() => this.#retryNext(afterSeq))
      isRead ||= tried?.isRead === true
      place = tried?.seq
    }
    if (isRead) this.#room.tell('history')
  }

  /** @returns undefined when there is none after this */
  async #retryNext(afterSeq: number): Promise<{ seq: number; isRead: boolean } | undefined> {
    const { access, store, clock, publicKey } = this.#context
    const { record } = this.#room
    const [row] = await access.ask(() => store.unreadable(record.id, 1, afterSeq))
    if (row === undefined) return undefined
    const { seq, guid, outgoing, group } = row
    if (!group?.blob) return { seq, isRead: false }
    const { author, messageId, outerGuid, timestampSeconds, blob } = group
    const envelope = {
      author: outgoing ? publicKey : author,
      outgoing,
      messageId,
      outerGuid,
      timestampSeconds,
      receivedMs: Math.floor(clock.nowMs()),
    }
    const message = readBlob(record, envelope, blob)
    const received = message && (await access.ask(() => store.decrypted(record.id, guid, message)))
    if (received) this.#tell([received], 1)
    return { seq, isRead: message !== undefined }
  }

  /** What the messages say of name, description and picture, taken together. */
  #infoOf(messages: readonly ReceivedMessage[]): { change: GroupRowChange; messageId: bigint } | undefined {
    let messageId = this.#infoMessageId
    let change: GroupRowChange | undefined
    for (const { system, messageId: id } of messages) {
      if (system?.event !== 'chatInfoChanged' || id <= messageId) continue
      const { name, description, avatar } = system
      messageId = id
      change = {
        ...change,
        ...(name === undefined ? {} : { name: cutName(name) }),
        ...(description === undefined ? {} : { description: cutDescription(description) }),
        ...(avatar === undefined ? {} : { avatar: keptAvatar(avatar) }),
      }
    }
    return change && { change, messageId }
  }

  #warn(rows: readonly NewGroupMessage[]): void {
    const { logger } = this.#context
    const { id } = this.#room.record
    for (const row of rows) {
      if (row.system || row.outgoing) continue
      const fields = { group: id, author: row.author, messageId: String(row.messageId) }
      if (row.sealed) logger?.warn(fields, 'a message that cannot be read is kept as it came')
      else if (!isExpectedGuid(row)) logger?.warn(fields, 'the guid of the mediator is not that of the message')
    }
  }

  #tell(received: readonly Received[], count: number): void {
    const { metering, emitter, inbox, wakeWaiting } = this.#context
    const { id } = this.#room.record
    let isNew = false
    for (const { message, edited, delivered } of received) {
      const entry = { id: String(message.guid), peer: id }
      if (delivered) emitter.emit('delivered', { id: entry.id, to: id })
      else if (edited) emitter.emit('edited', entry)
      else if (!message.outgoing && message.state === 'unhandled') {
        isNew = true
        metering.count('messages.received')
      }
    }
    if (count > received.length) metering.count('messages.duplicates', count - received.length)
    if (isNew) inbox.notify(id)
    if (received.some(({ delivered }) => delivered)) wakeWaiting()
  }
}

/** Nothing else is told of it. */
function isSilent({ message, edited, delivered }: Received): boolean {
  return !edited && !delivered && message.state !== 'unhandled'
}

/** What takes us out of the group, if that is what the mediator says: of a ban nobody else tells us. */
function endOf(system: SystemMessage | undefined, self: string): 'left' | 'banned' | undefined {
  if (system?.event === 'userBanned' || system?.event === 'permsChanged')
    return toHex(system.target) === self ? 'banned' : undefined
  return system?.event === 'userLeft' && toHex(system.user) === self ? 'left' : undefined
}
