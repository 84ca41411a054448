/** A value that views can watch. */
export class Watched<T> {
  #value: T
  readonly #watchers = new Set<() => void>()

  constructor(value: T) {
    this.#value = value
  }

  get value(): T {
    return this.#value
  }

  change(change: Partial<T>): void {
    this.#value = { ...this.#value, ...change }
    for (const watcher of this.#watchers) watcher()
  }

  /** @returns what ends it */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher)
    return () => this.#watchers.delete(watcher)
  }
}
