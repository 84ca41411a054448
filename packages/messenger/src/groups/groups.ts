import { randomBytes } from '@mimirjs/crypto'
import { isMediatorError, type MediatorClient } from '@mimirjs/mediator-client'
import { fromHex } from '@mimirjs/wire'
import { Permission } from '@mimirjs/wire/mediator'
import { MessengerError } from '../error.js'
import type { MessageContent } from '../store.js'
import type { Sealed, StoredGroup } from '../store-groups.js'
import { Actions } from './actions.js'
import { Administration } from './administration.js'
import { BegunJoins } from './begun.js'
import { cipherOf } from './cipher.js'
import type { GroupsContext } from './context.js'
import { atMediator, groupError } from './errors.js'
import { Group } from './group.js'
import { groupId } from './group-id.js'
import { Invites } from './invites.js'
import { Joins, mediatorOf } from './joins.js'
import { KeptByGroup } from './kept.js'
import { KeyRotation, type PendingRotation } from './key-rotation.js'
import { checkMediators, Mediators } from './mediators.js'
import { Pauses } from './pauses.js'
import { toRole } from './permissions.js'
import { checkProfile } from './profile.js'
import { type OwnEnd, Room } from './room.js'
import { sealMessage } from './sealed-message.js'
import type { CreateGroupOptions, GroupInvite, MediatorAddress, MediatorEvent } from './types.js'

/** The groups of a messenger: those it is in, and those it was in. */
export class Groups {
  readonly invites: Invites
  readonly #context: GroupsContext
  readonly #rooms = new Map<string, Room>()
  readonly #mediators: Mediators
  readonly #begun: BegunJoins
  readonly #rotations: KeptByGroup<PendingRotation>
  readonly #ends: KeptByGroup<OwnEnd>
  readonly #joins: Joins
  readonly #actions: Actions
  readonly #pauses: Pauses

