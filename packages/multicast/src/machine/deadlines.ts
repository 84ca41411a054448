/** Something that wants to be woken. Both fields belong to {@link Deadlines}. */
export interface Sleeper {
  wakeMs: number
  /** Its place in the heap, -1 when it sleeps without end. */
  heapAt: number
}

/**
 * Who is to be woken next. A sleeper may be woken early, and then says anew how long it can wait: so what happens to a
 * session on every packet, its deadline moving away, costs nothing here.
 */
export class Deadlines<S extends Sleeper> {
  readonly #heap: S[] = []

  /** Infinity when nobody sleeps. */
  get nextMs(): number {
    return this.#heap[0]?.wakeMs ?? Number.POSITIVE_INFINITY
  }

  /** Wake it then at the latest. */
  wakeBy(sleeper: S, wakeMs: number): void {
    if (sleeper.heapAt < 0) {
      if (wakeMs === Number.POSITIVE_INFINITY) return
      sleeper.wakeMs = wakeMs
      this.#heap.push(sleeper)
      this.#rise(sleeper, this.#heap.length - 1)
    } else if (wakeMs < sleeper.wakeMs) {
      sleeper.wakeMs = wakeMs
      this.#rise(sleeper, sleeper.heapAt)
    }
  }

  forget(sleeper: S): void {
    const at = sleeper.heapAt
    if (at < 0) return
    sleeper.heapAt = -1
    const last = this.#heap.pop()
    if (last === undefined || last === sleeper) return
    this.#rise(last, at)
    this.#sink(last, last.heapAt)
  }

  /** The next one whose time has come; it is taken out. */
  takeDue(nowMs: number): S | undefined {
    const next = this.#heap[0]
    if (next === undefined || next.wakeMs > nowMs) return undefined
    this.forget(next)
    return next
  }

  #rise(sleeper: S, from: number): void {
    let at = from
    while (at > 0) {
      const parentAt = (at - 1) >> 1
      const parent = this.#heap[parentAt] as S
      if (parent.wakeMs <= sleeper.wakeMs) break
      this.#put(parent, at)
      at = parentAt
    }
    this.#put(sleeper, at)
  }

  #sink(sleeper: S, from: number): void {
    let at = from
    for (;;) {
      const left = this.#heap[2 * at + 1]
      if (left === undefined) break
      const right = this.#heap[2 * at + 2]
      const child = right !== undefined && right.wakeMs < left.wakeMs ? right : left
      if (child.wakeMs >= sleeper.wakeMs) break
      const childAt = child.heapAt
      this.#put(child, at)
      at = childAt
    }
    this.#put(sleeper, at)
  }

  #put(sleeper: S, at: number): void {
    this.#heap[at] = sleeper
    sleeper.heapAt = at
  }
}
