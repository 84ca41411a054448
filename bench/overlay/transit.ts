import { interleave, mediansOf } from '../lib/rounds.js'
import { costRow, type Row, rateRow } from '../lib/rows.js'
import type { Settings } from '../lib/settings.js'
import { type End, type Kind, startEnd } from './ends.js'
import { FLOWS, type FlowName, flow, reach } from './flows.js'

/** Who stands between two Go nodes that see each other only through it. */
const MIDDLES = ['ours', 'go'] as const satisfies readonly Kind[]
const TARGETS: Partial<Record<FlowName, number>> = { '1KiB': 0.4 }

interface Chain {
  readonly ends: readonly [End, End]
  readonly middle: End
}

export async function transitRows(program: string, settings: Settings): Promise<Row[]> {
  const chains = new Map<Kind, Chain>()
  try {
    for (const kind of MIDDLES) chains.set(kind, await openChain(kind, program))
    const rows: Row[] = []
    for (const size of Object.keys(FLOWS) as FlowName[]) {
      const samples = await interleave(MIDDLES, settings.rounds, (kind) => {
        const { ends, middle } = chains.get(kind)!
        return flow(settings, size, ends, [middle])
      })
      const packets = mediansOf(samples, ({ packetsPerSecond }) => packetsPerSecond)
      const bytes = mediansOf(samples, ({ mbPerSecond }) => mbPerSecond)
      const cpu = mediansOf(samples, ({ cpuMsPerMb }) => cpuMsPerMb)
      rows.push(
        rateRow(`yggdrasil.transit.${size}.packets/go`, 'packet/s', packets.ours, packets.go, TARGETS[size]),
        rateRow(`yggdrasil.transit.${size}.bytes/go`, 'MB/s', bytes.ours, bytes.go),
        costRow(`yggdrasil.transit.${size}.cpu/go`, 'ms/MB', cpu.ours, cpu.go),
      )
    }
    return rows
  } finally {
    await Promise.all([...chains.values()].flatMap(({ ends, middle }) => [...ends, middle]).map((end) => end.stop()))
  }
}

async function openChain(kind: Kind, program: string): Promise<Chain> {
  const middle = await startEnd(kind, program, { listen: ['tcp://127.0.0.1:0'] })
  const left = await startEnd('go', program, { peers: middle.listening })
  const right = await startEnd('go', program, { peers: middle.listening })
  await reach(left, right)
  return { ends: [left, right], middle }
}
