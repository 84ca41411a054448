/**
 * What was written and waits for its acknowledgement, in the order of writing: a ring that grows to its limit by powers
 * of two. Acknowledgements in order cost one comparison, whatever the depth; others a search of the ring, which is no
 * longer than the limit.
 */
export class AckWindow<Id, Value> {
  readonly limit: number
  #ids: (Id | undefined)[] = []
  #values: (Value | undefined)[] = []
  /** Positions count up and are masked; entries taken out of order stay as holes until the head passes them. */
  #head = 0
  #tail = 0
  #size = 0

  /** @param limit - most entries at one time; 1 or more */
  constructor(limit: number) {
    this.limit = limit
  }

  /** Entries that are not acknowledged. */
  get size(): number {
    return this.#size
  }

  /** The value written longest ago. */
  get oldest(): Value | undefined {
    return this.#values[this.#head & (this.#values.length - 1)]
  }

  /** The id written longest ago; `undefined` when the window is empty. */
  get oldestId(): Id | undefined {
    return this.#ids[this.#head & (this.#ids.length - 1)]
  }

  has(id: Id): boolean {
    return this.#find(id) >= 0
  }

  /** @returns `false`, and nothing is added, when the window is full */
  add(id: Id, value: Value): boolean {
    if (this.#size >= this.limit) return false
    if (this.#tail - this.#head === this.#ids.length) this.#makeRoom()
    const at = this.#tail++ & (this.#ids.length - 1)
    this.#ids[at] = id
    this.#values[at] = value
    this.#size++
    return true
  }

  /** Acknowledge: remove the entry and return its value; `undefined` when there is none, which changes nothing. */
  take(id: Id): Value | undefined {
    const position = this.#find(id)
    if (position < 0) return undefined
    const at = position & (this.#ids.length - 1)
    const value = this.#values[at]
    this.#clear(at)
    return value
  }

  /** Remove the entry written longest ago and return its value; `undefined` when the window is empty. */
  takeOldest(): Value | undefined {
    if (this.#size === 0) return undefined
    const at = this.#head & (this.#ids.length - 1)
    const value = this.#values[at]
    this.#clear(at)
    return value
  }

  #clear(at: number): void {
    this.#ids[at] = undefined
    this.#values[at] = undefined
    this.#size--
    const mask = this.#ids.length - 1
    while (this.#head !== this.#tail && this.#ids[this.#head & mask] === undefined) this.#head++
  }

  #find(id: Id): number {
    const mask = this.#ids.length - 1
    for (let position = this.#head; position !== this.#tail; position++) {
      if (this.#ids[position & mask] === id) return position
    }
    return -1
  }

  /** Close the holes; double the ring if there are none to speak of. */
  #makeRoom(): void {
    const length = this.#ids.length
    const ids: (Id | undefined)[] = []
    const values: (Value | undefined)[] = []
    for (let position = this.#head; position !== this.#tail; position++) {
      const at = position & (length - 1)
      if (this.#ids[at] === undefined) continue
      ids.push(this.#ids[at])
      values.push(this.#values[at])
    }
    this.#head = 0
    this.#tail = ids.length
    const newLength = ids.length * 2 <= length ? length : Math.max(4, length * 2)
    while (ids.length < newLength) {
      ids.push(undefined)
      values.push(undefined)
    }
    this.#ids = ids
    this.#values = values
  }
}
