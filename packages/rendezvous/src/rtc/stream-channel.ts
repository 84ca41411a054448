import { type Clock, type MessageSocket, MessageStream, type MessageStreamOptions } from '@mimirjs/transport'
import { isWireError } from '@mimirjs/wire'
import { decodeChannelFrame, encodeChannelFrame, MAX_CHANNEL_FRAME_BYTES } from '@mimirjs/wire/rendezvous'
import type { StreamLimits } from './limits.js'
import { LowWatch } from './low-watch.js'
import { letGo, readChannel, sendBytes, sendText } from './message.js'
import type { DataChannelLike } from './types.js'

/** Label and subprotocol of a channel that is one stream. */
export const STREAM_CHANNEL = { label: 'stream', protocol: 'mimir-stream.1' } as const

/** The ends of a stream, the other one proved. */
export interface StreamEnds {
  readonly remoteAddress: string
  readonly localAddress: string
  readonly remotePublicKey: Uint8Array
}

export interface StreamChannelEvents {
  /** Something came: asked for every message before it is taken. @returns whether it may be */
  heard(): boolean
  /** The other side grants something while there is no stream here: it takes the one that we open. */
  taken(): void
  /** Once, last. */
  closed(): void
}

/** A data channel that carries one stream, from before it is open. */
export class StreamChannel {
  readonly #channel: DataChannelLike
  readonly #events: StreamChannelEvents
  readonly #clock: Clock
  #stream: MessageStream | undefined
  #allowedBytes: number | undefined
  #isClosed = false
  sentBytes = 0
  receivedBytes = 0

  constructor(channel: DataChannelLike, clock: Clock, events: StreamChannelEvents) {
    this.#channel = channel
    this.#clock = clock
    this.#events = events
    readChannel(channel, {
      text: (text) => this.#text(text),
      binary: (bytes) => this.#binary(bytes),
      closed: () => this.closed(),
    })
  }

  /** Call back as soon as it is open. */
  whenOpen(callback: () => void): void {
    if (this.#channel.readyState === 'open') callback()
    else this.#channel.onopen = callback
  }

  /** Make the stream: the other side is granted its first window by that. The channel has to be open. */
  attach(ends: StreamEnds, limits: StreamLimits): MessageStream {
    const stream = new MessageStream(this.#socket(limits), streamOptions(ends, limits))
    this.#stream = stream
    if (this.#allowedBytes !== undefined) stream.allowed(this.#allowedBytes)
    return stream
  }

  /** The channel is gone, or its connection, or not wanted. @param cause - why, where it is known */
  closed(cause?: Error): void {
    if (this.#isClosed) return
    this.#isClosed = true
    letGo(this.#channel)
    this.#channel.close()
    this.#stream?.socketClosed(cause)
    this.#events.closed()
  }

  #socket({ bufferedBytes }: StreamLimits): MessageSocket {
    const channel = this.#channel
    const watch = new LowWatch(channel, bufferedBytes, this.#clock, () => this.#stream?.writable())
    return {
      get bufferedAmount() {
        return channel.bufferedAmount
      },
      send: (bytes) => {
        this.sentBytes += bytes.length
        sendBytes(channel, bytes)
        watch.look()
      },
      grant: (n) => sendText(channel, encodeChannelFrame({ type: 'window', n })),
      close: () => channel.close(),
      terminate: () => this.closed(),
    }
  }

  #text(text: string): void {
    if (!this.#events.heard()) return
    const bytes = windowOf(text)
    if (bytes === undefined) {
      this.#violated('a text that is no window')
    } else if (this.#stream !== undefined) {
      this.#stream.allowed(bytes)
    } else {
      this.#allowedBytes = bytes
      this.#events.taken()
    }
  }

  #binary(bytes: Uint8Array): void {
    if (!this.#events.heard()) return
    this.receivedBytes += bytes.length
    // Nothing was granted yet.
    if (this.#stream === undefined) this.#violated('bytes before it may')
    else if (bytes.length > MAX_CHANNEL_FRAME_BYTES) this.#violated(`a message above ${MAX_CHANNEL_FRAME_BYTES} bytes`)
    else this.#stream.received(bytes)
  }

  #violated(what: string): void {
    this.#stream?.violated(what)
    this.closed()
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

function windowOf(text: string): number | undefined {
  try {
    const frame = decodeChannelFrame(text)
    return frame.type === 'window' ? frame.n : undefined
  } catch (error) {
    if (isWireError(error)) return undefined
    throw error
  }
}
