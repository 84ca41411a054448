import type { ChatFollower, Following, MediatorClient, MediatorError, ReceivedBatch } from '@mimirjs/mediator-client'
import type { MemberInfoRecord, MemberRecord, SystemMessage } from '@mimirjs/wire/mediator'
import type { GroupRowChange, StoredGroup } from '../store-groups.js'
import type { GroupsContext } from './context.js'
import { isRefusal } from './errors.js'
import type { Group } from './group.js'
import { GroupOutbox } from './group-outbox.js'
import { GroupReception } from './group-reception.js'
import type { KeptByGroup } from './kept.js'
import { Members } from './members.js'
import { toRole } from './permissions.js'
import type { GroupEvent } from './types.js'

/** How we are about to go out of a group by our own wish. */
export type OwnEnd = 'left' | 'deleted'

/** One group at work: what is known of it, and, while we are in it, what goes on at its mediator. */
export class Room {
  /** As others see it. */
  readonly group: Group
  readonly members: Members
  readonly #context: GroupsContext
  readonly #reception: GroupReception
  readonly #ends: KeptByGroup<OwnEnd>
  #record: StoredGroup
  #client: MediatorClient | undefined
  #following: Following | undefined
  #outbox: GroupOutbox | undefined
  #work: Promise<unknown> = Promise.resolve()
  /** Those who wait until we are in step. */
  readonly #waiting = new Set<() => void>()
  /** How we came to be out, should we be. */
  #way: 'left' | 'banned' = 'banned'
  /** We go of our own wish, and the mediator is being asked. */
  #isEnding = false
  #isLive = false
  /** What the mediator wants to know of us, until its turn comes. */
  #asked: { sinceSeconds: bigint; isMissing: boolean } | undefined

  constructor(record: StoredGroup, group: Group, context: GroupsContext, ends: KeptByGroup<OwnEnd>) {
    this.#record = record
    this.group = group
    this.#context = context
    this.#ends = ends
    this.#reception = new GroupReception(context, this)
    this.members = new Members(context, this)
  }

  get record(): StoredGroup {
    return this.#record
  }

  /** While we follow it. */
  get client(): MediatorClient | undefined {
    return this.#client
  }

  /** Be in step with the mediator from now on, on every connection. */
  follow(client: MediatorClient): void {
    if (this.#following) {
      this.#following.refresh()
      return
    }
    this.#client = client
    this.#outbox = new GroupOutbox(this.#context, this, client, () => this.#following)
    this.#following = client.follow(this.#record.chatId, this.#follower())
  }

  /** A new connection: what it hands over first is older than the list of members that it begins with. */
  connected(): void {
    this.#isLive = false
    this.#reception.connected()
  }

  /** What comes now is newer than the list of members that we have. */
  get isLive(): boolean {
    return this.#isLive
  }

  /** Subscribe again, look for members and messages. */
  refresh(): void {
    this.#following?.refresh()
  }

