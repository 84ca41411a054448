/** Something that happened to ourselves, told later: never from inside the call that caused it. */
type Pending = { readonly packet: Uint8Array } | { readonly foundKey: Uint8Array }

/** What we send to ourselves. */
export class Loopback {
  readonly #limitBytes: number
  #pending: Pending[] = []
  #bytes = 0

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  get isEmpty(): boolean {
    return this.#pending.length === 0
  }

  /** @returns whether there was room for it */
  send(payload: Uint8Array): boolean {
    if (this.#bytes + payload.length > this.#limitBytes) return false
    this.#bytes += payload.length
    this.#pending.push({ packet: payload.slice() })
    return true
  }

  /** Bounded by who asks: only our own user does. */
  found(key: Uint8Array): void {
    this.#pending.push({ foundKey: key.slice() })
  }

  /** Everything so far, in order; what comes meanwhile is for the next time. */
  take(): Pending[] {
    const pending = this.#pending
    this.#pending = []
    this.#bytes = 0
    return pending
  }
}
