import type { Mp2pPrograms } from '../../interop/multicast/go.js'
import { withPair } from '../lib/actor.js'
import { quietly } from '../lib/load.js'
import { pinnedApart } from '../lib/pin.js'
import { interleave, mediansOf } from '../lib/rounds.js'
import { type Row, rateRow } from '../lib/rows.js'
import type { Settings } from '../lib/settings.js'
import { GoPair } from './go-end.js'
import { GoLoop } from './go-loop.js'

/** What a Go client can be: the command line of the originals in its loop, or a program that does nothing else. */
export interface GoRivals {
  /** Named in rows. */
  readonly loopName: 'go-original' | 'go-model'
  readonly loop: Mp2pPrograms
  readonly bare: string
}

const NAMES = ['ours', 'echo', 'loop', 'bare'] as const
type Name = (typeof NAMES)[number]

const LANES = 16

interface Sample {
  /** Questions answered per second, one at a time. */
  readonly trips: number
  /** Sessions per second, one at a time and many at once, where that can be asked for. */
  readonly sessions?: number
  readonly lanes?: number
}

/** One question at a time in one session, and sessions that are opened and used once. */
export async function roundTripRows(settings: Settings, go: GoRivals | undefined): Promise<Row[]> {
  const names = go === undefined ? NAMES.slice(0, 2) : NAMES
  const samples = await interleave<Name, Sample>(names, settings.rounds, (name) => measure(name, settings, go))
  const trips = mediansOf(samples, (sample) => sample.trips)
  const row = (against: string, name: Name, target?: number): Row =>
    rateRow(`multicast.roundTrip.100/${against}`, 'request/s', trips.ours, trips[name], target)
  const rows = [row('dgram-echo', 'echo', 0.8)]
  if (go === undefined) return rows
  const sessions = mediansOf(samples, (sample) => sample.sessions ?? Number.NaN)
  const lanes = mediansOf(samples, (sample) => sample.lanes ?? Number.NaN)
  return [
    ...rows,
    row(go.loopName, 'loop', 1),
    row('go-bare', 'bare'),
    rateRow('multicast.session.one/go-bare', 'session/s', sessions.ours, sessions.bare),
    rateRow(`multicast.session.${LANES}lanes/go-bare-one`, 'session/s', lanes.ours, sessions.bare),
  ]
}

async function measure(name: Name, settings: Settings, go: GoRivals | undefined): Promise<Sample> {
  const ms = settings.networkMs
  if (name === 'ours' || name === 'echo') return measureOurs(name, settings)
  if (go === undefined) throw new Error('there is no Go here')
  if (name === 'bare') {
    return GoPair.with(go.bare, (pair) =>
      pinnedApart(pair.pids, async () => ({
        trips: await quietly(settings, pair.pids, () => pair.roundTrips(ms)),
        sessions: await quietly(settings, pair.pids, () => pair.sessions(ms)),
      })),
    )
  }
  return GoLoop.with(go.loop, (loop) =>
    pinnedApart(loop.pids, async () => ({
      trips: await quietly(settings, loop.pids, () => loop.roundTrips(ms)),
    })),
  )
}

function measureOurs(name: 'ours' | 'echo', settings: Settings): Promise<Sample> {
  const durationMs = settings.networkMs
  const stack = name === 'ours' ? 'mimir-multicast' : 'dgram-multicast'
  return withPair(stack, async ({ client, address, pids }) => {
    const opened = (lanes: number): Promise<number> =>
      quietly(settings, pids, async () => {
        const { connections, elapsedMs } = await client.call('connects', { address, lanes, durationMs })
        return (connections / elapsedMs) * 1000
      })
    return pinnedApart(pids, async () => {
      const trips = await quietly(settings, pids, async () => {
        // A session ends after so many messages: each sample has one of its own.
        await client.call('open', address)
        const { messages, elapsedMs } = await client.call('flood', { depth: 1, bodyBytes: 0, durationMs })
        return (messages / elapsedMs) * 1000
      })
      if (name === 'echo') return { trips }
      return { trips, sessions: await opened(1), lanes: await opened(LANES) }
    })
  })
}
