import type { RouterCore } from './router-core.js'

/** Something that happened to ourselves, told later: never from inside the call that caused it. */
type Pending = { readonly packet: Uint8Array } | { readonly foundKey: Uint8Array }

/** What we send to ourselves, and the paths that need no search. */
export class Loopback {
  readonly #core: RouterCore
  #pending: Pending[] = []
  #bytes = 0

  constructor(core: RouterCore) {
    this.#core = core
  }

  get isEmpty(): boolean {
    return this.#pending.length === 0
  }

  /** The packet is copied; dropped when too many bytes wait already. */
  send(payload: Uint8Array): void {
    const { limits, stats } = this.#core
    if (this.#bytes + payload.length > limits.queueBytes) {
      stats.dropped++
      return
    }
    this.#bytes += payload.length
    this.#pending.push({ packet: payload.slice() })
  }

  /** Bounded by who asks: only our own user does. */
  found(key: Uint8Array): void {
    this.#pending.push({ foundKey: key.slice() })
  }

  /** Hand over everything so far, in order; what comes meanwhile is for the next time. */
  deliver(nowMs: number): void {
    const { options, stats } = this.#core
    const pending = this.#pending
    this.#pending = []
    this.#bytes = 0
    for (const one of pending) {
      if ('packet' in one) {
        stats.delivered++
        options.effects.deliver(options.publicKey, one.packet, nowMs)
      } else {
        options.effects.pathFound(one.foundKey, nowMs)
      }
    }
  }
}
