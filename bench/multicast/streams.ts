import { withPair } from '../lib/actor.js'
import { quietly } from '../lib/load.js'
import { pinnedApart } from '../lib/pin.js'
import { interleaveMedians } from '../lib/rounds.js'
import { type Row, rateRow } from '../lib/rows.js'
import type { Settings } from '../lib/settings.js'

const STACKS = ['mimir-multicast-streams', 'net'] as const
const BODY_BYTES = 64 * 1024
const DEPTH = 16
const BYTES_PER_MB = 1_000_000

/** Bodies of 64 KiB, each acknowledged, through a stream of ours and through TCP. */
export async function streamRows(settings: Settings): Promise<Row[]> {
  const rates = await interleaveMedians(STACKS, settings.rounds, (stack) =>
    withPair(stack, async ({ client, address, pids }) => {
      await client.call('open', address)
      return pinnedApart(pids, () =>
        quietly(settings, pids, async () => {
          const { messages, elapsedMs } = await client.call('flood', {
            depth: DEPTH,
            bodyBytes: BODY_BYTES,
            durationMs: settings.networkMs,
          })
          return (messages / elapsedMs) * 1000 * (BODY_BYTES / BYTES_PER_MB)
        }),
      )
    }),
  )
  return [rateRow('multicast.stream.64KiB/net', 'MB/s', rates['mimir-multicast-streams'], rates.net)]
}
