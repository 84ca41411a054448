/** Work of one contender: do the operation `count` times and return something that depends on every result. */
export type Work = (count: number) => number

/** For the notes of a report. */
export const PER_CPU_SECOND =
  'per second of CPU time, threads of the garbage collector included: what other programs take does not count'

/** Batches per sample: enough that the clock costs nothing and the collector runs as often as it would anyway. */
const BATCHES = 20

/** Every result ends up here, so that the engine cannot prove that none is ever used. */
let sink = 0

/**
 * Operations per second of CPU time over at least `durationMs` of it. CPU time and not the clock on the wall, because
 * other programs on the machine would take part in the latter; the threads of the garbage collector and of the
 * compiler count too, for who makes garbage has to pay for it.
 */
export function operationsPerCpuSecond(work: Work, durationMs: number): number {
  const batch = calibrate(work, durationMs)
  let operations = 0
  let spentMs = 0
  while (spentMs < durationMs) {
    spentMs += cpuMs(work, batch)
    operations += batch
  }
  return (operations / spentMs) * 1000
}

function calibrate(work: Work, durationMs: number): number {
  let count = 1
  for (;;) {
    const tookMs = cpuMs(work, count)
    if (tookMs >= durationMs / (2 * BATCHES)) return Math.ceil((count * durationMs) / BATCHES / tookMs)
    count *= 2
  }
}

function cpuMs(work: Work, count: number): number {
  const start = process.cpuUsage()
  sink = (sink + work(count)) % 1e9
  const { user, system } = process.cpuUsage(start)
  return (user + system) / 1000
}
