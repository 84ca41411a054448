/** A bounded memory for ids: the one remembered longest goes first. */
export class KnownIds {
  readonly #limit: number
  readonly #ids = new Set<bigint>()

  constructor(limit: number) {
    this.#limit = limit
  }

  has(id: bigint): boolean {
    return this.#ids.has(id)
  }

  /** @returns whether it was not known */
  add(id: bigint): boolean {
    if (this.#ids.has(id)) return false
    this.#ids.add(id)
    if (this.#ids.size > this.#limit) {
      for (const oldest of this.#ids) {
        this.#ids.delete(oldest)
        break
      }
    }
    return true
  }

  delete(id: bigint): boolean {
    return this.#ids.delete(id)
  }

  clear(): void {
    this.#ids.clear()
  }
}
