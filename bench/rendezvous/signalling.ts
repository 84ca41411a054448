import { type Pair, withPair } from '../lib/actor.js'
import { quietly } from '../lib/load.js'
import { pinnedApart } from '../lib/pin.js'
import { interleave, mediansOf } from '../lib/rounds.js'
import { costRow, type Row, rateRow } from '../lib/rows.js'
import type { Settings } from '../lib/settings.js'

/** Logins under way at the same time. */
export const LANES = 16
/** Envelopes under way at the same time. */
export const DEPTH = 256
/** About what a session description takes. */
export const BODY_BYTES = 1_000

const STACKS = ['mimir-rendezvous', 'ws-relay'] as const
/**
 * Both servers spend most of a login on the library and on a signature; ours adds JSON, names, limits and deadlines. By
 * CPU time, for the one process that plays all clients has more to do than either server.
 */
const LOGIN_TARGET = 0.8
/** Ours parses JSON and the envelope, compares key and expiry, counts and limits; the other looks at 43 characters. */
const RELAY_TARGET = 0.5

interface Sample {
  readonly perSecond: number
  /** The server's CPU time for each. */
  readonly cpuUs: number
}

export async function loginRows(settings: Settings): Promise<Row[]> {
  const durationMs = settings.networkMs
  const { rate, cpu } = await measured(settings, async ({ client, address }) => {
    const { connections, elapsedMs } = await client.call('connects', { address, lanes: LANES, durationMs })
    return { count: connections, elapsedMs }
  })
  return [
    rateRow('rendezvous.login/ws-relay', 'login/s', rate['mimir-rendezvous'], rate['ws-relay']),
    costRow('rendezvous.login.cpu/ws-relay', 'us/login', cpu['mimir-rendezvous'], cpu['ws-relay'], LOGIN_TARGET),
  ]
}

export async function relayRows(settings: Settings): Promise<Row[]> {
  const flood = { depth: DEPTH, bodyBytes: BODY_BYTES, durationMs: settings.networkMs }
  const { rate, cpu } = await measured(settings, async ({ client, address }) => {
    await client.call('open', address)
    const { messages, elapsedMs } = await client.call('flood', flood)
    return { count: messages, elapsedMs }
  })
  return [
    rateRow('rendezvous.relay/ws-relay', 'envelope/s', rate['mimir-rendezvous'], rate['ws-relay'], RELAY_TARGET),
    costRow('rendezvous.relay.cpu/ws-relay', 'us/envelope', cpu['mimir-rendezvous'], cpu['ws-relay']),
  ]
}

/** Each server, with all clients in one process, on cores of their own. */
async function measured(
  settings: Settings,
  work: (pair: Pair) => Promise<{ readonly count: number; readonly elapsedMs: number }>,
): Promise<Record<'rate' | 'cpu', Readonly<Record<(typeof STACKS)[number], number>>>> {
  const samples = await interleave(STACKS, settings.rounds, (stack) =>
    withPair(stack, (pair) =>
      pinnedApart(pair.pids, async () => {
        // A server that has just started is not what anybody connects to.
        await work(pair)
        return quietly(settings, pair.pids, () => sample(pair, work))
      }),
    ),
  )
  return {
    rate: mediansOf(samples, ({ perSecond }) => perSecond),
    cpu: mediansOf(samples, ({ cpuUs }) => cpuUs),
  }
}

async function sample(pair: Pair, work: Parameters<typeof measured>[1]): Promise<Sample> {
  const before = { cpuMs: await pair.server.call('cpuMs'), atMs: performance.now() }
  const { count, elapsedMs } = await work(pair)
  const share = ((await pair.server.call('cpuMs')) - before.cpuMs) / (performance.now() - before.atMs)
  const perSecond = (count / elapsedMs) * 1000
  // Not by the count, which leaves out what warmed up.
  return { perSecond, cpuUs: (share * 1e6) / perSecond }
}
