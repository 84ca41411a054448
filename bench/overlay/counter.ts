import { setTimeout as sleep } from 'node:timers/promises'

/** Counts what came in, and says how fast it comes. */
export class ByteCounter {
  #bytes = 0

  add(bytes: number): void {
    this.#bytes += bytes
  }

  /** @returns bytes per second */
  async measure(warmUpMs: number, durationMs: number): Promise<number> {
    await sleep(warmUpMs)
    const startMs = performance.now()
    const before = this.#bytes
    await sleep(durationMs)
    return ((this.#bytes - before) / (performance.now() - startMs)) * 1000
  }
}
