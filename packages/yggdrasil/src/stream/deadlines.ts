/** Something with one deadline. The two fields belong to the {@link Deadlines} it is in. */
export interface Scheduled {
  /** Ms; meaningful while it is scheduled. */
  dueMs: number
  /** Place in the heap, -1 outside. */
  heapIndex: number
}

/** Many deadlines, of which the earliest is known: a binary heap whose members know their place. */
export class Deadlines<Item extends Scheduled> {
  readonly #heap: Item[] = []

  /** The earliest, `Infinity` without any. */
  get nextMs(): number {
    return this.#heap[0]?.dueMs ?? Number.POSITIVE_INFINITY
  }

  /**
   * Wake `item` at `dueMs` or before. A deadline that moves away, as that of a retransmission does with every
   * acknowledgement, costs nothing: the item is woken early and says what it waits for now.
   */
  atLatest(item: Item, dueMs: number): void {
    if (dueMs === Number.POSITIVE_INFINITY) return
    if (item.heapIndex === -1) {
      item.dueMs = dueMs
      item.heapIndex = this.#heap.length
      this.#heap.push(item)
    } else if (dueMs < item.dueMs) {
      item.dueMs = dueMs
    } else {
      return
    }
    this.#rise(item)
  }

  remove(item: Item): void {
    const index = item.heapIndex
    if (index === -1) return
    item.heapIndex = -1
    const last = this.#heap.pop()!
    if (last === item) return
    this.#heap[index] = last
    last.heapIndex = index
    this.#rise(last)
    this.#sink(last)
  }

  /** Take one out whose time has come. */
  takeDue(nowMs: number): Item | undefined {
    const first = this.#heap[0]
    if (first === undefined || first.dueMs > nowMs) return undefined
    this.remove(first)
    return first
  }

  #rise(item: Item): void {
    const heap = this.#heap
    let index = item.heapIndex
    while (index > 0) {
      const parentIndex = (index - 1) >> 1
      const parent = heap[parentIndex]!
      if (parent.dueMs <= item.dueMs) break
      heap[index] = parent
      parent.heapIndex = index
      index = parentIndex
    }
    heap[index] = item
    item.heapIndex = index
  }

  #sink(item: Item): void {
    const heap = this.#heap
    let index = item.heapIndex
    for (;;) {
      let childIndex = 2 * index + 1
      let child = heap[childIndex]
      if (child === undefined) break
      const right = heap[childIndex + 1]
      if (right !== undefined && right.dueMs < child.dueMs) {
        child = right
        childIndex++
      }
      if (child.dueMs >= item.dueMs) break
      heap[index] = child
      child.heapIndex = index
      index = childIndex
    }
    heap[index] = item
    item.heapIndex = index
  }
}
