import type { Connection, DataSink, PeerError } from '@mimirjs/peer'
import { isWireError } from '@mimirjs/wire'
import { type AttachmentMetadata, FileResponseReader } from '@mimirjs/wire/content'

/** Who waits for an answer to a file request. */
export interface AnswerTaker {
  readonly guid: bigint
  /** Why an answer is about another file; `undefined` when it is not. */
  flaw(metadata: AttachmentMetadata): string | undefined
  /** Whether these are the bytes that are waited for, and not those of an earlier question. */
  isDue(metadata: AttachmentMetadata, byteLength: number): boolean
  /** The next bytes of the file. */
  take(bytes: Uint8Array): undefined | Promise<void>
  /** All that was asked for has come. */
  complete(connection: Connection): void
  /** The answer broke off, or was none. */
  broken(why: string): void
  /** The answer that comes in is not the one that is waited for: another one may follow. */
  ignored(): void
}

/** One answer, from its length to its end. */
export class ResponseSink implements DataSink {
  readonly #taker: AnswerTaker
  readonly #connection: Connection
  readonly #reader: FileResponseReader
  #state: 'reading' | 'taking' | 'ignoring' | 'refused' = 'reading'

  constructor(taker: AnswerTaker, connection: Connection, dataBytes: number) {
    this.#taker = taker
    this.#connection = connection
    this.#reader = new FileResponseReader(dataBytes)
  }

  write(bytes: Uint8Array): undefined | Promise<void> {
    if (this.#state === 'refused' || this.#state === 'ignoring') return undefined
    try {
      const data = this.#reader.push(bytes)
      if (this.#state === 'reading') this.#check()
      return this.#state === 'taking' && data.length > 0 ? this.#taker.take(data) : undefined
    } catch (cause) {
      if (!isWireError(cause)) throw cause
      this.#refuse(cause.message)
      return undefined
    }
  }

  #check(): void {
    const { received, fileBytes } = this.#reader
    if (received === undefined || fileBytes === undefined) return
    const flaw = this.#taker.flaw(received.metadata)
    if (flaw !== undefined) this.#refuse(flaw)
    else if (this.#taker.isDue(received.metadata, fileBytes)) this.#state = 'taking'
    else {
      this.#state = 'ignoring'
      this.#taker.ignored()
    }
  }

  #refuse(why: string): void {
    this.#state = 'refused'
    this.#taker.broken(why)
  }

  end(): void {
    if (this.#state === 'taking') this.#taker.complete(this.#connection)
    else if (this.#state === 'ignoring') acknowledge(this.#connection, this.#taker.guid)
    else {
      this.#connection.refuse(this.#taker.guid)
      if (this.#state === 'reading') this.#refuse('an answer without metadata')
    }
  }

  failed(error: PeerError): void {
    if (this.#state === 'reading' || this.#state === 'taking') this.#refuse(error.message)
  }
}

/** Where an answer goes that was asked for by somebody who does not wait any more. */
export class LateSink implements DataSink {
  readonly #connection: Connection
  readonly #guid: bigint

  constructor(connection: Connection, guid: bigint) {
    this.#connection = connection
    this.#guid = guid
  }

  write(): void {}

  end(): void {
    acknowledge(this.#connection, this.#guid)
  }

  failed(): void {}
}

/** The sender waits for an OK before it sends the next. */
function acknowledge(connection: Connection, guid: bigint): void {
  if (!connection.closed) connection.acknowledge(guid)
}
