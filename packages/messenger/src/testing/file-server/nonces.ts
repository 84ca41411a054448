interface Issued {
  readonly nonce: Uint8Array
  readonly atMs: number
}

/**
 * Nonces by the hex of the key that asked. One per key, whichever connection asked for it, as the protocol has it; and
 * not more than so many in all, since anybody can ask in the name of any key.
 */
export class Nonces {
  readonly #limit: number
  /** In the order of their issue. */
  readonly #issued = new Map<string, Issued>()

  constructor(limit: number) {
    this.#limit = limit
  }

  get size(): number {
    return this.#issued.size
  }

  put(key: string, nonce: Uint8Array, nowMs: number): void {
    this.#issued.delete(key)
    for (const oldest of this.#issued.keys()) {
      if (this.#issued.size < this.#limit) break
      this.#issued.delete(oldest)
    }
    this.#issued.set(key, { nonce, atMs: nowMs })
  }

  get(key: string): Uint8Array | undefined {
    return this.#issued.get(key)?.nonce
  }

  delete(key: string): void {
    this.#issued.delete(key)
  }

  /** Drop those issued before. */
  sweep(beforeMs: number): void {
    for (const [key, { atMs }] of this.#issued) {
      if (atMs >= beforeMs) break
      this.#issued.delete(key)
    }
  }
}
