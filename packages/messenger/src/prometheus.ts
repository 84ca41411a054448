import { Counter, Gauge, Histogram, type Registry, register } from 'prom-client'
import { GaugeReaders } from './gauge-readers.js'
import { METRICS, type MetricDefinition, type Metrics } from './metrics.js'

export type { CounterName, GaugeName, Gauges, HistogramName, MetricDefinition, Metrics } from './metrics.js'

export interface PrometheusOptions {
  /** Where the figures are registered. Default: prom-client's own registry. */
  readonly registry?: Registry
  /** What the names begin with. Default `mimir_`. */
  readonly prefix?: string
}

/**
 * The figures of a messenger for Prometheus, as `mimir_messages_accepted_total` and so on. Messengers that are given the same
 * object are counted together. A gauge is `NaN` while no messenger can tell.
 * @throws {Error} of prom-client, when the registry has figures of these names already
 * @example
 * const registry = new Registry()
 * const bot = await Messenger.open('./bot', { metrics: prometheusMetrics({ registry }) })
 * const text = await registry.metrics()
 */
export function prometheusMetrics(options: PrometheusOptions = {}): Metrics {
  const { registry = register, prefix = 'mimir_' } = options
  const counters = new Map<string, Counter>()
  const histograms = new Map<string, Histogram>()
  const readers = new GaugeReaders()
  for (const [key, definition] of Object.entries<MetricDefinition>(METRICS)) {
    const { kind, help, buckets = [] } = definition
    const common = { name: prefix + prometheusName(key, definition), help, registers: [registry] }
    if (kind === 'counter') counters.set(key, new Counter(common))
    else if (kind === 'histogram') histograms.set(key, new Histogram({ ...common, buckets: [...buckets] }))
    else {
      new Gauge({
        ...common,
        async collect() {
          const gauges = await readers.read()
          this.set(gauges?.[key as keyof typeof gauges] ?? Number.NaN)
        },
      })
    }
  }
  return {
    count: (name, by) => counters.get(name)?.inc(by),
    observe: (name, value) => histograms.get(name)?.observe(value),
    gauges: (read) => readers.add(read),
  }
}

function prometheusName(key: string, { kind, unit }: MetricDefinition): string {
  return [key.replaceAll('.', '_'), ...(unit ? [unit] : []), ...(kind === 'counter' ? ['total'] : [])].join('_')
}
