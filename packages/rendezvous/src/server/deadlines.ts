/** Things that are due one and the same time after they were put in: the oldest is always first. */
export class Deadlines<Thing> {
  readonly #afterMs: number
  readonly #dueMs = new Map<Thing, number>()

  constructor(afterMs: number) {
    this.#afterMs = afterMs
  }

  get size(): number {
    return this.#dueMs.size
  }

  /** In ms of the clock that {@link put} was told; `Infinity` when nothing is due ever. */
  get nextMs(): number {
    for (const dueMs of this.#dueMs.values()) return dueMs
    return Infinity
  }

  get oldest(): Thing | undefined {
    for (const thing of this.#dueMs.keys()) return thing
    return undefined
  }

  /** Put in, or put in again: it starts anew. */
  put(thing: Thing, nowMs: number): void {
    this.#dueMs.delete(thing)
    this.#dueMs.set(thing, nowMs + this.#afterMs)
  }

  has(thing: Thing): boolean {
    return this.#dueMs.has(thing)
  }

  delete(thing: Thing): void {
    this.#dueMs.delete(thing)
  }

  /** Takes out what is due. */
  takeDue(nowMs: number): Thing[] {
    const due: Thing[] = []
    for (const [thing, dueMs] of this.#dueMs) {
      if (dueMs > nowMs) break
      due.push(thing)
    }
    for (const thing of due) this.#dueMs.delete(thing)
    return due
  }
}
