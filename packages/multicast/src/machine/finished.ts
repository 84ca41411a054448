/** Sessions that are over: their initiations must not open them again. Bounded; the oldest goes. multicast protocol §10 */
export class Finished {
  readonly #limit: number
  readonly #names = new Set<string>()

  constructor(limit: number) {
    this.#limit = limit
  }

  get size(): number {
    return this.#names.size
  }

  has(peer: string, sessionId: string): boolean {
    return this.#names.has(peer + sessionId)
  }

  add(peer: string, sessionId: string): void {
    if (this.#limit === 0) return
    if (this.#names.size >= this.#limit) {
      const [oldest] = this.#names
      if (oldest !== undefined) this.#names.delete(oldest)
    }
    this.#names.add(peer + sessionId)
  }
}
