import type { Clock } from '@mimirjs/transport'
import { YggdrasilError } from '../error.js'
import type { RawLink, RawLinkHandlers, WriteOutcome } from './types.js'
import { CloseStatus, closeReason } from './websocket.js'

/** What is used of a browser's WebSocket. */
export interface WebSocketLike {
  binaryType: string
  readonly protocol: string
  readonly readyState: number
  /** Bytes given and not sent. */
  readonly bufferedAmount: number
  onopen: (() => void) | null
  onmessage: ((event: { readonly data: unknown }) => void) | null
  /** Tells nothing that `onclose` does not tell; where WebSockets are emitters of Node, somebody has to listen. */
  onerror: (() => void) | null
  onclose: ((event: { readonly code: number; readonly reason: string }) => void) | null
  send(data: Uint8Array<ArrayBuffer>): void
  close(code?: number, reason?: string): void
}

/** Above this much not sent we ask to wait, until half of it is. */
const HIGH_WATER_BYTES = 262_144
/** Nobody tells when it was sent: while we wait for that, we look after this many ms, then after twice as many… */
const FIRST_LOOK_MS = 4
const MAX_LOOK_MS = 64
/** What a WebSocket brings while we are paused has to be kept: it cannot be stopped. */
const MAX_PAUSED_BYTES = 8_388_608
const OPEN = 1

/** A WebSocket of a browser: its binary messages are a stream of bytes, however they are cut. §2.4 */
export class WebLink implements RawLink {
  readonly remote: string
  readonly #ws: WebSocketLike
  readonly #clock: Clock
  #handlers: RawLinkHandlers | undefined
  #cancelLook: (() => void) | undefined
  #isPaused = true
  #isClosing = false
  #error: YggdrasilError | undefined
  /** What came while we were paused. */
  #kept: Uint8Array[] = []
  #keptBytes = 0
  #closed: { readonly error: YggdrasilError | undefined } | undefined
  #isDelivering = false

  /** @param ws - open */
  constructor(ws: WebSocketLike, remote: string, clock: Clock) {
    this.remote = remote
    this.#ws = ws
    this.#clock = clock
    ws.onmessage = ({ data }) => this.#onMessage(data)
    ws.onclose = ({ code, reason }) => this.#onClose(code, reason)
  }

  start(handlers: RawLinkHandlers): void {
    this.#handlers = handlers
    this.resume()
  }

  write(bytes: Uint8Array): WriteOutcome {
    const ws = this.#ws
    if (ws.readyState !== OPEN) return 'sent'
    // Our slabs are no shared memory; it is copied before this returns.
    ws.send(bytes as Uint8Array<ArrayBuffer>)
    if (ws.bufferedAmount < HIGH_WATER_BYTES) return 'sent'
    this.#look(FIRST_LOOK_MS)
    return 'full'
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    if (this.#kept.length > 0 || this.#closed !== undefined) queueMicrotask(() => this.#deliver())
  }

  close(): void {
    if (this.#isClosing || this.#closed !== undefined) return
    this.#end()
  }

  #end(): void {
    this.#isClosing = true
    this.#cancelLook?.()
    this.#kept = []
    this.#ws.close(CloseStatus.normal)
  }

  #look(afterMs: number): void {
    this.#cancelLook ??= this.#clock.schedule(() => {
      this.#cancelLook = undefined
      if (!this.#maybeDrained()) this.#look(Math.min(2 * afterMs, MAX_LOOK_MS))
    }, afterMs)
  }

  /** @returns whether there is nothing more to look for */
  #maybeDrained(): boolean {
    if (this.#isClosing || this.#closed !== undefined) return true
    if (this.#ws.bufferedAmount > HIGH_WATER_BYTES / 2) return false
    this.#cancelLook?.()
    this.#cancelLook = undefined
    this.#handlers?.drain()
    return true
  }

  #onMessage(data: unknown): void {
    if (this.#isClosing) return
    if (!(data instanceof ArrayBuffer)) {
      // A page cannot choose the status for that.
      this.#fail(new YggdrasilError('malformed', `link to ${this.remote}: a text message, expected binary ones only`))
      return
    }
    this.#kept.push(new Uint8Array(data))
    this.#keptBytes += data.byteLength
    if (this.#keptBytes > MAX_PAUSED_BYTES) {
      this.#fail(new YggdrasilError('flood', `link to ${this.remote}: it sends faster than this page can read`))
      return
    }
    this.#deliver()
    // Messages come in time where timers are held back.
    if (this.#cancelLook !== undefined) this.#maybeDrained()
  }

  #deliver(): void {
    if (this.#isDelivering) return
    this.#isDelivering = true
    while (!this.#isPaused && !this.#isClosing) {
      const chunk = this.#kept.shift()
      if (chunk === undefined) break
      this.#keptBytes -= chunk.length
      this.#handlers?.data(chunk)
    }
    this.#isDelivering = false
    if (this.#closed !== undefined && this.#kept.length === 0) this.#report()
  }

  #fail(error: YggdrasilError): void {
    this.#error = error
    this.#end()
  }

  #onClose(code: number, reason: string): void {
    this.#cancelLook?.()
    const error = this.#error ?? (this.#isClosing ? undefined : closeReason(code, reason, this.remote))
    this.#closed = { error }
    // What it brought before is still to be read, unless we closed.
    if (this.#handlers !== undefined && (this.#isClosing || !this.#isPaused)) this.#deliver()
  }

  #report(): void {
    const handlers = this.#handlers
    this.#handlers = undefined
    handlers?.closed(this.#closed?.error)
  }
}
