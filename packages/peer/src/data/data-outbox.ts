// The sending half of the data streams of a connection: one message at a time, from its source to the stream, as the
// stream drains. Streams are opened by whoever owns this; what becomes of them is told here.
import { PeerError } from '../error.js'
import type { ByteSink } from '../frames/frame-writer.js'
import type { Pieces } from './pieces.js'

/** Where an outbox gets its stream. */
export interface OutboxStreams {
  /** Get a stream to write on: {@link DataOutbox.opened} or {@link DataOutbox.lost} follows, later. */
  openStream(): void
  /** Cut the stream: no frame can follow on it. Nothing of it is told here any more. */
  cutStream(): void
}

/** What an outbox tells of its message. */
export interface OutboxHost {
  nowMs(): number
  /** The network took bytes. */
  moved(): void
  /** The message is written to its end. */
  written(): void
  /** It has to be written once more, from its start. */
  repeated(): void
  /** It will not be written to its end. */
  gaveUp(): void
  /** It was written, its stream broke, and it cannot be written again: whether it arrived nobody knows. */
  vanished(): void
  /** The streams fail one after the other: the connection is of no use. */
  failed(error: PeerError): void
  /** Run a callback of the application. */
  call(name: string, work: () => void): void
}

/** A message on its way: header, payload, and who wants to know. */
export interface OutgoingJob {
  readonly header: Uint8Array
  readonly pieces: Pieces
  onProgress?(sentBytes: number): void
  done?(error?: PeerError): void
}

/** Streams that may fail one after the other with nothing delivered in between. Source: current protocol §3. */
const MAX_FAILURES = 2
const NOTHING: Uint8Array = new Uint8Array(0)

export class DataOutbox {
  readonly #host: OutboxHost
  readonly #streams: OutboxStreams
  #job: OutgoingJob | undefined
  #state: 'waiting' | 'writing' | 'written' = 'waiting'
  #sentBytes = 0
  #sink: ByteSink | undefined
  #isOpening = false
  /** Since when the stream takes nothing. */
  #blockedMs: number | undefined
  #failures = 0

  constructor(host: OutboxHost, streams: OutboxStreams) {
    this.#host = host
    this.#streams = streams
  }

  /** Since when a message does not get on because the stream takes nothing. */
  get stuckSinceMs(): number | undefined {
    return this.#job === undefined || this.#state === 'written' ? undefined : this.#blockedMs
  }

  /** Write this message; there is no other. */
  start(job: OutgoingJob): void {
    this.#job = job
    this.#state = 'waiting'
    this.#pump()
  }

  /** A stream to write on, behind these bytes. */
  opened(sink: ByteSink, prefix: Uint8Array): void {
    this.#isOpening = false
    this.#sink = sink
    // At once: the other side does not wait long for it, and a source may take its time.
    if (prefix.length > 0 && !sink.writeAll([prefix])) this.#blockedMs = this.#host.nowMs()
    this.#pump()
  }

  drained(): void {
    this.#blockedMs = undefined
    this.#host.moved()
    this.#pump()
  }

  /** The source has something. */
  more(): void {
    this.#pump()
  }

  /** The stream failed, or could not be opened. */
  lost(error: PeerError): void {
    this.#isOpening = false
    this.#drop()
    const job = this.#job
    if (job === undefined) return
    if (++this.#failures >= MAX_FAILURES) {
      this.#host.failed(new PeerError(error.code, `the data stream failed twice: ${error.message}`, { cause: error }))
    } else if (job.pieces.rewind()) {
      this.#state = 'waiting'
      this.#host.repeated()
      this.#pump()
    } else if (this.#state === 'written') this.#host.vanished()
    else this.#giveUp(error)
  }

  /** The source failed: what follows on the stream would be taken for the rest of the message. */
  sourceFailed(error: PeerError): void {
    if (this.#state === 'writing') {
      this.#drop()
      this.#streams.cutStream()
    }
    this.#giveUp(error)
  }

  /** The message is done with. @param isDelivered - so the stream works */
  settled(isDelivered: boolean): void {
    if (isDelivered) this.#failures = 0
    this.#job?.pieces.close()
    this.#job = undefined
  }

  /** The connection is over. */
  close(error: PeerError): void {
    this.#drop()
    const job = this.#job
    this.#job = undefined
    job?.pieces.close()
    if (this.#state !== 'written') this.#tell(job, error)
  }

  #pump(): void {
    const job = this.#job
    if (job === undefined || this.#state === 'written') return
    const sink = this.#sink
    if (sink === undefined) {
      if (this.#isOpening) return
      this.#isOpening = true
      this.#streams.openStream()
      return
    }
    while (this.#sink === sink && this.#blockedMs === undefined) {
      const piece = job.pieces.take()
      if (piece === undefined) return
      this.#write(sink, job, piece === 'end' ? NOTHING : piece)
      if (this.#job !== job) return
      if (piece === 'end') {
        this.#finish(job)
        return
      }
    }
  }

  #write(sink: ByteSink, job: OutgoingJob, piece: Uint8Array): void {
    const chunks = this.#state === 'waiting' ? [job.header, piece] : [piece]
    if (this.#state === 'waiting') this.#sentBytes = 0
    this.#state = 'writing'
    const written = chunks.filter((chunk) => chunk.length > 0)
    if (written.length === 0) return
    if (!sink.writeAll(written)) this.#blockedMs = this.#host.nowMs()
    this.#sentBytes += piece.length
    this.#host.moved()
    if (piece.length > 0) this.#host.call('onProgress', () => job.onProgress?.(this.#sentBytes))
  }

  #finish(job: OutgoingJob): void {
    this.#state = 'written'
    this.#tell(job, undefined)
    this.#host.written()
  }

  #giveUp(error: PeerError): void {
    const job = this.#job
    this.#job = undefined
    job?.pieces.close()
    this.#host.gaveUp()
    this.#tell(job, error)
  }

  #tell(job: OutgoingJob | undefined, error: PeerError | undefined): void {
    if (job?.done !== undefined) this.#host.call('done', () => job.done?.(error))
  }

  #drop(): void {
    this.#sink = undefined
    this.#blockedMs = undefined
  }
}
