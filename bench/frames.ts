import { withPair } from './lib/actor.js'
import { loadNote, quietly } from './lib/load.js'
import { pinnedApart } from './lib/pin.js'
import { interleave, mediansOf } from './lib/rounds.js'
import { type Report, rateRow } from './lib/rows.js'
import type { Settings } from './lib/settings.js'
import type { StackName } from './stacks/index.js'

// Request -> acknowledgement over loopback TCP between two processes: 100-byte opaque requests one at a time and 256
// deep, 64 KiB requests 16 deep. A fresh pair of processes per stack and round.

const STACKS = [
  'mimir-frames',
  'mimir-frames-callbacks',
  'net-requests',
  'net',
  'net-coalesced',
  'secret-stream',
  'secret-stream-coalesced',
  'libp2p',
  'libp2p-coalesced',
] as const satisfies readonly StackName[]

const SMALL_BYTES = 100
const BLOB_BYTES = 64 * 1024
const BYTES_PER_MB = 1_000_000

interface Sample {
  /** Requests per second. */
  readonly one: number
  readonly deep: number
  /** Megabytes (10^6) per second. */
  readonly blob: number
}

export async function run(settings: Settings): Promise<Report> {
  const samples = await interleave(STACKS, settings.rounds, (stack) => measure(stack, settings))
  const one = mediansOf(samples, (sample) => sample.one)
  const deep = mediansOf(samples, (sample) => sample.deep)
  const blob = mediansOf(samples, (sample) => sample.blob)
  const rows = STACKS.filter((stack) => stack !== 'mimir-frames').flatMap((stack) => [
    rateRow(`frames.one/${stack}`, 'request/s', one['mimir-frames'], one[stack], TARGETS.one[stack]),
    rateRow(`frames.256deep/${stack}`, 'request/s', deep['mimir-frames'], deep[stack], TARGETS.deep[stack]),
    rateRow(`frames.64KiB/${stack}`, 'MB/s', blob['mimir-frames'], blob[stack], TARGETS.blob[stack]),
  ])
  const notes = [
    'ours: a promise per request; "-callbacks" is the same link without promises',
    '"net-requests": a promise per request over node:net, one write per message; "net", "secret-stream", "libp2p": one write per message and nothing but counting acknowledgements',
    '"-coalesced": the same with all writes of one turn joined, which is our doing and not what their users write',
    'secret-stream and libp2p also encrypt; the frame layer and net do not',
    loadNote(),
  ]
  return { rows, notes }
}

const TARGETS: Record<'one' | 'deep' | 'blob', Partial<Record<StackName, number>>> = {
  one: { net: 0.92 },
  deep: { 'net-requests': 10, 'secret-stream': 12, libp2p: 50 },
  blob: { 'net-coalesced': 0.9 },
}

function measure(stack: StackName, settings: Settings): Promise<Sample> {
  const durationMs = settings.networkMs
  return withPair(stack, async ({ client, address, pids }) => {
    await client.call('open', address)
    const rate = (depth: number, bodyBytes: number) =>
      quietly(settings, pids, async () => {
        const { messages, elapsedMs } = await client.call('flood', { depth, bodyBytes, durationMs })
        return (messages / elapsedMs) * 1000
      })
    return pinnedApart(pids, async () => ({
      one: await rate(1, SMALL_BYTES),
      deep: await rate(256, SMALL_BYTES),
      blob: ((await rate(16, BLOB_BYTES)) * BLOB_BYTES) / BYTES_PER_MB,
    }))
  })
}
