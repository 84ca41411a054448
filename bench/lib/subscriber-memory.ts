import { withPair } from './actor.js'
import { interleave, mediansOf } from './rounds.js'
import { costRow, type Row } from './rows.js'
import type { Settings } from './settings.js'

/** At most twice a bare connection. */
const MEMORY_TARGET = 0.5
const IDLE = { full: 5_000, quick: 100 } as const
/** Opened before counting starts, so that code, tables and slabs are there already. */
const WARM_UP_CONNECTIONS = 100
const LANES = 20
/** Thousands of logins take seconds, and the figures scatter little. */
const ROUNDS = 1

/** How many are counted. */
export function subscribers({ quick }: Settings): number {
  return quick ? IDLE.quick : IDLE.full
}

/** What one idle subscriber costs the server, beside a bare connection: growth of the resident set after forced collections. */
export async function subscriberMemoryRows(settings: Settings): Promise<Row[]> {
  const count = subscribers(settings)
  const stacks = ['mimir-mediator', 'net'] as const
  const samples = await interleave(stacks, ROUNDS, (stack) =>
    withPair(stack, async ({ server, client, address }) => {
      await client.call('idle', { address, count: WARM_UP_CONNECTIONS, lanes: LANES })
      const before = await server.call('memory')
      await client.call('idle', { address, count, lanes: LANES })
      const after = await server.call('memory')
      return {
        residentBytes: (after.residentBytes - before.residentBytes) / count,
        heapBytes: (after.heapBytes - before.heapBytes) / count,
      }
    }),
  )
  const resident = mediansOf(samples, ({ residentBytes }) => residentBytes / 1000)
  const heap = mediansOf(samples, ({ heapBytes }) => heapBytes / 1000)
  return [
    costRow('mediator.memory.resident/net', 'kB/connection', resident['mimir-mediator'], resident.net, MEMORY_TARGET),
    costRow('mediator.memory.heap/net', 'kB/connection', heap['mimir-mediator'], heap.net),
  ]
}
