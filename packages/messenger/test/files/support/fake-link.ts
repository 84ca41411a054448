import { type Connection, type DataSink, type IncomingFileRequest, type OutgoingData, PeerError } from '@mimirjs/peer'
import { fromHex } from '@mimirjs/wire'
import {
  type DataHeader,
  encodeAttachmentHead,
  MAX_CONTROL_PAYLOAD_BYTES,
  MessageType,
  type TextFrame,
} from '@mimirjs/wire/peer'

/** What the application does with one end. */
export interface EndHandlers {
  fileRequest(request: IncomingFileRequest): void
  file(header: DataHeader): DataSink | undefined
  inline(frame: TextFrame): void
  writable(): void
  closed(): void
}

export interface LinkOptions {
  /** Both ends are of our kind. Default true. */
  readonly extended?: boolean
  /** Both ends close after so many bytes of data, counted over both directions. */
  readonly cutAfterBytes?: number
  /** Data arrives in pieces of at most so many bytes. Default 65 536. */
  readonly pieceBytes?: number
}

/** One end of a link without network: what `@mimirjs/peer` gives, as far as files need it. */
export class FakeEnd {
  readonly extended: boolean
  readonly generation = 'current'
  readonly remotePublicKey: Uint8Array
  closed = false
  other: FakeEnd | undefined
  handlers: EndHandlers | undefined
  /** What was asked for here. */
  readonly asked: IncomingFileRequest[] = []
  readonly acknowledged: bigint[] = []
  readonly refused: bigint[] = []
  /** Headers of what was sent from here. */
  readonly sent: DataHeader[] = []
  readonly sentInline: bigint[] = []
  #passes = Number.POSITIVE_INFINITY
  #onPass: () => void = () => {}
  /** The data stream that is written here breaks; the connection does not. */
  breaksData = false
  #busyWith: bigint | undefined
  readonly #link: FakeLink

  constructor(link: FakeLink, peer: string, extended: boolean) {
    this.#link = link
    this.remotePublicKey = fromHex(peer)
    this.extended = extended
  }

  get connection(): Connection {
    return this as unknown as Connection
  }

  get window(): number {
    return this.windowFor(0)
  }

  windowFor(payloadBytes: number): number {
    if (this.closed) return 0
    return payloadBytes > MAX_CONTROL_PAYLOAD_BYTES && this.#busyWith !== undefined ? 0 : 1
  }

  requestFile(request: Omit<IncomingFileRequest, 'type'>): void {
    this.#demandOpen()
    this.asked.push({ ...request, type: 'fileRequest' })
    this.#deliver((other) => other.handlers?.fileRequest({ ...request, type: 'fileRequest' }))
  }

  send(message: Omit<TextFrame, 'type'>): void {
    this.#demandOpen()
    this.sentInline.push(message.guid)
    const frame: TextFrame = { ...message, type: 'text', payload: message.payload.slice() }
    this.#deliver((other) => {
      other.handlers?.inline(frame)
      frame.payload.fill(0xa5)
    })
  }

  sendData(message: OutgoingData): void {
    this.#demandOpen()
    if (this.#busyWith !== undefined) throw new PeerError('window-full', 'one at a time')
    this.#busyWith = message.guid
    const { source: _, onProgress: __, done: ___, ...header } = message
    this.sent.push(header)
    void this.#send(header, message)
  }

  /** From now on so many pieces of data get through, until this is said again. */
  pass(pieces: number): void {
    this.#passes = pieces
    this.#onPass()
  }

  async #send(header: DataHeader, { source, onProgress, done, dataBytes }: OutgoingData): Promise<void> {
    await turn()
    const sink = this.other?.closed === false ? this.other.handlers?.file(header) : undefined
    let sentBytes = 0
    try {
      for await (const piece of source) {
        for (let at = 0; at < piece.length; at += this.#link.pieceBytes) {
          const scratch = piece.slice(at, at + this.#link.pieceBytes)
          while (this.#passes === 0) {
            await new Promise<void>((resolve) => {
              this.#onPass = resolve
            })
          }
          this.#passes--
          const bytes = this.#link.pass(scratch.length)
          // What is handed over is a view that is valid until it was taken.
          if (bytes > 0) await sink?.write(scratch.subarray(0, bytes))
          scratch.fill(0xa5)
          sentBytes += bytes
          if (this.breaksData) {
            this.breaksData = false
            throw new PeerError('transport', 'the data stream was cut by the test')
          }
          if (this.closed || bytes < scratch.length) {
            this.#link.close()
            throw new PeerError('transport', 'cut by the test')
          }
        }
        onProgress?.(sentBytes)
        await turn()
      }
      if (sentBytes !== dataBytes) throw new PeerError('message', `${sentBytes} instead of ${dataBytes} bytes`)
      sink?.end()
      done?.()
    } catch (cause) {
      const error = cause instanceof PeerError ? cause : new PeerError('handler', 'the source failed', { cause })
      this.#busyWith = undefined
      sink?.failed(error)
      done?.(error)
    }
  }

  acknowledge(guid: bigint): void {
    this.acknowledged.push(guid)
    this.#deliver((other) => {
      if (other.#busyWith !== guid) return
      other.#busyWith = undefined
      other.handlers?.writable()
    })
  }

  refuse(guid: bigint): void {
    this.refused.push(guid)
  }

  close(): void {
    this.#link.close()
  }

  abort(): void {
    this.#link.close()
  }

  #demandOpen(): void {
    if (this.closed) throw new PeerError('closed', 'it is closed')
  }

  #deliver(what: (other: FakeEnd) => void): void {
    setImmediate(() => {
      if (this.other && !this.other.closed) what(this.other)
    })
  }
}

/** A connection between two, in memory. */
export class FakeLink {
  readonly a: FakeEnd
  readonly b: FakeEnd
  readonly pieceBytes: number
  #leftBytes: number
  #isClosed = false

  constructor(aKey: string, bKey: string, { extended = true, cutAfterBytes, pieceBytes = 65_536 }: LinkOptions = {}) {
    this.a = new FakeEnd(this, bKey, extended)
    this.b = new FakeEnd(this, aKey, extended)
    this.a.other = this.b
    this.b.other = this.a
    this.pieceBytes = pieceBytes
    this.#leftBytes = cutAfterBytes ?? Number.POSITIVE_INFINITY
  }

  /** How many of so many bytes get through. */
  pass(byteLength: number): number {
    const bytes = Math.min(byteLength, this.#leftBytes)
    this.#leftBytes -= bytes
    return bytes
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const end of [this.a, this.b]) {
      end.closed = true
      setImmediate(() => end.handlers?.closed())
    }
  }
}

export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** An answer to a file request, as a sender of bad intentions makes it. */
export function answer(
  guid: bigint,
  metadata: Parameters<typeof encodeAttachmentHead>[0],
  file: Uint8Array,
  change: Partial<OutgoingData> = {},
): OutgoingData {
  const head = encodeAttachmentHead(metadata, 'current')
  async function* source(): AsyncGenerator<Uint8Array> {
    yield head
    if (file.length > 0) yield file
  }
  return {
    guid,
    replyTo: 0n,
    sendTimeMs: 0n,
    editTimeMs: 0n,
    messageType: MessageType.fileResponse,
    dataBytes: head.length + file.length,
    source: source(),
    ...change,
  }
}
