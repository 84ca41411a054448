import type { Connection, DataSink } from '@mimirjs/peer'
import type { Clock, Logger } from '@mimirjs/transport'
import { isWireError } from '@mimirjs/wire'
import type { AttachmentMetadata } from '@mimirjs/wire/content'
import {
  type DataHeader,
  MAX_ATTACHMENT_METADATA_BYTES,
  MAX_CONTROL_PAYLOAD_BYTES,
  MessageType,
  splitAttachment,
  type TextFrame,
} from '@mimirjs/wire/peer'
import type { StoredFile } from '../store.js'
import type { Part } from './part.js'
import { type AnswerTaker, LateSink, ResponseSink } from './response-sink.js'
import type { TransferLimits } from './types.js'

/**
 * `whole`: all bytes are in the part, not compared yet. `broken`: the connection ended. `silent`: asked as often as allowed
 * on this connection, in vain. `stopped`: the signal fired.
 */
export type Fetched = 'whole' | 'broken' | 'silent' | 'stopped'

/** How one question ended; `part`: answered, and there is more to ask for. */
type Answer = Fetched | 'part' | 'none'

export interface PeerFetchOptions {
  readonly connection: Connection
  readonly file: StoredFile
  readonly part: Part
  readonly clock: Clock
  readonly limits: TransferLimits
  readonly logger: Logger | undefined
  /** The other side is asked. */
  onAsk(): void
  /** More of it has come. */
  onBytes(): void
  /** The other side cannot continue a file: what was there is thrown away. */
  onRestart(): Promise<void>
}

/** A file this small is asked for as a whole: its answer is one message. */
const WHOLE_BYTES = MAX_CONTROL_PAYLOAD_BYTES / 2

/**
 * Fetches one file over one connection. Peers of our own kind are asked for one range after the other, from where the
 * part ends; the originals only know the whole file. Nothing is believed: an answer is taken only if it was asked for,
 * and names the file, its hash, its size and the very bytes that are missing next.
 */
export class PeerFetch implements AnswerTaker {
  readonly #options: PeerFetchOptions
  readonly #isRanged: boolean
  /** The bytes asked for; an answer has exactly these. */
  #wanted: { readonly offset: number; readonly byteLength: number } | undefined
  /** The answer that is coming in. */
  #current: ResponseSink | undefined
  #settle: ((answer: Answer) => void) | undefined
  /** Brought the whole, and waits for its OK. */
  #owed: Connection | undefined
  #isOver = false

  constructor(options: PeerFetchOptions) {
    this.#options = options
    this.#isRanged = options.connection.extended && options.file.sizeBytes > WHOLE_BYTES
  }

  get guid(): bigint {
    return this.#options.file.guid
  }

