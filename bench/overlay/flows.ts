import type { LoadRun } from '../../interop/yggdrasil/go-node.js'
import { quietly } from '../lib/load.js'
import type { Settings } from '../lib/settings.js'
import type { End } from './ends.js'

/** Short enough that every contender has the same packets in the queues of the network, and none is dropped there. */
export const FLOWS = {
  '1KiB': { packetBytes: 1024, windowPackets: 96, ackEvery: 16 },
  '16KiB': { packetBytes: 16_384, windowPackets: 6, ackEvery: 1 },
} as const satisfies Record<string, Omit<LoadRun, 'warmUpMs' | 'durationMs'>>

export type FlowName = keyof typeof FLOWS

export interface FlowSample {
  readonly packetsPerSecond: number
  readonly mbPerSecond: number
  /** Milliseconds of CPU time of the observed processes, for each MB that arrived. */
  readonly cpuMsPerMb: number
}

/** What was lost is noticed after 200 ms. */
const LEAST_MS = 300
/** Share of a sample before its measured part, in which windows open and code is compiled. */
const WARM_UP_SHARE = 0.4
const REACH_MS = 30_000

/**
 * Wait until the way is known and the session is there. Both ask: an answer of a Go node to an opening that gets lost
 * is not repeated.
 *
 * @throws {Error} when that does not happen
 */
export async function reach(one: End, other: End): Promise<void> {
  const [there, back] = await Promise.all([
    one.ping([other.publicKey], REACH_MS, 100),
    other.ping([one.publicKey], REACH_MS, 100),
  ])
  if (there.size === 0 || back.size === 0) throw new Error(`a node was not reached within ${REACH_MS} ms`)
}

/**
 * Send as many packets as the receiver takes.
 *
 * @param observed - whose CPU time counts
 * @param others - take part as well
 */
export async function flow(
  settings: Settings,
  name: FlowName,
  [from, to]: readonly [End, End],
  observed: readonly End[],
  others: readonly End[] = [],
): Promise<FlowSample> {
  const durationMs = Math.max(settings.networkMs, LEAST_MS)
  const run: LoadRun = { ...FLOWS[name], warmUpMs: durationMs * WARM_UP_SHARE, durationMs }
  const cpuMs = async (): Promise<number> => {
    const spent = await Promise.all(observed.map((end) => end.cpuMs()))
    return spent.reduce((sum, ms) => sum + ms, 0)
  }
  const pids = [...new Set([from, to, ...observed, ...others].map(({ pid }) => pid))]
  return await quietly(settings, pids, async () => {
    const before = await cpuMs()
    const { packets, elapsedMs, all } = await from.load(to.publicKey, run)
    if (packets === 0) throw new Error(`nothing arrived in ${durationMs} ms`)
    const spentMs = (await cpuMs()) - before
    const packetsPerSecond = (packets / elapsedMs) * 1000
    return {
      packetsPerSecond,
      mbPerSecond: (packetsPerSecond * run.packetBytes) / 1e6,
      cpuMsPerMb: spentMs / ((all * run.packetBytes) / 1e6),
    }
  })
}
