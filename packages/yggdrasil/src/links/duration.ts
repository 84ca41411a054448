const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3, // U+00B5
  μs: 1e-3, // U+03BC
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}

/**
 * Milliseconds of a duration as Go writes it (`1h30m`, `1.5s`) or of a plain number of seconds, as the Rust node reads
 * it; `undefined` when the text is neither. yggdrasil protocol §2.1
 */
export function durationMs(text: string): number | undefined {
  if (text.length > 40) return undefined
  if (/^[0-9]+$/.test(text)) return Number(text) * 1000
  if (!/^\+?(?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h))+$/.test(text)) return undefined
  let ms = 0
  for (const [, number, unit] of text.matchAll(/([0-9.]+)([a-zµμ]+)/g)) ms += Number(number) * UNIT_MS[unit!]!
  return ms
}