  /** @throws {MessengerError} `file` when the disk fails */
  async run(signal: AbortSignal): Promise<Fetched> {
    const { part, limits } = this.#options
    let asks = 0
    // What comes again after a restart is no progress, or a peer could make us start over for ever.
    let furthest = part.bytes
    try {
      while (asks < limits.asksPerConnection) {
        asks++
        await this.#prepare()
        const answer = await this.#ask(signal)
        await part.settle()
        if (answer !== 'part' && answer !== 'none') return answer
        if (part.bytes < furthest + this.#enough(furthest)) continue
        furthest = part.bytes
        asks = 0
      }
      return 'silent'
    } finally {
      this.#isOver = true
      this.#current = undefined
    }
  }

  /**
   * OK for what {@link run} called whole. To be said in the end, whether or not it was what was announced: it stops nothing
   * but the sender's waiting (current protocol §9).
   */
  acknowledge(): void {
    if (this.#owed?.closed === false) this.#owed.acknowledge(this.guid)
    this.#owed = undefined
  }

  /** An answer begins. `undefined`: it is refused. */
  sink(connection: Connection, header: DataHeader): DataSink | undefined {
    const wanted = this.#wanted
    if (this.#isOver || this.#current || wanted === undefined) return new LateSink(connection, this.guid)
    const mostBytes = 4 + MAX_ATTACHMENT_METADATA_BYTES + wanted.byteLength
    if (header.messageType !== MessageType.fileResponse || header.dataBytes > mostBytes) {
      this.#refused('a longer answer than was asked for')
      return undefined
    }
    this.#current = new ResponseSink(this, connection, header.dataBytes)
    return this.#current
  }

  /** The answer as one message. Its bytes are copied during the call. @returns whether it was taken */
  inline(connection: Connection, { payload }: TextFrame): boolean {
    if (this.#isOver || this.#current || this.#isRanged || this.#wanted === undefined) return false
    try {
      const { metadata, file } = splitAttachment(payload)
      const flaw = this.flaw(metadata)
      if (flaw === undefined && this.isDue(metadata, file.length)) {
        void this.take(file)
        this.complete(connection)
        return true
      }
      if (flaw !== undefined) this.#refused(flaw)
    } catch (cause) {
      if (!isWireError(cause)) throw cause
      this.#refused(cause.message)
    }
    return false
  }

  /** A connection ended. */
  lost(connection: Connection): void {
    if (connection === this.#options.connection) this.#settle?.('broken')
  }

  flaw({ name, hash, sizeBytes }: AttachmentMetadata): string | undefined {
    const { file } = this.#options
    if (name !== file.name) return 'another name'
    if (hash?.toLowerCase() !== file.hash) return 'another hash'
    return sizeBytes === file.sizeBytes ? undefined : 'another size'
  }

  isDue({ offset = 0 }: AttachmentMetadata, byteLength: number): boolean {
    const wanted = this.#wanted
    return !this.#isOver && offset === wanted?.offset && byteLength === wanted.byteLength
  }

  take(bytes: Uint8Array): undefined | Promise<void> {
    const { part, onBytes } = this.#options
    if (this.#isOver) return undefined
    const room = part.append(bytes)
    if (part.failed) this.#settle?.('none')
    else onBytes()
    return room
  }

  complete(connection: Connection): void {
    this.#current = undefined
    this.#wanted = undefined
    this.#owed = connection
    const isWhole = !this.#isOver && this.#options.part.bytes === this.#options.file.sizeBytes
    // The last OK comes after the comparison.
    if (!isWhole) this.acknowledge()
    this.#settle?.(isWhole ? 'whole' : 'part')
  }

  broken(why: string): void {
    if (this.#isOver) return
    this.#current = undefined
    this.#refused(why)
  }

  ignored(): void {
    this.#current = undefined
  }

  #refused(why: string): void {
    const { logger, file } = this.#options
    logger?.debug({ peer: file.peer, messageId: String(file.guid), why }, 'answer to a file request refused')
    this.#settle?.('none')
  }

  /** What cannot be continued begins anew. */
  async #prepare(): Promise<void> {
    const { part, onRestart } = this.#options
    if (this.#isRanged || this.#current || part.bytes === 0) return
    this.#wanted = undefined
    await part.reset()
    await onRestart()
  }

  async #ask(signal: AbortSignal): Promise<Answer> {
    const { connection } = this.#options
    return new Promise((resolve) => {
      const settle = (answer: Answer): void => {
        this.#settle = undefined
        cancel()
        signal.removeEventListener('abort', stop)
        resolve(answer)
      }
      const stop = (): void => settle('stopped')
      let cancel = this.#watch(
        () => settle('none'),
        (next) => {
          cancel = next
        },
      )
      this.#settle = settle
      signal.addEventListener('abort', stop)
      if (signal.aborted) stop()
      else if (connection.closed) settle('broken')
      // What is still coming needs no second question: there is one data stream, and nothing overtakes it.
      else if (!this.#current) this.#request(settle)
    })
  }

  #request(settle: (answer: Answer) => void): void {
    const { connection, file, part, limits } = this.#options
    const { guid, name, hash, sizeBytes } = file
    const offset = part.bytes
    const byteLength = this.#isRanged ? Math.min(limits.rangeBytes, sizeBytes - offset) : sizeBytes
    this.#wanted = { offset, byteLength }
    try {
      const range = { offset, maxBytes: byteLength }
      this.#options.onAsk()
      connection.requestFile({ guid, name, hash, ...(this.#isRanged ? { range } : {}) })
    } catch (cause) {
      this.#options.logger?.debug({ peer: file.peer, err: cause }, 'a file could not be asked for')
      settle(connection.closed ? 'broken' : 'silent')
    }
  }

  /** Call back when too little has come for too long. @param renew - is given how to cancel it from now on */
  #watch(onSilence: () => void, renew: (cancel: () => void) => void): () => void {
    const { clock, limits, part } = this.#options
    const before = part.bytes
    return clock.schedule(() => {
      if (part.bytes - before >= this.#enough(before)) renew(this.#watch(onSilence, renew))
      else onSilence()
    }, limits.silenceMs)
  }

  /** How many more bytes are progress. */
  #enough(bytes: number): number {
    const { limits, file } = this.#options
    return Math.max(1, Math.min(limits.progressBytes, file.sizeBytes - bytes))
  }
}
