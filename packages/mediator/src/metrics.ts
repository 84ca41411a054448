import type { MediatorStats } from './types.js'

export const METRICS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

type Figure = Exclude<keyof MediatorStats, 'cut'>

/** Every figure of {@link MediatorStats}, as Prometheus has it. */
const FIGURES: Readonly<Record<Figure, readonly [name: string, kind: 'gauge' | 'counter', help: string]>> = {
  connections: ['connections', 'gauge', 'Connections now.'],
  authenticated: ['authenticated_connections', 'gauge', 'Connections that have logged in.'],
  subscriptions: ['subscriptions', 'gauge', 'Pairs of connection and chat.'],
  rooms: ['rooms', 'gauge', 'Chats with subscribers.'],
  queuedBytes: ['queued_bytes', 'gauge', 'Bytes that wait for slow readers.'],
  bufferedBytes: ['buffered_bytes', 'gauge', 'Bytes of unfinished requests.'],
  accepted: ['connections_accepted_total', 'counter', 'Connections accepted.'],
  requests: ['requests_total', 'counter', 'Requests.'],
  errors: ['errors_total', 'counter', 'Requests answered with an error.'],
  limited: ['limited_total', 'counter', 'Requests above a rate.'],
  messages: ['messages_total', 'counter', 'Messages stored for users.'],
  systemMessages: ['system_messages_total', 'counter', 'System messages stored.'],
  duplicates: ['duplicates_total', 'counter', 'Repeated messages acknowledged without storing them again.'],
  pushes: ['pushes_total', 'counter', 'Pushes queued.'],
  bytesIn: ['received_bytes_total', 'counter', 'Bytes received.'],
  bytesOut: ['sent_bytes_total', 'counter', 'Bytes sent.'],
  storeFailures: ['store_failures_total', 'counter', 'Failures of the database.'],
}

/** Prometheus' text format, names beginning with `mimir_mediator_`. */
export function metricsText(stats: MediatorStats): string {
  const lines: string[] = []
  for (const [figure, [name, kind, help]] of Object.entries(FIGURES) as [Figure, (typeof FIGURES)[Figure]][]) {
    describe(lines, name, kind, help)
    lines.push(`mimir_mediator_${name} ${stats[figure]}`)
  }
  describe(lines, 'cut_total', 'counter', 'Connections that the mediator cut.')
  for (const [reason, count] of Object.entries(stats.cut))
    lines.push(`mimir_mediator_cut_total{reason="${reason}"} ${count}`)
  return `${lines.join('\n')}\n`
}

function describe(lines: string[], name: string, kind: string, help: string): void {
  lines.push(`# HELP mimir_mediator_${name} ${help}`, `# TYPE mimir_mediator_${name} ${kind}`)
}
