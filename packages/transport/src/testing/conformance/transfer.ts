import { createRandom } from '../random.js'
import type { ConformanceCheck, StreamConformanceOptions } from './index.js'
import { Checksum, check, type Probe, turns, withPair } from './probe.js'

const MEBIBYTE = 1024 * 1024

/** Bytes arrive: all of them, once, in order, however they are cut. */
export function transferChecks({
  transport,
  listenAddress,
  transferBytes = 64 * MEBIBYTE,
}: StreamConformanceOptions): ConformanceCheck[] {
  return [
    {
      name: 'echo: what one end writes comes back from the other',
      run: () =>
        withPair(transport, listenAddress(), async ({ dialled, accepted }) => {
          accepted.onData = (chunk) => accepted.call((stream) => stream.write(chunk.slice()))
          accepted.start()
          dialled.kept = []
          dialled.start()
          dialled.call((stream) => stream.write(Uint8Array.of(1, 2, 3)))
          dialled.call((stream) => stream.writeAll([Uint8Array.of(4), new Uint8Array(0), Uint8Array.of(5, 6)]))
          await dialled.untilReceived(6)
          check(dialled.kept.join() === '1,2,3,4,5,6', `expected 1 to 6 back, got ${dialled.kept.join()}`)
        }),
    },
    {
      name: 'order: 10 000 writes of many sizes, single bytes among them, arrive in order in both directions',
      run: () =>
        withPair(transport, listenAddress(), async ({ dialled, accepted }) => {
          dialled.start()
          accepted.start()
          await Promise.all([sendMany(dialled, accepted, 1), sendMany(accepted, dialled, 2)])
        }),
    },
    {
      name: '1-byte chunks: 5 000 of them by write and by writeAll',
      run: () =>
        withPair(transport, listenAddress(), async ({ dialled, accepted }) => {
          dialled.start()
          accepted.start()
          const chunks = Array.from({ length: 5_000 }, (_, index) => Uint8Array.of(index))
          const sum = new Checksum()
          for (const chunk of [...chunks, ...chunks]) sum.add(chunk)
          await dialled.writePaced(chunks)
          dialled.call((stream) => stream.writeAll(chunks))
          await accepted.untilReceived(10_000)
          check(accepted.checksum.value === sum.value, 'the bytes differ from those written')
        }),
    },
    {
      name: `large transfer: ${(transferBytes / MEBIBYTE).toFixed(1)} MiB with equal checksums`,
      run: () =>
        withPair(transport, listenAddress(), async ({ dialled, accepted }) => {
          dialled.start()
          accepted.start()
          const sum = new Checksum()
          await dialled.writePaced(blocks(transferBytes, sum))
          dialled.call((stream) => stream.end())
          await accepted.until(() => accepted.ended || accepted.closes > 0, 'the end of the transfer')
          check(
            accepted.receivedBytes === transferBytes,
            `expected ${transferBytes} bytes, got ${accepted.receivedBytes}`,
          )
          check(accepted.checksum.value === sum.value, 'the bytes differ from those written')
        }),
    },
    {
      name: 'early bytes: what arrives before start is kept, in order, and so is the end',
      run: () =>
        withPair(transport, listenAddress(), async ({ dialled, accepted }) => {
          accepted.call((stream) => stream.write(Uint8Array.of(1, 2)))
          accepted.call((stream) => stream.write(Uint8Array.of(3)))
          accepted.call((stream) => stream.end())
          dialled.call((stream) => stream.write(Uint8Array.of(4, 5)))
          await turns()
          dialled.kept = []
          accepted.kept = []
          dialled.start()
          await dialled.until(() => dialled.ended, 'the end that came before start')
          check(dialled.kept.join() === '1,2,3', `expected 1,2,3, got ${dialled.kept.join()}`)
          accepted.start()
          await accepted.untilReceived(2)
          check(accepted.kept.join() === '4,5', `expected 4,5, got ${accepted.kept.join()}`)
        }),
    },
  ]
}

async function sendMany(from: Probe, to: Probe, seed: number): Promise<void> {
  const random = createRandom(seed)
  const sum = new Checksum()
  let sentBytes = 0
  function* chunks(): Generator<Uint8Array> {
    for (let count = 0; count < 10_000; count++) {
      const chunk = random.bytes(random.chance(0.5) ? 1 : 1 + random.integer(300))
      sum.add(chunk)
      sentBytes += chunk.length
      yield chunk
    }
  }
  await from.writePaced(chunks())
  await to.untilReceived(sentBytes)
  check(to.receivedBytes === sentBytes, `expected ${sentBytes} bytes, got ${to.receivedBytes}`)
  check(to.checksum.value === sum.value, 'the bytes differ from those written')
}

function* blocks(sizeBytes: number, sum: Checksum): Generator<Uint8Array> {
  const block = createRandom(3).bytes(Math.min(sizeBytes, 65_536))
  for (let left = sizeBytes, count = 0; left > 0; left -= block.length, count++) {
    // The stream owns what it was given, so that every block is a copy; the counter makes each one differ.
    const chunk = block.slice(0, left)
    chunk[0] = count
    sum.add(chunk)
    yield chunk
  }
}
