import { AsyncLocalStorage } from 'node:async_hooks'

/** Tells from inside a call, however deep and however late, what it was made for. */
export class CallScopes<T> {
  readonly #storage = new AsyncLocalStorage<T>()

  run<R>(scope: T, work: () => R): R {
    return this.#storage.run(scope, work)
  }

  current(): T | undefined {
    return this.#storage.getStore()
  }
}
