import type { MemoryReport } from '../../interop/yggdrasil/go-node.js'
import { interleave, mediansOf } from '../lib/rounds.js'
import { costRow, type Row } from '../lib/rows.js'
import type { Settings } from '../lib/settings.js'
import { type Kind, OurProcess, startEnd } from './ends.js'

const KINDS = ['ours', 'go'] as const satisfies readonly Kind[]
const SESSIONS = { full: 2_000, quick: 20 } as const
const NODES = { full: 100, quick: 5 } as const
/**
 * As many are opened before counting starts: code, tables and slabs are there then, and a heap that has grown with what
 * is thrown away again.
 */
const WARM_UP_SHARE = 1
/** What we promise for an idle session. */
const SESSION_LIMIT_KIB = 4
/** Six keys of 32 bytes and a map's entry are more. */
const LEAST_SESSION_KIB = 0.3
/** Ways are looked for one after the other, for so many nodes beside each other. */
const AT_ONCE = 50
const REACH_MS = 20_000
/** Each round starts fresh processes and takes long; the figures scatter little. */
const MAX_ROUNDS = 2

/** How many are counted. */
export function counted({ quick }: Settings): { sessions: number; nodes: number } {
  const span = quick ? 'quick' : 'full'
  return { sessions: SESSIONS[span], nodes: NODES[span] }
}

/** Growth of a process by idle sessions, and by idle nodes; and a whole process with one node. */
export async function memoryRows(program: string, settings: Settings): Promise<Row[]> {
  const { sessions, nodes } = counted(settings)
  const rounds = Math.min(settings.rounds, MAX_ROUNDS)
  const perSession = await interleave(KINDS, rounds, (kind) => growthBySessions(kind, program, sessions))
  const perNode = await interleave(KINDS, rounds, (kind) => growthByNodes(kind, program, nodes))
  const resident = mediansOf(perSession, ({ residentBytes }) => residentBytes / 1024)
  const heap = mediansOf(perSession, ({ heapBytes }) => heapBytes / 1024)
  if (!settings.quick && heap.ours < LEAST_SESSION_KIB)
    throw new Error(`${sessions} sessions cannot take ${heap.ours} KiB each: something else was collected meanwhile`)
  const node = mediansOf(perNode, ({ residentBytes }) => residentBytes / 1024)
  const whole = mediansOf(perNode, ({ wholeBytes }) => wholeBytes / 1024)
  return [
    costRow('yggdrasil.memory.session.heap/limit', 'KiB', heap.ours, SESSION_LIMIT_KIB, 1),
    costRow('yggdrasil.memory.session.heap/go', 'KiB', heap.ours, heap.go),
    costRow('yggdrasil.memory.session.resident/go', 'KiB', resident.ours, resident.go),
    costRow('yggdrasil.memory.node.resident/go', 'KiB', node.ours, node.go),
    costRow('yggdrasil.memory.process.resident/go', 'KiB', whole.ours, whole.go),
  ]
}

/** With their paths: what an idle session costs a program. */
async function growthBySessions(kind: Kind, program: string, count: number): Promise<MemoryReport> {
  const measured = await startEnd(kind, program, { listen: ['tcp://127.0.0.1:0'] })
  const others = new OurProcess()
  try {
    const [uri = ''] = measured.listening
    const warmUp = Math.ceil(count * WARM_UP_SHARE)
    const keys = await others.call('gather', { count: count + warmUp, uri })
    const open = async (from: number, to: number): Promise<void> => {
      for (let start = from; start < to; start += AT_ONCE) {
        const asked = keys.slice(start, Math.min(to, start + AT_ONCE))
        const answered = await measured.ping(asked, REACH_MS, 500)
        if (answered.size !== asked.length) throw new Error(`${answered.size} of ${asked.length} sessions were opened`)
      }
    }
    await open(0, warmUp)
    const before = await measured.memory()
    await open(warmUp, keys.length)
    return shareOf(before, await measured.memory(), count)
  } finally {
    await Promise.all([measured.stop(), others.stop()])
  }
}

async function growthByNodes(
  kind: Kind,
  program: string,
  count: number,
): Promise<MemoryReport & { readonly wholeBytes: number }> {
  const peer = await startEnd('go', program, { listen: ['tcp://127.0.0.1:0'] })
  const measured = await startEnd(kind, program, { peers: peer.listening })
  try {
    const [uri = ''] = peer.listening
    const { residentBytes: wholeBytes } = await measured.memory()
    const warmUp = Math.ceil(count * WARM_UP_SHARE)
    const joined = async (more: number): Promise<MemoryReport> => {
      await measured.more(more, uri)
      return await measured.memory()
    }
    const before = await joined(warmUp)
    return { ...shareOf(before, await joined(count), count), wholeBytes }
  } finally {
    await Promise.all([measured.stop(), peer.stop()])
  }
}

/** At least a byte: a smoke run is too short for memory to grow. */
function shareOf(before: MemoryReport, after: MemoryReport, count: number): MemoryReport {
  return {
    residentBytes: Math.max(1, (after.residentBytes - before.residentBytes) / count),
    heapBytes: Math.max(1, (after.heapBytes - before.heapBytes) / count),
  }
}
