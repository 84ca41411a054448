const WINDOW_MS = 60_000
/** Addresses remembered at a time; the one seen longest ago makes room. */
const MAX_ADDRESSES = 1024

interface Spent {
  sinceMs: number
  count: number
}

/** How many signatures each remote address has had from us within a minute. */
export class SignatureBudget {
  readonly #perMinute: number
  readonly #spent = new Map<string, Spent>()

  constructor(perMinute: number) {
    this.#perMinute = perMinute
  }

  /** Take one signature for this address; `false` when it has had its share. */
  take(address: string, nowMs: number): boolean {
    const spent = this.#spent.get(address)
    if (spent === undefined || nowMs - spent.sinceMs >= WINDOW_MS) {
      this.#spent.delete(address)
      this.#makeRoom()
      this.#spent.set(address, { sinceMs: nowMs, count: 1 })
      return true
    }
    spent.count++
    return spent.count <= this.#perMinute
  }

  #makeRoom(): void {
    if (this.#spent.size < MAX_ADDRESSES) return
    for (const oldest of this.#spent.keys()) {
      this.#spent.delete(oldest)
      return
    }
  }
}
