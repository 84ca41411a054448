import { interleave, mediansOf } from '../lib/rounds.js'
import { costRow, type Row, rateRow } from '../lib/rows.js'
import type { Settings } from '../lib/settings.js'
import { type End, type Kind, startEnd } from './ends.js'
import { FLOWS, type FlowName, flow, reach } from './flows.js'

/** One session over one link; who sends is named first. */
const PAIRS = {
  'ours-ours': ['ours', 'ours'],
  'ours-go': ['ours', 'go'],
  'go-ours': ['go', 'ours'],
  'go-go': ['go', 'go'],
} as const satisfies Record<string, readonly [Kind, Kind]>

type PairName = keyof typeof PAIRS

const TARGETS: Partial<Record<PairName, Partial<Record<FlowName, number>>>> = { 'ours-ours': { '1KiB': 0.5 } }

export async function sessionRows(program: string, settings: Settings): Promise<Row[]> {
  const names = Object.keys(PAIRS) as PairName[]
  const pairs = new Map<PairName, readonly [End, End]>()
  try {
    for (const name of names) pairs.set(name, await openPair(name, program))
    const rows: Row[] = []
    for (const size of Object.keys(FLOWS) as FlowName[]) {
      const samples = await interleave(names, settings.rounds, (name) => {
        const pair = pairs.get(name)!
        return flow(settings, size, pair, pair)
      })
      rows.push(...rowsOf(size, samples))
    }
    return rows
  } finally {
    await Promise.all([...pairs.values()].flat().map((end) => end.stop()))
  }
}

async function openPair(name: PairName, program: string): Promise<readonly [End, End]> {
  const [sending, receiving] = PAIRS[name]
  const to = await startEnd(receiving, program, { listen: ['tcp://127.0.0.1:0'] })
  const from = await startEnd(sending, program, { peers: to.listening })
  await reach(from, to)
  return [from, to]
}

function rowsOf(
  size: FlowName,
  samples: Awaited<ReturnType<typeof interleave<PairName, Awaited<ReturnType<typeof flow>>>>>,
): Row[] {
  const packets = mediansOf(samples, ({ packetsPerSecond }) => packetsPerSecond)
  const bytes = mediansOf(samples, ({ mbPerSecond }) => mbPerSecond)
  const cpu = mediansOf(samples, ({ cpuMsPerMb }) => cpuMsPerMb)
  const ours = (Object.keys(PAIRS) as PairName[]).filter((name) => name !== 'go-go')
  return ours.flatMap((name) => {
    const id = `yggdrasil.session.${name}.${size}`
    return [
      rateRow(`${id}.packets/go-go`, 'packet/s', packets[name], packets['go-go'], TARGETS[name]?.[size]),
      rateRow(`${id}.bytes/go-go`, 'MB/s', bytes[name], bytes['go-go']),
      costRow(`${id}.cpu/go-go`, 'ms/MB', cpu[name], cpu['go-go']),
    ]
  })
}
