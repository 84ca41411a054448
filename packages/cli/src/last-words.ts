const callbacks = new Set<() => void>()

/**
 * Do this before the process ends by a mistake of ours, so that its last line is seen and nothing typed is lost. It must
 * not wait for anything.
 * @returns how to take it back
 */
export function beforeBreaking(callback: () => void): () => void {
  callbacks.add(callback)
  return () => {
    callbacks.delete(callback)
  }
}

/** Called once, by whoever is about to end the process. */
export function breaking(): void {
  for (const callback of callbacks)
    try {
      callback()
    } catch {
      // The others have their turn all the same.
    }
  callbacks.clear()
}
