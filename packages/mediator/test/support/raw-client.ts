// A client of the tests: it writes bytes and reads frames, and knows nothing that a server should not be told.
import { createSigner, type SeedSigner } from '@mimirjs/crypto'
import { type ByteStream, Transports } from '@mimirjs/transport'
import { tcp } from '@mimirjs/transport/tcp'
import {
  decodeMediatorError,
  decodePushPayload,
  decodeResponsePayload,
  encodeMediatorInit,
  encodeMediatorRequest,
  encodeRequestFrame,
  MediatorCommand,
  type MediatorCommandName,
  type MediatorDialect,
  type MediatorPushes,
  type MediatorPushName,
  type MediatorRequests,
  type MediatorResponseFrame,
  MediatorResponseReader,
  type MediatorResponses,
  mediatorPushName,
} from '@mimirjs/wire/mediator'

export const transports = new Transports([tcp()])

const signers = new Map<number, SeedSigner>()

export function signerOf(number: number): SeedSigner {
  let signer = signers.get(number)
  if (signer === undefined) {
    const seed = new Uint8Array(32).fill(7)
    new DataView(seed.buffer).setUint32(28, number)
    signers.set(number, (signer = createSigner(seed)))
  }
  return signer
}

export interface Push<K extends MediatorPushName = MediatorPushName> {
  readonly name: K
  readonly value: MediatorPushes[K]
}

interface Waiter {
  readonly wants: () => boolean
  readonly resolve: () => void
}

/** What came of a request: its value, or the text of its error. */
export type Answer<K extends MediatorCommandName> =
  | { readonly ok: true; readonly value: MediatorResponses[K] }
  | { readonly ok: false; readonly text: string; readonly id: number }

/** One connection in one dialect. */
export class RawClient {
  readonly dialect: MediatorDialect
  readonly signer: SeedSigner
  readonly pushes: Push[] = []
  /** Answers as they came, in their order. */
  readonly frames: MediatorResponseFrame[] = []
  /** Everything in its order: ids of answers, names of pushes. */
  readonly order: (number | string)[] = []
  isClosed = false
  hasEnded = false
  bytesReceived = 0
  readonly #stream: ByteStream
  readonly #reader: MediatorResponseReader
  #nextId = 0x1000
  #waiters: Waiter[] = []

  constructor(stream: ByteStream, dialect: MediatorDialect, signer: SeedSigner) {
    this.#stream = stream
    this.dialect = dialect
    this.signer = signer
    this.#reader = new MediatorResponseReader({ dialect })
    stream.start({
      data: (chunk) => this.#receive(chunk),
      end: () => {
        this.hasEnded = true
        this.#wake()
        if (!this.isClosed) stream.end()
      },
      drain: () => {},
      closed: () => {
        this.isClosed = true
        this.hasEnded = true
        this.#wake()
      },
    })
  }

  /** Connected, nothing sent. */
  static async connect(address: string, dialect: MediatorDialect, signer: SeedSigner): Promise<RawClient> {
    return new RawClient(await transports.dial(address), dialect, signer)
  }

  /** Connected, opened, logged in. */
  static async login(address: string, dialect: MediatorDialect, signer: SeedSigner): Promise<RawClient> {
    const client = await RawClient.connect(address, dialect, signer)
    client.open()
    await client.login()
    return client
  }

  get publicKey(): Uint8Array {
    return this.signer.publicKey
  }

  open(): void {
    this.write(encodeMediatorInit(this.dialect))
  }

  async login(): Promise<void> {
    const { nonce } = await this.ok('getNonce', { publicKey: this.publicKey })
    const signature = this.signer.sign(nonce)
    await this.ok('auth', { publicKey: this.publicKey, nonce, signature })
  }

  write(bytes: Uint8Array): void {
    if (!this.isClosed) this.#stream.write(bytes)
  }

  pause(): void {
    this.#stream.pause()
  }

  resume(): void {
    this.#stream.resume()
  }

  end(): void {
    this.#stream.end()
  }

  abort(): void {
    this.#stream.abort()
  }

  async close(): Promise<void> {
    this.abort()
    await this.until(() => this.isClosed)
  }

