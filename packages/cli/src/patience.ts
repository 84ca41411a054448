import { formatDuration } from './duration.js'

/** How long a command waits: until its time is up, if it has a limit, or the person wants it to end. */
export class Patience {
  /** Fires when it is over. */
  readonly signal: AbortSignal
  readonly #timeout = new AbortController()
  readonly #stop: AbortSignal
  #timer: NodeJS.Timeout | undefined
  #limitMs = Number.POSITIVE_INFINITY

  constructor(stop: AbortSignal) {
    this.#stop = stop
    this.signal = AbortSignal.any([this.#timeout.signal, stop])
  }

  /** The time begins now. Unlike `AbortSignal.timeout` it keeps the process alive while it runs. */
  limit(timeoutMs: number): void {
    clearTimeout(this.#timer)
    this.#limitMs = timeoutMs
    this.#timer = setTimeout(() => this.#timeout.abort(), timeoutMs)
  }

  /** Why it is over, as the end of a sentence. */
  end(): string {
    return this.#stop.aborted ? 'stopped before' : `not within ${formatDuration(this.#limitMs)}`
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
  }
}
