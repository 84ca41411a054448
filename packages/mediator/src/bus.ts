/**
 * How mediator processes that serve one store tell each other what happened. Messages are hints: a bus may lose, double
 * and reorder them, and nothing is lost by that.
 */
export interface Bus {
  /** Send to everybody else who has subscribed; a local bus sends to its own subscribers too. Never throws. */
  publish(subject: string, bytes: Uint8Array): void
  /** @returns a function that ends the subscription */
  subscribe(subject: string, handler: (bytes: Uint8Array) => void): () => void
  /** Whether all subscribers are in this process. */
  readonly local: boolean
  close(): Promise<void>
}

/**
 * A bus inside this process: for one mediator, and for tests that run several over one store. Messages arrive in a later
 * microtask, in order.
 */
export function createLocalBus(): Bus {
  const subjects = new Map<string, Set<(bytes: Uint8Array) => void>>()
  return {
    local: true,
    publish(subject, bytes) {
      if (!subjects.has(subject)) return
      queueMicrotask(() => {
        for (const handler of [...(subjects.get(subject) ?? [])]) handler(bytes)
      })
    },
    subscribe(subject, handler) {
      let handlers = subjects.get(subject)
      if (handlers === undefined) subjects.set(subject, (handlers = new Set()))
      handlers.add(handler)
      return () => {
        handlers.delete(handler)
        if (handlers.size === 0 && subjects.get(subject) === handlers) subjects.delete(subject)
      }
    },
    async close() {
      subjects.clear()
    },
  }
}
