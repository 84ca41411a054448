import { randomBytes } from '@mimirjs/crypto'
import { equalBytes, toHex } from '@mimirjs/wire'
import type { Account } from '../accounts.js'
import type { Bus } from '../bus.js'
import type { PushedMessage } from '../commands/command.js'
import type { Connection } from '../connection.js'
import { type Core, secondsOf } from '../core.js'
import { pushMemberInfo, pushMessage } from '../fan-out.js'
import { queueInvites } from '../invite-pushes.js'
import { call, type InviteRow } from '../operations.js'
import { presenceMessage, sawLast } from '../presence.js'
import type { Room } from '../rooms.js'
import { Feed } from './feed.js'
import {
  chatSubject,
  decodeNotice,
  encodeNotice,
  INVITES_SUBJECT,
  type Notice,
  PAIRS_PER_NOTICE,
  type Pair,
  PRESENCE_SUBJECT,
  PROCESS_ID_BYTES,
} from './notices.js'
import { PresenceBook } from './presence-book.js'
import type { Cluster, MemberInfo } from './types.js'

/** How long a message may stay unseen when the bus lost its notice. */
const SWEEP_MS = 2_000
const BEAT_MS = 5_000
/** Sweeps in which every chat is asked once whether its subscribers are still members. */
const SWEEPS_PER_REVIEW = 15
const CHATS_PER_QUESTION = 1_000

export function createCluster(core: Omit<Core, 'cluster'>, bus: Bus): Cluster {
  return new BusCluster(core, bus)
}

interface Chat {
  readonly feed: Feed
  readonly unsubscribe: () => void
}

class BusCluster implements Cluster {
  readonly #core: Omit<Core, 'cluster'>
  readonly #bus: Bus
  readonly #id = randomBytes(PROCESS_ID_BYTES)
  readonly #chats = new Map<Room, Chat>()
  readonly #presence = new PresenceBook()
  readonly #unsubscribe: (() => void)[] = []
  #sequence = 0
  #sweeps = 0
  #isSweeping = false
  #isStopped = false
  #cancelSweep: (() => void) | undefined
  #cancelBeat: (() => void) | undefined

  constructor(core: Omit<Core, 'cluster'>, bus: Bus) {
    this.#core = core
    this.#bus = bus
  }

  start(): void {
    this.#listen(INVITES_SUBJECT, (notice) => this.#heardInvite(notice))
    this.#listen(PRESENCE_SUBJECT, (notice, sender) => this.#heardPresence(notice, sender))
    this.#scheduleSweep()
    this.#beat()
  }

