import { isWireError } from '@mimirjs/wire'
import {
  decodeMediatorError,
  decodePushPayload,
  decodeResponsePayload,
  encodeMediatorInit,
  encodeRequestFrame,
  hasMediatorCommand,
  type MediatorCommandName,
  type MediatorDialect,
  type MediatorPushName,
  type MediatorRequests,
  MediatorResponseReader,
  MediatorStatus,
  mediatorPushName,
} from '@mimirjs/wire/mediator'
import { MediatorError } from './error.js'
import { OutgoingBytes } from './outgoing-bytes.js'
import { type PendingRequest, PendingRequests } from './pending-requests.js'
import { refusal } from './server-text.js'
import type { SessionEvent } from './session-events.js'
import type { MediatorTimers } from './timers.js'

// One connection to a mediator without stream, clock and chance: commands, bytes and the time go in; bytes to send,
// events and the next deadline come out. Answers may come in any order, and pushes anywhere between them.
// Source: mediator protocol §3 and §20.3.

export interface SessionOptions {
  readonly dialect: MediatorDialect
  readonly timers: MediatorTimers
  /** Requests without an answer at one time. */
  readonly requestsInFlight: number
}

/** Commands whose errors bear the id 0 in the dialect `binary` (mediator protocol §8.9, §8.10). */
const ANSWERED_WITH_ID_0: ReadonlySet<MediatorCommandName> = new Set(['leaveChat', 'getUserChats'])
/** Unanswered requests in a row that end the connection. */
const MAX_TIMEOUTS = 2
/** What has to move within {@link MediatorTimers.stallMs}. */
const STALL_BYTES = 64 * 1024
const NEVER = Number.POSITIVE_INFINITY

export class MediatorSession {
  readonly #options: SessionOptions
  readonly #reader: MediatorResponseReader
  readonly #pending = new PendingRequests()
  readonly #outgoing = new OutgoingBytes(STALL_BYTES)
  readonly #events: SessionEvent[] = []
  #timeouts = 0
  #pingId: number | undefined
  #receivedMs: number
  #receivedBytes = 0
  /** Of the frame that is on its way: when the last {@link STALL_BYTES} of it were complete, and what came since. */
  #progressMs = 0
  #progressBytes = 0
  /** Since when the stream takes nothing more. */
  #fullSinceMs = NEVER
  #ended = false
  #closed = false

  /** @param nowMs - ms on any clock that only goes forward */
  constructor(options: SessionOptions, nowMs: number) {
    this.#options = options
    this.#reader = new MediatorResponseReader({ dialect: options.dialect })
    this.#receivedMs = nowMs
    this.#outgoing.push(encodeMediatorInit(options.dialect))
  }

  get isClosed(): boolean {
    return this.#closed
  }

  /** Bytes held that are no whole frame yet. */
  get bufferedBytes(): number {
    return this.#reader.bufferedBytes
  }

