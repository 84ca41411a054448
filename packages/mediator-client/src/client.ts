import { isPoint, proofOfWork, randomBytes, type Signer } from '@mimirjs/crypto'
import { addressScheme, type ByteStream, Emitter, type Logger, steadyClock } from '@mimirjs/transport'
import type {
  MediatorCommandName,
  MediatorDialect,
  MediatorPushes,
  MediatorPushName,
  MediatorRequests,
  MediatorResponses,
  MemberInfoRecord,
  MemberRecord,
} from '@mimirjs/wire/mediator'
import { requireKey } from './bytes.js'
import { type NewChat, requireNewChat } from './chat-fields.js'
import type { Connection } from './connection.js'
import { isMediatorError, MediatorError } from './error.js'
import { FollowedChat, type FollowedChatHost } from './followed-chat.js'
import { completeLimits } from './limits.js'
import { Link } from './link.js'
import { toReceivedMessage } from './messages.js'
import { NonceGuard } from './nonces.js'
import { Pace } from './pace.js'
import type { Permissions } from './permissions.js'
import { isNonceError } from './server-text.js'
import { completeTimers } from './timers.js'
import { Turns } from './turns.js'
import type {
  CallOptions,
  ChatFollower,
  Following,
  MediatorClientEvents,
  MediatorClientOptions,
  MediatorState,
  ReceivedMessage,
} from './types.js'

/** Nonces that somebody else took away, with another device of ours that asked for one, before CREATE_CHAT gives up. */
const MAX_CREATE_ATTEMPTS = 4

/**
 * A client of one mediator, over one connection that all chats share. After {@link start} it connects, logs in, and
 * stays connected; chats that are followed are brought up to date after every connect, and nothing is lost on the way.
 *
 * Every call rejects with a {@link MediatorError}, or with a RangeError for an argument that can never be right. A call
 * while there is no connection waits for one, except {@link sendMessage}.
 * @example
 * const client = new MediatorClient({ signer, mediatorPublicKey, transports, address: 'tcp://127.0.0.1:5051' })
 * client.on('invite', (invite) => console.log(invite.name))
 * client.start()
 * const chatId = await client.createChat({ name: 'Everybody' })
 */
export class MediatorClient {
  /** 32 bytes. */
  readonly mediatorPublicKey: Uint8Array
  readonly dialect: MediatorDialect
  readonly #signer: Signer
  readonly #mediatorKeys: readonly Uint8Array[]
  readonly #logger: Logger | undefined
  readonly #events: Emitter<MediatorClientEvents>
  readonly #link: Link
  readonly #nonces: NonceGuard
  /** One at a time: at some mediators a second nonce for a key replaces the first. */
  readonly #nonceTurns = new Turns(1)
  readonly #chats = new Map<bigint, FollowedChat>()
  readonly #host: FollowedChatHost
  readonly #pace: Pace

