import type { Counter, Histogram, Meter, ObservableGauge } from '@opentelemetry/api'
import { GaugeReaders } from './gauge-readers.js'
import { METRICS, type MetricDefinition, type Metrics } from './metrics.js'

export type { CounterName, GaugeName, Gauges, HistogramName, MetricDefinition, Metrics } from './metrics.js'

export interface OpenTelemetryOptions {
  /** What the names begin with. Default `mimir.`. */
  readonly prefix?: string
}

const UNITS = { seconds: 's', bytes: 'By' } as const

/**
 * The figures of a messenger for OpenTelemetry, as `mimir.messages.accepted` and so on. Messengers that are given the same
 * object are counted together. While no messenger can tell, nothing is observed: many exporters then repeat the last value.
 * @param meter - of your meter provider
 * @example
 * const bot = await Messenger.open('./bot', { metrics: openTelemetryMetrics(metrics.getMeter('echo-bot')) })
 */
export function openTelemetryMetrics(meter: Meter, { prefix = 'mimir.' }: OpenTelemetryOptions = {}): Metrics {
  const counters = new Map<string, Counter>()
  const histograms = new Map<string, Histogram>()
  const gauges = new Map<string, ObservableGauge>()
  const readers = new GaugeReaders()
  for (const [key, { kind, help, unit, buckets }] of Object.entries<MetricDefinition>(METRICS)) {
    const options = { description: help, ...(unit ? { unit: UNITS[unit] } : {}) }
    if (kind === 'counter') counters.set(key, meter.createCounter(prefix + key, options))
    else if (kind === 'gauge') gauges.set(key, meter.createObservableGauge(prefix + key, options))
    else {
      const advice = buckets ? { advice: { explicitBucketBoundaries: [...buckets] } } : {}
      histograms.set(key, meter.createHistogram(prefix + key, { ...options, ...advice }))
    }
  }
  meter.addBatchObservableCallback(
    async (result) => {
      const state = await readers.read()
      for (const [key, gauge] of gauges) if (state) result.observe(gauge, state[key as keyof typeof state])
    },
    [...gauges.values()],
  )
  return {
    count: (name, by) => counters.get(name)?.add(by),
    observe: (name, value) => histograms.get(name)?.record(value),
    gauges: (read) => readers.add(read),
  }
}