  /**
   * Queue a command; `answered` or `failed` follows under the id returned, unless `closed` comes first.
   * @throws {MediatorError} `unsupported` | `invalid` | `busy` | `not-connected`
   */
  request<K extends MediatorCommandName>(
    command: K,
    value: MediatorRequests[K],
    options: { readonly timeoutMs?: number | undefined } = {},
  ): number {
    const { dialect, timers } = this.#options
    if (this.#closed) throw new MediatorError('not-connected', `${command}: the connection is closed`)
    if (!hasMediatorCommand(dialect, command)) {
      throw new MediatorError('unsupported', `${command}: mediators of the dialect ${dialect} do not have it`)
    }
    const requestId = this.#pending.open < this.#options.requestsInFlight ? this.#pending.takeId() : undefined
    if (requestId === undefined) {
      throw new MediatorError('busy', `${command}: ${this.#pending.open} requests wait for an answer already`)
    }
    try {
      this.#outgoing.push(encodeRequestFrame(dialect, requestId, command, value))
    } catch (cause) {
      this.#pending.giveBack(requestId)
      if (!isWireError(cause)) throw cause
      throw new MediatorError('invalid', `${command}: ${cause.message}`, { cause })
    }
    const timeoutMs = options.timeoutMs ?? (command === 'sendMessage' ? timers.sendMessageMs : timers.requestMs)
    this.#pending.add(requestId, command, timeoutMs, this.#outgoing.endBytes)
    return requestId
  }

  /** Nobody waits for this answer any more: no event follows. */
  abandon(requestId: number): void {
    this.#pending.abandon(requestId)
  }

  /** Ask for a sign of life now, unless it is asked for already. */
  probe(): void {
    if (this.#closed || this.#pingId !== undefined) return
    try {
      this.#pingId = this.request('ping', {})
    } catch (error) {
      // Too many requests are open: one of them will be the sign of life, or time out.
      if (!(error instanceof MediatorError)) throw error
    }
  }

  /** Bytes of the mediator; they are copied. */
  receive(chunk: Uint8Array, nowMs: number): void {
    if (this.#closed || chunk.length === 0) return
    this.#receivedMs = nowMs
    this.#receivedBytes += chunk.length
    this.#progressBytes += chunk.length
    if (this.#progressBytes >= STALL_BYTES) {
      this.#progressBytes = 0
      this.#progressMs = nowMs
    }
    this.#reader.push(chunk)
  }

  /** The mediator ended its side. */
  endOfStream(): void {
    this.#ended = true
  }

  /** What happened next. One frame at a time is looked at: a flood of them waits in the bytes that arrived. */
  next(): SessionEvent | undefined {
    for (;;) {
      const event = this.#events.shift()
      if (event !== undefined || this.#closed) return event
      try {
        const frame = this.#reader.next()
        if (frame !== undefined) this.#frame(frame.status, frame.id, frame.payload)
        else if (!this.#ended) return undefined
        else this.close(this.#endedError())
      } catch (cause) {
        if (!isWireError(cause)) throw cause
        this.close(new MediatorError('protocol', `the mediator broke the protocol: ${cause.message}`, { cause }))
      }
    }
  }

  /** The next bytes to write, about 64 KiB; say with {@link handed} how that went before asking for more. */
  takeOutgoing(): Uint8Array[] {
    return this.#closed || this.#fullSinceMs !== NEVER ? [] : this.#outgoing.take()
  }

  /** The stream has what was taken. @param isFull - and takes nothing more until it has {@link drained} */
  handed(isFull: boolean, nowMs: number): void {
    if (isFull) this.#fullSinceMs = nowMs
    else this.#written(nowMs)
  }

  drained(nowMs: number): void {
    this.#fullSinceMs = NEVER
    this.#written(nowMs)
  }

  /** When {@link tick} next has work. */
  get nextDeadlineMs(): number {
    if (this.#closed) return NEVER
    const { stallMs, pingMs } = this.#options.timers
    const pingDueMs = this.#pingId === undefined ? this.#receivedMs + pingMs : NEVER
    return Math.min(this.#pending.earliestMs, this.#fullSinceMs + stallMs, pingDueMs)
  }

  tick(nowMs: number): void {
    if (nowMs < this.nextDeadlineMs) return
    const { stallMs, pingMs } = this.#options.timers
    if (nowMs >= this.#fullSinceMs + stallMs) {
      this.close(new MediatorError('timeout', `nothing could be written to the mediator for ${stallMs} ms`))
      return
    }
    if (this.#pingId === undefined && nowMs >= this.#receivedMs + pingMs) {
      this.probe()
      // When too much is open for a PING, the next look is as far away as the first.
      if (this.#pingId === undefined) this.#receivedMs = nowMs
    }
    this.#expire(nowMs)
  }

  /** Nothing more is sent, read or due; `closed` follows. */
  close(error: MediatorError): void {
    if (this.#closed) return
    this.#closed = true
    this.#pending.clear()
    this.#outgoing.clear()
    this.#events.push({ type: 'closed', error })
  }

  #written(nowMs: number): void {
    this.#pending.written(this.#outgoing.takenBytes, nowMs)
  }

  #expire(nowMs: number): void {
    // An answer of which bytes come is on its way, however slowly: it, or one behind it, may be any of these.
    const notBeforeMs = this.#reader.bufferedBytes > 0 ? this.#progressMs + this.#options.timers.stallMs : 0
    for (const { requestId, command, timeoutMs } of this.#pending.expire(nowMs, notBeforeMs)) {
      const error = new MediatorError('timeout', `${command}: no answer within ${timeoutMs} ms`)
      this.#events.push({ type: 'failed', requestId, error })
      if (requestId !== this.#pingId && ++this.#timeouts < MAX_TIMEOUTS) continue
      this.close(new MediatorError('timeout', 'the mediator gives no sign of life', { cause: error }))
      return
    }
  }

  /** In the order of mediator protocol §3.3. */
  #frame(status: number, id: number, payload: Uint8Array): void {
    this.#progressMs = this.#receivedMs
    this.#progressBytes = 0
    const push = status === MediatorStatus.error ? undefined : mediatorPushName(id)
    if (status === MediatorStatus.push || push !== undefined) {
      this.#push(push, status === MediatorStatus.push ? this.#options.dialect : this.#plainDialect, id, payload)
      return
    }
    const pending = this.#pending.settle(id)
    if (pending !== undefined) this.#answer(pending, status, payload)
    else if (status === MediatorStatus.error && id === 0) this.#connectionError(payload)
    else this.#drop(`an answer to the request ${id}, which nobody made`)
  }

  /** Whose pushes have the status of an answer. */
  get #plainDialect(): MediatorDialect {
    return this.#options.dialect === 'tlv-push' ? 'tlv' : this.#options.dialect
  }

  #push(push: MediatorPushName | undefined, dialect: MediatorDialect, code: number, payload: Uint8Array): void {
    if (push === undefined) {
      this.#drop(`a push with the unknown code ${code}`)
      return
    }
    try {
      this.#events.push({ type: 'push', push, value: decodePushPayload(dialect, push, payload) } as SessionEvent)
    } catch (error) {
      if (!isWireError(error)) throw error
      this.#drop(`a push (${push}) that cannot be read: ${error.message}`)
    }
  }

  #answer({ requestId, command, isAbandoned }: PendingRequest, status: number, payload: Uint8Array): void {
    this.#timeouts = 0
    if (requestId === this.#pingId) this.#pingId = undefined
    if (isAbandoned) this.#drop(`a late answer to the request ${requestId} (${command})`)
    else if (status === MediatorStatus.error) this.#refused(requestId, command, decodeMediatorError(payload))
    else this.#granted(requestId, command, payload)
  }

  #granted(requestId: number, command: MediatorCommandName, payload: Uint8Array): void {
    try {
      const value = decodeResponsePayload(this.#options.dialect, command, payload)
      this.#events.push({ type: 'answered', requestId, command, value } as SessionEvent)
    } catch (cause) {
      if (!isWireError(cause)) throw cause
      const error = new MediatorError('protocol', `${command}: the answer cannot be read: ${cause.message}`, { cause })
      this.#events.push({ type: 'failed', requestId, error })
    }
  }

  #refused(requestId: number, command: MediatorCommandName, text: string): void {
    this.#events.push({ type: 'failed', requestId, error: refusal(this.#options.dialect, command, text) })
  }

  /** An error that names no request: of one of few commands, or of the connection, which is over then. */
  #connectionError(payload: Uint8Array): void {
    const requestId = this.#pending.oldest(ANSWERED_WITH_ID_0)
    const pending = requestId === undefined ? undefined : this.#pending.settle(requestId)
    if (pending !== undefined) this.#answer(pending, MediatorStatus.error, payload)
    else this.close(refusal(this.#options.dialect, 'the connection', decodeMediatorError(payload)))
  }

  #drop(why: string): void {
    this.#events.push({ type: 'dropped', why })
  }

  #endedError(): MediatorError {
    const { dialect } = this.#options
    const hint = this.#receivedBytes > 0 ? '' : ` without a word: does it speak the dialect ${dialect}?`
    return new MediatorError('not-connected', `the mediator ended the connection${hint}`)
  }
}