  stop(): void {
    this.#cancelSweep?.()
    this.#cancelBeat?.()
    this.#tell(PRESENCE_SUBJECT, { kind: 'bye' })
    this.#isStopped = true
    for (const end of this.#unsubscribe) end()
    for (const { feed, unsubscribe } of this.#chats.values()) {
      unsubscribe()
      feed.close()
    }
    this.#chats.clear()
  }

  opened(room: Room): void {
    const feed = new Feed(this.#core, room)
    const unsubscribe = this.#subscribe(chatSubject(room.chatId), (notice) => this.#heardOfChat(room, feed, notice))
    this.#chats.set(room, { feed, unsubscribe })
  }

  closed(room: Room): void {
    const chat = this.#chats.get(room)
    this.#chats.delete(room)
    chat?.unsubscribe()
    chat?.feed.close()
  }

  subscribed(room: Room, account: Account, lastId: bigint): void {
    this.#chats.get(room)?.feed.begin(account, lastId)
  }

  message(chatId: bigint, message: PushedMessage, isSystem: boolean, except: Connection | undefined): void {
    const room = this.#core.rooms.get(chatId)
    if (room !== undefined) {
      if (message.messageId === 0n) this.#core.counters.pushes += pushMessage(room, message, isSystem, except)
      else this.#chats.get(room)?.feed.offer(message.messageId, message, except)
    }
    this.announce(chatId, message)
  }

  memberInfo(chatId: bigint, member: MemberInfo): void {
    this.#tell(chatSubject(chatId), { kind: 'memberInfo', member })
  }

  dropped(chatId: bigint, publicKey: Uint8Array, messageId: bigint): void {
    const room = this.#core.rooms.get(chatId)
    if (room !== undefined) this.#chats.get(room)?.feed.drop(publicKey, messageId)
    this.#tell(chatSubject(chatId), { kind: 'dropped', publicKey, messageId })
  }

  chatDeleted(chatId: bigint): void {
    this.#tell(chatSubject(chatId), { kind: 'chatDeleted' })
  }

  invited({ inviteId, to }: InviteRow): void {
    this.#tell(INVITES_SUBJECT, { kind: 'invited', inviteId, to })
  }

  arrived(chatId: bigint, publicKey: Uint8Array): void {
    this.#tellChange('arrived', { chatId, publicKey })
  }

  absent({ chatId }: Room, { publicKey }: Account): void {
    this.#tellChange('left', { chatId, publicKey })
  }

  announce(chatId: bigint, message: PushedMessage): void {
    this.#tell(chatSubject(chatId), { kind: 'message', message })
  }

  isOnline(chatId: bigint, publicKey: Uint8Array): boolean {
    return this.#presence.has(chatId, publicKey)
  }

  #heardOfChat(room: Room, feed: Feed, notice: Notice): void {
    const { rooms, counters } = this.#core
    switch (notice.kind) {
      case 'message': {
        const { blob, ...head } = notice.message
        const message = blob === undefined ? undefined : { ...head, blob }
        if (head.messageId > 0n) feed.offer(head.messageId, message, undefined)
        else if (message !== undefined) counters.pushes += pushMessage(room, message, true, undefined)
        return
      }
      case 'memberInfo':
        counters.pushes += pushMemberInfo(room, notice.member, undefined)
        return
      case 'dropped':
        feed.drop(notice.publicKey, notice.messageId)
        return
      case 'chatDeleted':
        rooms.dropAll(room.chatId)
        return
      default:
        return
    }
  }

  #heardInvite(notice: Notice): void {
    if (notice.kind !== 'invited') return
    for (const connection of this.#core.accounts.find(notice.to)?.connections ?? [])
      queueInvites(this.#core, connection, [notice.inviteId])
  }

  #heardPresence(notice: Notice, sender: Uint8Array): void {
    const nowMs = this.#core.clock.nowMs()
    switch (notice.kind) {
      case 'arrived':
      case 'left': {
        const isMissed = this.#presence.change(sender, notice.sequence, notice.pair, notice.kind === 'arrived', nowMs)
        if (isMissed) this.#tell(PRESENCE_SUBJECT, { kind: 'want', process: sender })
        return
      }
      case 'beat':
        if (this.#presence.beat(sender, notice.sequence, nowMs))
          this.#tell(PRESENCE_SUBJECT, { kind: 'want', process: sender })
        return
      case 'want':
        if (equalBytes(notice.process, this.#id)) this.#tellAll()
        return
      case 'all':
        this.#presence.all(sender, notice.sequence, notice.isFirst, notice.pairs, nowMs)
        return
      case 'bye':
        // Whoever says so has told of everybody who left with it.
        this.#presence.forget(sender)
        return
      default:
        return
    }
  }

  #tellChange(kind: 'arrived' | 'left', pair: Pair): void {
    this.#sequence = (this.#sequence + 1) >>> 0
    this.#tell(PRESENCE_SUBJECT, { kind, sequence: this.#sequence, pair })
  }

  #tellAll(): void {
    const pairs: Pair[] = []
    for (const { chatId, online } of this.#core.rooms.all())
      for (const { publicKey } of online.keys()) pairs.push({ chatId, publicKey })
    const sequence = this.#sequence
    for (let at = 0; at === 0 || at < pairs.length; at += PAIRS_PER_NOTICE) {
      const part = pairs.slice(at, at + PAIRS_PER_NOTICE)
      this.#tell(PRESENCE_SUBJECT, { kind: 'all', sequence, isFirst: at === 0, pairs: part })
    }
  }

  #beat(): void {
    this.#tell(PRESENCE_SUBJECT, { kind: 'beat', sequence: this.#sequence })
    this.#cancelBeat = this.#core.clock.schedule(() => this.#beat(), BEAT_MS)
  }

  #scheduleSweep(): void {
    this.#cancelSweep = this.#core.clock.schedule(() => {
      this.#scheduleSweep()
      this.#expire()
      if (this.#isSweeping) return
      this.#isSweeping = true
      void this.#sweep()
        .catch(this.#core.broken)
        .finally(() => {
          this.#isSweeping = false
        })
    }, SWEEP_MS)
  }

  /** Whatever the bus lost: messages are found by their ids, bans by asking who is a member. */
  async #sweep(): Promise<void> {
    const { background } = this.#core
    const chats = [...this.#chats].filter(([, { feed }]) => feed.cursor !== undefined)
    for (let at = 0; at < chats.length; at += CHATS_PER_QUESTION) {
      const some = chats.slice(at, at + CHATS_PER_QUESTION)
      const lastIds = await background(() =>
        call(
          'lastMessageIds',
          some.map(([{ chatId }]) => chatId),
        ),
      )
      for (const [{ chatId }, { feed }] of some) feed.reach(lastIds?.get(chatId) ?? 0n)
    }
    const turn = this.#sweeps++ % SWEEPS_PER_REVIEW
    for (const [at, [room]] of chats.entries()) if (at % SWEEPS_PER_REVIEW === turn) await this.#review(room)
  }

  async #review({ chatId, online }: Room): Promise<void> {
    const { background, rooms } = this.#core
    // Who comes while the store is asked was just judged by it.
    const before = [...online.keys()]
    const members = await background(() => call('members', chatId), chatId)
    if (members === undefined) return
    const present = new Set(members.map(({ publicKey }) => toHex(publicKey)))
    for (const account of before) if (!present.has(account.text)) rooms.drop(chatId, account)
  }

  /** A process died with its connections: those who were only there are offline. */
  #expire(): void {
    const { clock, rooms, accounts, background, counters } = this.#core
    const seconds = secondsOf(clock)
    const lost = this.#presence.expire(clock.nowMs())
    const isFirst = this.#presence.processes.every((id) => id > toHex(this.#id))
    for (const { chatId, publicKey } of lost) {
      const room = rooms.get(chatId)
      const account = accounts.find(publicKey)
      if (account !== undefined && room?.online.has(account) === true) continue
      if (isFirst) void background(() => sawLast(chatId, publicKey, seconds), chatId)
      const message = presenceMessage(this.#core.mediatorKey, publicKey, false, seconds)
      if (room !== undefined) counters.pushes += pushMessage(room, message, true, undefined)
    }
  }

  #tell(subject: string, notice: Notice): void {
    const bytes = this.#isStopped ? undefined : encodeNotice(this.#id, notice)
    if (bytes !== undefined) this.#bus.publish(subject, bytes)
  }

  #listen(subject: string, handler: (notice: Notice, sender: Uint8Array) => void): void {
    this.#unsubscribe.push(this.#subscribe(subject, handler))
  }

  #subscribe(subject: string, handler: (notice: Notice, sender: Uint8Array) => void): () => void {
    return this.#bus.subscribe(subject, (bytes) => {
      const heard = decodeNotice(bytes)
      if (heard === undefined || equalBytes(heard.sender, this.#id)) return
      handler(heard.notice, heard.sender)
    })
  }
}
