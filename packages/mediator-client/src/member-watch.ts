import { toHex } from '@mimirjs/wire'
import type { MemberInfoRecord, MemberRecord } from '@mimirjs/wire/mediator'
import { sameBytes } from './bytes.js'
import type { Connection } from './connection.js'
import { isMediatorError } from './error.js'
import type { FollowedChatHost } from './followed-chat.js'
import { nextPause } from './timers.js'
import type { ChatFollower } from './types.js'

type Subject = 'members' | 'infos'

/** Keys of people with a new info whom we do not know yet. */
const MAX_HINTS = 256

/** A member's clock that is ahead by more must not keep us from hearing of the others, in seconds. */
const MAX_AHEAD_SECONDS = 86_400n

/** The members of one chat and their infos: fetched after every connect, and again when something changed. */
export class MemberWatch {
  readonly #chatId: bigint
  readonly #follower: ChatFollower
  readonly #host: FollowedChatHost
  /** In hex, as last listed. */
  #members: ReadonlySet<string> = new Set()
  /** In hex: they told their info before we heard that they are members. Other chats have most of them. */
  readonly #hints = new Set<string>()
  #infoSinceSeconds: bigint
  #connection: Connection | undefined
  #isCaughtUp = false
  /** The mediator asked for our info; told when we are caught up. */
  #asked: { lastUpdateSeconds: bigint; missing: boolean } | undefined
  readonly #due = new Set<Subject>()
  #pauseMs = 0
  #isLooking = false
  #cancelTimer: (() => void) | undefined

  constructor(chatId: bigint, follower: ChatFollower, host: FollowedChatHost) {
    this.#chatId = chatId
    this.#follower = follower
    this.#host = host
    this.#infoSinceSeconds = follower.infoSinceSeconds ?? 0n
  }

  /** Somebody changed its info, who may be a member of this chat. */
  hint(publicKey: Uint8Array): void {
    const hex = toHex(publicKey)
    if (this.#members.has(hex)) this.look('infos')
    else if (this.#hints.size < MAX_HINTS) this.#hints.add(hex)
  }

  /** Subscribed: infos first, then members. Rejects only when we are no member, or the connection is gone. */
  async up(connection: Connection): Promise<void> {
    this.#connection = connection
    this.#isCaughtUp = false
    await this.#try('infos', connection)
    await this.#try('members', connection)
  }

  down(): void {
    this.#connection = undefined
    this.#isCaughtUp = false
    this.#asked = undefined
    this.#pauseMs = 0
    this.#due.clear()
    this.#hints.clear()
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
  }

  caughtUp(): void {
    this.#isCaughtUp = true
    this.#tellAsked()
    this.#lookSoon()
  }

  infoRequested(lastUpdateSeconds: bigint): void {
    this.#ask(lastUpdateSeconds, false)
  }

  /** Infos of members arrived. */
  async receive(infos: readonly MemberInfoRecord[]): Promise<void> {
    const latestSeconds = BigInt(Math.floor(this.#host.clock.nowMs() / 1000)) + MAX_AHEAD_SECONDS
    for (const { timestampSeconds } of infos) {
      if (timestampSeconds > this.#infoSinceSeconds && timestampSeconds <= latestSeconds) {
        this.#infoSinceSeconds = timestampSeconds
      }
    }
    await this.#tell(() => this.#follower.memberInfos?.(infos))
  }

  /** Something changed: ask once for all changes of the next moment. */
  look(what: Subject): void {
    this.#due.add(what)
    this.#lookSoon()
  }

  #lookSoon(): void {
    if (this.#due.size === 0 || !this.#isCaughtUp || this.#isLooking || this.#cancelTimer !== undefined) return
    this.#cancelTimer = this.#host.clock.schedule(
      () => {
        this.#cancelTimer = undefined
        void this.#look()
      },
      Math.max(this.#host.timers.gapMs, this.#pauseMs),
    )
  }

  async #look(): Promise<void> {
    const connection = this.#connection
    if (connection === undefined) return
    const due = new Set(this.#due)
    this.#due.clear()
    this.#isLooking = true
    try {
      for (const what of due) await this.#try(what, connection)
    } catch (error) {
      // Whether we are still a member is for the messages to find out.
      this.#host.logger?.debug({ err: error, chatId: this.#chatId.toString() }, 'members could not be fetched')
    } finally {
      this.#isLooking = false
    }
    this.#lookSoon()
  }

  async #infos(connection: Connection): Promise<void> {
    const sinceSeconds = this.#infoSinceSeconds > 0n ? this.#infoSinceSeconds - 1n : 0n
    const request = { chatId: this.#chatId, sinceSeconds }
    const { members } = await this.#host.pace.run(() => connection.request('getMembersInfo', request))
    if (this.#connection !== connection) return
    const own = members.find(({ publicKey }) => sameBytes(publicKey, this.#host.publicKey))
    // It would have been filled if there were one: always in the whole list, else when the row is newer.
    const isMissing = own?.info.length === 0 && (sinceSeconds === 0n || own.timestampSeconds > sinceSeconds)
    if (own !== undefined && isMissing) this.#ask(own.timestampSeconds, true)
    await this.receive(members)
  }

  async #list(connection: Connection): Promise<void> {
    const request = { chatId: this.#chatId }
    const { members } = await this.#host.pace.run(() => connection.request('getMembers', request))
    if (this.#connection !== connection) return
    this.#members = new Set(members.map(({ publicKey }: MemberRecord) => toHex(publicKey)))
    if ([...this.#hints].some((hex) => this.#members.has(hex))) this.look('infos')
    this.#hints.clear()
    await this.#tell(() => this.#follower.members?.(members))
  }

  #ask(lastUpdateSeconds: bigint, missing: boolean): void {
    const before = this.#asked
    this.#asked = {
      lastUpdateSeconds:
        before !== undefined && before.lastUpdateSeconds > lastUpdateSeconds
          ? before.lastUpdateSeconds
          : lastUpdateSeconds,
      missing: missing || before?.missing === true,
    }
    if (this.#isCaughtUp) this.#tellAsked()
  }

  #tellAsked(): void {
    const asked = this.#asked
    this.#asked = undefined
    if (asked === undefined) return
    void this.#tell(() => this.#follower.infoRequested?.(asked.lastUpdateSeconds, asked.missing))
  }

  async #tell(callback: () => void | Promise<void>): Promise<void> {
    try {
      await callback()
    } catch (error) {
      this.#host.report(error, this.#chatId)
    }
  }

  /** Without the members the messages come all the same; they are asked for again later. */
  async #try(what: Subject, connection: Connection): Promise<void> {
    try {
      await (what === 'infos' ? this.#infos(connection) : this.#list(connection))
      this.#pauseMs = 0
    } catch (error) {
      if (!isMediatorError(error) || ['not-member', 'not-connected', 'closed'].includes(error.code)) throw error
      this.#pauseMs = nextPause(this.#pauseMs, this.#host.timers)
      this.#due.add(what)
      this.#host.report(error, this.#chatId)
    }
  }
}
