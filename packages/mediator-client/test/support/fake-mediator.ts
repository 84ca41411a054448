import { isPoint, verify } from '@mimirjs/crypto'
import type { ByteStream, Listener, StreamTransport } from '@mimirjs/transport'
import { toHex } from '@mimirjs/wire'
import {
  decodeRequestPayload,
  encodeErrorFrame,
  encodePushFrame,
  encodeResponseFrame,
  encodeSystemMessage,
  type MediatorCommandName,
  type MediatorDialect,
  type MediatorMessage,
  type MediatorPushes,
  type MediatorPushName,
  MediatorRequestReader,
  type MediatorRequests,
  type MediatorResponses,
  type MemberInfoRecord,
  type MemberRecord,
  mediatorCommandName,
  type SystemMessage,
} from '@mimirjs/wire/mediator'
import { key } from './messages.js'

/** What a test says instead: an answer, the text of a refusal, or nothing at all. */
export type Reply<K extends MediatorCommandName> = MediatorResponses[K] | string | undefined

type Handlers = { [K in MediatorCommandName]?: (request: MediatorRequests[K], from: FakeConnection) => Reply<K> }

/** A mediator with one chat, in memory, that does what it is told to get wrong. Its key is that of {@link key}(77). */
export class FakeMediator {
  readonly publicKey: Uint8Array = key(77)
  readonly dialect: MediatorDialect
  readonly chatId = 7n
  /** By command; goes before what a sound mediator does. */
  handlers: Handlers = {}
  rows: MediatorMessage[] = []
  members: MemberRecord[] = []
  infos: MemberInfoRecord[] = []
  /** All that was asked, in order. */
  readonly asked: MediatorCommandName[] = []
  readonly connections = new Set<FakeConnection>()
  accepted = 0
  nonces = 0
  #listener: Listener | undefined
  #lastId = 0n

  constructor(dialect: MediatorDialect) {
    this.dialect = dialect
  }

  async listen(transport: StreamTransport, address: string): Promise<void> {
    this.#listener = await transport.listen(address, {
      onStream: (stream) => {
        this.accepted++
        const connection = new FakeConnection(stream, this)
        this.connections.add(connection)
      },
    })
  }

  get address(): string {
    return this.#listener?.address ?? ''
  }

  async close(): Promise<void> {
    this.cut()
    await this.#listener?.close()
    this.#listener = undefined
  }

  /** End every connection at once. */
  cut(): void {
    for (const connection of this.connections) connection.stream.abort()
  }

  /** @param from - who does not get it pushed */
  add(message: Partial<MediatorMessage> = {}, from?: FakeConnection, isPushed = true): bigint {
    const messageId = ++this.#lastId
    const row = {
      messageId,
      guid: 9_000n + messageId,
      timestampSeconds: 1_700_000_000n + messageId,
      author: key(3),
      blob: new TextEncoder().encode(`message ${messageId}`),
      ...message,
    }
    this.rows.push(row)
    if (isPushed) {
      for (const connection of this.connections) if (connection !== from) connection.pushRow(row)
    }
    return messageId
  }

  addSystem(message: SystemMessage): bigint {
    return this.add({ author: this.publicKey, blob: encodeSystemMessage(message) })
  }

  /** Tell without storing. */
  tell(message: SystemMessage, guid = 1n): void {
    const row = {
      chatId: this.chatId,
      messageId: 0n,
      guid,
      timestampSeconds: 1_700_000_000n,
      author: this.publicKey,
      blob: encodeSystemMessage(message),
    }
    for (const connection of this.connections) connection.push('gotMessage', row)
  }

  get lastId(): bigint {
    return this.rows.at(-1)?.messageId ?? 0n
  }

  answer<K extends MediatorCommandName>(command: K, request: MediatorRequests[K], from: FakeConnection): Reply<K> {
    const handler = this.handlers[command] as
      | ((request: MediatorRequests[K], from: FakeConnection) => Reply<K>)
      | undefined
    if (handler !== undefined) return handler(request, from)
    const usual = USUAL[command] as
      | ((request: MediatorRequests[K], mediator: FakeMediator, from: FakeConnection) => Reply<K>)
      | undefined
    return usual === undefined ? ({} as MediatorResponses[K]) : usual(request, this, from)
  }
}

