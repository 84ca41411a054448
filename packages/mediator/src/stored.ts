import type { MediatorRequests, MediatorResponses } from '@mimirjs/wire/mediator'
import type { Answers, Asked } from './answers.js'
import type { Command, CommandContext, Done, Outcome } from './commands/command.js'
import { isSystemMessageError } from './commands/system-message.js'
import { COMMANDS, type StoredCommandName } from './commands/table.js'
import { type Core, secondsOf } from './core.js'
import { applyEffects, requestMemberInfo } from './effects.js'
import { judgeProofOfWork } from './login.js'
import { pushPresence } from './presence.js'
import { Context, decodeRequest, firstOfCreateChat } from './requests.js'
import type { PendingSubscription } from './rooms.js'

const NO_KEY = new Uint8Array(32)
/** How often a SUBSCRIBE is judged again because its member was dropped meanwhile. */
const SUBSCRIBE_ATTEMPTS = 3

/** Commands that are a program on the database: checks, the store, what shows of it, the answer. */
export class StoredCommands {
  readonly #core: Core
  readonly #answers: Answers

  constructor(core: Core, answers: Answers) {
    this.#core = core
    this.#answers = answers
  }

  handle<K extends StoredCommandName>(asked: Asked, command: Command<K>, payload: Uint8Array): void {
    const { name } = command
    const { connection } = asked
    const { account, dialect, source } = connection
    if (account === undefined && command.anonymous !== true) {
      this.#answers.refuse(asked, name, 'authenticated')
      return
    }
    const context = new Context(this.#core, dialect, account?.publicKey ?? NO_KEY)
    const request = decodeRequest(dialect, name, payload)
    if (typeof request === 'string') {
      const check = name === 'createChat' ? firstOfCreateChat(request, dialect, payload, context.caller) : request
      this.#answers.refuse(asked, name, check)
      return
    }
    const check = command.check?.(request, context)
    if (check !== undefined) {
      this.#answers.refuse(asked, name, check)
      return
    }
    const { rates, clock } = this.#core
    const nowMs = clock.nowMs()
    const isGranted =
      account === undefined
        ? rates.takesAnonymous(source, nowMs)
        : rates.takes(name, account.text, source, payload.length, nowMs)
    if (!isGranted) {
      this.#answers.limited(asked)
      return
    }
    if (name === 'createChat' && !this.#isWorkDone(asked, request as MediatorRequests['createChat'])) return
    connection.isExclusive = command.pipelined !== true
    if (name === 'subscribe') this.#subscribe(asked, request as MediatorRequests['subscribe'], context)
    else this.#run(asked, command, request, context)
  }

  #isWorkDone(asked: Asked, request: MediatorRequests['createChat']): boolean {
    const { connection } = asked
    const wrong = judgeProofOfWork(this.#core, connection, request)
    if (wrong === undefined) return true
    const isLast = connection.failedLogins >= this.#core.limits.failedLogins
    this.#answers.refuse(asked, 'createChat', wrong, isLast ? 'failed-logins' : undefined)
    return false
  }

  #run<K extends StoredCommandName>(
    asked: Asked,
    command: Command<K>,
    request: MediatorRequests[K],
    context: CommandContext,
  ): void {
    const chatId = command.chatId?.(request)
    this.#core.store
      .run(() => command.program(request, context), { chatId })
      .then(
        (outcome) => this.#finished(asked, command, outcome),
        (error: unknown) => this.#failed(asked, command, error),
      )
      .catch((error: unknown) => this.#core.broken(error))
  }

  #finished<K extends StoredCommandName>(asked: Asked, command: Command<K>, outcome: Outcome<K>): void {
    const { connection } = asked
    if (command.pipelined !== true) connection.isExclusive = false
    if ('refused' in outcome) {
      this.#answers.refuse(asked, command.name, outcome.refused)
      return
    }
    applyEffects(this.#core, connection, outcome.effects)
    this.#answer(asked, command.name, outcome)
    for (const effect of outcome.effects)
      if (effect.effect === 'requestMemberInfo')
        requestMemberInfo(this.#core, connection, effect.chatId, effect.lastUpdateSeconds)
  }

  #failed<K extends StoredCommandName>(asked: Asked, command: Command<K>, error: unknown): void {
    if (command.pipelined !== true) asked.connection.isExclusive = false
    this.#core.storeFailed(error)
    this.#answers.refuse(asked, command.name, isSystemMessageError(error) ? 'systemMessage' : 'storage')
  }

  #answer<K extends StoredCommandName>(asked: Asked, name: K, outcome: Done<K>): void {
    if (name === 'getMessagesSince') {
      const { count, records } = (outcome as Done<'getMessagesSince'>).value
      this.#answers.page(asked, count, records)
      return
    }
    if (name === 'getMembers') {
      const { chatId, members } = (outcome as Done<'getMembers'>).value
      this.#answers.ok(asked, 'getMembers', { members: this.#withPresence(chatId, members) })
      return
    }
    this.#answers.ok(asked, name, outcome.value as unknown as MediatorResponses[K])
  }

  /** Online is who has a connection subscribed to this chat (mediator protocol §8.20). */
  #withPresence(
    chatId: bigint,
    members: Done<'getMembers'>['value']['members'],
  ): MediatorResponses['getMembers']['members'] {
    const { accounts, rooms, cluster } = this.#core
    const room = rooms.get(chatId)
    return members.map((member) => {
      const account = room === undefined ? undefined : accounts.find(member.publicKey)
      const isHere = account !== undefined && room?.online.has(account) === true
      return { ...member, online: isHere || cluster?.isOnline(chatId, member.publicKey) === true }
    })
  }

