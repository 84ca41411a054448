import { type Clock, type MessageSocket, MessageStream, type MessageStreamOptions } from '@mimirjs/transport'
import { isWireError } from '@mimirjs/wire'
import {
  type ByeFrame,
  decodeChannelFrame,
  encodeChannelFrame,
  MAX_CHANNEL_FRAME_BYTES,
  type WindowFrame,
} from '@mimirjs/wire/rendezvous'
import type { StreamLimits } from './limits.js'
import { LowWatch } from './low-watch.js'
import { type ChannelReader, letGo, readChannel, sendBytes, sendText } from './message.js'
import type { DataChannelLike } from './types.js'

// How a stream ends. A channel that is closed while something is on its way hands it to the next channel of the same
// number, in the library for Node. So a channel is closed only when both ways are empty: each side says `bye` as the last
// of all it says on the stream, the side that opened it waits for the `end` that answers its own, and then closes.

/** Label and subprotocol of a channel that is one stream. */
export const STREAM_CHANNEL = { label: 'stream', protocol: 'mimir-stream.1' } as const

const BYE = encodeChannelFrame({ type: 'bye' })
/** The answer of the side that did not open the channel to the `bye` of the one that did: nothing is on its way. */
const END_CODE = 'end'
const END = encodeChannelFrame({ type: 'bye', code: END_CODE })

/** The ends of a stream, the other one proved. */
export interface StreamEnds {
  readonly remoteAddress: string
  readonly localAddress: string
  readonly remotePublicKey: Uint8Array
}

export interface StreamChannelParts {
  readonly clock: Clock
  /** Whether it is we who opened it. */
  readonly isOpener: boolean
  /** Whether nothing is told before {@link StreamChannel.release}. */
  readonly isHeld: boolean
  /** Something came: asked for every message before it is taken. @returns whether it may be */
  heard(): boolean
  /** The other side grants something while there is no stream here: it takes the one that we open. */
  taken(): void
  /** Once: one of the two wants no more of it, or it is gone. */
  over(): void
  /** Once, last: it is closed. */
  closed(): void
}

/** A data channel that carries one stream, from before it is open until after it is over. */
export class StreamChannel {
  readonly #channel: DataChannelLike
  readonly #parts: StreamChannelParts
  /** Its ends are proved: take what came before, too. */
  readonly release: () => void
  /** What is to be done when it is open, and not held; `undefined` from then on. */
  #waiting: (() => void)[] | undefined = []
  #stream: MessageStream | undefined
  #allowedBytes: number | undefined
  #isOver = false
  #byeSent = false
  #isClosed = false
  sentBytes = 0
  receivedBytes = 0

  constructor(channel: DataChannelLike, parts: StreamChannelParts) {
    this.#channel = channel
    this.#parts = parts
    const reader: ChannelReader = {
      opened: () => this.#opened(),
      text: (text) => this.#text(text),
      binary: (bytes) => this.#binary(bytes),
      closed: () => this.closed(),
    }
    this.release = readChannel(channel, reader, parts.isHeld)
  }

  /** Call back as soon as it is open, and not held. */
  whenOpen(callback: () => void): void {
    if (this.#waiting === undefined) callback()
    else this.#waiting.push(callback)
  }

  /** Make the stream: the other side is granted its first window by that. The channel has to be open. */
  attach(ends: StreamEnds, limits: StreamLimits): MessageStream {
    const stream = new MessageStream(this.#socket(limits), streamOptions(ends, limits))
    this.#stream = stream
    if (this.#allowedBytes !== undefined) stream.allowed(this.#allowedBytes)
    return stream
  }

  /** We want no more of it: nothing that is not given to the channel yet is sent, and what comes is dropped. */
  leave(): void {
    if (this.#byeSent) return
    this.#byeSent = true
    this.whenOpen(() => sendText(this.#channel, BYE))
    this.#over()
  }

  /** The channel is gone, or its connection. @param cause - why, where it is known */
  closed(cause?: Error): void {
    if (this.#isClosed) return
    this.#isClosed = true
    letGo(this.#channel)
    this.#channel.close()
    this.#stream?.socketClosed(cause)
    this.#over()
    this.#parts.closed()
  }

  #opened(): void {
    const waiting = this.#waiting ?? []
    this.#waiting = undefined
    for (const callback of waiting) callback()
  }

  #over(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#parts.over()
  }

  #socket({ bufferedBytes }: StreamLimits): MessageSocket {
    const channel = this.#channel
    const watch = new LowWatch(channel, bufferedBytes, this.#parts.clock, () => this.#stream?.writable())
    return {
      get bufferedAmount() {
        return watch.bufferedBytes
      },
      send: (bytes) => {
        this.sentBytes += bytes.length
        sendBytes(channel, bytes)
        watch.sent(bytes.length)
      },
      grant: (n) => {
        if (!this.#byeSent) sendText(channel, encodeChannelFrame({ type: 'window', n }))
      },
      close: () => this.leave(),
      terminate: () => this.leave(),
    }
  }

  #text(text: string): void {
    if (!this.#parts.heard()) return
    const frame = frameOf(text)
    if (frame?.type === 'bye') this.#bye(frame)
    else if (this.#byeSent) return
    else if (frame === undefined) this.#violated('a text that is no window')
    else this.#window(frame.n)
  }

  #window(bytes: number): void {
    if (this.#stream !== undefined) {
      this.#stream.allowed(bytes)
      return
    }
    const isFirst = this.#allowedBytes === undefined
    this.#allowedBytes = bytes
    if (isFirst) this.#parts.taken()
  }

  #bye({ code }: ByeFrame): void {
    this.#stream?.socketClosed()
    if (this.#parts.isOpener) {
      this.leave()
      if (code === END_CODE) this.closed()
      return
    }
    this.#byeSent = true
    sendText(this.#channel, END)
    this.#over()
  }

  #binary(bytes: Uint8Array): void {
    if (!this.#parts.heard() || this.#byeSent) return
    this.receivedBytes += bytes.length
    // Nothing was granted yet.
    if (this.#stream === undefined) this.#violated('bytes before it may')
    else if (bytes.length > MAX_CHANNEL_FRAME_BYTES) this.#violated(`a message above ${MAX_CHANNEL_FRAME_BYTES} bytes`)
    else this.#stream.received(bytes)
  }

  #violated(what: string): void {
    this.#stream?.violated(what)
    this.leave()
  }
}

/** What all streams over data channels have in common. */
export function streamOptions(ends: StreamEnds, limits: StreamLimits): MessageStreamOptions {
  return {
    ...ends,
    windowBytes: limits.windowBytes,
    highWaterMarkBytes: limits.highWaterMarkBytes,
    maxMessageBytes: MAX_CHANNEL_FRAME_BYTES,
    maxBufferedBytes: limits.bufferedBytes,
  }
}

function frameOf(text: string): WindowFrame | ByeFrame | undefined {
  try {
    const frame = decodeChannelFrame(text)
    return frame.type === 'window' || frame.type === 'bye' ? frame : undefined
  } catch (error) {
    if (isWireError(error)) return undefined
    throw error
  }
}