type Usual = {
  [K in MediatorCommandName]?: (request: MediatorRequests[K], mediator: FakeMediator, from: FakeConnection) => Reply<K>
}

const USUAL: Usual = {
  getNonce: (_, mediator, from) => {
    // No point of the curve, as sound mediators draw them: the client would ask for another one.
    const nonce = new Uint8Array(32).fill(100)
    do new DataView(nonce.buffer).setUint32(0, ++mediator.nonces)
    while (isPoint(nonce))
    from.nonce = nonce
    return { nonce }
  },
  auth: ({ publicKey, nonce, signature }, _, from) => {
    if (from.nonce === undefined || toHex(from.nonce) !== toHex(nonce)) return 'unknown nonce'
    from.nonce = undefined
    return verify(signature, nonce, publicKey) ? {} : 'invalid signature'
  },
  createChat: ({ nonce, signature }, mediator, from) => {
    if (from.nonce === undefined || toHex(from.nonce) !== toHex(nonce)) return 'unknown nonce'
    from.nonce = undefined
    return signature[0] === 0 && signature[1] === 0 ? { chatId: mediator.chatId } : 'signature filter failed'
  },
  subscribe: (_, mediator, from) => {
    from.isSubscribed = true
    return { messageId: mediator.lastId }
  },
  getLastMessageId: (_, mediator) => ({ messageId: mediator.lastId }),
  getUserChats: (_, mediator) => ({ chatIds: [mediator.chatId] }),
  sendMessage: ({ guid, blob, timestampSeconds }, mediator, from) => {
    const stored = mediator.rows.find((row) => row.guid === guid)
    const messageId = stored?.messageId ?? mediator.add({ guid, blob, timestampSeconds, author: key(1) }, from)
    return { messageId, guid }
  },
  getMessagesSince: ({ sinceId, limit }, mediator) => ({
    messages: mediator.rows
      .filter(({ messageId }) => messageId > sinceId)
      .slice(0, limit)
      .map((row) => ({ ...row, chatId: mediator.chatId })),
  }),
  getMembers: (_, mediator) => ({ members: mediator.members }),
  getMembersInfo: (_, mediator) => ({ members: mediator.infos }),
}

export class FakeConnection {
  readonly stream: ByteStream
  readonly #mediator: FakeMediator
  readonly #reader: MediatorRequestReader
  #initBytes: number
  nonce: Uint8Array | undefined
  isSubscribed = false

  constructor(stream: ByteStream, mediator: FakeMediator) {
    this.stream = stream
    this.#mediator = mediator
    this.#reader = new MediatorRequestReader({ dialect: mediator.dialect })
    this.#initBytes = mediator.dialect === 'binary' ? 1 : 2
    stream.start({
      data: (chunk) => this.#receive(chunk),
      end: () => stream.end(),
      drain: () => {},
      closed: () => void mediator.connections.delete(this),
    })
  }

  push<K extends MediatorPushName>(push: K, value: MediatorPushes[K]): void {
    this.stream.write(encodePushFrame(this.#mediator.dialect, push, value))
  }

  pushRow(row: MediatorMessage): void {
    if (this.isSubscribed) this.push('gotMessage', { ...row, chatId: this.#mediator.chatId })
  }

  #receive(chunk: Uint8Array): void {
    const skipped = Math.min(this.#initBytes, chunk.length)
    this.#initBytes -= skipped
    this.#reader.push(chunk.subarray(skipped))
    for (let frame = this.#reader.next(); frame !== undefined; frame = this.#reader.next()) {
      this.#answer(frame.command, frame.requestId, frame.payload)
    }
  }

  #answer(code: number, requestId: number, payload: Uint8Array): void {
    const { dialect } = this.#mediator
    const command = mediatorCommandName(dialect, code)
    if (command === undefined) throw new Error(`the client sent command ${code}`)
    this.#mediator.asked.push(command)
    const reply = this.#mediator.answer(command, decodeRequestPayload(dialect, command, payload), this)
    if (reply === undefined) return
    this.stream.write(
      typeof reply === 'string'
        ? encodeErrorFrame(requestId, reply)
        : encodeResponseFrame(dialect, requestId, command, reply),
    )
  }
}
