import type { ConformanceCheck, StreamConformanceOptions } from './index.js'
import { check, type Probe, turns, withPair } from './probe.js'

const CHUNK_BYTES = 65_536

/** Backpressure: both ends can slow the other down, and memory stays bounded. */
export function flowChecks({
  transport,
  listenAddress,
  maxBufferedBytes = 64 * 1024 * 1024,
}: StreamConformanceOptions): ConformanceCheck[] {
  return [
    {
      name: 'backpressure: a reader that stops stops the writer, and nothing is lost when it goes on',
      run: () =>
        withPair(transport, listenAddress(), async ({ dialled, accepted }) => {
          dialled.start()
          accepted.call((stream) => stream.pause())
          accepted.start()
          let sentBytes = 0
          // Written until the stream says no in a turn of its own, twice: buffers below it fill with some delay.
          for (let refusals = 0; refusals < 2; ) {
            check(sentBytes <= maxBufferedBytes, `write still returned true after ${sentBytes} bytes nobody read`)
            const drains = dialled.drains
            const writable = dialled.call((stream) => stream.write(new Uint8Array(CHUNK_BYTES)))
            sentBytes += CHUNK_BYTES
            if (writable) continue
            await turns(50)
            refusals = dialled.drains === drains ? refusals + 1 : 0
          }
          check(accepted.receivedBytes === 0, 'data was delivered to a paused reader')
          const drains = dialled.drains
          accepted.call((stream) => stream.resume())
          await dialled.until(() => dialled.drains > drains, 'drain after the reader went on')
          await accepted.untilReceived(sentBytes)
          check(accepted.receivedBytes === sentBytes, `expected ${sentBytes} bytes, got ${accepted.receivedBytes}`)
        }),
    },
    {
      name: 'pause: from inside data it holds until resume',
      run: () =>
        withPair(transport, listenAddress(), async ({ dialled, accepted }) => {
          dialled.start()
          accepted.start()
          await pauseOften(dialled, accepted)
          await pauseOften(accepted, dialled)
        }),
    },
    {
      name: 'drain: one that came before start is delivered after it',
      run: () =>
        withPair(transport, listenAddress(), async ({ dialled, accepted }) => {
          accepted.start()
          let sentBytes = 0
          while (dialled.call((stream) => stream.write(new Uint8Array(CHUNK_BYTES)))) {
            sentBytes += CHUNK_BYTES
            check(sentBytes <= maxBufferedBytes, `write still returned true after ${sentBytes} bytes in one turn`)
          }
          await accepted.untilReceived(sentBytes + CHUNK_BYTES)
          await turns()
          dialled.start()
          await dialled.until(() => dialled.drains === 1, 'the drain owed')
        }),
    },
  ]
}

async function pauseOften(reader: Probe, writer: Probe): Promise<void> {
  const totalBytes = 40 * CHUNK_BYTES
  let pausesLeft = 25
  let paused = false
  reader.onData = () => {
    if (paused) reader.complaints.push('data while paused')
    if (pausesLeft-- <= 0) return
    paused = true
    reader.call((stream) => stream.pause())
  }
  const writing = writer.writePaced(Array.from({ length: 40 }, () => new Uint8Array(CHUNK_BYTES)))
  while (reader.receivedBytes < totalBytes) {
    await reader.until(() => paused || reader.receivedBytes === totalBytes, 'data after resume')
    await turns(3)
    paused = false
    reader.call((stream) => stream.resume())
  }
  await writing
}
