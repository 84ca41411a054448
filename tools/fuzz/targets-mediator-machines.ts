import { isWireError } from '@mimirjs/wire'
import {
  decodeRequestPayload,
  encodeErrorFrame,
  encodeMediatorInit,
  encodePushFrame,
  encodeRequestFrame,
  encodeResponseFrame,
  hasMediatorCommand,
  MEDIATOR_DIALECTS,
  type MediatorCommandName,
  type MediatorDialect,
  type MediatorPushes,
  type MediatorRequests,
  type MediatorResponses,
  mediatorCommandName,
} from '@mimirjs/wire/mediator'
import { DEFAULT_LIMITS } from '../../packages/mediator/src/limits.js'
import { Session } from '../../packages/mediator/src/session.js'
import { MediatorError } from '../../packages/mediator-client/src/error.js'
import { MediatorSession } from '../../packages/mediator-client/src/session.js'
import { DEFAULT_TIMERS } from '../../packages/mediator-client/src/timers.js'
import { cut } from './cut.js'
import type { Random } from './random.js'
import { Broken, type FuzzTarget } from './target.js'

const chatId = 5n
const key = new Uint8Array(32).fill(3)
const signature = new Uint8Array(64)
const bytes = Uint8Array.from({ length: 60 }, (_, at) => at)
const message = { messageId: 2n, guid: 7n, timestampSeconds: 9n, author: key, blob: bytes }
const member = { publicKey: key, permissions: 0x10, online: true, lastSeenSeconds: 8n }
const info = { publicKey: key, info: bytes, timestampSeconds: 6n }

const REQUESTS: MediatorRequests = {
  getNonce: { publicKey: key },
  auth: { publicKey: key, nonce: key, signature },
  ping: {},
  createChat: { ownerPublicKey: key, nonce: key, counter: 1, signature, name: 'n', description: 'd', avatar: bytes },
  deleteChat: { chatId },
  updateChatInfo: { chatId, name: 'n', description: 'd', avatar: bytes },
  addUser: { chatId, userPublicKey: key },
  deleteUser: { chatId, userPublicKey: key },
  leaveChat: { chatId },
  getUserChats: {},
  sendMessage: { chatId, guid: 7n, timestampSeconds: 9n, blob: bytes },
  deleteMessage: { chatId, messageId: 2n, guid: 7n },
  getLastMessageId: { chatId },
  subscribe: { chatId },
  getMessagesSince: { chatId, sinceId: 1n, limit: 500 },
  sendInvite: { chatId, toPublicKey: key, data: bytes },
  inviteResponse: { inviteId: 4n, accepted: 1 },
  updateMemberInfo: { chatId, timestampSeconds: 6n, info: bytes },
  getMembersInfo: { chatId, sinceSeconds: 6n },
  getMembers: { chatId },
  changeMemberStatus: { chatId, userPublicKey: key, permissions: 0x20 },
}

const RESPONSES: MediatorResponses = {
  getNonce: { nonce: key },
  auth: {},
  ping: {},
  createChat: { chatId },
  deleteChat: {},
  updateChatInfo: {},
  addUser: {},
  deleteUser: {},
  leaveChat: {},
  getUserChats: { chatIds: [chatId, 6n] },
  sendMessage: { messageId: 2n, guid: 7n },
  deleteMessage: {},
  getLastMessageId: { messageId: 2n },
  subscribe: { messageId: 2n },
  getMessagesSince: {
    messages: [
      { ...message, chatId },
      { ...message, chatId, messageId: 3n },
    ],
  },
  sendInvite: {},
  inviteResponse: {},
  updateMemberInfo: {},
  getMembersInfo: { members: [info, info] },
  getMembers: { members: [member, member] },
  changeMemberStatus: {},
}

const PUSHES: MediatorPushes = {
  gotMessage: { ...message, chatId },
  gotInvite: {
    ...{ inviteId: 4n, chatId, from: key, timestampSeconds: 9n },
    ...{ name: 'n', description: 'd', avatar: bytes, data: bytes },
  },
  requestMemberInfo: { chatId, lastUpdateSeconds: 6n },
  gotMemberInfo: { chatId, members: [info] },
}

function commandsOf(dialect: MediatorDialect): MediatorCommandName[] {
  const names = Object.keys(REQUESTS) as MediatorCommandName[]
  return names.filter((name) => hasMediatorCommand(dialect, name))
}

function requestOf(dialect: MediatorDialect, command: MediatorCommandName, requestId: number): Uint8Array {
  return encodeRequestFrame(dialect, requestId, command, REQUESTS[command])
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]))
}

// The server: anybody talks to it.

/** Less than some of the requests above have, so that the limit before login is met. */
const LOGIN_PAYLOAD_BYTES = 150
const LIMITS = { ...DEFAULT_LIMITS, loginPayloadBytes: LOGIN_PAYLOAD_BYTES }

