import type { Connection, DataSink } from '@mimirjs/peer'
import { toHex } from '@mimirjs/wire'
import { type DataHeader, MAX_ATTACHMENT_METADATA_BYTES, MAX_DATA_BYTES, type TextFrame } from '@mimirjs/wire/peer'
import { MessengerError } from '../error.js'
import type { StoredFile } from '../store.js'
import type { FilesContext } from './context.js'
import type { GuidNotes } from './guid-notes.js'
import type { Part } from './part.js'
import { PeerFetch } from './peer-fetch.js'
import type { Source, SourceEvents } from './source.js'
import type { Turn, Turns } from './turns.js'

/** The sender of the message is asked for the file. Source: current protocol §9. */
export class PeerSource implements Source {
  readonly byteLength: number
  readonly extraBytes = 0
  readonly #context: FilesContext
  readonly #file: StoredFile
  readonly #events: SourceEvents
  readonly #turns: Turns
  readonly #asked: GuidNotes
  /** Connections on which the sender stayed silent about this file. */
  readonly #silent = new WeakSet<Connection>()
  #turn: Turn | undefined
  #canResume = true
  #fetch: PeerFetch | undefined

  constructor(context: FilesContext, file: StoredFile, events: SourceEvents, turns: Turns, asked: GuidNotes) {
    this.byteLength = file.sizeBytes
    this.#context = context
    this.#file = file
    this.#events = events
    this.#turns = turns
    this.#asked = asked
  }

  /** As far as we know: for an original it begins anew each time. */
  get canResume(): boolean {
    return this.#canResume
  }

  async enter(signal: AbortSignal): Promise<boolean> {
    const { peer } = this.#file
    const turn = this.#turns.take(peer, (connection) => this.#isUsable(connection), signal)
    this.#turn = await Promise.race([turn, Promise.resolve(undefined)])
    if (this.#turn === undefined && !signal.aborted) {
      this.#events.onWaiting(this.#whyNot())
      this.#turn = await turn
    }
    if (this.#turn) this.#canResume = this.#turn.connection.extended
    return this.#turn !== undefined
  }

  #isUsable(connection: Connection): boolean {
    return this.#canCarry(connection) && !this.#silent.has(connection)
  }

  /** An original sends a file as one frame. */
  #canCarry({ extended }: Connection): boolean {
    return extended || this.byteLength <= MAX_DATA_BYTES - MAX_ATTACHMENT_METADATA_BYTES - 4
  }

  #whyNot(): MessengerError | undefined {
    const connections = this.#turns.connections(this.#file.peer)
    const [any] = connections
    if (any === undefined) return new MessengerError('unreachable', 'the sender of the file is not connected')
    if (!connections.some((connection) => this.#canCarry(connection))) {
      return new MessengerError('too-large', `the sender's program sends no file of ${this.byteLength} bytes`)
    }
    if (connections.every((connection) => this.#silent.has(connection))) {
      return new MessengerError('unreachable', 'the sender does not answer: the file may be gone')
    }
    return undefined
  }

  async fill(part: Part, signal: AbortSignal): Promise<boolean> {
    const { clock, limits, logger } = this.#context
    const connection = this.#turn?.connection
    if (connection === undefined) throw new RangeError('fill before enter')
    this.#fetch = new PeerFetch({
      connection,
      file: this.#file,
      part,
      clock,
      limits,
      logger,
      onAsk: () => this.#asked.add(connection, this.#file.guid),
      onBytes: () => this.#events.onBytes(part),
      onRestart: () =>
        this.#events.onRestart(new MessengerError('cannot-resume', "the sender's program only sends files as a whole")),
    })
    const fetched = await this.#fetch.run(signal)
    if (fetched === 'silent') this.#silent.add(connection)
    return fetched === 'whole'
  }

  async verify(part: Part): Promise<string> {
    if (toHex(await part.digest()) !== this.#file.hash) {
      throw new MessengerError('damaged', `the file ${this.#file.name} is not the one that was announced`)
    }
    await part.sync()
    return part.path
  }

  leave(): void {
    this.#fetch?.acknowledge()
    this.#turn?.end()
    this.#turn = undefined
    this.#fetch = undefined
  }

  get isFetching(): boolean {
    return this.#fetch !== undefined
  }

  /** An answer comes in. */
  sink(connection: Connection, header: DataHeader): DataSink | undefined {
    return this.#fetch?.sink(connection, header)
  }

  /** @returns whether it was taken, and will be acknowledged */
  inline(connection: Connection, frame: TextFrame): boolean {
    return this.#fetch?.inline(connection, frame) ?? false
  }

  lost(connection: Connection): void {
    this.#fetch?.lost(connection)
  }
}
