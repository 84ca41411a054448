/** A few at once are fine, a stream of them is an attack. */
export class Pace {
  readonly #most: number
  readonly #windowMs: number
  #sinceMs = Number.NEGATIVE_INFINITY
  #count = 0

  /** @param most - so many in `windowMs` */
  constructor(most: number, windowMs: number) {
    this.#most = most
    this.#windowMs = windowMs
  }

  /** `false` for one too many. */
  take(nowMs: number): boolean {
    if (nowMs - this.#sinceMs >= this.#windowMs) {
      this.#sinceMs = nowMs
      this.#count = 0
    }
    return ++this.#count <= this.#most
  }
}
