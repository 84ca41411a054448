import type { Signer } from '@mimirjs/crypto'
import type { ByteStream, Clock } from '@mimirjs/transport'
import type {
  MediatorCommandName,
  MediatorDialect,
  MediatorPushes,
  MediatorPushName,
  MediatorRequests,
  MediatorResponses,
} from '@mimirjs/wire/mediator'
import { sameBytes } from './bytes.js'
import { type Deferred, deferred } from './deferred.js'
import { isMediatorError, MediatorError } from './error.js'
import type { MediatorClientLimits } from './limits.js'
import { Login, type LoginStep } from './login.js'
import { MediatorSession } from './session.js'
import type { SessionEvent } from './session-events.js'
import type { MediatorTimers } from './timers.js'
import type { CallOptions } from './types.js'

export interface ConnectionOptions {
  readonly signer: Signer
  readonly mediatorPublicKey: Uint8Array
  readonly dialect: MediatorDialect
  readonly clock: Clock
  readonly timers: MediatorTimers
  readonly limits: MediatorClientLimits
  mayBeSigned(nonce: Uint8Array): boolean
  push<K extends MediatorPushName>(push: K, value: MediatorPushes[K]): void
  /** Something that fits nothing was dropped. */
  dropped(why: string): void
}

/** How a connection ended. */
export interface ConnectionEnd {
  readonly error: MediatorError
  /** Another attempt cannot end better. */
  readonly isFatal: boolean
}

const MAX_NONCES = 32
const NEVER = Number.POSITIVE_INFINITY

/** The machines of one connection on its stream: it moves bytes, events and deadlines, and decides nothing. */
export class Connection {
  readonly #stream: ByteStream
  readonly #options: ConnectionOptions
  readonly #clock: Clock
  readonly #session: MediatorSession
  #login: Login | undefined
  readonly #ready = deferred()
  readonly #ended = deferred<ConnectionEnd>()
  readonly #gone = deferred()
  readonly #answers = new Map<number, Deferred<unknown>>()
  /** Why it ended. */
  #end: ConnectionEnd | undefined
  #isFatal = false
  #isFull = false
  #pumping = false
  #orderly = false
  #streamClosed = false
  #cutAtMs = NEVER
  #cancelTimer: (() => void) | undefined
  #timerMs = NEVER

  constructor(stream: ByteStream, options: ConnectionOptions) {
    const { clock, dialect, timers, limits, signer, mediatorPublicKey, mayBeSigned } = options
    this.#stream = stream
    this.#options = options
    this.#clock = clock
    const { requestsInFlight } = limits
    this.#session = new MediatorSession({ dialect, timers, requestsInFlight }, clock.nowMs())
    stream.start({
      data: (chunk) => {
        this.#session.receive(chunk, this.#clock.nowMs())
        this.#pump()
      },
      end: () => {
        this.#session.endOfStream()
        this.#pump()
      },
      drain: () => {
        this.#isFull = false
        this.#session.drained(this.#clock.nowMs())
        this.#pump()
      },
      closed: (cause) => {
        this.#streamClosed = true
        const why = cause === undefined ? '' : `: ${cause.message}`
        this.abort(new MediatorError('not-connected', `the connection to the mediator ended${why}`, { cause }))
        this.#cancelTimer?.()
        this.#gone.resolve()
      },
    })
    const { remotePublicKey } = stream
    if (remotePublicKey !== undefined && !sameBytes(remotePublicKey, mediatorPublicKey)) {
      this.#isFatal = true
      this.abort(new MediatorError('wrong-mediator', 'the network proved another key than mediatorPublicKey'))
    } else {
      const { publicKey } = signer
      const signMs = timers.requestMs
      this.#login = new Login(this.#session, { publicKey, signMs, maxNonces: MAX_NONCES, mayBeSigned })
      this.#pump()
    }
  }

  /** Resolves when we are logged in, rejects when that failed. */
  get ready(): Promise<void> {
    return this.#ready.promise
  }

  /** Resolves when nothing more can be done with it. */
  get ended(): Promise<ConnectionEnd> {
    return this.#ended.promise
  }

  /** Resolves when nothing of it is left. */
  get gone(): Promise<void> {
    return this.#gone.promise
  }

  get isOpen(): boolean {
    return !this.#session.isClosed
  }

  /** Rejects with a MediatorError. */
  async request<K extends MediatorCommandName>(
    command: K,
    value: MediatorRequests[K],
    { signal, timeoutMs }: { readonly [O in keyof CallOptions]: CallOptions[O] | undefined } = {},
  ): Promise<MediatorResponses[K]> {
    if (signal?.aborted) throw new MediatorError('aborted', `${command}: aborted`, { cause: signal.reason })
    if (this.#end !== undefined) throw brokenCall(command, this.#end.error)
    const answer = deferred<unknown>()
    const requestId = this.#session.request(command, value, { timeoutMs })
    this.#answers.set(requestId, answer)
    const onAbort = (): void => {
      this.#session.abandon(requestId)
      this.#answers.delete(requestId)
      answer.reject(new MediatorError('aborted', `${command}: aborted by the signal given`, { cause: signal?.reason }))
    }
    signal?.addEventListener('abort', onAbort)
    this.#pump()
    try {
      return (await answer.promise) as MediatorResponses[K]
    } catch (error) {
      throw this.#isEnd(error) ? brokenCall(command, error) : error
    } finally {
      signal?.removeEventListener('abort', onAbort)
    }
  }

  /** Do something that makes sense only as long as this connection is there. Rejects with a MediatorError. */
  async whileOpen<T>(
    doing: string,
    signal: AbortSignal | undefined,
    work: (until: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const until = new AbortController()
    let done = false
    const onAbort = (): void => until.abort(signal?.reason)
    signal?.addEventListener('abort', onAbort)
    void this.#ended.promise.then(({ error }) => {
      if (!done) until.abort(brokenCall(doing, error))
    })
    try {
      if (signal?.aborted) onAbort()
      until.signal.throwIfAborted()
      return await work(until.signal)
    } catch (cause) {
      if (isMediatorError(until.signal.reason)) throw until.signal.reason
      if (signal?.aborted) throw new MediatorError('aborted', `${doing}: aborted by the signal given`, { cause })
      const why = cause instanceof Error ? cause.message : String(cause)
      throw new MediatorError('key-capability', `${doing}: the signer failed: ${why}`, { cause })
    } finally {
      done = true
      signal?.removeEventListener('abort', onAbort)
    }
  }

