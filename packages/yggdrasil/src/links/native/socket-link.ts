import type { Socket } from 'node:net'
import type { Clock } from '@mimirjs/transport'
import type { RawLink, RawLinkHandlers, WriteOutcome } from '../types.js'
import { systemError } from './errors.js'

/** What a socket holds before it asks to wait: more than one turn writes at once, or each such write would count as full. */
export const HIGH_WATER_BYTES = 131_072
/** Up to here bytes that the socket would hold on to are copied, so that the whole slab around them is free again. */
const COPY_BYTES = 16_384
/** What is left to send when we close has this long, in ms. */
const LINGER_MS = 1000

const LINK = Symbol('mimirjs.yggdrasil.link')
const READ_BUFFER_BYTES = 65_536

/** libuv fills a read buffer at the moment it calls back, except on Windows; other runtimes promise nothing. */
const CAN_SHARE_BUFFER =
  process.platform !== 'win32' && process.versions['bun'] === undefined && process.versions['deno'] === undefined

type LinkSocket = Socket & { [LINK]?: SocketLink }

let sharedBuffer: Uint8Array | undefined

/** For a socket that is dialled: one buffer for all of them, read by {@link SocketLink}. Undefined where that is unsafe. */
export function sharedRead(): { buffer: Uint8Array; callback: typeof readInto } | undefined {
  if (!CAN_SHARE_BUFFER) return undefined
  sharedBuffer ??= new Uint8Array(READ_BUFFER_BYTES)
  return { buffer: sharedBuffer, callback: readInto }
}

function readInto(this: unknown, sizeBytes: number, buffer: Uint8Array): boolean {
  const link = (this as LinkSocket)[LINK]
  link?.onData(buffer.subarray(0, sizeBytes))
  return true
}

export interface SocketLinkOptions {
  readonly remote: string
  readonly clock: Clock
  /** The socket was made with {@link sharedRead}. */
  readonly isShared: boolean
  /** TLS never sends at once. */
  readonly isTls: boolean
}

/** A TCP, TLS or UNIX connection. */
export class SocketLink implements RawLink {
  readonly remote: string
  readonly #socket: LinkSocket
  readonly #options: SocketLinkOptions
  #handlers: RawLinkHandlers | undefined
  #error: Error | undefined
  #isClosing = false
  #isGone = false
  #cancelLinger: (() => void) | undefined

  /** @param socket - connected, and with nothing read from it yet */
  constructor(socket: Socket, options: SocketLinkOptions) {
    this.remote = options.remote
    this.#options = options
    this.#socket = Object.assign(socket, { [LINK]: this })
    // From the first moment on: an error without a listener would end the process.
    socket.on('error', (error) => (this.#error ??= error))
    socket.on('close', () => this.#onClose())
    socket.on('drain', () => {
      if (!this.#isClosing) this.#handlers?.drain()
    })
  }

  start(handlers: RawLinkHandlers): void {
    this.#handlers = handlers
    if (this.#isGone) process.nextTick(() => this.#report())
    else if (!this.#options.isShared) this.#socket.on('data', (chunk: Uint8Array) => this.onData(plainView(chunk)))
    // Also without a listener for data: else the end of the other side is not seen.
    this.#socket.resume()
  }

  write(bytes: Uint8Array): WriteOutcome {
    const socket = this.#socket
    if (socket.destroyed || !socket.writable) return 'sent'
    if (bytes.length <= COPY_BYTES && (this.#options.isTls || socket.writableLength > 0)) {
      return socket.write(bytes.slice()) ? 'sent' : 'full'
    }
    if (!socket.write(bytes)) return 'full'
    return socket.writableLength === 0 ? 'sent' : 'kept'
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    if (!this.#isClosing) this.#socket.resume()
  }

  close(): void {
    if (this.#isClosing || this.#isGone) return
    this.#isClosing = true
    const socket = this.#socket
    this.#cancelLinger = this.#options.clock.schedule(() => socket.destroy(), LINGER_MS)
    socket.destroySoon()
  }

  /** @internal Called by the shared reader. */
  onData(chunk: Uint8Array): void {
    if (!this.#isClosing) this.#handlers?.data(chunk)
  }

  #onClose(): void {
    this.#isGone = true
    this.#cancelLinger?.()
    this.#report()
  }

  #report(): void {
    const error = this.#isClosing ? undefined : this.#error
    this.#handlers?.closed(error && systemError(error, `link to ${this.remote}`))
  }
}

/** The same bytes, not as a `Buffer`, whose `slice` would be a view where all others are copies. */
export function plainView(chunk: Uint8Array): Uint8Array {
  return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length)
}
