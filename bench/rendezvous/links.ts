import { withPair } from '../lib/actor.js'
import { quietly } from '../lib/load.js'
import { median } from '../lib/median.js'
import { interleaveMedians } from '../lib/rounds.js'
import { costRow, type Row, rateRow } from '../lib/rows.js'
import type { Settings } from '../lib/settings.js'

// The scheduler is left alone here: WebRTC has threads of its own and uses every core it finds.

const OPENERS = ['mimir-rendezvous-link', 'mimir-rendezvous-link-3', 'wrtc', 'wrtc-in-process'] as const
const STREAMS = ['mimir-rendezvous-streams', 'wrtc'] as const
const OPEN_TARGET = 0.7
const STREAM_TARGET = 0.7
const BODY_BYTES = 64 * 1024
const DEPTH = 16
const BYTES_PER_MB = 1_000_000

/** How long two nodes take to meet, over one server and over three, and how long the library alone. */
export async function openRows(settings: Settings): Promise<Row[]> {
  const tookMs = await interleaveMedians(OPENERS, settings.rounds, (stack) =>
    withPair(stack, async ({ client, address, pids }) => {
      // The library is loaded, and code compiled, by those who do this more than once.
      await client.call('opens', { address, durationMs: settings.networkMs / 2 })
      return quietly(settings, pids, async () =>
        median([...(await client.call('opens', { address, durationMs: settings.networkMs }))]),
      )
    }),
  )
  const [one, three] = [tookMs['mimir-rendezvous-link'], tookMs['mimir-rendezvous-link-3']]
  return [
    costRow('rendezvous.open.1server/wrtc', 'ms', one, tookMs.wrtc, OPEN_TARGET),
    costRow('rendezvous.open.3servers/wrtc', 'ms', three, tookMs.wrtc, OPEN_TARGET),
    costRow('rendezvous.open.1server/wrtc-in-process', 'ms', one, tookMs['wrtc-in-process']),
    costRow('rendezvous.open.3servers/wrtc-in-process', 'ms', three, tookMs['wrtc-in-process']),
  ]
}

/** Bodies of 64 KiB, each acknowledged, through a stream of ours and through a data channel. */
export async function streamRows(settings: Settings): Promise<Row[]> {
  const rates = await interleaveMedians(STREAMS, settings.rounds, (stack) =>
    withPair(stack, async ({ client, address, pids }) => {
      await client.call('open', address)
      return quietly(settings, pids, async () => {
        const { messages, elapsedMs } = await client.call('flood', {
          depth: DEPTH,
          bodyBytes: BODY_BYTES,
          durationMs: settings.networkMs,
        })
        return (messages / elapsedMs) * 1000 * (BODY_BYTES / BYTES_PER_MB)
      })
    }),
  )
  const [ours, bare] = [rates['mimir-rendezvous-streams'], rates.wrtc]
  return [rateRow('rendezvous.stream.64KiB/wrtc', 'MB/s', ours, bare, STREAM_TARGET)]
}
