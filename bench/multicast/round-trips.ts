import type { Mp2pPrograms } from '../../interop/multicast/go.js'
import { withPair } from '../lib/actor.js'
import { quietly } from '../lib/load.js'
import { pinnedApart } from '../lib/pin.js'
import { interleave, interleaveMedians, mediansOf } from '../lib/rounds.js'
import { type Row, rateRow } from '../lib/rows.js'
import type { Settings } from '../lib/settings.js'
import type { StackName } from '../stacks/index.js'
import { GoPair } from './go-end.js'
import { GoLoop } from './go-loop.js'

/** Go programs that do the same. */
export interface GoRivals {
  /** Named in rows. */
  readonly loopName: 'go-original' | 'go-model'
  /** With the command line of the originals: the client goes on for ever. */
  readonly loop: Mp2pPrograms
  /** Does nothing else, and nothing that is not needed. */
  readonly bare: string
}

const STACKS = {
  ours: 'mimir-multicast',
  'dgram-echo': 'dgram-multicast',
  'dgram-echo-without-lookup': 'dgram-multicast-without-lookup',
  'dgram-echo-sealed': 'dgram-multicast-sealed',
} as const satisfies Record<string, StackName>
const GO = ['go-loop', 'go-bare'] as const
type Contender = keyof typeof STACKS | (typeof GO)[number]

const ECHO_TARGET = 0.8
const GO_TARGET = 1
const LANES = 16
const LOOP_ATTEMPTS = 5

/** Questions of 100 bytes in one session, one at a time. */
export async function roundTripRows(settings: Settings, go: GoRivals | undefined): Promise<Row[]> {
  const ours = Object.keys(STACKS) as (keyof typeof STACKS)[]
  const contenders: readonly Contender[] = go === undefined ? ours : [...ours, ...GO]
  const rates = await interleaveMedians(contenders, settings.rounds, (name) => roundTrips(name, settings, go))
  const row = (against: Contender, label: string, target?: number): Row =>
    rateRow(`multicast.roundTrip.100/${label}`, 'request/s', rates.ours, rates[against], target)
  return [
    row('dgram-echo', 'dgram-echo', ECHO_TARGET),
    row('dgram-echo-without-lookup', 'dgram-echo-without-lookup'),
    row('dgram-echo-sealed', 'dgram-echo-sealed'),
    ...(go === undefined ? [] : [row('go-loop', go.loopName, GO_TARGET), row('go-bare', 'go-bare')]),
  ]
}

function roundTrips(name: Contender, settings: Settings, go: GoRivals | undefined): Promise<number> {
  const durationMs = settings.networkMs
  const apart = (pids: readonly number[], work: () => Promise<number>): Promise<number> =>
    pinnedApart(pids, () => quietly(settings, pids, work))
  if (name === 'go-loop')
    return loopRoundTrips(rivals(go).loop, (loop) => apart(loop.pids, () => loop.roundTrips(durationMs)))
  if (name === 'go-bare')
    return GoPair.with(rivals(go).bare, (pair) => apart(pair.pids, () => pair.roundTrips(durationMs)))
  return withPair(STACKS[name], ({ client, address, pids }) =>
    apart(pids, async () => {
      // A session ends after so many messages: each sample has one of its own.
      await client.call('open', address)
      const { messages, elapsedMs } = await client.call('flood', { depth: 1, bodyBytes: 0, durationMs })
      return (messages / elapsedMs) * 1000
    }),
  )
}

/** The client ends for good when one answer takes a second, which a busy machine can bring about. */
async function loopRoundTrips(programs: Mp2pPrograms, measure: (loop: GoLoop) => Promise<number>): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await GoLoop.with(programs, measure)
    } catch (error) {
      if (attempt === LOOP_ATTEMPTS) throw error
    }
  }
}

/** Sessions opened, used once and closed: one at a time, and many at once. */
export async function sessionRows(settings: Settings, go: GoRivals | undefined): Promise<Row[]> {
  if (go === undefined) return []
  const samples = await interleave(['ours', 'go'] as const, settings.rounds, (name) =>
    name === 'go' ? sessionsOfGo(settings, go.bare) : sessionsOfOurs(settings),
  )
  const one = mediansOf(samples, (sample) => sample.one)
  const lanes = mediansOf(samples, (sample) => sample.lanes)
  return [
    rateRow('multicast.session.one/go-bare', 'session/s', one.ours, one.go),
    rateRow(`multicast.session.${LANES}lanes/go-bare-one`, 'session/s', lanes.ours, lanes.go),
  ]
}

interface SessionSample {
  /** Sessions per second. */
  readonly one: number
  /** A Go program has one lane. */
  readonly lanes: number
}

function sessionsOfGo(settings: Settings, program: string): Promise<SessionSample> {
  return GoPair.with(program, async (pair) => {
    const one = await pinnedApart(pair.pids, () =>
      quietly(settings, pair.pids, () => pair.sessions(settings.networkMs)),
    )
    return { one, lanes: one }
  })
}

function sessionsOfOurs(settings: Settings): Promise<SessionSample> {
  const durationMs = settings.networkMs
  return withPair('mimir-multicast', async ({ client, address, pids }) => {
    const rate = (lanes: number): Promise<number> =>
      quietly(settings, pids, async () => {
        const { connections, elapsedMs } = await client.call('connects', { address, lanes, durationMs })
        return (connections / elapsedMs) * 1000
      })
    return pinnedApart(pids, async () => {
      // As with every handshake here, code is warm before counting starts.
      await client.call('connects', { address, lanes: LANES, durationMs })
      return { one: await rate(1), lanes: await rate(LANES) }
    })
  })
}

function rivals(go: GoRivals | undefined): GoRivals {
  if (go === undefined) throw new Error('there is no Go here')
  return go
}
