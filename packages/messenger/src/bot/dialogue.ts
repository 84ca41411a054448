import type { Clock } from '@mimirjs/transport'
import type { Content } from '../content.js'
import { MessengerError } from '../error.js'
import type { IncomingMessage, Sent } from '../message.js'

/** How long to wait for a person. */
export interface WaitOptions {
  /** Give up after so many ms with `no-answer`. Default: wait as long as it takes. */
  readonly timeoutMs?: number
  /** Give up with `aborted`. */
  readonly signal?: AbortSignal
}

/**
 * What one person says next, taken before commands and handlers get it: see {@link Messenger.conversation}. A message
 * counts as handled when the next one is asked for, or the dialogue ends.
 *
 * It lives in memory. Of a process that dies the next one knows nothing of it: the message that was at hand comes again, and
 * goes to the handlers like those after it.
 */
export interface Dialogue extends AsyncIterable<IncomingMessage, void, void>, AsyncDisposable {
  /** Public key of the person, 64 lower-case hex digits. */
  readonly peer: string
  readonly ended: boolean
  /**
   * Say something, and wait for what the person says next. The message at hand counts as handled with that, and the
   * question goes out in the same step: killed at any moment, it is asked once.
   * @throws {MessengerError} `no-answer` | `aborted` | `closed`, or what {@link Messenger.send} throws
   */
  ask(content: Content, options?: WaitOptions): Promise<IncomingMessage>
  /** Wait for what the person says next. @throws {MessengerError} `no-answer` | `aborted` | `closed` */
  nextMessage(options?: WaitOptions): Promise<IncomingMessage>
  /** The message at hand counts as handled; what comes is the handlers' again. Leaving a loop over the dialogue does it, too. */
  end(): void
}

/** A message in the hands of a dialogue. */
export interface Held {
  readonly message: IncomingMessage
  /** `true`: it counts as handled. `false`: nobody looked at it. */
  settle(taken: boolean): void
  /** Whoever was at it was cut off. */
  fail(error: unknown): void
}

export interface DialogueContext {
  readonly clock: Clock
  /** Where what we say goes: the person, or the group. */
  readonly to: string
  /** The message whose handler opens the dialogue. It is not what the person says next. */
  readonly during: IncomingMessage | undefined
  /** The same, if it is of this person and not handled yet. */
  readonly opener: Held | undefined
  send(content: Content): Promise<Sent>
  /** The program waits for the person now. @returns called when that is over */
  onWait(): () => void
  onEnd(): void
}

export class OpenDialogue implements Dialogue {
  readonly peer: string
  readonly #context: DialogueContext
  /** In the hands of the program: what it sends through it goes out when it is settled. */
  #current: Held | undefined
  /** Waits to be asked for. The inbox hands over one at a time. */
  #offered: Held | undefined
  #wanted: { take(held: Held): void; fail(error: MessengerError): void } | undefined
  #failure: MessengerError | undefined
  /** Whoever asks while another waits comes behind. */
  #turn: Promise<unknown> = Promise.resolve()

  constructor(peer: string, context: DialogueContext) {
    this.peer = peer
    this.#context = context
    this.#current = context.opener
  }

  get ended(): boolean {
    return this.#failure !== undefined
  }

  get isWaiting(): boolean {
    return this.#wanted !== undefined
  }

  ask(content: Content, options: WaitOptions = {}): Promise<IncomingMessage> {
    return this.#inTurn(() => this.#next(options, content))
  }

  nextMessage(options: WaitOptions = {}): Promise<IncomingMessage> {
    return this.#inTurn(() => this.#next(options, undefined))
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<IncomingMessage, void, void> {
    try {
      for (;;) yield await this.nextMessage()
    } catch (error) {
      if (error !== this.#failure || this.#failure?.code !== 'closed') throw error
    } finally {
      this.end()
    }
  }

  end(): void {
    this.stop(new MessengerError('closed', 'the conversation has ended'))
    // A handler that opened us and asked nothing goes on: its message is its own business.
    if (this.#current !== this.#context.opener) this.settle()
    this.#current = undefined
  }

  /** End because the messenger closed while the program was at it: the message at hand is not handled. */
  cutOff(error: unknown): void {
    this.#current?.fail(error)
    this.#current = undefined
    this.end()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.end()
  }

  /** A message of the person came. @returns whether it counts as handled; `false` when nobody looked at it. @throws when cut off */
  offer(message: IncomingMessage): Promise<boolean> {
    if (this.ended || this.#offered || message === this.#context.during) return Promise.resolve(false)
    return new Promise((settle, fail) => {
      const held = { message, settle, fail }
      if (this.#wanted) this.#wanted.take(held)
      else this.#offered = held
    })
  }

  /** Take nothing more; whoever waits hears why. The message at hand stays there until the program is done with it. */
  stop(failure: MessengerError): void {
    if (this.#failure) return
    this.#failure = failure
    this.#offered?.settle(false)
    this.#offered = undefined
    this.#wanted?.fail(failure)
    this.#context.onEnd()
  }

  /** The message at hand counts as handled. */
  settle(): void {
    this.#current?.settle(true)
    this.#current = undefined
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work)
    this.#turn = result.catch(() => {})
    return result
  }

  async #next({ timeoutMs, signal }: WaitOptions, question: Content | undefined): Promise<IncomingMessage> {
    if (signal?.aborted) throw aborted(signal)
    const { message } = this.#current ?? {}
    if (this.#failure && !message) throw this.#failure
    if (question !== undefined)
      await (message ? message.send(this.#context.to, question) : this.#context.send(question))
    this.settle()
    this.#current = await this.#take(timeoutMs, signal)
    return this.#current.message
  }

  async #take(timeoutMs: number | undefined, signal: AbortSignal | undefined): Promise<Held> {
    if (this.#failure) throw this.#failure
    const offered = this.#offered
    if (offered) {
      this.#offered = undefined
      return offered
    }
    const goOn = this.#context.onWait()
    let cancel = (): void => {}
    const onAbort = (): void => this.#wanted?.fail(aborted(signal))
    signal?.addEventListener('abort', onAbort)
    try {
      return await new Promise<Held>((resolve, reject) => {
        // At once, so that what comes in the same moment is not handed to somebody who has left.
        const leave = (): void => {
          this.#wanted = undefined
        }
        const fail = (error: MessengerError): void => {
          leave()
          reject(error)
        }
        const take = (held: Held): void => {
          leave()
          resolve(held)
        }
        this.#wanted = { take, fail }
        if (timeoutMs === undefined) return
        const late = new MessengerError('no-answer', `the person did not answer within ${timeoutMs} ms`)
        cancel = this.#context.clock.schedule(() => fail(late), timeoutMs)
      })
    } finally {
      cancel()
      signal?.removeEventListener('abort', onAbort)
      goOn()
    }
  }
}

function aborted(signal: AbortSignal | undefined): MessengerError {
  return new MessengerError('aborted', 'waiting for the person was aborted', { cause: signal?.reason })
}