  /**
   * @throws {RangeError} for a key, limit or timer out of its range
   * @throws {TransportError} `bad-address`
   */
  constructor(options: MediatorClientOptions) {
    const { signer, logger, clock = steadyClock, random = randomBytes, formerMediatorKeys = [] } = options
    const [limits, timers] = [completeLimits(options.limits), completeTimers(options.timers)]
    this.mediatorPublicKey = requireKey(options.mediatorPublicKey, 'mediatorPublicKey').slice()
    this.dialect = options.dialect ?? usualDialect(options)
    this.#signer = signer
    this.#logger = logger
    this.#mediatorKeys = [
      this.mediatorPublicKey,
      ...formerMediatorKeys.map((key) => requireKey(key, 'formerMediatorKeys')),
    ]
    this.#events = new Emitter((error) => logger?.warn({ err: error }, 'a listener threw'))
    this.#nonces = new NonceGuard({
      keys: [signer.publicKey, this.mediatorPublicKey],
      limit: limits.seenNonces,
      refuseNonce: options.refuseNonce ?? isPoint,
      logger,
    })
    const pace = new Pace(clock, timers)
    this.#link = new Link({
      dial: dialerOf(options, timers.dialMs),
      connection: {
        signer,
        mediatorPublicKey: this.mediatorPublicKey,
        dialect: this.dialect,
        clock,
        timers,
        limits,
        mayBeSigned: (nonce) => this.#nonces.mayBeSigned(nonce),
        push: (push, value) => this.#push(push, value),
        dropped: (why) => logger?.debug({ why }, 'something of the mediator was dropped'),
      },
      clock,
      timers,
      limits,
      random,
      logger,
      state: (state) => void this.#events.emit('state', state),
      up: (connection) => {
        for (const chat of this.#chats.values()) chat.connected(connection)
      },
      down: (error) => {
        pace.release()
        for (const chat of this.#chats.values()) chat.disconnected(error)
      },
    })
    this.#pace = pace
    this.#host = {
      publicKey: signer.publicKey,
      dialect: this.dialect,
      clock,
      timers,
      limits,
      turns: new Turns(limits.chatsAtOnce),
      pace,
      logger,
      toReceived: (message) => toReceivedMessage(message, this.#mediatorKeys),
      report: (error, chatId) => this.#report(error, chatId),
    }
  }

  get state(): MediatorState {
    return this.#link.state
  }

  /** @returns a function that takes the listener off again */
  on<Name extends keyof MediatorClientEvents & string>(
    name: Name,
    listener: (event: MediatorClientEvents[Name]) => void,
  ): () => void {
    return this.#events.on(name, listener)
  }

  off<Name extends keyof MediatorClientEvents & string>(
    name: Name,
    listener: (event: MediatorClientEvents[Name]) => void,
  ): void {
    this.#events.off(name, listener)
  }

  /** Connect, and stay connected. Again after `stopped`. @throws {MediatorError} `closed` */
  start(): void {
    this.#link.start()
  }

  /** The network is back, or another: dial at once instead of waiting, and ask a connection that is up for a sign of life. */
  retryNow(): void {
    this.#link.retryNow()
  }

  /** Resolves when we are logged in. Rejects with the reason when there will be no login: `stopped` or `closed`. */
  async ready({ signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    await this.#link.connected('ready', { signal, timeoutMs: undefined })
  }

  /** End the connection in order; what is awaited rejects with `closed`. Resolves when nothing is left, cut after `timeoutMs`. */
  async close({ timeoutMs }: { readonly timeoutMs?: number } = {}): Promise<void> {
    const chats = [...this.#chats.values()]
    for (const chat of chats) chat.stop()
    this.#pace.release()
    await this.#link.close(timeoutMs, Promise.all(chats.map((chat) => chat.settled)))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /**
   * Keep up with a chat: subscribe after every connect, fetch what was missed, hand over what is pushed, in the order of
   * mediator protocol §20.2.
   * @throws {MediatorError} `closed`; `misuse` when the chat is followed already
   */
  follow(chatId: bigint, follower: ChatFollower): Following {
    if (this.state.state === 'closed') throw new MediatorError('closed', 'follow: the mediator client is closed')
    if (this.#chats.has(chatId)) {
      throw new MediatorError('misuse', `follow: chat ${chatId} is followed already, stop that first`)
    }
    const chat = new FollowedChat(chatId, follower, this.#host, () => this.#chats.delete(chatId))
    this.#chats.set(chatId, chat)
    const { connection } = this.#link
    if (connection !== undefined) chat.connected(connection)
    return chat
  }

  async ping(options?: CallOptions): Promise<void> {
    await this.#call('ping', {}, options)
  }

  /**
   * Make a chat that we own. Takes as long as the proof of work, which the signal ends too.
   * @param chat - name of at most 25 characters (20 bytes in `binary`), description of at most 200, avatar of at most
   *   204 800 bytes
   * @returns the id of the chat
   */
  async createChat(chat: NewChat, options: CallOptions = {}): Promise<bigint> {
    requireNewChat(this.dialect, chat)
    return this.#nonceTurns.run(async () => {
      for (let attempt = 1; ; attempt++) {
        try {
          return await this.#createChat(chat, options)
        } catch (error) {
          if (attempt === MAX_CREATE_ATTEMPTS || !isMediatorError(error) || !isNonceError(error.remoteText)) throw error
        }
      }
    })
  }

  async deleteChat(chatId: bigint, options?: CallOptions): Promise<void> {
    await this.#call('deleteChat', { chatId }, options)
  }

  /** What is absent stays as it is; an empty avatar removes it. `unsupported` in the dialect `binary`. */
  async updateChatInfo(change: MediatorRequests['updateChatInfo'], options?: CallOptions): Promise<void> {
    await this.#call('updateChatInfo', change, options)
  }

  /** Without invitation: the user is not told, and gets no key. */
  async addUser(chatId: bigint, userPublicKey: Uint8Array, options?: CallOptions): Promise<void> {
    await this.#call('addUser', { chatId, userPublicKey: requireKey(userPublicKey, 'userPublicKey') }, options)
  }

  /** Ban. */
  async deleteUser(chatId: bigint, userPublicKey: Uint8Array, options?: CallOptions): Promise<void> {
    await this.#call('deleteUser', { chatId, userPublicKey: requireKey(userPublicKey, 'userPublicKey') }, options)
  }

  async leaveChat(chatId: bigint, options?: CallOptions): Promise<void> {
    await this.#call('leaveChat', { chatId }, options)
  }

  /** Chats that we are a member of. */
  async getUserChats(options?: CallOptions): Promise<bigint[]> {
    return [...(await this.#call('getUserChats', {}, options)).chatIds]
  }

  /**
   * Resolves when the mediator has the message. Rejects with `not-connected` at once when there is no connection: send
   * when the follower is `ready`. After `timeout` and `not-connected` repeat exactly the same, guid, timestamp and blob:
   * a mediator that has it answers with the id of then (in `tlv` and `binary` older ones may store it twice, or refuse).
   * @returns the guid is the one that the mediator gave it; adopt it
   */
  async sendMessage(
    message: MediatorRequests['sendMessage'],
    options: CallOptions = {},
  ): Promise<{ messageId: bigint; guid: bigint }> {
    requireLive(options.signal, 'sendMessage')
    const connection = this.#link.connectionNow('sendMessage')
    const { messageId, guid = message.guid } = await connection.request('sendMessage', message, options)
    return { messageId, guid }
  }

  /** By guid or message id; give both if you know them. The dialect `binary` needs the message id. */
  async deleteMessage(message: MediatorRequests['deleteMessage'], options?: CallOptions): Promise<void> {
    await this.#call('deleteMessage', message, options)
  }

  /** The highest id there is, 0 when there is none. */
  async getLastMessageId(chatId: bigint, options?: CallOptions): Promise<bigint> {
    return (await this.#call('getLastMessageId', { chatId }, options)).messageId
  }

  /** For this connection only; `follow` does it for every one. @returns the highest message id */
  async subscribe(chatId: bigint, options?: CallOptions): Promise<bigint> {
    return (await this.#call('subscribe', { chatId }, options)).messageId
  }

  /** One page; it may be short, or empty, though there are more messages (mediator protocol §11.5). */
  async getMessagesSince(
    request: MediatorRequests['getMessagesSince'],
    options?: CallOptions,
  ): Promise<ReceivedMessage[]> {
    const { messages } = await this.#call('getMessagesSince', request, options)
    return messages.map((message) => toReceivedMessage(message, this.#mediatorKeys))
  }

  async sendInvite(invite: MediatorRequests['sendInvite'], options?: CallOptions): Promise<void> {
    await this.#call('sendInvite', { ...invite, toPublicKey: requireKey(invite.toPublicKey, 'toPublicKey') }, options)
  }

  async respondToInvite(inviteId: bigint, accept: boolean, options?: CallOptions): Promise<void> {
    await this.#call('inviteResponse', { inviteId, accepted: accept ? 1 : 0 }, options)
  }

  async updateMemberInfo(info: MediatorRequests['updateMemberInfo'], options?: CallOptions): Promise<void> {
    await this.#call('updateMemberInfo', info, options)
  }

  /** All members who are not banned; `info` only of those that changed after `sinceSeconds`, else empty. */
  async getMembersInfo(chatId: bigint, sinceSeconds = 0n, options?: CallOptions): Promise<MemberInfoRecord[]> {
    return [...(await this.#call('getMembersInfo', { chatId, sinceSeconds }, options)).members]
  }

  /** All members who are not banned. */
  async getMembers(chatId: bigint, options?: CallOptions): Promise<MemberRecord[]> {
    return [...(await this.#call('getMembers', { chatId }, options)).members]
  }

  /** `unsupported` in the dialect `binary`. To ban use {@link deleteUser}: mediators refuse permissions of 0. */
  async changeMemberStatus(
    chatId: bigint,
    userPublicKey: Uint8Array,
    permissions: number | Permissions,
    options?: CallOptions,
  ): Promise<void> {
    const mask = typeof permissions === 'number' ? permissions : permissions.mask
    requireKey(userPublicKey, 'userPublicKey')
    await this.#call('changeMemberStatus', { chatId, userPublicKey, permissions: mask }, options)
  }

  async #call<K extends MediatorCommandName>(
    command: K,
    value: MediatorRequests[K],
    { signal, timeoutMs }: CallOptions = {},
  ): Promise<MediatorResponses[K]> {
    const connection = await this.#link.connected(command, { signal, timeoutMs: timeoutMs ?? 'default' })
    return connection.request(command, value, { signal, timeoutMs })
  }

  async #createChat({ name, description = '', avatar }: NewChat, { signal, timeoutMs }: CallOptions): Promise<bigint> {
    const connection = await this.#link.connected('createChat', { signal, timeoutMs: timeoutMs ?? 'default' })
    const nonce = await this.#nonceOf(connection, signal)
    const proof = await connection.whileOpen('createChat', signal, (until) =>
      proofOfWork(this.#signer, nonce, { signal: until }),
    )
    const ownerPublicKey = this.#signer.publicKey
    const request = { ownerPublicKey, nonce, ...proof, name, description, avatar }
    return (await connection.request('createChat', request, { signal, timeoutMs })).chatId
  }

  async #nonceOf(connection: Connection, signal: AbortSignal | undefined): Promise<Uint8Array> {
    const { publicKey } = this.#signer
    for (let attempt = 0; attempt < this.#nonces.maxAttempts; attempt++) {
      const { nonce } = await connection.request('getNonce', { publicKey }, { signal })
      if (this.#nonces.mayBeSigned(nonce)) return nonce
    }
    throw new MediatorError('protocol', `createChat: the mediator gave no nonce that may be signed`)
  }

  #push<K extends MediatorPushName>(push: K, value: MediatorPushes[K]): void {
    switch (push) {
      case 'gotMessage': {
        const pushed = value as MediatorPushes['gotMessage']
        const message = toReceivedMessage(pushed, this.#mediatorKeys)
        this.#chats.get(pushed.chatId)?.pushed(message)
        this.#events.emit('message', { chatId: pushed.chatId, message })
        return
      }
      case 'gotInvite':
        this.#events.emit('invite', value as MediatorPushes['gotInvite'])
        return
      case 'requestMemberInfo': {
        const request = value as MediatorPushes['requestMemberInfo']
        this.#chats.get(request.chatId)?.infoRequested(request.lastUpdateSeconds)
        this.#events.emit('infoRequested', request)
        return
      }
      case 'gotMemberInfo': {
        const { chatId, members } = value as MediatorPushes['gotMemberInfo']
        if (chatId !== undefined) this.#chats.get(chatId)?.memberInfos(members)
        else for (const chat of this.#chats.values()) chat.memberInfoHint(members)
        this.#events.emit('memberInfo', { chatId, members })
      }
    }
  }

  #report(error: unknown, chatId: bigint | undefined): void {
    const shown = error instanceof Error ? error : new Error(String(error), { cause: error })
    this.#logger?.warn({ err: shown, chatId: chatId?.toString() }, 'a chat cannot go on for now')
    this.#events.emit('error', { error: shown, chatId })
  }
}

function requireLive(signal: AbortSignal | undefined, doing: string): void {
  if (signal?.aborted) throw new MediatorError('aborted', `${doing}: aborted`, { cause: signal.reason })
}

function usualDialect(options: MediatorClientOptions): MediatorDialect {
  return 'address' in options && addressScheme(options.address) === 'quic' ? 'tlv' : 'tlv-push'
}

function dialerOf(options: MediatorClientOptions, timeoutMs: number): (signal: AbortSignal) => Promise<ByteStream> {
  if ('dial' in options) return async (signal) => options.dial(signal)
  return (signal) => options.transports.dial(options.address, { signal, timeoutMs })
}