function serverTarget(dialect: MediatorDialect): FuzzTarget {
  const frames = commandsOf(dialect).map((command, index) => requestOf(dialect, command, index + 1))
  return {
    name: `mediator.session.${dialect}`,
    seeds: [
      concat([encodeMediatorInit(dialect), ...frames]),
      concat([encodeMediatorInit(dialect), ...frames.slice(0, 3), frames.at(-1)!]),
    ],
    feed(input, random) {
      const session = new Session(LIMITS, dialect === 'tlv' ? 'tlv' : 'tlv-push', 0)
      let [nowMs, givenBytes, cameBytes] = [0, 0, 0]
      for (const piece of cut(input, random)) {
        session.receive(piece)
        cameBytes += piece.length
        nowMs += random.below(50)
        givenBytes += readRequests(session, nowMs)
        if (givenBytes + session.bufferedBytes > cameBytes) throw new Broken('more was given than came')
        if (!session.isLoggedIn && session.bufferedBytes > LOGIN_PAYLOAD_BYTES + 8)
          throw new Broken(`${session.bufferedBytes} bytes are held of somebody unknown`)
        if (session.dialect !== undefined && random.below(30) === 0) session.loggedIn()
        checkFault(session, nowMs)
      }
      if (session.fault === undefined && session.late(nowMs + DEFAULT_LIMITS.idleMs, false) === undefined)
        throw new Broken('it may stay for ever')
    },
  }
}

/** @returns bytes of the frames */
function readRequests(session: Session, nowMs: number): number {
  let givenBytes = 0
  for (let frame = session.next(nowMs); frame !== undefined; frame = session.next(nowMs)) {
    givenBytes += frame.payload.length
    if (!session.isLoggedIn && frame.payload.length > LOGIN_PAYLOAD_BYTES) throw new Broken('above the limit')
    const { dialect } = session
    if (dialect === undefined) throw new Broken('a request before the opening')
    const command = mediatorCommandName(dialect, frame.command)
    if (command === undefined || !hasMediatorCommand(dialect, command)) continue
    try {
      decodeRequestPayload(dialect, command, frame.payload)
    } catch (error) {
      if (!isWireError(error)) throw error
    }
  }
  return givenBytes
}

function checkFault(session: Session, nowMs: number): void {
  const { fault } = session
  if (fault === undefined) return
  session.receive(encodeMediatorInit('tlv'))
  if (session.next(nowMs) !== undefined || session.fault !== fault) throw new Broken('a fault is final')
}

// The client: a mediator talks to it.

function clientTarget(dialect: MediatorDialect): FuzzTarget {
  const commands = commandsOf(dialect)
  const answers = commands.map((command, index) =>
    index % 4 === 3
      ? encodeErrorFrame(index + 1, 'insufficient perms')
      : encodeResponseFrame(dialect, index + 1, command, RESPONSES[command]),
  )
  const pushes = (Object.keys(PUSHES) as (keyof MediatorPushes)[]).map((push) =>
    encodePushFrame(dialect, push, PUSHES[push]),
  )
  return {
    name: `mediatorClient.session.${dialect}`,
    seeds: [
      concat([...pushes, ...answers]),
      concat([...answers].reverse()),
      concat([encodeErrorFrame(0, 'auth required'), ...pushes, encodeErrorFrame(0, 'payload too large')]),
    ],
    feed(input, random) {
      const client = new Client(dialect)
      for (const command of commands) client.request(command)
      for (const piece of cut(input, random)) {
        client.receive(piece)
        client.act(commands, random)
        client.look()
      }
      client.session.endOfStream()
      client.look()
      if (!client.session.isClosed) throw new Broken('open after the end of the stream')
    },
  }
}

class Client {
  readonly session: MediatorSession
  readonly #open = new Set<number>()
  #nowMs = 0
  #closed = false

  constructor(dialect: MediatorDialect) {
    this.session = new MediatorSession({ dialect, timers: DEFAULT_TIMERS, requestsInFlight: 64 }, 0)
  }

  request(command: MediatorCommandName): void {
    try {
      const requestId = this.session.request(command, REQUESTS[command])
      if (this.#open.has(requestId)) throw new Broken(`the id ${requestId} is in use`)
      this.#open.add(requestId)
    } catch (error) {
      if (!(error instanceof MediatorError)) throw error
    }
  }

  receive(piece: Uint8Array): void {
    this.session.receive(piece, this.#nowMs)
  }

  act(commands: readonly MediatorCommandName[], random: Random): void {
    switch (random.below(8)) {
      case 0:
        this.request(random.pick(commands))
        break
      case 1:
        this.session.takeOutgoing()
        this.session.handed(random.below(3) === 0, this.#nowMs)
        break
      case 2:
        this.session.drained(this.#nowMs)
        break
      case 3:
        this.#nowMs += random.below(4_000)
        this.session.tick(this.#nowMs)
        break
      case 4:
        for (const requestId of this.#open) {
          this.session.abandon(requestId)
          this.#open.delete(requestId)
          break
        }
    }
  }

  look(): void {
    for (let event = this.session.next(); event !== undefined; event = this.session.next()) {
      if (this.#closed) throw new Broken(`${event.type} after the end`)
      if (event.type === 'closed') this.#closed = true
      if ((event.type === 'answered' || event.type === 'failed') && !this.#open.delete(event.requestId))
        if (!isPing(event)) throw new Broken(`${event.type} for ${event.requestId}, which nobody waits for`)
    }
    if (this.#closed !== this.session.isClosed) throw new Broken('the end was not told')
  }
}

/** The session asks for signs of life by itself. */
function isPing(event: { readonly type: 'answered'; readonly command: string } | { readonly type: 'failed' }): boolean {
  return event.type === 'failed' || event.command === 'ping'
}

/** The machines at both ends of a connection to a mediator. */
export const mediatorMachineTargets: readonly FuzzTarget[] = MEDIATOR_DIALECTS.flatMap((dialect) => [
  serverTarget(dialect),
  clientTarget(dialect),
])