  /** What happens to the chat while the store is asked is not missed: see {@link PendingSubscription}. */
  #subscribe(asked: Asked, request: MediatorRequests['subscribe'], context: CommandContext): void {
    const { rooms, limits, broken } = this.#core
    const { connection } = asked
    const command = COMMANDS.subscribe
    const { account } = connection
    const isFull = connection.rooms.length >= limits.subscriptions
    if (account === undefined || isFull) {
      this.#finished(asked, command, { refused: 'limited' })
      return
    }
    const pending = rooms.prepare(request.chatId, account)
    this.#judge(pending, request, context)
      .then(
        (outcome) => {
          const granted = 'refused' in outcome ? outcome : nothingMissed(outcome, pending)
          if (!('refused' in granted) && !connection.isClosed) this.#subscribed(asked, pending, granted.value.messageId)
          rooms.settle(pending)
          this.#finished(asked, command, granted)
        },
        (error: unknown) => {
          rooms.settle(pending)
          this.#failed(asked, command, error)
        },
      )
      .catch(broken)
  }

  async #judge(
    pending: PendingSubscription,
    request: MediatorRequests['subscribe'],
    context: CommandContext,
  ): Promise<Outcome<'subscribe'>> {
    const { store } = this.#core
    const { chatId } = request
    for (let attempt = 0; attempt < SUBSCRIBE_ATTEMPTS; attempt++) {
      pending.isDropped = false
      const outcome = await store.run(() => COMMANDS.subscribe.program(request, context), { chatId })
      if (!pending.isDropped) return outcome
    }
    return { refused: 'member' }
  }

  #subscribed({ connection }: Asked, { room, account }: PendingSubscription, lastId: bigint): void {
    const core = this.#core
    const { rooms, cluster, clock } = core
    cluster?.subscribed(room, account, lastId)
    if (!rooms.subscribe(room, connection, account)) return
    const isElsewhere = cluster?.isOnline(room.chatId, account.publicKey) === true
    cluster?.arrived(room.chatId, account.publicKey)
    if (!isElsewhere) pushPresence(core, room, account.publicKey, true, secondsOf(clock))
  }
}

/** Messages pushed between the look at the database and the subscription did not reach this connection: it fetches them. */
function nothingMissed(outcome: Done<'subscribe'>, { room, pushedBefore }: PendingSubscription): Done<'subscribe'> {
  const { messageId } = outcome.value
  if (room.pushedId === pushedBefore || room.pushedId <= messageId) return outcome
  return { ...outcome, value: { messageId: room.pushedId } }
}
