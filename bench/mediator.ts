import { withPair } from './lib/actor.js'
import type { FanOutServer, Topology } from './lib/fan-out.js'
import { BLOB_BYTES, PAGE_MESSAGES, SENDERS, WINDOW } from './lib/fan-out.js'
import { FanOutPair } from './lib/fan-out-processes.js'
import { loadNote, quietly } from './lib/load.js'
import { pinnedApart } from './lib/pin.js'
import { interleave, mediansOf } from './lib/rounds.js'
import { costRow, type Report, type Row, rateRow } from './lib/rows.js'
import type { Settings } from './lib/settings.js'

// Messages that are stored and fanned out, over loopback TCP: a real mediator with its database on disk, each message
// durable before anybody hears of it, beside a bare server that writes the same bytes to as many sockets and does nothing
// else. The load is one process that drives the codec by hand: prepared frames, one write per turn, bytes counted and not
// parsed.

const SERVERS = ['mimir-mediator', 'net-coalesced', 'net'] as const satisfies readonly FanOutServer[]
const ONE_ROOM: Topology = { rooms: 1, subscribersPerRoom: 100 }
const MANY_ROOMS: Topology = { rooms: 100, subscribersPerRoom: 10 }
/** Half of what a bare server writes. */
const FAN_OUT_TARGET = 0.5
/** At most twice a bare connection. */
const MEMORY_TARGET = 0.5
const IDLE = { full: 5_000, quick: 100 } as const
const WARM_UP_CONNECTIONS = 100
const LANES = 20
/** The processes are started once, and nothing here is short. */
const MAX_ROUNDS = 3
const MAX_MEMORY_ROUNDS = 2

export async function run(settings: Settings): Promise<Report> {
  const rows = [
    ...(await fanOutRows('1x100', ONE_ROOM, settings, true)),
    ...(await fanOutRows('100x10', MANY_ROOMS, settings, false)),
    ...(await memoryRows(settings)),
  ]
  const notes = [
    `messages of ${BLOB_BYTES} bytes, ${SENDERS} connections that write with ${WINDOW} messages unanswered each; ours: SQLite with an fsync per commit, rates and connections per source without limit, queues as by default`,
    'stored: messages per second that reached every subscriber; latency: from writing to reading at one subscriber of the room, at half of that load for all',
    'net-coalesced: one write per subscriber and chunk that came in; net: one per message; neither stores, checks or looks',
    `memory: ${settings.quick ? IDLE.quick : IDLE.full} connections, ours logged in as that many members and subscribed to a room of 100`,
    loadNote(),
  ]
  return { rows, notes }
}

interface Sample {
  readonly perSecond: number
  readonly cpuUs: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly pages: number
}

async function fanOutRows(name: string, topology: Topology, settings: Settings, isJudged: boolean): Promise<Row[]> {
  const pairs = new Map<FanOutServer, FanOutPair>()
  try {
    for (const server of SERVERS) pairs.set(server, await FanOutPair.open(server, topology))
    // Half of the load is known before the first round, so that all have the same.
    const { perSecond } = await pairs.get('mimir-mediator')!.flood(settings.networkMs)
    const rounds = Math.min(settings.rounds, MAX_ROUNDS)
    const samples = await interleave(SERVERS, rounds, (server) =>
      measure(pairs.get(server)!, perSecond / 2, isJudged, settings),
    )
    const rate = mediansOf(samples, (sample) => sample.perSecond)
    const cpu = mediansOf(samples, (sample) => sample.cpuUs)
    const p50 = mediansOf(samples, (sample) => sample.p50Ms)
    const p99 = mediansOf(samples, (sample) => sample.p99Ms)
    const pages = mediansOf(samples, (sample) => sample.pages)
    const rows = (['net-coalesced', 'net'] as const).flatMap((server) => [
      rateRow(
        `mediator.stored.${name}/${server}`,
        'message/s',
        rate['mimir-mediator'],
        rate[server],
        isJudged && server === 'net-coalesced' ? FAN_OUT_TARGET : undefined,
      ),
      costRow(`mediator.cpu.${name}/${server}`, 'us/message', cpu['mimir-mediator'], cpu[server]),
    ])
    return [
      ...rows,
      costRow(`mediator.latency.p50.${name}/net-coalesced`, 'ms', p50['mimir-mediator'], p50['net-coalesced']),
      costRow(`mediator.latency.p99.${name}/net-coalesced`, 'ms', p99['mimir-mediator'], p99['net-coalesced']),
      ...(isJudged
        ? [rateRow(`mediator.pages.${PAGE_MESSAGES}/net`, 'page/s', pages['mimir-mediator'], pages['net'])]
        : []),
    ]
  } finally {
    await Promise.all([...pairs.values()].map((pair) => pair.close()))
  }
}

function measure(pair: FanOutPair, perSecond: number, withPages: boolean, settings: Settings): Promise<Sample> {
  const durationMs = settings.networkMs
  return pinnedApart(pair.pids, async () => {
    const flood = await quietly(settings, pair.pids, () => pair.flood(durationMs))
    const latency = await quietly(settings, pair.pids, () => pair.pace(perSecond, durationMs))
    const pages = withPages ? await quietly(settings, pair.pids, () => pair.readPages(durationMs / 2)) : 0
    return { ...flood, ...latency, pages }
  })
}

async function memoryRows(settings: Settings): Promise<Row[]> {
  const count = settings.quick ? IDLE.quick : IDLE.full
  const stacks = ['mimir-mediator', 'net'] as const
  const samples = await interleave(stacks, Math.min(settings.rounds, MAX_MEMORY_ROUNDS), (stack) =>
    withPair(stack, async ({ server, client, address }) => {
      await client.call('idle', { address, count: WARM_UP_CONNECTIONS, lanes: LANES })
      const before = await server.call('memory')
      await client.call('idle', { address, count, lanes: LANES })
      const after = await server.call('memory')
      return {
        residentBytes: (after.residentBytes - before.residentBytes) / count,
        heapBytes: (after.heapBytes - before.heapBytes) / count,
      }
    }),
  )
  const resident = mediansOf(samples, ({ residentBytes }) => residentBytes / 1000)
  const heap = mediansOf(samples, ({ heapBytes }) => heapBytes / 1000)
  return [
    costRow('mediator.memory.resident/net', 'kB/connection', resident['mimir-mediator'], resident.net, MEMORY_TARGET),
    costRow('mediator.memory.heap/net', 'kB/connection', heap['mimir-mediator'], heap.net),
  ]
}
