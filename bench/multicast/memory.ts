import { withPair } from '../lib/actor.js'
import { interleave, mediansOf } from '../lib/rounds.js'
import { costRow, type Row } from '../lib/rows.js'
import type { Settings } from '../lib/settings.js'
import { GoPair } from './go-end.js'

const LANES = 20
/** Opened before counting starts, so that code, tables and slabs are there already. */
const WARM_UP_SESSIONS = 1_000
/** Each round starts fresh processes and takes seconds; the figures scatter little. */
const MAX_ROUNDS = 3
/** As much as an idle session of the overlay may take. */
const LIMIT_KIB = 4

/** What one idle session costs who answers, after it was used once. Heap with the buffers that hang on it, and resident memory. */
export async function memoryRows(settings: Settings, goEnd: string | undefined): Promise<Row[]> {
  const names = goEnd === undefined ? (['ours'] as const) : (['ours', 'go'] as const)
  const samples = await interleave<'ours' | 'go', { heap: number; resident: number }>(
    names,
    Math.min(settings.rounds, MAX_ROUNDS),
    (name) => (name === 'go' && goEnd !== undefined ? ofGo(goEnd, settings) : ofOurs(settings)),
  )
  const heap = mediansOf(samples, (sample) => sample.heap)
  const resident = mediansOf(samples, (sample) => sample.resident)
  return [
    costRow('multicast.memory.session.heap/limit', 'KiB', heap.ours, LIMIT_KIB),
    ...(goEnd === undefined ? [] : [costRow('multicast.memory.session.heap/go-bare', 'KiB', heap.ours, heap.go)]),
    costRow('multicast.memory.session.resident/limit', 'KiB', resident.ours, LIMIT_KIB),
  ]
}

function ofOurs({ idleConnections: count }: Settings): Promise<{ heap: number; resident: number }> {
  return withPair('mimir-multicast', async ({ server, client, address }) => {
    await client.call('idle', { address, count: WARM_UP_SESSIONS, lanes: LANES })
    const before = await server.call('memory')
    await client.call('idle', { address, count, lanes: LANES })
    const after = await server.call('memory')
    return {
      heap: kibEach(after.heapBytes + after.bufferBytes - before.heapBytes - before.bufferBytes, count),
      resident: kibEach(after.residentBytes - before.residentBytes, count),
    }
  })
}

function ofGo(program: string, { idleConnections: count }: Settings): Promise<{ heap: number; resident: number }> {
  return GoPair.with(program, async (pair) => {
    await pair.fill(WARM_UP_SESSIONS)
    const before = await pair.memory()
    await pair.fill(count)
    const heap = kibEach((await pair.memory()) - before, count)
    return { heap, resident: heap }
  })
}

/** At least a byte: a smoke run is too short for memory to grow. */
function kibEach(bytes: number, count: number): number {
  return Math.max(1, bytes / count) / 1024
}
