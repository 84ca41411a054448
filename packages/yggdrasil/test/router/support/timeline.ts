interface Event {
  readonly atMs: number
  readonly order: number
  readonly run: () => void
}

/** Simulated time: what is planned happens in order, and for the same moment in the order it was planned. */
export class Timeline {
  readonly #heap: Event[] = []
  #nowMs: number
  #order = 0

  constructor(startMs: number) {
    this.#nowMs = startMs
  }

  get nowMs(): number {
    return this.#nowMs
  }

  at(atMs: number, run: () => void): void {
    const heap = this.#heap
    heap.push({ atMs, order: this.#order++, run })
    let index = heap.length - 1
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (!isBefore(heap[index]!, heap[parent]!)) break
      swap(heap, index, parent)
      index = parent
    }
  }

  /** Let time pass. */
  run(ms: number): void {
    const untilMs = this.#nowMs + ms
    for (let next = this.#heap[0]; next !== undefined && next.atMs <= untilMs; next = this.#heap[0]) {
      this.#removeFirst()
      this.#nowMs = Math.max(this.#nowMs, next.atMs)
      next.run()
    }
    this.#nowMs = untilMs
  }

  /** Let time pass in steps until `condition` holds. @returns how long that took; `undefined` if it never did */
  runUntil(condition: () => boolean, limitMs: number, stepMs = 100): number | undefined {
    const startMs = this.#nowMs
    while (!condition()) {
      if (this.#nowMs - startMs >= limitMs) return undefined
      this.run(stepMs)
    }
    return this.#nowMs - startMs
  }

  #removeFirst(): void {
    const heap = this.#heap
    const last = heap.pop()!
    if (heap.length === 0) return
    heap[0] = last
    for (let index = 0; ; ) {
      let least = index
      for (const child of [2 * index + 1, 2 * index + 2]) {
        if (child < heap.length && isBefore(heap[child]!, heap[least]!)) least = child
      }
      if (least === index) return
      swap(heap, index, least)
      index = least
    }
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.atMs === b.atMs ? a.order < b.order : a.atMs < b.atMs
}

function swap(heap: Event[], a: number, b: number): void {
  const kept = heap[a]!
  heap[a] = heap[b]!
  heap[b] = kept
}
