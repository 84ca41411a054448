import type { Clock } from '@mimirjs/transport'
import type { CallLine } from './call-line.js'

export interface LineSearchContext {
  readonly clock: Clock
  /** READY connections to the peer, the newest first. */
  lines(): readonly CallLine[]
  /** Make one; rejects when no address leads to the peer. */
  dial(signal: AbortSignal): Promise<unknown>
}

/** Pause after the first round in vain, in ms; it doubles with each. */
const FIRST_PAUSE_MS = 500

/**
 * Looks for a connection that answers a PING now: one that exists, else a new one, again and again. An offer on a
 * connection that is dead without anybody's knowledge would ring nowhere (current protocol §19.8).
 */
export class LineSearch {
  /** Why the last dial failed. */
  failure: unknown
  readonly #context: LineSearchContext
  #wake: () => void = () => {}

  constructor(context: LineSearchContext) {
    this.#context = context
  }

  /** There is a new connection: look at once. */
  wake(): void {
    this.#wake()
  }

  /** @returns undefined when `signal` fired */
  async find(signal: AbortSignal): Promise<CallLine | undefined> {
    const onAbort = (): void => this.#wake()
    signal.addEventListener('abort', onAbort)
    try {
      for (let pauseMs = FIRST_PAUSE_MS; !signal.aborted; ) {
        const woken = new Promise<undefined>((resolve) => {
          this.#wake = () => resolve(undefined)
        })
        const line = await Promise.race([this.#round(signal, woken), woken])
        if (line === 'none') {
          await this.#pause(pauseMs)
          pauseMs *= 2
        } else if (line !== undefined && !line.closed && !signal.aborted) return line
      }
      return undefined
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  /** @returns a line that answered, or `none` */
  async #round(signal: AbortSignal, woken: Promise<unknown>): Promise<CallLine | 'none'> {
    const existing = await this.#firstToAnswer()
    if (existing !== undefined) return existing
    const dialling = new AbortController()
    const callOff = (): void => dialling.abort()
    void woken.then(callOff)
    signal.addEventListener('abort', callOff)
    try {
      await this.#context.dial(dialling.signal)
      return (await this.#firstToAnswer()) ?? 'none'
    } catch (error) {
      this.failure = error
      return 'none'
    } finally {
      signal.removeEventListener('abort', callOff)
    }
  }

  #firstToAnswer(): Promise<CallLine | undefined> {
    const answers = this.#context.lines().map((line) => line.probe().then(() => line))
    return Promise.any(answers).catch(() => undefined)
  }

  async #pause(pauseMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const cancel = this.#context.clock.schedule(resolve, pauseMs)
      this.#wake = () => {
        cancel()
        resolve()
      }
    })
  }
}
