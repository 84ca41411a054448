import { toHex } from '@mimirjs/wire'
import type { MemberInfoRecord, MemberRecord } from '@mimirjs/wire/mediator'
import { sameBytes } from './bytes.js'
import type { Connection } from './connection.js'
import { isMediatorError } from './error.js'
import type { FollowedChatHost } from './followed-chat.js'
import type { ChatFollower } from './types.js'

/** A member's clock that is ahead by more must not keep us from hearing of the others, in seconds. */
const MAX_AHEAD_SECONDS = 86_400n

/** The members of one chat and their infos: fetched after every connect, and again when something changed. */
export class MemberWatch {
  readonly #chatId: bigint
  readonly #follower: ChatFollower
  readonly #host: FollowedChatHost
  /** In hex, as last listed. */
  #members: ReadonlySet<string> = new Set()
  #infoSinceSeconds: bigint
  #connection: Connection | undefined
  #isCaughtUp = false
  /** The mediator asked for our info; told when we are caught up. */
  #asked: { lastUpdateSeconds: bigint; missing: boolean } | undefined
  readonly #due = new Set<'members' | 'infos'>()
  #isLooking = false
  #cancelTimer: (() => void) | undefined

  constructor(chatId: bigint, follower: ChatFollower, host: FollowedChatHost) {
    this.#chatId = chatId
    this.#follower = follower
    this.#host = host
    this.#infoSinceSeconds = follower.infoSinceSeconds ?? 0n
  }

  has(publicKey: Uint8Array): boolean {
    return this.#members.has(toHex(publicKey))
  }

  /** Subscribed: infos first, then members. Rejects only when we are no member, or the connection is gone. */
  async up(connection: Connection): Promise<void> {
    this.#connection = connection
    this.#isCaughtUp = false
    await this.#try(() => this.#infos(connection))
    await this.#try(() => this.#list(connection))
  }

  down(): void {
    this.#connection = undefined
    this.#isCaughtUp = false
    this.#asked = undefined
    this.#due.clear()
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
  look(what: 'members' | 'infos'): void {
    this.#due.add(what)
    this.#lookSoon()
  }

  #lookSoon(): void {
    if (this.#due.size === 0 || !this.#isCaughtUp || this.#isLooking || this.#cancelTimer !== undefined) return
    this.#cancelTimer = this.#host.clock.schedule(() => {
      this.#cancelTimer = undefined
      void this.#look()
    }, this.#host.timers.gapMs)
  }

  async #look(): Promise<void> {
    const connection = this.#connection
    if (connection === undefined) return
    const due = new Set(this.#due)
    this.#due.clear()
    this.#isLooking = true
    try {
      if (due.has('infos')) await this.#try(() => this.#infos(connection))
      if (due.has('members')) await this.#try(() => this.#list(connection))
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
    const { members } = await connection.request('getMembersInfo', { chatId: this.#chatId, sinceSeconds })
    if (this.#connection !== connection) return
    const own = members.find(({ publicKey }) => sameBytes(publicKey, this.#host.publicKey))
    // It would have been filled if there were one: always in the whole list, else when the row is newer.
    const isMissing = own?.info.length === 0 && (sinceSeconds === 0n || own.timestampSeconds > sinceSeconds)
    if (own !== undefined && isMissing) this.#ask(own.timestampSeconds, true)
    await this.receive(members)
  }

  async #list(connection: Connection): Promise<void> {
    const { members } = await connection.request('getMembers', { chatId: this.#chatId })
    if (this.#connection !== connection) return
    this.#members = new Set(members.map(({ publicKey }: MemberRecord) => toHex(publicKey)))
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

  /** Without the members the messages come all the same. */
  async #try(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      if (!isMediatorError(error) || ['not-member', 'not-connected', 'closed'].includes(error.code)) throw error
      this.#host.report(error, this.#chatId)
    }
  }
}
