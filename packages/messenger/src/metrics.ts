/** What each figure is. Adapters make the names that are usual elsewhere from these. */
export interface MetricDefinition {
  readonly kind: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  /** Of histograms and of counters of something other than events: `seconds`, `bytes`. */
  readonly unit?: 'seconds' | 'bytes'
  /** Upper bounds of a histogram. */
  readonly buckets?: readonly number[]
}

export type CounterName =
  | 'messages.accepted'
  | 'messages.delivered'
  | 'messages.received'
  | 'messages.duplicates'
  | 'handler.failures'
  | 'dial.attempts'
  | 'dial.failures'
  | 'network.sent'
  | 'network.received'
export type HistogramName = 'handler.duration'
export type GaugeName = 'undelivered' | 'unhandled' | 'connections'

/** All figures of a messenger. They have no labels: whatever a stranger could choose would be without bound. */
export const METRICS: Readonly<Record<CounterName | HistogramName | GaugeName, MetricDefinition>> = {
  'messages.accepted': { kind: 'counter', help: 'Messages that send or a handler put on disk to be delivered.' },
  'messages.delivered': { kind: 'counter', help: 'Messages that their receiver has on disk.' },
  'messages.received': { kind: 'counter', help: 'Messages of others put on disk.' },
  'messages.duplicates': { kind: 'counter', help: 'Repetitions of messages that were on disk already.' },
  'handler.failures': { kind: 'counter', help: 'Errors thrown by message handlers.' },
  'dial.attempts': { kind: 'counter', help: 'Attempts to reach a peer.' },
  'dial.failures': { kind: 'counter', help: 'Attempts that led to no connection that lasted.' },
  'network.sent': { kind: 'counter', unit: 'bytes', help: 'Bytes handed to connections.' },
  'network.received': { kind: 'counter', unit: 'bytes', help: 'Bytes that came on connections.' },
  'handler.duration': {
    kind: 'histogram',
    unit: 'seconds',
    help: 'Time from handing a message to its handlers until it counts as handled.',
    buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60],
  },
  undelivered: { kind: 'gauge', help: 'Messages accepted and not delivered yet.' },
  unhandled: { kind: 'gauge', help: 'Messages received that no handler has finished.' },
  connections: { kind: 'gauge', help: 'Connections to peers that proved who they are.' },
}

export type Gauges = Readonly<Record<GaugeName, number>>

/** Where a messenger's figures go. What it throws is logged, and changes nothing. */
export interface Metrics {
  count(name: CounterName, by: number): void
  observe(name: HistogramName, value: number): void
  /**
   * The state of things is read when somebody wants to know it; `read` rejects when the store does.
   * @returns called when the messenger closes: read no more
   */
  gauges(read: () => Promise<Gauges>): () => void
}
