type Listener = (event: never) => unknown

/**
 * A typed emitter for rare events, one object per event. A listener that throws, or whose promise rejects, is reported
 * and stops nobody else; an event without listeners is no error.
 */
export class Emitter<Events extends Record<string, unknown>> {
  readonly #listeners = new Map<keyof Events, Set<Listener>>()
  readonly #onThrow: (error: unknown) => void

  /** @param onThrow - told what a listener threw */
  constructor(onThrow: (error: unknown) => void) {
    this.#onThrow = onThrow
  }

  /** @returns a function that takes the listener off again */
  on<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): () => void {
    let listeners = this.#listeners.get(name)
    if (!listeners) this.#listeners.set(name, (listeners = new Set()))
    listeners.add(listener as Listener)
    return () => this.off(name, listener)
  }

  off<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): void {
    this.#listeners.get(name)?.delete(listener as Listener)
  }

  /** @returns whether anybody listens */
  emit<Name extends keyof Events>(name: Name, event: Events[Name]): boolean {
    const listeners = [...(this.#listeners.get(name) ?? [])]
    for (const listener of listeners) {
      try {
        // An async function passes for a listener; its failure must not be lost, nor end the process.
        const result: unknown = listener(event as never)
        if (result instanceof Promise) result.catch(this.#onThrow)
      } catch (error) {
        this.#onThrow(error)
      }
    }
    return listeners.length > 0
  }
}
