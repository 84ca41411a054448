import { withPair } from './lib/actor.js'
import { loadNote, quietly } from './lib/load.js'
import { pinnedApart } from './lib/pin.js'
import { interleave, mediansOf } from './lib/rounds.js'
import { type Report, rateRow } from './lib/rows.js'
import type { Settings } from './lib/settings.js'
import type { StackName } from './stacks/index.js'

// Real TEXT messages of 100 bytes on an authenticated connection, JSON envelope, 64-bit guid and window of the protocol
// included, beside what others do with 100 opaque bytes. The classic protocol allows 16 messages without OK.

const STACKS = ['mimir-peer', 'net', 'secret-stream', 'libp2p'] as const satisfies readonly StackName[]
const WINDOW = 16
const BODY_BYTES = 100

interface Sample {
  /** Messages per second. */
  readonly one: number
  readonly window: number
}

export async function run(settings: Settings): Promise<Report> {
  const samples = await interleave(STACKS, settings.rounds, (stack) => measure(stack, settings))
  const one = mediansOf(samples, (sample) => sample.one)
  const window = mediansOf(samples, (sample) => sample.window)
  const rows = STACKS.filter((stack) => stack !== 'mimir-peer').flatMap((stack) => [
    rateRow(`text.one/${stack}`, 'message/s', one['mimir-peer'], one[stack]),
    rateRow(`text.${WINDOW}deep/${stack}`, 'message/s', window['mimir-peer'], window[stack]),
  ])
  return { rows, notes: ['no targets: the others carry opaque bodies, ours is a message with an identity', loadNote()] }
}

function measure(stack: StackName, settings: Settings): Promise<Sample> {
  const durationMs = settings.networkMs
  return withPair(stack, async ({ client, address, pids }) => {
    await client.call('open', address)
    const rate = (depth: number) =>
      quietly(settings, pids, async () => {
        const { messages, elapsedMs } = await client.call('flood', { depth, bodyBytes: BODY_BYTES, durationMs })
        return (messages / elapsedMs) * 1000
      })
    return pinnedApart(pids, async () => ({ one: await rate(1), window: await rate(WINDOW) }))
  })
}
