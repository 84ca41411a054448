import type { Gauges } from './metrics.js'

/** Several messengers may give their figures to one place: their states are added up. */
export class GaugeReaders {
  readonly #readers = new Set<() => Promise<Gauges>>()
  #reading: Promise<Gauges | undefined> | undefined

  /** @returns takes it away again */
  add(read: () => Promise<Gauges>): () => void {
    this.#readers.add(read)
    return () => this.#readers.delete(read)
  }

  /** Those who ask at the same moment share one look. `undefined` when nobody can tell. */
  read(): Promise<Gauges | undefined> {
    this.#reading ??= this.#readAll().finally(() => {
      this.#reading = undefined
    })
    return this.#reading
  }

  async #readAll(): Promise<Gauges | undefined> {
    const settled = await Promise.allSettled([...this.#readers].map((read) => read()))
    const all = settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
    if (all.length === 0 || all.length < settled.length) return undefined
    const sum = (name: keyof Gauges): number => all.reduce((total, gauges) => total + gauges[name], 0)
    return { undelivered: sum('undelivered'), unhandled: sum('unhandled'), connections: sum('connections') }
  }
}
