import { equalBytes } from '@mimirjs/wire'
import { decodeResponsePayload } from '@mimirjs/wire/mediator'
import type { Account } from '../accounts.js'
import type { PushedMessage } from '../commands/command.js'
import type { Connection } from '../connection.js'
import type { Core } from '../core.js'
import { pushMessage } from '../fan-out.js'
import { call, type MessagePage } from '../operations.js'
import type { Room } from '../rooms.js'

/** Messages that came ahead of others. More than this are fetched again. */
const MAX_HELD = 1_024
/** How long a message may be on its way before it is fetched: two processes' notices cross each other. */
const PATIENCE_MS = 25
const PAGE_LIMIT = 500
const PAGE_BYTES = 8_388_608

/** A message that is known to be in the store; without `blob` it has to be fetched. */
interface Held {
  readonly message: PushedMessage | undefined
  readonly except: Connection | undefined
}

/**
 * The messages of one chat, in the order of their ids, from this process and from others: what is missing between two of them
 * is read from the store. Notices only make it faster.
 */
export class Feed {
  readonly #core: Omit<Core, 'cluster'>
  readonly #room: Room
  readonly #held = new Map<bigint, Held>()
  /** Everything up to here was pushed; not known before the first subscriber is. */
  #cursor: bigint | undefined
  /** Keys whose subscriptions end behind a message. */
  #drops: { readonly account: Account; readonly messageId: bigint }[] = []
  #isFilling = false
  #cancelFill: (() => void) | undefined
  #isClosed = false

  constructor(core: Omit<Core, 'cluster'>, room: Room) {
    this.#core = core
    this.#room = room
  }

  get cursor(): bigint | undefined {
    return this.#cursor
  }

  /** Somebody is subscribed, being a member now, who has, or fetches, everything up to `lastId`. */
  begin(account: Account, lastId: bigint): void {
    this.#drops = this.#drops.filter((drop) => drop.account !== account)
    if (this.#cursor !== undefined) return
    this.#cursor = lastId
    this.#advance()
  }

  /** A message is in the store. `message` is absent when its content is not at hand. */
  offer(messageId: bigint, message: PushedMessage | undefined, except: Connection | undefined): void {
    if (this.#cursor !== undefined && messageId <= this.#cursor) return
    if (this.#held.size >= MAX_HELD && !this.#held.has(messageId))
      this.#held.delete(this.#held.keys().next().value ?? 0n)
    this.#held.set(messageId, { message, except })
    this.#advance()
  }

  /** The store has messages up to `lastId`. */
  reach(lastId: bigint): void {
    if (this.#cursor === undefined || lastId <= this.#cursor) return
    if (!this.#held.has(lastId)) this.#held.set(lastId, { message: undefined, except: undefined })
    this.#advance()
    if (this.#held.size > 0) this.#fill()
  }

  /** All subscriptions of a key end, once the message that tells it so was pushed. */
  drop(publicKey: Uint8Array, messageId: bigint): void {
    const { accounts, rooms } = this.#core
    const account = accounts.find(publicKey)
    if (account === undefined) return
    if (this.#cursor === undefined || messageId <= this.#cursor) {
      rooms.drop(this.#room.chatId, account)
      return
    }
    rooms.dropPending(this.#room, account)
    this.#drops.push({ account, messageId })
    if (!this.#held.has(messageId)) this.offer(messageId, undefined, undefined)
  }

  close(): void {
    this.#isClosed = true
    this.#cancelFill?.()
    this.#held.clear()
  }

  /** Push what follows without a gap; what does not is fetched, if it does not come soon. */
  #advance(): void {
    if (this.#cursor === undefined) return
    if (!this.#isFilling)
      for (
        let next = this.#held.get(this.#cursor + 1n);
        next?.message !== undefined;
        next = this.#held.get(this.#cursor + 1n)
      )
        this.#push(next.message, next.except)
    if (this.#held.size === 0 || this.#isFilling || this.#cancelFill !== undefined) return
    this.#cancelFill = this.#core.clock.schedule(() => this.#fill(), PATIENCE_MS)
  }

  #push(message: PushedMessage, except: Connection | undefined): void {
    this.#held.delete(message.messageId)
    const isSystem = equalBytes(message.author, this.#core.mediatorKey)
    this.#core.counters.pushes += pushMessage(this.#room, message, isSystem, except)
    this.#moveTo(message.messageId)
  }

  #moveTo(messageId: bigint): void {
    this.#cursor = messageId
    const due = this.#drops.filter((drop) => drop.messageId <= messageId)
    if (due.length === 0) return
    this.#drops = this.#drops.filter((drop) => drop.messageId > messageId)
    for (const { account } of due) this.#core.rooms.drop(this.#room.chatId, account)
  }

  #fill(): void {
    this.#cancelFill?.()
    this.#cancelFill = undefined
    if (this.#isFilling || this.#isClosed || this.#cursor === undefined) return
    this.#isFilling = true
    const { chatId } = this.#room
    const since = this.#cursor
    // Ids are given one after the other: when this one was there, so were all below it.
    let known = since
    for (const id of this.#held.keys()) if (id > known) known = id
    void this.#core
      .background(() => call('page', chatId, since, PAGE_LIMIT, 'tlv', PAGE_BYTES), chatId)
      .then((page) => {
        this.#isFilling = false
        if (page !== undefined && !this.#isClosed) this.#take(page, known)
        if (!this.#isClosed) this.#advance()
      })
      .catch(this.#core.broken)
  }

  #take(page: MessagePage, known: bigint): void {
    for (const message of messagesOf(page)) {
      if (this.#cursor !== undefined && message.messageId <= this.#cursor) continue
      this.#push(message, this.#held.get(message.messageId)?.except)
    }
    // A whole page may be followed by more. An empty rest: what is not there was deleted.
    const isRest = page.count < PAGE_LIMIT && page.bytes.length < PAGE_BYTES / 2
    if (isRest && this.#cursor !== undefined && known > this.#cursor) this.#moveTo(known)
    for (const id of this.#held.keys()) if (this.#cursor !== undefined && id <= this.#cursor) this.#held.delete(id)
  }
}

function messagesOf({ count, bytes }: MessagePage): PushedMessage[] {
  const payload = new Uint8Array(6 + bytes.length)
  const view = new DataView(payload.buffer)
  view.setUint16(0, 0x3104)
  view.setUint32(2, count)
  payload.set(bytes, 6)
  const { messages } = decodeResponsePayload('tlv-push', 'getMessagesSince', payload)
  return messages.map((message) => ({ ...message, timestampSeconds: message.timestampSeconds ?? 0n }))
}
