import { Line, type LineSettings } from '../../interop/yggdrasil/line.js'
import { interleave, mediansOf } from '../lib/rounds.js'
import { type Row, rateRow } from '../lib/rows.js'
import type { Settings } from '../lib/settings.js'
import type { Carrier } from './calls.js'
import { OurProcess } from './ends.js'

/** 100 Mbit/s, 50 ms there and back. */
const LINE: LineSettings = { delayMs: 25, loss: 0, bytesPerSecond: 12_500_000, queueBytes: 250_000 }
const LOSSES = { loss0: 0, loss2: 0.02 } as const
const TARGETS: Partial<Record<keyof typeof LOSSES, number>> = { loss2: 0.7 }
const CARRIERS = ['overlay', 'kernel'] as const satisfies readonly Carrier[]

/** Losses come by chance: a sample is long, and the first seconds do not count. */
const SAMPLE_MS = { full: 10_000, quick: 1_000 } as const
const WARM_UP_MS = { full: 3_000, quick: 1_000 } as const
const MAX_ROUNDS = 5

/** Streams between two network namespaces, over one line for both carriers in turn. */
export async function streamRows(program: string, settings: Settings): Promise<Row[]> {
  const line = await Line.open(program, LINE)
  const ends: OurProcess[] = []
  try {
    for (const namespace of line.namespaces) ends.push(new OurProcess(namespace))
    const [from, to] = ends
    if (from === undefined || to === undefined) throw new Error('a line has two ends')
    const [, host] = line.addresses
    const { publicKey: key, listening } = await to.call('start', { listen: [`tcp://${host}:0`] })
    await from.call('start', { peers: listening })
    const ports = {
      overlay: await to.call('serve', { over: 'overlay', host }),
      kernel: await to.call('serve', { over: 'kernel', host }),
    }
    const span = settings.quick ? 'quick' : 'full'
    const rows: Row[] = []
    for (const name of Object.keys(LOSSES) as (keyof typeof LOSSES)[]) {
      await line.set({ ...LINE, loss: LOSSES[name] })
      const samples = await interleave(CARRIERS, Math.min(settings.rounds, MAX_ROUNDS), async (over) => {
        await from.call('connect', { over, host, key, port: ports[over] })
        const rate = await to.call('receive', { over, warmUpMs: WARM_UP_MS[span], durationMs: SAMPLE_MS[span] })
        await from.call('disconnect', { over })
        return rate / 1e6
      })
      const rate = mediansOf(samples, (mbPerSecond) => mbPerSecond)
      rows.push(rateRow(`yggdrasil.stream.${name}/kernel-tcp`, 'MB/s', rate.overlay, rate.kernel, TARGETS[name]))
    }
    return rows
  } finally {
    await Promise.all(ends.map((end) => end.stop()))
    await line.close()
  }
}
