/** The ids of the last messages, so that each is delivered once (rendezvous protocol B12). */
export class ChatIds {
  readonly #size: number
  /** The oldest stands first. */
  readonly #ids = new Set<string>()

  constructor(size: number) {
    this.#size = size
  }

  /** @returns whether it is new; it is remembered then */
  add(id: string): boolean {
    if (this.#ids.has(id)) return false
    if (this.#ids.size >= this.#size) {
      const [oldest] = this.#ids
      if (oldest !== undefined) this.#ids.delete(oldest)
    }
    this.#ids.add(id)
    return true
  }
}
