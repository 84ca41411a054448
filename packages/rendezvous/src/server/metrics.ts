import type { RendezvousServerStats } from './types.js'

export const METRICS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

type Figure = Exclude<keyof RendezvousServerStats, 'cut' | 'envelopes'>

/** Every figure of {@link RendezvousServerStats}, as Prometheus has it. */
const FIGURES: Readonly<Record<Figure, readonly [name: string, kind: 'gauge' | 'counter', help: string]>> = {
  connections: ['connections', 'gauge', 'Connections now.'],
  authenticated: ['authenticated_connections', 'gauge', 'Connections that have logged in.'],
  accepted: ['connections_accepted_total', 'counter', 'Connections accepted.'],
  refused: ['connections_refused_total', 'counter', 'Connections refused.'],
  logins: ['logins_total', 'counter', 'Logins.'],
  frames: ['frames_total', 'counter', 'Frames received.'],
  bytesIn: ['received_bytes_total', 'counter', 'Bytes of frames received.'],
  bytesOut: ['sent_bytes_total', 'counter', 'Bytes of frames sent.'],
}

/** Prometheus' text format, names beginning with `mimir_rendezvous_`. */
export function metricsText(stats: RendezvousServerStats): string {
  const lines: string[] = []
  for (const [figure, [name, kind, help]] of Object.entries(FIGURES) as [Figure, (typeof FIGURES)[Figure]][]) {
    describe(lines, name, kind, help)
    lines.push(`mimir_rendezvous_${name} ${stats[figure]}`)
  }
  describe(lines, 'envelopes_total', 'counter', 'Envelopes to relay, by what became of them.')
  for (const [outcome, count] of Object.entries(stats.envelopes))
    lines.push(`mimir_rendezvous_envelopes_total{outcome="${outcome}"} ${count}`)
  describe(lines, 'cut_total', 'counter', 'Connections that the server ended.')
  for (const [reason, count] of Object.entries(stats.cut))
    lines.push(`mimir_rendezvous_cut_total{reason="${reason}"} ${count}`)
  return `${lines.join('\n')}\n`
}

function describe(lines: string[], name: string, kind: string, help: string): void {
  lines.push(`# HELP mimir_rendezvous_${name} ${help}`, `# TYPE mimir_rendezvous_${name} ${kind}`)
}
