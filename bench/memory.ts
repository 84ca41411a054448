import { withPair } from './lib/actor.js'
import { interleave, mediansOf } from './lib/rounds.js'
import { costRow, type Report } from './lib/rows.js'
import type { Settings } from './lib/settings.js'
import type { StackName } from './stacks/index.js'

// What one idle connection costs the server, after a message was acknowledged on it: growth of the resident set after
// forced collections, kernel memory not counted.

const STACKS = ['mimir-peer', 'net', 'secret-stream', 'libp2p'] as const satisfies readonly StackName[]
const TARGETS: Partial<Record<StackName, number>> = { net: 0.5 }
const LANES = 20
/** Opened before counting starts, so that code, tables and slabs are there already. */
const WARM_UP_CONNECTIONS = 100
/** Each round starts fresh processes and takes seconds; the figures scatter little. */
const MAX_ROUNDS = 5

interface Sample {
  readonly residentBytes: number
  readonly heapBytes: number
}

export async function run(settings: Settings): Promise<Report> {
  const rounds = Math.min(settings.rounds, MAX_ROUNDS)
  const samples = await interleave(STACKS, rounds, (stack) => measure(stack, settings))
  const resident = mediansOf(samples, (sample) => sample.residentBytes / 1000)
  const heap = mediansOf(samples, (sample) => sample.heapBytes / 1000)
  const rows = STACKS.filter((stack) => stack !== 'mimir-peer').flatMap((stack) => [
    costRow(`memory.resident/${stack}`, 'kB/connection', resident['mimir-peer'], resident[stack], TARGETS[stack]),
    costRow(`memory.heap/${stack}`, 'kB/connection', heap['mimir-peer'], heap[stack]),
  ])
  return { rows, notes: [`${settings.idleConnections} idle connections each, ${rounds} rounds of fresh processes`] }
}

function measure(stack: StackName, { idleConnections: count }: Settings): Promise<Sample> {
  return withPair(stack, async ({ server, client, address }) => {
    await client.call('idle', { address, count: WARM_UP_CONNECTIONS, lanes: LANES })
    const before = await server.call('memory')
    await client.call('idle', { address, count, lanes: LANES })
    const after = await server.call('memory')
    return {
      residentBytes: (after.residentBytes - before.residentBytes) / count,
      heapBytes: (after.heapBytes - before.heapBytes) / count,
    }
  })
}
