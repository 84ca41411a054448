import type { Call, CallEndReason, CallStats } from '@mimirjs/messenger'
import { play } from './play.js'
import { Recorder, type RecordFigures } from './record.js'
import type { WavFormat } from './wav-format.js'
import type { WavReader } from './wav-reader.js'
import type { WavWriter } from './wav-writer.js'

export interface ConversationFigures extends RecordFigures, Pick<CallStats, 'sent' | 'droppedOut' | 'droppedIn'> {
  readonly reason: CallEndReason
  readonly talkedMs: number
}

/** After our own sound, wait for theirs only while it comes, in ms: not everybody says when it was all. */
const QUIET_MS = 3_000
const LOOK_MS = 100

/**
 * Play one file and record another until the call ends. Whoever called hangs up when both have played everything.
 * @param stop - hang up at once
 * @throws {CliError} `file`; the call is hung up then
 */
export async function converse(
  call: Call,
  options: {
    readonly format: WavFormat
    readonly sound: WavReader | undefined
    readonly file: WavWriter | undefined
    readonly stop: AbortSignal
  },
): Promise<ConversationFigures> {
  const startMs = performance.now()
  const hangUp = (): void => call.hangUp()
  const recorder = new Recorder(options.format, options.file)
  options.stop.addEventListener('abort', hangUp)
  if (options.stop.aborted) hangUp()
  try {
    const playing = play(call, options.sound).then(async () => {
      if (call.direction === 'outgoing') await finish(call, recorder)
    })
    await Promise.all([playing, recorder.record(call)])
  } finally {
    options.stop.removeEventListener('abort', hangUp)
    hangUp()
  }
  const talkedMs = Math.round(performance.now() - startMs)
  const [{ reason }, { sent, droppedOut, droppedIn }] = [await call.ended, call.stats]
  return { reason, talkedMs, sent, droppedOut, droppedIn, ...recorder.figures }
}

async function finish(call: Call, recorder: Recorder): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const quiet = new Promise<void>((resolve) => {
    timer = setInterval(() => {
      if (recorder.quietMs >= QUIET_MS) resolve()
    }, LOOK_MS)
  })
  await Promise.race([recorder.heardAll, quiet])
  clearInterval(timer)
  call.hangUp()
}
