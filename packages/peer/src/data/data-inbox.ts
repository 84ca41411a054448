// The receiving half of a data stream: frames go to the application, as messages collected in memory or as files that
// are handed on as they come.
import { type DataHeader, DataStreamReader, MessageType, type TextFrame } from '@mimirjs/wire/peer'
import { PeerError } from '../error.js'
import type { DataSink } from '../types.js'

/** What an inbox asks and tells. */
export interface InboxHost {
  /** Longest message that is collected; a longer one is skipped. */
  readonly maxMessageBytes: number
  /** Whether a message that is coming is wanted: if not, it is skipped. */
  wants(header: DataHeader): boolean
  message(message: TextFrame): void
  file(header: DataHeader): DataSink | undefined
  fileEnded(guid: bigint): void
  /** A sink failed: the rest of its file is skipped. */
  sinkFailed(cause: unknown): void
  /** Run a callback of the application. */
  call(name: string, work: () => void): void
}

/** A message is first collected in this much, and grows with what arrives, never by what its header says. */
const FIRST_BYTES = 64 * 1024
const NOTHING: Uint8Array = new Uint8Array(0)

/** What becomes of the frame that is coming. */
type Target =
  | { readonly type: 'skip' }
  | { readonly type: 'message'; bytes: Uint8Array; filled: number }
  | { readonly type: 'file'; readonly sink: DataSink }

const SKIP: Target = { type: 'skip' }

export class DataInbox {
  readonly #host: InboxHost
  readonly #released: () => void
  readonly #reader = new DataStreamReader()
  #header: DataHeader | undefined
  #target: Target = SKIP
  /** Bytes of the frame that have not come. */
  #leftBytes = 0
  /** The last chunk, when a sink may need it for longer than the call. */
  #owned: Uint8Array = NOTHING
  /** Chunks that came although we hold. */
  readonly #late: Uint8Array[] = []
  #isHeld = false
  /** It is over, and a sink has to be told when it lets go. */
  #error: PeerError | undefined

  /** @param released - a sink holds us back no more: go on with {@link resume} */
  constructor(host: InboxHost, released: () => void) {
    this.#host = host
    this.#released = released
  }

  /** A sink is busy: give nothing more until it is released. */
  get isHeld(): boolean {
    return this.#isHeld
  }

  /** A frame is not whole. */
  get isInside(): boolean {
    return this.#header !== undefined || this.#reader.isInside
  }

  /** Bytes arrived; they are the caller's again afterwards. @throws {WireError} for what is no frame: the stream is lost */
  receive(chunk: Uint8Array): void {
    if (this.#error !== undefined) return
    if (this.#isHeld) {
      this.#late.push(chunk.slice())
      return
    }
    const isOfOneFrame = chunk.length <= this.#leftBytes && this.#target.type !== 'file'
    this.#reader.push(isOfOneFrame ? chunk : this.#own(chunk))
    this.#read()
  }

  /** Go on behind a sink that was busy. @throws {WireError} as {@link receive} */
  resume(): void {
    this.#read()
    while (!this.#isHeld && this.#error === undefined) {
      const chunk = this.#late.shift()
      if (chunk === undefined) return
      this.#reader.push(chunk)
      this.#read()
    }
  }

  /** The other side ended the stream. @throws {WireError} `truncated` inside a frame */
  end(): void {
    this.#reader.end()
  }

  /** Nothing more will come: what is not whole never will be. */
  close(error: PeerError): void {
    if (this.#error !== undefined) return
    this.#error = error
    if (!this.#isHeld) this.#abandon(error)
  }

  #read(): void {
    while (!this.#isHeld && this.#error === undefined) {
      const event = this.#reader.next()
      if (event === undefined) {
        if (!this.isInside) this.#owned = NOTHING
        return
      }
      switch (event.type) {
        case 'header':
          this.#begin(event.header)
          break
        case 'data':
          this.#leftBytes -= event.bytes.length
          this.#take(event.bytes)
          break
        case 'end':
          this.#end()
          break
      }
    }
  }

  #begin(header: DataHeader): void {
    this.#header = header
    this.#leftBytes = header.dataBytes
    this.#target = this.#targetOf(header)
  }

  #targetOf(header: DataHeader): Target {
    if (header.messageType === MessageType.fileResponse) {
      const sink = this.#host.file(header)
      return sink === undefined ? SKIP : { type: 'file', sink }
    }
    if (header.dataBytes > this.#host.maxMessageBytes || !this.#host.wants(header)) return SKIP
    return { type: 'message', bytes: NOTHING, filled: 0 }
  }

  #take(bytes: Uint8Array): void {
    const target = this.#target
    if (target.type === 'message') this.#collect(target, bytes)
    else if (target.type === 'file') this.#pass(target.sink, bytes)
  }

  #collect(target: Extract<Target, { type: 'message' }>, bytes: Uint8Array): void {
    const filled = target.filled + bytes.length
    if (filled > target.bytes.length) {
      const grown = Math.max(filled, FIRST_BYTES, 2 * target.bytes.length)
      const larger = new Uint8Array(Math.min(grown, filled + this.#leftBytes))
      larger.set(target.bytes.subarray(0, target.filled))
      target.bytes = larger
    }
    target.bytes.set(bytes, target.filled)
    target.filled = filled
  }

  #pass(sink: DataSink, bytes: Uint8Array): void {
    try {
      const busy = sink.write(bytes)
      if (busy === undefined) return
      this.#isHeld = true
      busy.then(
        () => this.#release(),
        (cause) => {
          this.#sinkFailed(sink, cause)
          this.#release()
        },
      )
    } catch (cause) {
      this.#sinkFailed(sink, cause)
    }
  }

  #release(): void {
    this.#isHeld = false
    if (this.#error === undefined) this.#released()
    else this.#abandon(this.#error)
  }

  #sinkFailed(sink: DataSink, cause: unknown): void {
    this.#target = SKIP
    this.#host.sinkFailed(cause)
    const error = new PeerError('handler', 'the sink of a file failed: the rest of it is skipped', { cause })
    this.#host.call('failed', () => sink.failed(error))
  }

  #end(): void {
    const [header, target] = [this.#header, this.#target]
    this.#header = undefined
    this.#target = SKIP
    if (header === undefined || target.type === 'skip') return
    const { guid, replyTo, sendTimeMs, editTimeMs, messageType } = header
    if (target.type === 'message') {
      this.#host.message({ type: 'text', guid, replyTo, sendTimeMs, editTimeMs, messageType, payload: target.bytes })
      return
    }
    this.#host.fileEnded(guid)
    this.#host.call('end', () => target.sink.end())
  }

  #abandon(error: PeerError): void {
    const target = this.#target
    this.#target = SKIP
    this.#late.length = 0
    if (target.type === 'file') this.#host.call('failed', () => target.sink.failed(error))
  }

  /** The chunk in memory of our own. It is used again for the next chunk, which does not come before this one is read. */
  #own(chunk: Uint8Array): Uint8Array {
    if (this.#owned.length < chunk.length) this.#owned = new Uint8Array(chunk.length)
    const own = this.#owned.subarray(0, chunk.length)
    own.set(chunk)
    return own
  }
}
