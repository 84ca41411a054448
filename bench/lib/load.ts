import { readFileSync } from 'node:fs'
import { median } from './median.js'
import type { Settings } from './settings.js'

/** Linux counts CPU time in ticks of 10 ms. */
const TICKS_PER_SECOND = 100

interface Snapshot {
  readonly atMs: number
  readonly busyTicks: number
  readonly ownTicks: number
}

/** Above this share of one core taken by other programs a sample is measured again. */
const TOLERATED_LOAD = 0.12

/** Shares of one core that other programs took during the samples that were kept. */
const kept: number[] = []

/**
 * Measure while watching what other programs take from the machine; a disturbed sample is repeated and the least
 * disturbed one counts. Where the system does not tell (no /proc), the first sample counts.
 *
 * @param pids - the processes that take part, besides this one
 */
export async function quietly<T>(
  { tries }: Settings,
  pids: readonly number[],
  measure: () => T | Promise<T>,
): Promise<T> {
  let best: { value: T; load: number } | undefined
  for (let attempt = 0; attempt < tries; attempt++) {
    const before = snapshot(pids)
    const value = await measure()
    const after = snapshot(pids)
    const load = before && after ? loadBetween(before, after) : 0
    if (best === undefined || load < best.load) best = { value, load }
    if (load <= TOLERATED_LOAD) break
  }
  kept.push(best!.load)
  return best!.value
}

/** One line for the notes of a report: how much the rest of the machine disturbed this subject. */
export function loadNote(): string {
  if (kept.length === 0) return 'other load on the machine: not sampled'
  const percent = (share: number) => `${Math.round(share * 100)} %`
  const worst = Math.max(...kept)
  return `other load on the machine: median ${percent(median(kept))}, worst ${percent(worst)} of one core over ${kept.length} samples`
}

function loadBetween(before: Snapshot, after: Snapshot): number {
  const others = after.busyTicks - before.busyTicks - (after.ownTicks - before.ownTicks)
  const ticks = ((after.atMs - before.atMs) / 1000) * TICKS_PER_SECOND
  return ticks <= 0 ? 0 : Math.max(0, others / ticks)
}

function snapshot(pids: readonly number[]): Snapshot | undefined {
  try {
    const cpu = readFileSync('/proc/stat', 'latin1').split('\n', 1)[0]!.trim().split(/\s+/).slice(1).map(Number)
    const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = cpu
    const own = [process.pid, ...pids].reduce((sum, pid) => sum + processTicks(pid), 0)
    return { atMs: performance.now(), busyTicks: user + nice + system + irq + softirq + steal, ownTicks: own }
  } catch {
    return undefined
  }
}

function processTicks(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return Number(fields[11]) + Number(fields[12])
}
