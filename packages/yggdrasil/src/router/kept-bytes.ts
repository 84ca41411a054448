/** Room for packets that wait, shared by all that keep some. */
export class KeptBytes {
  readonly #limitBytes: number
  #used = 0

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  get used(): number {
    return this.#used
  }

  /** @returns `false`, and nothing is taken, when there is not so much left */
  take(bytes: number): boolean {
    if (this.#used + bytes > this.#limitBytes) return false
    this.#used += bytes
    return true
  }

  give(bytes: number): void {
    this.#used -= bytes
  }
}
