import { withPair } from './lib/actor.js'
import { loadNote, quietly } from './lib/load.js'
import { pinnedApart } from './lib/pin.js'
import { interleave, mediansOf } from './lib/rounds.js'
import { type Report, rateRow } from './lib/rows.js'
import type { Settings } from './lib/settings.js'
import { RESOLVE_ANSWER_BYTES, RESOLVE_REQUEST_BYTES } from './lib/tracker-sizes.js'
import type { StackName } from './stacks/index.js'

// Resolves of an announced key over loopback UDP, one at a time and 32 in flight, beside a server that answers with as
// many bytes without looking. The client is the same bare socket for all.

const STACKS = ['mimir-tracker', 'dgram-echo', 'dgram-echo-without-lookup'] as const satisfies readonly StackName[]
const DEPTH = 32
const TARGETS: Partial<Record<StackName, number>> = { 'dgram-echo': 0.85 }

interface Sample {
  /** Resolves per second. */
  readonly one: number
  readonly deep: number
}

export async function run(settings: Settings): Promise<Report> {
  const samples = await interleave(STACKS, settings.rounds, (stack) => measure(stack, settings))
  const one = mediansOf(samples, (sample) => sample.one)
  const deep = mediansOf(samples, (sample) => sample.deep)
  const rows = STACKS.filter((stack) => stack !== 'mimir-tracker').flatMap((stack) => [
    rateRow(`tracker.resolve.${DEPTH}deep/${stack}`, 'resolve/s', deep['mimir-tracker'], deep[stack], TARGETS[stack]),
    rateRow(`tracker.resolve.one/${stack}`, 'resolve/s', one['mimir-tracker'], one[stack]),
  ])
  const notes = [
    `requests of ${RESOLVE_REQUEST_BYTES} bytes, answers of ${RESOLVE_ANSWER_BYTES}; the rates per source are raised, for all load comes from one address`,
    loadNote(),
  ]
  return { rows, notes }
}

function measure(stack: StackName, settings: Settings): Promise<Sample> {
  const durationMs = settings.networkMs
  return withPair(stack, async ({ client, address, pids }) => {
    await client.call('open', address)
    const rate = (depth: number) =>
      quietly(settings, pids, async () => {
        const { messages, elapsedMs } = await client.call('flood', { depth, bodyBytes: 0, durationMs })
        return (messages / elapsedMs) * 1000
      })
    return pinnedApart(pids, async () => ({ one: await rate(1), deep: await rate(DEPTH) }))
  })
}
