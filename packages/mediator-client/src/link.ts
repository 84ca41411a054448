import { type ByteStream, type Clock, isTransportError, type Logger } from '@mimirjs/transport'
import { retryDelayMs } from './backoff.js'
import { Connection, type ConnectionEnd, type ConnectionOptions } from './connection.js'
import { type Deferred, deferred } from './deferred.js'
import { MediatorError } from './error.js'
import type { MediatorClientLimits } from './limits.js'
import type { MediatorTimers } from './timers.js'
import type { MediatorState } from './types.js'

export interface LinkOptions {
  dial(signal: AbortSignal): Promise<ByteStream>
  readonly connection: ConnectionOptions
  readonly clock: Clock
  readonly timers: MediatorTimers
  readonly limits: MediatorClientLimits
  readonly random: (byteLength: number) => Uint8Array
  readonly logger: Logger | undefined
  state(state: MediatorState): void
  /** Logged in on a new connection. */
  up(connection: Connection): void
  /** That connection is over. */
  down(error: MediatorError): void
}

export interface WaitOptions {
  readonly signal: AbortSignal | undefined
  /** `undefined`: as long as it takes. */
  readonly timeoutMs: number | 'default' | undefined
}

/** Keeps one connection: dials, logs in, and starts again when it breaks. */
export class Link {
  readonly #options: LinkOptions
  #state: MediatorState = { state: 'idle' }
  /** Attempts and connections that failed in a row since the last login. */
  #failures = 0
  /** Logged in. */
  #connection: Connection | undefined
  /** With those that are on their way in or out. */
  readonly #connections = new Set<Connection>()
  readonly #waiting = new Set<Deferred<Connection>>()
  #cancelRetry: (() => void) | undefined
  #dialling: AbortController | undefined
  #attempts: Promise<void> = Promise.resolve()
  #closing: Promise<void> | undefined

  constructor(options: LinkOptions) {
    this.#options = options
  }

  get state(): MediatorState {
    return this.#state
  }

  /** `undefined` unless we are logged in. */
  get connection(): Connection | undefined {
    return this.#connection
  }

