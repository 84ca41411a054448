import { interleave, mediansOf } from '../lib/rounds.js'
import { costRow, type Row } from '../lib/rows.js'
import type { Settings } from '../lib/settings.js'
import { type Kind, startEnd } from './ends.js'
import { reach } from './flows.js'

const KINDS = ['ours', 'go'] as const satisfies readonly Kind[]
/** At most a fifth longer. */
const TARGET = 0.834
const JOIN_MS = 15_000
/** A Go node whose opening was answered while the answer found no way stays unheard for a minute: that is not counted. */
const GO_ATTEMPTS = 5
/** How often the first packet is sent again until one is answered. */
const ASK_EVERY_MS = 50

/** From starting a process until a node that it never saw has answered, through a Go node that both are linked to. */
export async function joinRows(program: string, settings: Settings): Promise<Row[]> {
  const middle = await startEnd('go', program, { listen: ['tcp://127.0.0.1:0'] })
  const target = await startEnd('go', program, { peers: middle.listening })
  try {
    await reach(middle, target)
    const samples = await interleave(KINDS, settings.rounds, async (kind) => {
      for (let attempt = 1; ; attempt++) {
        const tookMs = await join(kind, program, middle.listening, target.publicKey)
        if (tookMs !== undefined) return tookMs
        if (kind === 'ours' || attempt === GO_ATTEMPTS) throw new Error(`no packet within ${JOIN_MS} ms after a start`)
      }
    })
    const took = mediansOf(samples, (ms) => ms)
    return [costRow('yggdrasil.join/go', 'ms', took.ours, took.go, TARGET)]
  } finally {
    await Promise.all([middle.stop(), target.stop()])
  }
}

/** @returns milliseconds; `undefined` when no packet was answered */
async function join(
  kind: Kind,
  program: string,
  peers: readonly string[],
  target: string,
): Promise<number | undefined> {
  const startMs = performance.now()
  const end = await startEnd(kind, program, { peers })
  try {
    const answered = await end.ping([target], JOIN_MS, ASK_EVERY_MS)
    return answered.has(target) ? performance.now() - startMs : undefined
  } finally {
    await end.stop()
  }
}
