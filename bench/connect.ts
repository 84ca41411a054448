import { withPair } from './lib/actor.js'
import { loadNote, quietly } from './lib/load.js'
import { pinnedApart } from './lib/pin.js'
import { interleave, mediansOf } from './lib/rounds.js'
import { type Report, rateRow } from './lib/rows.js'
import type { Settings } from './lib/settings.js'
import type { StackName } from './stacks/index.js'

// Connect, authenticate, have one message acknowledged, close: one connection at a time, and 16 lanes at once. A
// connect alone proves nothing: TCP completes it before the server has accepted.

const STACKS = ['mimir-peer', 'net', 'tls', 'secret-stream', 'libp2p'] as const satisfies readonly StackName[]
const TARGETS: Partial<Record<StackName, number>> = { libp2p: 8 }
const LANES = 16

interface Sample {
  /** Connections per second. */
  readonly one: number
  readonly lanes: number
}

export async function run(settings: Settings): Promise<Report> {
  const samples = await interleave(STACKS, settings.rounds, (stack) => measure(stack, settings))
  const one = mediansOf(samples, (sample) => sample.one)
  const lanes = mediansOf(samples, (sample) => sample.lanes)
  const rows = STACKS.filter((stack) => stack !== 'mimir-peer').flatMap((stack) => [
    rateRow(`connect.one/${stack}`, 'connect/s', one['mimir-peer'], one[stack], TARGETS[stack]),
    rateRow(`connect.${LANES}lanes/${stack}`, 'connect/s', lanes['mimir-peer'], lanes[stack]),
  ])
  const notes = [
    'ours: the seven-frame mutual handshake and one acknowledged TEXT message; limits per remote address are raised',
    'net authenticates nobody, tls only the server; tls, secret-stream and libp2p also encrypt',
    loadNote(),
  ]
  return { rows, notes }
}

function measure(stack: StackName, settings: Settings): Promise<Sample> {
  const durationMs = settings.networkMs
  return withPair(stack, async ({ client, address, pids }) => {
    const rate = (lanes: number) =>
      quietly(settings, pids, async () => {
        const { connections, elapsedMs } = await client.call('connects', { address, lanes, durationMs })
        return (connections / elapsedMs) * 1000
      })
    return pinnedApart(pids, async () => {
      // A server that has just started is not what anybody connects to: everybody has warmed up before counting.
      await client.call('connects', { address, lanes: LANES, durationMs })
      return { one: await rate(1), lanes: await rate(LANES) }
    })
  })
}
