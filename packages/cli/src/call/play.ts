import type { Call } from '@mimirjs/messenger'
import { encodeSound, PACKET_MS } from './sound-packet.js'
import { bytesIn } from './wav-format.js'
import type { WavReader } from './wav-reader.js'

/**
 * Send the sound of a file, each packet at its time, and then say that it was all; without a file, say so at once.
 * Resolves when it is said, or the call has ended.
 * @throws {CliError} `file`
 */
export async function play(call: Call, sound: WavReader | undefined): Promise<void> {
  const startMs = performance.now()
  let sequence = 0
  for (let samples = await next(sound, 0); samples.length > 0; samples = await next(sound, sequence)) {
    await until(startMs + sequence * PACKET_MS, call)
    if (call.state !== 'talking') return
    // What cannot leave now is dropped; its number is missing at the other end.
    call.send(encodeSound({ sequence, timestampMs: sequence * PACKET_MS, samples }))
    sequence++
  }
  for (let again = 0; call.state === 'talking'; again++) {
    await until(startMs + (sequence + again) * PACKET_MS, call)
    const end = encodeSound({ sequence, timestampMs: sequence * PACKET_MS, samples: NOTHING })
    if (call.state === 'talking' && call.send(end)) return
  }
}

const NOTHING: Uint8Array = new Uint8Array(0)

/** Rates that are no multiple of 50 have packets of two lengths. */
async function next(sound: WavReader | undefined, sequence: number): Promise<Uint8Array> {
  if (sound === undefined) return NOTHING
  const { format } = sound
  return sound.read(bytesIn(format, (sequence + 1) * PACKET_MS) - bytesIn(format, sequence * PACKET_MS))
}

/** Until this time of `performance.now()`, or the end of the call. */
async function until(timeMs: number, call: Call): Promise<void> {
  const waitMs = timeMs - performance.now()
  if (waitMs <= 0) return
  let timer: NodeJS.Timeout | undefined
  const due = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, waitMs)
  })
  await Promise.race([due, call.ended])
  clearTimeout(timer)
}