  nextId(): number {
    return this.#nextId++
  }

  /** Send a request without waiting. @returns its id */
  send<K extends MediatorCommandName>(command: K, value: MediatorRequests[K]): number {
    const id = this.nextId()
    this.write(encodeRequestFrame(this.dialect, id, command, value))
    return id
  }

  /** Send any payload as a command. @returns its id */
  sendRaw(command: MediatorCommandName | number, payload: Uint8Array): number {
    const id = this.nextId()
    const code = typeof command === 'number' ? command : MediatorCommand[command]
    this.write(encodeMediatorRequest(this.dialect, { command: code, requestId: id, payload }))
    return id
  }

  async ask<K extends MediatorCommandName>(command: K, value: MediatorRequests[K]): Promise<Answer<K>> {
    return this.answerTo(command, this.send(command, value))
  }

  async askRaw<K extends MediatorCommandName>(command: K, payload: Uint8Array): Promise<Answer<K>> {
    return this.answerTo(command, this.sendRaw(command, payload))
  }

  async ok<K extends MediatorCommandName>(command: K, value: MediatorRequests[K]): Promise<MediatorResponses[K]> {
    const answer = await this.ask(command, value)
    if (!answer.ok) throw new Error(`${command}: ${answer.text}`)
    return answer.value
  }

  async refused<K extends MediatorCommandName>(command: K, value: MediatorRequests[K]): Promise<string> {
    const answer = await this.ask(command, value)
    if (answer.ok) throw new Error(`${command} was not refused`)
    return answer.text
  }

  /** The answer to `id`; one with id 0 and an error counts for the oldest request. */
  async answerTo<K extends MediatorCommandName>(command: K, id: number): Promise<Answer<K>> {
    const mine = (frame: MediatorResponseFrame): boolean => frame.id === id || (frame.id === 0 && frame.status === 1)
    await this.until(() => this.frames.some(mine) || this.isClosed)
    const at = this.frames.findIndex(mine)
    const [frame] = at < 0 ? [] : this.frames.splice(at, 1)
    if (frame === undefined) throw new Error(`${command}: the connection was closed without an answer`)
    if (frame.status !== 0) return { ok: false, text: decodeMediatorError(frame.payload), id: frame.id }
    return { ok: true, value: decodeResponsePayload(this.dialect, command, frame.payload) }
  }

  /** The first push that fits, taken out; waits for it. */
  async push<K extends MediatorPushName>(
    name: K,
    fits: (value: MediatorPushes[K]) => boolean = () => true,
  ): Promise<MediatorPushes[K]> {
    const find = (): number =>
      this.pushes.findIndex((push) => push.name === name && fits(push.value as MediatorPushes[K]))
    await this.until(() => find() >= 0 || this.isClosed)
    const at = find()
    if (at < 0) throw new Error(`the connection was closed before ${name} came`)
    return this.pushes.splice(at, 1)[0]?.value as MediatorPushes[K]
  }

  /** A request and its answer: whatever was pushed before has arrived after this. */
  async settle(): Promise<void> {
    await this.ok('ping', {})
  }

  async until(wants: () => boolean): Promise<void> {
    if (wants()) return
    await new Promise<void>((resolve) => {
      this.#waiters.push({ wants, resolve })
    })
  }

  #receive(chunk: Uint8Array): void {
    this.bytesReceived += chunk.length
    this.#reader.push(chunk)
    for (let frame = this.#reader.next(); frame !== undefined; frame = this.#reader.next()) this.#take(frame)
    this.#wake()
  }

  #take(frame: MediatorResponseFrame): void {
    const pushStatus = this.dialect === 'tlv-push' ? 2 : 0
    const name = mediatorPushName(frame.id)
    if (frame.status === pushStatus && name !== undefined) {
      this.pushes.push({ name, value: decodePushPayload(this.dialect, name, frame.payload) })
      this.order.push(name)
    } else {
      this.frames.push(frame)
      this.order.push(frame.id)
    }
  }

  #wake(): void {
    const waiters = this.#waiters
    this.#waiters = []
    for (const waiter of waiters)
      if (waiter.wants()) waiter.resolve()
      else this.#waiters.push(waiter)
  }
}
