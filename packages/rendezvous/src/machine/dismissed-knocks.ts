import { equalBytes } from '@mimirjs/wire'
import type { MachineLimits } from '../limits.js'
import type { Received } from './receiver.js'

/**
 * Knocks that are not answered, while they last. Whoever sent one waits with the smaller key and hears nothing else of
 * us: when our user changes his mind, this is what has to be answered.
 */
export class DismissedKnocks {
  readonly #limits: MachineLimits
  /** The newest of each sender; who knocked last stands last. */
  readonly #knocks = new Map<string, Received>()

  constructor(limits: MachineLimits) {
    this.#limits = limits
  }

  get size(): number {
    return this.#knocks.size
  }

  add(knock: Received): void {
    this.#knocks.delete(knock.name)
    if (this.#knocks.size >= this.#limits.promptKeys) {
      const [oldest] = this.#knocks.keys()
      if (oldest !== undefined) this.#knocks.delete(oldest)
    }
    this.#knocks.set(knock.name, knock)
  }

  /** What this person still waits for; it is taken out. */
  take(name: string, nowMs: number): Received | undefined {
    const knock = this.#knocks.get(name)
    this.#knocks.delete(name)
    return knock !== undefined && knock.endMs > nowMs ? knock : undefined
  }

  /** He gave up. */
  hangup(name: string, sid: Uint8Array): void {
    const knock = this.#knocks.get(name)
    if (knock !== undefined && equalBytes(knock.sid, sid)) this.#knocks.delete(name)
  }
}