  constructor(context: GroupsContext) {
    this.#context = context
    this.#pauses = new Pauses(context.clock)
    this.#mediators = new Mediators(context, {
      invite: (mediator, invite) => this.invites.received(mediator, invite),
      up: (mediator) => this.#up(mediator),
    })
    this.#begun = new BegunJoins(context)
    this.#rotations = new KeptByGroup(context, 'groupRotations')
    this.#ends = new KeptByGroup(context, 'groupEnds')
    this.invites = new Invites(context, {
      isKnown: (group) => this.#rooms.has(group),
      isBegun: (id) => this.#begun.has(id),
      dialectOf: (mediator) => this.#mediators.client(mediator).dialect,
      accept: (invite) => this.#inBackground(() => this.#acceptByPolicy(invite)),
    })
    this.#joins = new Joins(context, {
      invites: this.invites,
      begun: this.#begun,
      mediators: this.#mediators,
      pauses: this.#pauses,
      find: (group) => this.#rooms.get(group),
      add: (record) => this.#add(record),
      remove: (room) => this.#remove(room),
    })
    const client = (mediator: MediatorAddress): MediatorClient => this.#mediators.client(mediator)
    const clientOf = (room: Room): MediatorClient => this.#clientOf(room)
    this.#actions = new Actions(context, {
      administration: new Administration(context, { client, clientOf }),
      rotation: new KeyRotation(context, { pauses: this.#pauses, pending: this.#rotations, clientOf }),
      roomOf: (id) => this.#roomOf(id),
      remove: (room) => this.#remove(room),
      dropJoins: (id) => this.#joins.drop(id),
    })
  }

  /** Connect to the mediators, and go on where the last process ended. @throws {StoreError} | {MessengerError} `bad-content` */
  async start(): Promise<void> {
    try {
      await this.#start()
    } catch (error) {
      await this.close(0)
      throw error
    }
    this.#inBackground(() => this.#joins.resume())
    this.#inBackground(() => this.invites.decideAgain())
  }

  async #start(): Promise<void> {
    const { store, mediators } = this.#context
    checkMediators(mediators)
    await this.#begun.load()
    await this.#rotations.load()
    await this.#ends.load()
    await this.invites.load()
    for (const record of await store.groups()) this.#rooms.set(record.id, this.#room(record))
    for (const mediator of mediators) this.#mediators.client(mediator)
    const joining = await this.#joins.groups()
    for (const room of this.#rooms.values()) {
      // Those that are being joined are followed when that is done.
      if (room.record.state === 'joined' && !joining.has(room.record.id))
        room.follow(this.#mediators.client(room.group.mediator))
    }
  }

  /** The group of this id, if it is one. */
  find(id: string): Group | undefined {
    return this.#rooms.get(id)?.group
  }

  /** The id, however it is written, of a group; `undefined` for what names no group. */
  resolve(to: string | Uint8Array): string | undefined {
    if (this.#rooms.size === 0 || typeof to !== 'string') return undefined
    if (this.#rooms.has(to)) return to
    const id = to.trim().toLowerCase()
    return this.#rooms.has(id) ? id : undefined
  }

  list(): Group[] {
    return [...this.#rooms.values()].map(({ group }) => group)
  }

  /** @throws {MessengerError} `unknown-group` */
  get(id: string): Group {
    return this.#roomOf(id).group
  }

  async create({ name, description = '', avatar, mediator, signal }: CreateGroupOptions): Promise<Group> {
    this.#context.assertOpen()
    checkProfile({ name, description, ...(avatar && { avatar }) })
    const where = mediator ?? this.#context.mediators[0]
    if (where === undefined)
      throw new MessengerError('bad-content', 'a group needs a mediator: give one, or open with some in `mediators`')
    const client = this.#mediators.client(where)
    const chat = { name, description, ...(avatar && avatar.length > 0 ? { avatar } : {}) }
    const chatId = await client.createChat(chat, { ...(signal && { signal }) }).catch(notMade)
    const room = await this.#add({
      id: groupId(fromHex(where.publicKey), chatId),
      mediator: where.publicKey,
      mediatorAddress: where.address,
      dialect: client.dialect,
      chatId,
      name,
      description,
      avatar: chat.avatar?.slice(),
      key: randomBytes(32),
      formerKeys: [],
      cipher: cipherOf(client.dialect),
      permissions: Permission.owner | Permission.user,
      state: 'joined',
      syncedTo: 0n,
      infoSinceSeconds: 0n,
    })
    room.follow(client)
    room.tell('joined')
    return room.group
  }

  async join(invite: string | GroupInvite, { signal }: { signal?: AbortSignal } = {}): Promise<Group> {
    this.#context.assertOpen()
    return (await this.#joins.join(await this.invites.get(invite), { ...(signal && { signal }) })).group
  }

  async decline(invite: string | GroupInvite): Promise<void> {
    this.#context.assertOpen()
    const row = await this.invites.get(invite)
    const client = this.#mediators.client(mediatorOf(row))
    await atMediator('the invite was not declined', async () => {
      try {
        await client.respondToInvite(row.inviteId, false)
      } catch (error) {
        // Nothing is left to decline.
        if (!isGone(error)) throw error
      }
    })
    await this.invites.delete(row)
  }

  /** @throws {MessengerError} `not-member` | `forbidden` */
  assertMaySend(id: string): void {
    const { state, permissions } = this.#roomOf(id).record
    if (state !== 'joined')
      throw new MessengerError('not-member', `nothing can be sent to group ${id}: we are not in it, state is ${state}`)
    if (toRole(permissions) === 'reader')
      throw new MessengerError('forbidden', `nothing can be sent to group ${id}: we may only read there`)
  }

  /** The bytes for the mediator. They are kept with the message: it is sent as it was accepted. */
  sealed(id: string, message: MessageContent): Sealed {
    return sealMessage(this.#roomOf(id).record, message)
  }

  /** There may be something to send. */
  kick(id: string): void {
    if (!this.#context.isClosing()) this.#rooms.get(id)?.kick()
  }

  retryNow(): void {
    this.#mediators.retryNow()
    for (const room of this.#rooms.values()) room.retryNow()
  }

  profileChanged(): void {
    for (const room of this.#rooms.values()) if (room.client) room.inTurn(() => room.members.profileChanged())
  }

  mediators(): MediatorEvent[] {
    return this.#mediators.states()
  }

  /** Connections to mediators that are up. */
  get connected(): number {
    return this.#mediators.connected
  }

  /** Nothing more is sent; what is being stored is finished, and the connections end in order. */
  async close(timeoutMs: number): Promise<void> {
    this.#pauses.close()
    for (const room of this.#rooms.values()) room.quiet()
    await this.#mediators.close(timeoutMs)
    await Promise.all([...this.#rooms.values()].map((room) => room.settled()))
    for (const room of this.#rooms.values()) room.leave()
    await this.#joins.settled()
  }

  #up(mediator: string): void {
    for (const room of this.#rooms.values()) if (room.record.mediator === mediator) room.connected()
    this.#inBackground(() => this.#joins.resume())
  }

  /** The policy saw whether the invite is for a group that we know: that holds when it is its turn. */
  async #acceptByPolicy(invite: GroupInvite): Promise<void> {
    await this.#joins.join(await this.invites.get(invite), { isKnown: invite.rotatesKey })
  }

  /** @throws {MessengerError} `not-member` | `closed` */
  #clientOf({ record, group }: Room): MediatorClient {
    this.#context.assertOpen()
    if (record.state !== 'joined')
      throw new MessengerError('not-member', `we are not in group ${record.id}: state is ${record.state}`)
    return this.#mediators.client(group.mediator)
  }

  /** @throws {MessengerError} `unknown-group` */
  #roomOf(id: string): Room {
    const room = this.#rooms.get(id)
    if (room === undefined)
      throw new MessengerError('unknown-group', `we are in no group ${String(id)}, and were in none`)
    return room
  }

  #room(record: StoredGroup): Room {
    return new Room(record, new Group(record.id, this.#actions), this.#context, this.#ends)
  }

  async #add(record: StoredGroup): Promise<Room> {
    const { access, store } = this.#context
    await access.ask(() => store.putGroup(record))
    const room = this.#room(record)
    this.#rooms.set(record.id, room)
    return room
  }

  async #remove(room: Room): Promise<void> {
    const { access, store, wakeWaiting, removed } = this.#context
    room.leave()
    await access.ask(() => store.deleteGroup(room.record.id))
    await this.#rotations.delete(room.record.id)
    this.#rooms.delete(room.record.id)
    await removed()
    wakeWaiting()
  }

  #inBackground(work: () => Promise<unknown>): void {
    work().catch((error: unknown) => {
      if (!this.#context.isClosing()) this.#context.onError(error)
    })
  }
}

/** @throws {MessengerError} */
function notMade(cause: unknown): never {
  const what = 'the group was not made'
  if (!isMediatorError(cause) || cause.code !== 'rate-limit') throw groupError(what, cause)
  const why = 'a mediator makes only so many groups an hour for one key (those of this project 5): try again later'
  throw new MessengerError('mediator', `${what}: ${cause.remoteText ?? cause.message}: ${why}`, { cause })
}

function isGone(error: unknown): boolean {
  return isMediatorError(error) && error.code === 'not-found'
}