  /** Ask for a sign of life. */
  probe(): void {
    this.#session.probe()
    this.#pump()
  }

  /** End it in order: what is queued still goes out. Everything that waits rejects with `error`. */
  end(error: MediatorError): void {
    this.#orderly = true
    this.abort(error)
  }

  /** Whatever is still to be written: it is not waited for any more. */
  cut(): void {
    if (!this.#streamClosed) this.#stream.abort()
  }

  /** Cut it. Everything that waits rejects with `error`. */
  abort(error: MediatorError): void {
    this.#session.close(error)
    this.#pump()
  }

  /** Do what is due, tell what happened, write what is to be written. Commands given meanwhile are part of it. */
  #pump(): void {
    if (this.#pumping) return
    this.#pumping = true
    const nowMs = this.#clock.nowMs()
    this.#session.tick(nowMs)
    this.#take(this.#login?.tick(nowMs))
    for (let event = this.#session.next(); event !== undefined; event = this.#session.next()) {
      this.#take(this.#login?.step(event, nowMs))
      this.#tell(event)
    }
    this.#pumping = false
    this.#write(nowMs)
    this.#schedule()
  }

  #write(nowMs: number): void {
    while (!this.#isFull && !this.#streamClosed) {
      const pieces = this.#session.takeOutgoing()
      if (pieces.length === 0) return
      this.#isFull = !this.#stream.writeAll(pieces)
      this.#session.handed(this.#isFull, nowMs)
    }
  }

  #take(step: LoginStep | undefined): void {
    switch (step?.type) {
      case undefined:
        return
      case 'sign':
        void this.#sign(step.nonce)
        return
      case 'done':
        this.#login = undefined
        this.#ready.resolve()
        return
      case 'failed':
        this.#login = undefined
        this.#isFatal = step.isFatal
        this.#session.close(step.error)
    }
  }

  #tell(event: SessionEvent): void {
    switch (event.type) {
      case 'answered':
        this.#answers.get(event.requestId)?.resolve(event.value)
        this.#answers.delete(event.requestId)
        return
      case 'failed':
        this.#answers.get(event.requestId)?.reject(event.error)
        this.#answers.delete(event.requestId)
        return
      case 'push':
        this.#tellPush(event)
        return
      case 'dropped':
        this.#options.dropped(event.why)
        return
      case 'closed':
        this.#close(event.error)
    }
  }

  /** Nothing that is pushed may stop what comes behind it. */
  #tellPush({ push, value }: Extract<SessionEvent, { type: 'push' }>): void {
    try {
      this.#options.push(push, value)
    } catch (error) {
      this.#options.dropped(`a push (${push}): ${String(error)}`)
    }
  }

  /** A signer is somebody else's code, and may be far away. */
  async #sign(nonce: Uint8Array): Promise<void> {
    try {
      const signature = await this.#options.signer.sign(nonce)
      this.#login?.signed(signature)
      this.#pump()
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause)
      // Bytes that are no signature will not be one the next time; a signer that is far away may come back.
      this.#isFatal = isMediatorError(cause) && cause.code === 'invalid'
      this.abort(new MediatorError('key-capability', `login: the signer failed: ${why}`, { cause }))
    }
  }

  #isEnd(error: unknown): error is MediatorError {
    return error === this.#end?.error
  }

  #close(error: MediatorError): void {
    this.#end = { error, isFatal: this.#isFatal }
    this.#login = undefined
    this.#ready.reject(error)
    this.#ended.resolve(this.#end)
    for (const answer of this.#answers.values()) answer.reject(error)
    this.#answers.clear()
    if (this.#streamClosed) return
    this.#cutAtMs = this.#clock.nowMs() + this.#options.timers.lingerMs
    if (this.#orderly) this.#stream.end()
    else this.#stream.abort(error)
  }

  #schedule(): void {
    if (this.#streamClosed) return
    const dueMs = this.#session.isClosed
      ? this.#cutAtMs
      : Math.min(this.#session.nextDeadlineMs, this.#login?.nextDeadlineMs ?? NEVER)
    // A timer that is too early costs less than a new one for everything that arrives.
    if (dueMs >= this.#timerMs && dueMs !== NEVER) return
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    this.#timerMs = dueMs
    if (dueMs === NEVER) return
    this.#cancelTimer = this.#clock.schedule(
      () => {
        this.#timerMs = NEVER
        if (this.#clock.nowMs() >= this.#cutAtMs) this.cut()
        else this.#pump()
      },
      Math.max(0, dueMs - this.#clock.nowMs()),
    )
  }
}

/** What a call fails with when its connection ends under it. */
function brokenCall(command: string, cause: MediatorError): MediatorError {
  if (cause.code === 'closed') return new MediatorError('closed', `${command}: ${cause.message}`, { cause })
  const message = `${command}: no connection, so it is not known whether it was done: ${cause.message}`
  return new MediatorError('not-connected', message, { cause })
}
