import type { PeerError } from './error.js'

interface Waiting {
  resolve(): void
  reject(error: PeerError): void
}

/** Those who wait for the next PONG. */
export class Probes {
  #waiting: Waiting[] = []

  wait(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
    })
  }

  /** The PONG came, or an end that it will not survive. */
  settle(error?: PeerError): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const { resolve, reject } of waiting) {
      if (error === undefined) resolve()
      else reject(error)
    }
  }
}
