import { InvalidArgumentError } from 'commander'

const UNITS_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const

/** `500ms`, `30s`, `2m`, `1h` → milliseconds, at most 24 days (what a timer can wait). */
export function parseDuration(text: string): number {
  const parts = /^([0-9]{1,9}(?:\.[0-9]{1,3})?)(ms|s|m|h)$/.exec(text)
  const durationMs = parts ? Number(parts[1]) * UNITS_MS[parts[2] as keyof typeof UNITS_MS] : Number.NaN
  if (durationMs > 0 && durationMs <= 24 * 24 * UNITS_MS.h) return Math.ceil(durationMs)
  throw new InvalidArgumentError('Expected a time such as 500ms, 30s, 2m or 1h')
}

/** Milliseconds as a person says it. */
export function formatDuration(durationMs: number): string {
  if (durationMs < 1_000) return `${Math.round(durationMs)} ms`
  if (durationMs < 120_000) return `${Number((durationMs / 1_000).toFixed(1))} s`
  if (durationMs < 2 * UNITS_MS.h) return `${Math.round(durationMs / 60_000)} min`
  return `${Math.round(durationMs / UNITS_MS.h)} h`
}
