import type { Emitter, Logger } from '@mimirjs/transport'
import type { CounterName, Gauges, HistogramName, Metrics } from './metrics.js'
import type { MessengerEvents } from './types.js'

/** The way to somebody else's {@link Metrics}, or to nowhere: what goes wrong there is logged, and changes nothing here. */
export class Metering {
  readonly #metrics: Metrics | undefined
  readonly #logger: Logger | undefined
  #stopGauges: (() => void) | undefined

  constructor(metrics: Metrics | undefined, logger: Logger | undefined) {
    this.#metrics = metrics
    this.#logger = logger
  }

  /** Somebody wants the figures. */
  get isOn(): boolean {
    return this.#metrics !== undefined
  }

  count(name: CounterName, by = 1): void {
    if (this.#metrics) this.#quietly(this.#metrics, (metrics) => metrics.count(name, by))
  }

  observe(name: HistogramName, value: number): void {
    if (this.#metrics) this.#quietly(this.#metrics, (metrics) => metrics.observe(name, value))
  }

  /** Count what events tell, and let the gauges be read until {@link stop}. */
  start(emitter: Emitter<MessengerEvents>, read: () => Promise<Gauges>): void {
    if (!this.#metrics) return
    emitter.on('delivered', () => this.count('messages.delivered'))
    emitter.on('state', ({ state }) => {
      if (state === 'connecting') this.count('dial.attempts')
      else if (state === 'waiting') this.count('dial.failures')
    })
    this.#stopGauges = this.#quietly(this.#metrics, (metrics) => metrics.gauges(read))
  }

  stop(): void {
    const stop = this.#stopGauges
    this.#stopGauges = undefined
    if (this.#metrics && stop) this.#quietly(this.#metrics, stop)
  }

  #quietly<T>(metrics: Metrics, work: (metrics: Metrics) => T): T | undefined {
    try {
      return work(metrics)
    } catch (err) {
      this.#logger?.warn({ err }, 'metrics failed')
      return undefined
    }
  }
}
