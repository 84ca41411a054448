import { type Pair, withPair } from '../lib/actor.js'
import { quietly } from '../lib/load.js'
import { pinnedApart } from '../lib/pin.js'
import { interleaveMedians } from '../lib/rounds.js'
import { type Row, rateRow } from '../lib/rows.js'
import type { Settings } from '../lib/settings.js'

/** Logins under way at the same time. */
export const LANES = 16
/** Envelopes under way at the same time. */
export const DEPTH = 256
/** About what a session description takes. */
export const BODY_BYTES = 1_000

const STACKS = ['mimir-rendezvous', 'ws-relay'] as const
/** Both sides of a login cost the library and one signature each; ours adds JSON, names, limits and deadlines. */
const LOGIN_TARGET = 0.8
/** Ours parses JSON and the envelope, compares key and expiry, counts and limits; the other looks at 43 characters. */
const RELAY_TARGET = 0.5

export async function loginRows(settings: Settings): Promise<Row[]> {
  const durationMs = settings.networkMs
  const rates = await measured(settings, async ({ client, address, pids }) => {
    const perSecond = async (): Promise<number> => {
      const { connections, elapsedMs } = await client.call('connects', { address, lanes: LANES, durationMs })
      return (connections / elapsedMs) * 1000
    }
    // A server that has just started is not what anybody connects to.
    await perSecond()
    return quietly(settings, pids, perSecond)
  })
  return [rateRow('rendezvous.login/ws-relay', 'login/s', rates['mimir-rendezvous'], rates['ws-relay'], LOGIN_TARGET)]
}

export async function relayRows(settings: Settings): Promise<Row[]> {
  const rates = await measured(settings, async ({ client, address, pids }) => {
    await client.call('open', address)
    return quietly(settings, pids, async () => {
      const { messages, elapsedMs } = await client.call('flood', {
        depth: DEPTH,
        bodyBytes: BODY_BYTES,
        durationMs: settings.networkMs,
      })
      return (messages / elapsedMs) * 1000
    })
  })
  const [ours, bare] = [rates['mimir-rendezvous'], rates['ws-relay']]
  return [rateRow('rendezvous.relay/ws-relay', 'envelope/s', ours, bare, RELAY_TARGET)]
}

/** Each server, with all clients in one process, on cores of their own. */
function measured(
  settings: Settings,
  measure: (pair: Pair) => Promise<number>,
): Promise<Readonly<Record<(typeof STACKS)[number], number>>> {
  return interleaveMedians(STACKS, settings.rounds, (stack) =>
    withPair(stack, (pair) => pinnedApart(pair.pids, () => measure(pair))),
  )
}