  start(): void {
    if (this.#closing !== undefined) throw new MediatorError('closed', 'start: the mediator client is closed')
    const { state } = this.#state
    if (state === 'idle' || state === 'stopped') this.#begin()
  }

  retryNow(): void {
    if (this.#state.state === 'waiting') this.#begin()
    else this.#connection?.probe()
  }

  /** @throws {MediatorError} `not-connected` | `closed` | the reason of `stopped` */
  connectionNow(doing: string): Connection {
    if (this.#connection !== undefined) return this.#connection
    this.#requireHope(doing)
    throw new MediatorError('not-connected', `${doing}: there is no connection to the mediator`)
  }

  /** The connection, as soon as there is one. Rejects with a MediatorError. */
  async connected(doing: string, { signal, timeoutMs }: WaitOptions): Promise<Connection> {
    if (signal?.aborted) throw new MediatorError('aborted', `${doing}: aborted`, { cause: signal.reason })
    if (this.#connection !== undefined) return this.#connection
    this.#requireHope(doing)
    const { clock, limits, timers } = this.#options
    if (this.#waiting.size >= limits.waitingCalls) {
      throw new MediatorError('busy', `${doing}: ${this.#waiting.size} calls wait for a connection already`)
    }
    const waiting = deferred<Connection>()
    this.#waiting.add(waiting)
    const onAbort = (): void => {
      waiting.reject(new MediatorError('aborted', `${doing}: aborted by the signal given`, { cause: signal?.reason }))
    }
    const onTimeout = (): void => {
      waiting.reject(new MediatorError('not-connected', `${doing}: ${this.#whyNot()}`, { cause: this.#reason() }))
    }
    signal?.addEventListener('abort', onAbort)
    const waitMs = timeoutMs === 'default' ? timers.requestMs : timeoutMs
    const cancel = waitMs === undefined ? undefined : clock.schedule(onTimeout, waitMs)
    try {
      return await waiting.promise
    } catch (error) {
      throw this.#isReason(error) ? sameReason(doing, error) : error
    } finally {
      cancel?.()
      signal?.removeEventListener('abort', onAbort)
      this.#waiting.delete(waiting)
    }
  }

  /** @param work - whose end is waited for too, as long as the time allows */
  close(timeoutMs: number | undefined, work: Promise<unknown>): Promise<void> {
    this.#closing ??= this.#close(timeoutMs ?? this.#options.timers.lingerMs, work)
    return this.#closing
  }

  async #close(timeoutMs: number, work: Promise<unknown>): Promise<void> {
    const closed = new MediatorError('closed', 'the mediator client is closed')
    this.#cancelRetry?.()
    this.#dialling?.abort()
    this.#set({ state: 'closed' })
    this.#refuseWaiting(closed)
    for (const connection of this.#connections) connection.end(closed)
    const late = deferred()
    const cancel = this.#options.clock.schedule(late.resolve, timeoutMs)
    const gone = this.#attempts.then(() => Promise.all([...this.#connections].map((connection) => connection.gone)))
    await Promise.race([Promise.all([gone, work]), late.promise])
    cancel()
    for (const connection of this.#connections) connection.cut()
    await gone
  }

  #begin(): void {
    this.#cancelRetry?.()
    this.#cancelRetry = undefined
    this.#set({ state: 'connecting', failures: this.#failures })
    this.#attempts = this.#connect()
  }

  /** One attempt; it never rejects. */
  async #connect(): Promise<void> {
    let stream: ByteStream
    try {
      stream = await this.#dial()
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause)
      const error = new MediatorError('transport', `the mediator cannot be reached: ${why}`, { cause })
      this.#failed({ error, isFatal: isOurFault(cause) })
      return
    }
    if (this.#closing !== undefined) {
      stream.abort()
      return
    }
    const connection = new Connection(stream, this.#options.connection)
    this.#connections.add(connection)
    void connection.gone.then(() => this.#connections.delete(connection))
    connection.ready.then(
      () => this.#up(connection),
      () => {},
    )
    void connection.ended.then((end) => this.#down(connection, end))
  }

  async #dial(): Promise<ByteStream> {
    const { clock, timers, dial } = this.#options
    const controller = new AbortController()
    this.#dialling = controller
    const given = deferred<ByteStream>()
    controller.signal.addEventListener('abort', () => given.reject(new Error('given up')))
    const cancel = clock.schedule(() => {
      given.reject(new Error(`no answer within ${timers.dialMs} ms`))
      controller.abort()
    }, timers.dialMs)
    let isOver = false
    const dialled = callDial(dial, controller.signal)
    dialled.then(
      (stream) => {
        // Too late: nobody will ever read it.
        if (isOver) stream.abort()
      },
      () => {},
    )
    try {
      return await Promise.race([dialled, given.promise])
    } catch (error) {
      isOver = true
      throw error
    } finally {
      cancel()
      this.#dialling = undefined
    }
  }

  #up(connection: Connection): void {
    if (this.#closing !== undefined || !connection.isOpen) return
    this.#failures = 0
    this.#connection = connection
    this.#set({ state: 'up' })
    for (const waiting of this.#waiting) waiting.resolve(connection)
    this.#waiting.clear()
    this.#options.up(connection)
  }

  #down(connection: Connection, end: ConnectionEnd): void {
    if (this.#connection === connection) {
      this.#connection = undefined
      this.#options.down(end.error)
    }
    this.#failed(end)
  }

  #failed({ error, isFatal }: ConnectionEnd): void {
    if (this.#closing !== undefined) return
    if (isFatal) {
      this.#set({ state: 'stopped', reason: error })
      this.#refuseWaiting(error)
      return
    }
    const { clock, timers, random } = this.#options
    const [chance = 0] = random(1)
    this.#failures++
    const delayMs = retryDelayMs(this.#failures, timers, chance)
    this.#cancelRetry = clock.schedule(() => this.#begin(), delayMs)
    const retryAtMs = clock.nowMs() + delayMs
    this.#set({ state: 'waiting', reason: error, retryAtMs, failures: this.#failures })
  }

  #set(state: MediatorState): void {
    this.#state = state
    this.#options.logger?.debug({ ...state }, 'mediator connection')
    this.#options.state(state)
  }

  #refuseWaiting(error: MediatorError): void {
    for (const waiting of this.#waiting) waiting.reject(error)
    this.#waiting.clear()
  }

  #requireHope(doing: string): void {
    if (this.#state.state === 'closed') throw new MediatorError('closed', `${doing}: the mediator client is closed`)
    if (this.#state.state !== 'stopped') return
    const { reason } = this.#state
    throw sameReason(doing, reason)
  }

  #reason(): MediatorError | undefined {
    return 'reason' in this.#state ? this.#state.reason : undefined
  }

  #isReason(error: unknown): error is MediatorError {
    return error !== undefined && error === this.#reason()
  }

  #whyNot(): string {
    if (this.#state.state === 'idle') return 'there is no connection: call start first'
    return `no connection to the mediator in time${this.#state.state === 'waiting' ? `: ${this.#state.reason.message}` : ''}`
  }
}

/** The reason of `stopped` is shared by all calls; each names itself. */
function sameReason(doing: string, cause: MediatorError): MediatorError {
  const { code, message, remoteText } = cause
  return new MediatorError(code, `${doing}: ${message}`, { cause, ...(remoteText === undefined ? {} : { remoteText }) })
}

/** Also when it throws instead of rejecting. */
async function callDial(dial: LinkOptions['dial'], signal: AbortSignal): Promise<ByteStream> {
  return dial(signal)
}

/** A dial that we got wrong will be wrong again; what the system denies today it may allow tomorrow. */
function isOurFault(cause: unknown): boolean {
  return isTransportError(cause) && cause.blame === 'local' && cause.code !== 'aborted' && cause.code !== 'denied'
}
