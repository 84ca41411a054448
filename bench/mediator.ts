import type { FanOutServer, Topology } from './lib/fan-out.js'
import { BLOB_BYTES, PAGE_MESSAGES, SENDERS, WINDOW } from './lib/fan-out.js'
import { FanOutPair } from './lib/fan-out-processes.js'
import { loadNote, quietly } from './lib/load.js'
import { pinnedApart } from './lib/pin.js'
import { interleave, mediansOf } from './lib/rounds.js'
import { costRow, type Report, type Row, rateRow } from './lib/rows.js'
import type { Settings } from './lib/settings.js'
import { subscriberMemoryRows, subscribers } from './lib/subscriber-memory.js'

// Messages that are stored and fanned out, over loopback TCP: a real mediator with its database on disk, each message
// durable before anybody hears of it, beside a bare server that writes the same bytes to as many sockets and does nothing
// else. The load is one process that drives the codec by hand: prepared frames, one write per turn, bytes counted and not
// parsed.

const SERVERS = ['mimir-mediator', 'net-coalesced', 'net'] as const satisfies readonly FanOutServer[]
const ONE_ROOM: Topology = { rooms: 1, subscribersPerRoom: 100 }
const MANY_ROOMS: Topology = { rooms: 100, subscribersPerRoom: 10 }
/** Half of what a server manages that writes every message to every socket and does nothing else. */
const FAN_OUT_TARGET = 0.5
/** The processes are started once, and nothing here is short. */
const MAX_ROUNDS = 3
const MAX_SAMPLE_MS = 700

export async function run(settings: Settings): Promise<Report> {
  const rows = [
    ...(await fanOutRows('1x100', ONE_ROOM, settings, true)),
    ...(await fanOutRows('100x10', MANY_ROOMS, settings, false)),
    ...(await subscriberMemoryRows(settings)),
  ]
  const notes = [
    `messages of ${BLOB_BYTES} bytes, ${SENDERS} connections that write with ${WINDOW} messages unanswered each; ours: SQLite with an fsync per commit, rates and connections per source without limit, queues as by default`,
    'stored: messages per second that reached every subscriber; latency: from writing to reading at one subscriber of the room, at half of that load for all',
    'net: one write per message and subscriber; net-coalesced: one per subscriber for all messages of a chunk that came in, which is as fast as it can be; neither stores, checks or looks',
    `memory: ${subscribers(settings)} connections, ours logged in as that many members and subscribed to a room of 100`,
    loadNote(),
  ]
  return { rows, notes }
}

const UNMEASURED = { p50Ms: Number.NaN, p99Ms: Number.NaN }

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
    const durationMs = Math.min(settings.networkMs, MAX_SAMPLE_MS)
    // Half of the load is known before the first round, so that all have the same.
    const { perSecond } = await pairs.get('mimir-mediator')!.flood(durationMs)
    const plan: Plan = { durationMs, perSecond: perSecond / 2, withPages: isJudged }
    const rounds = Math.min(settings.rounds, MAX_ROUNDS)
    const samples = await interleave(SERVERS, rounds, (server) => measure(server, pairs.get(server)!, plan, settings))
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
        isJudged && server === 'net' ? FAN_OUT_TARGET : undefined,
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

interface Plan {
  readonly durationMs: number
  readonly perSecond: number
  readonly withPages: boolean
}

function measure(
  server: FanOutServer,
  pair: FanOutPair,
  { durationMs, perSecond, withPages }: Plan,
  settings: Settings,
): Promise<Sample> {
  const quiet = <T>(work: () => Promise<T>): Promise<T> => quietly(settings, pair.pids, work)
  return pinnedApart(pair.pids, async () => {
    const flood = await quiet(() => pair.flood(durationMs))
    // A write per message and subscriber does not keep up with half of our load.
    const latency = server === 'net' ? UNMEASURED : await quiet(() => pair.pace(perSecond, durationMs))
    const pages = withPages && server !== 'net-coalesced' ? await quiet(() => pair.readPages(durationMs)) : 0
    return { ...flood, ...latency, pages }
  })
}
