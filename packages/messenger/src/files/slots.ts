/** So many at the same time, in the order in which they came. */
export class Slots {
  #free: number
  readonly #waiting = new Set<() => void>()

  constructor(count: number) {
    this.#free = count
  }

  /** @returns what gives the slot back, or `undefined` when `signal` fired first */
  take(signal: AbortSignal): Promise<(() => void) | undefined> {
    return new Promise((resolve) => {
      if (signal.aborted) {
        resolve(undefined)
        return
      }
      const enter = (): void => {
        this.#waiting.delete(enter)
        signal.removeEventListener('abort', giveUp)
        this.#free--
        let held = true
        resolve(() => {
          if (!held) return
          held = false
          this.#free++
          const [next] = this.#waiting
          next?.()
        })
      }
      const giveUp = (): void => {
        this.#waiting.delete(enter)
        resolve(undefined)
      }
      if (this.#free > 0) enter()
      else {
        this.#waiting.add(enter)
        signal.addEventListener('abort', giveUp, { once: true })
      }
    })
  }
}
