import type { RawData, WebSocket } from 'ws'
import { YggdrasilError } from '../../error.js'
import type { RawLink, RawLinkHandlers, WriteOutcome } from '../types.js'
import { CloseStatus, closeReason } from '../websocket.js'
import { systemError } from './errors.js'
import { HIGH_WATER_BYTES, plainView } from './socket-link.js'

const BINARY = { binary: true, compress: false, fin: true } as const

/** A WebSocket, dialled or accepted: its binary messages are a stream of bytes, however they are cut. §2.4 */
export class WsLink implements RawLink {
  readonly remote: string
  readonly #ws: WebSocket
  #handlers: RawLinkHandlers | undefined
  #error: YggdrasilError | undefined
  #isClosing = false
  #isFull = false
  #closed: { readonly error: YggdrasilError | undefined } | undefined

  /** @param ws - open, and nothing read from it yet */
  constructor(ws: WebSocket, remote: string) {
    this.#ws = ws
    this.remote = remote
    ws.on('error', (error) => (this.#error ??= systemError(error, `link to ${remote}`)))
    ws.on('message', (data, isBinary) => this.#onMessage(data, isBinary))
    ws.on('close', (status, reason) => this.#onClose(status, reason.toString()))
    // What comes before there is a reader waits in the socket.
    ws.pause()
  }

  start(handlers: RawLinkHandlers): void {
    this.#handlers = handlers
    if (this.#closed !== undefined) process.nextTick(() => this.#report())
    else this.#ws.resume()
  }

  write(bytes: Uint8Array): WriteOutcome {
    const ws = this.#ws
    if (ws.readyState !== ws.OPEN) return 'sent'
    ws.send(bytes, BINARY, this.#onSent)
    if (ws.bufferedAmount >= HIGH_WATER_BYTES) {
      this.#isFull = true
      return 'full'
    }
    return ws.bufferedAmount === 0 ? 'sent' : 'kept'
  }

  pause(): void {
    this.#ws.pause()
  }

  resume(): void {
    if (!this.#isClosing) this.#ws.resume()
  }

  close(): void {
    if (this.#isClosing || this.#closed !== undefined) return
    this.#end(CloseStatus.normal, '')
  }

  /** Say why, then cut when the other side does not. */
  #end(status: number, reason: string): void {
    this.#isClosing = true
    this.#ws.close(status, reason)
    // The answer to our close comes in the stream, behind what was not read.
    this.#ws.resume()
  }

  readonly #onSent = (): void => {
    if (!this.#isFull || this.#ws.bufferedAmount >= HIGH_WATER_BYTES) return
    this.#isFull = false
    if (!this.#isClosing) this.#handlers?.drain()
  }

  #onMessage(data: RawData, isBinary: boolean): void {
    if (this.#isClosing) return
    if (isBinary) {
      // The default `binaryType` hands messages over as one Buffer.
      this.#handlers?.data(plainView(data as Buffer))
      return
    }
    this.#error = new YggdrasilError('malformed', `link to ${this.remote}: a text message, expected binary ones only`)
    this.#end(CloseStatus.unsupportedData, 'binary messages only')
  }

  #onClose(status: number, reason: string): void {
    // Our own close() is no error; a text message is, although we closed.
    const error = this.#error ?? (this.#isClosing ? undefined : closeReason(status, reason, this.remote))
    this.#closed = { error }
    this.#report()
  }

  #report(): void {
    this.#handlers?.closed(this.#closed?.error)
  }
}