  /** Resolves when all that the mediator has for us is here, or when nothing more will come. */
  whenInStep(): Promise<void> {
    if (this.#following === undefined) return Promise.resolve()
    const inStep = new Promise<void>((resolve) => this.#waiting.add(resolve))
    this.refresh()
    return inStep
  }

  /** The mediator says that we are out, now or in what we catch up with: it may say more when we ask. */
  doubt(way: 'left' | 'banned'): void {
    this.#way = way
    this.refresh()
  }

  /** There may be something to send. */
  kick(): void {
    this.#outbox?.kick()
  }

  retryNow(): void {
    this.#outbox?.retryNow()
  }

  /** Send nothing more; what comes is still taken in. */
  quiet(): void {
    this.#outbox?.close()
    this.#wakeWaiting()
  }

  /** Hear nothing more of it. */
  leave(): void {
    this.#following?.stop()
    this.#outbox?.close()
    this.#reception.close()
    this.members.offline()
    this.#following = undefined
    this.#outbox = undefined
    this.#client = undefined
    this.#wakeWaiting()
  }

  /** @throws {MessengerError} `store` | `closed` */
  async change(change: GroupRowChange): Promise<void> {
    const { access, store } = this.#context
    await access.ask(() => store.changeGroup(this.#record.id, change))
    this.moved(change)
  }

  /** The same, on disk already. */
  moved(change: GroupRowChange): void {
    this.#record = { ...this.#record, ...change }
  }

  tell(change: Exclude<GroupEvent['change'], 'role' | 'online'>): void {
    this.#context.emitter.emit('group', { group: this.#record.id, change })
  }

  /** A key has come, and is on disk: read what it opens. @throws {MessengerError} `store` | `closed` */
  async keyChanged(): Promise<void> {
    await this.#reception.retryUnreadable()
    // What members told under it was passed over.
    await this.change({ infoSinceSeconds: 0n })
  }

  /** The mediator takes nothing from us, or knows us no more. */
  refused(error: MediatorError): void {
    this.#outbox?.stop()
    if (error.code === 'not-member') this.inTurn(() => this.end(this.#ends.get(this.#record.id) ?? this.#way))
  }

  /**
   * Go out of it by our own wish. That is on disk before the mediator hears of it: asked again, after a crash, it says only that
   * we are out.
   */
  async endBy(way: OwnEnd, ask: () => Promise<void>): Promise<void> {
    const { id } = this.#record
    this.#isEnding = true
    try {
      await this.#ends.set(id, way)
      await ask()
    } catch (error) {
      // Else it may have been done all the same, and we see that when we next subscribe.
      if (isRefusal(error)) await this.#ends.delete(id)
      throw error
    } finally {
      this.#isEnding = false
    }
    await this.end(way)
  }

  /** We are in it no more; the history stays. On disk first: else nothing would look again at a group that is `joined`. */
  async end(state: 'left' | 'banned' | 'deleted'): Promise<void> {
    if (this.#record.state === 'joined') {
      await this.change({ state })
      this.leave()
      this.tell(state)
    }
    await this.#ends.delete(this.#record.id)
  }

  #follower(): ChatFollower {
    const room = this
    return {
      get syncedTo() {
        return room.#record.syncedTo
      },
      get infoSinceSeconds() {
        return room.#record.infoSinceSeconds
      },
      store: (batch: ReceivedBatch) => this.#reception.store(batch),
      members: async (members: readonly MemberRecord[]) => {
        await this.members.listed(members)
        // Who may only read is not told when it is up to date.
        if (toRole(this.#record.permissions) === 'reader') this.#wakeWaiting()
      },
      memberInfos: (infos: readonly MemberInfoRecord[]) => this.members.told(infos),
      event: (message: SystemMessage) => this.#happened(message),
      infoRequested: (lastUpdateSeconds: bigint, missing: boolean) => this.#infoRequested(lastUpdateSeconds, missing),
      ready: () => this.#ready(),
      refused: (error: MediatorError) => this.refused(error),
    }
  }

  /** Asked often before we come to it, it is answered once. */
  #infoRequested(sinceSeconds: bigint, isMissing: boolean): void {
    const before = this.#asked
    this.#asked = {
      sinceSeconds: before && before.sinceSeconds < sinceSeconds ? before.sinceSeconds : sinceSeconds,
      isMissing: isMissing || before?.isMissing === true,
    }
    if (before === undefined)
      this.inTurn(async () => {
        const asked = this.#asked
        this.#asked = undefined
        if (asked) await this.members.asked(asked.sinceSeconds, asked.isMissing)
      })
  }

  #ready(): void {
    const { access, store } = this.#context
    this.#way = 'banned'
    this.#isLive = true
    // What we wish while this is under way, the mediator has not heard of when it says that we are in.
    const isOldWish = !this.#isEnding && this.#ends.get(this.#record.id) !== undefined
    this.inTurn(async () => {
      // Whatever had been refused: we are in it.
      await access.ask(() => store.acceptedBy(this.#record.id))
      if (toRole(this.#record.permissions) !== 'reader') this.#outbox?.ready()
      this.#wakeWaiting()
      if (isOldWish && !this.#isEnding) await this.#ends.delete(this.#record.id)
    })
  }

  #wakeWaiting(): void {
    for (const wake of this.#waiting) wake()
    this.#waiting.clear()
  }

  #happened(message: SystemMessage): void {
    if (message.event === 'chatDeleted') this.inTurn(() => this.end('deleted'))
    else if (message.event === 'memberOnline') this.members.seen(message)
  }

  /** In the background, one after the other; what fails is told. */
  inTurn(work: () => Promise<unknown>): void {
    const { access, onError } = this.#context
    this.#work = this.#work.then(work).catch((cause) => {
      if (!access.closed) onError(cause)
    })
  }

  /** Resolves when nothing is under way. */
  settled(): Promise<unknown> {
    return this.#work
  }
}
