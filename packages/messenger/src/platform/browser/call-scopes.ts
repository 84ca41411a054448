/**
 * Tells from inside a call what it was made for, as far as browsers can: up to the first `await` of the work. Behind it
 * nobody can tell which of several handlers goes on.
 */
export class CallScopes<T> {
  #current: T | undefined

  run<R>(scope: T, work: () => R): R {
    const before = this.#current
    this.#current = scope
    try {
      return work()
    } finally {
      this.#current = before
    }
  }

  current(): T | undefined {
    return this.#current
  }
}
