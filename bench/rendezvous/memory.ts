import { withPair } from '../lib/actor.js'
import { interleave, mediansOf } from '../lib/rounds.js'
import { costRow, type Row } from '../lib/rows.js'
import type { Settings } from '../lib/settings.js'

const STACKS = ['mimir-rendezvous', 'ws-relay'] as const
/** A connection of node:http and ws is most of it; ours keeps a key, buckets and deadlines besides. */
const MEMORY_TARGET = 0.7
const IDLE = { full: 5_000, quick: 100 } as const
/** Opened before counting starts, so that code, tables and slabs are there already. */
const WARM_UP_CLIENTS = 100
/** Descriptors that a process needs besides those of its connections. */
const OTHER_DESCRIPTORS = 200
const LANES = 20
/** Thousands of logins take seconds, and the figures scatter little. */
const MAX_ROUNDS = 3

/** How many are counted: fewer where the system lets a process open fewer. */
export function clients({ quick }: Settings): number {
  return Math.min(quick ? IDLE.quick : IDLE.full, descriptors() - OTHER_DESCRIPTORS - WARM_UP_CLIENTS)
}

/** What one silent client costs the server: growth of its memory after forced collections. */
export async function clientMemoryRows(settings: Settings): Promise<Row[]> {
  const count = clients(settings)
  const rounds = Math.min(settings.rounds, MAX_ROUNDS)
  const samples = await interleave(STACKS, rounds, (stack) =>
    withPair(stack, async ({ server, client, address }) => {
      await client.call('idle', { address, count: WARM_UP_CLIENTS, lanes: LANES })
      const before = await server.call('memory')
      await client.call('idle', { address, count, lanes: LANES })
      const after = await server.call('memory')
      return {
        residentBytes: (after.residentBytes - before.residentBytes) / count,
        heapBytes: (after.heapBytes + after.bufferBytes - before.heapBytes - before.bufferBytes) / count,
      }
    }),
  )
  const resident = mediansOf(samples, ({ residentBytes }) => residentBytes / 1000)
  const heap = mediansOf(samples, ({ heapBytes }) => heapBytes / 1000)
  const row = (what: string, medians: typeof resident, target?: number): Row =>
    costRow(`rendezvous.memory.${what}/ws-relay`, 'kB/client', medians['mimir-rendezvous'], medians['ws-relay'], target)
  return [row('resident', resident, MEMORY_TARGET), row('heap', heap)]
}

function descriptors(): number {
  const { userLimits } = process.report.getReport() as { userLimits?: { open_files?: { soft?: number | string } } }
  const soft = Number(userLimits?.open_files?.soft)
  return Number.isFinite(soft) ? soft : Number.POSITIVE_INFINITY
}
