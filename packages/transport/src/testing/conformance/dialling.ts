import type { ByteStream } from '../../types.js'
import type { ConformanceCheck, StreamConformanceOptions } from './index.js'
import { check, Probe, rejection, within, withPair } from './probe.js'

const LANES = 16

/** Dialling, listening, and the addresses they speak of. */
export function dialChecks({
  transport,
  listenAddress,
  silentAddress,
  connects = 10_000,
}: StreamConformanceOptions): ConformanceCheck[] {
  const listen = (onStream: (stream: ByteStream) => void = (stream) => stream.abort()) =>
    within(transport.listen(listenAddress(), { onStream }), 'listen')
  const checks: ConformanceCheck[] = [
    {
      name: 'addresses: each end knows its own and the other',
      run: () =>
        withPair(transport, listenAddress(), async ({ listener, dialled, accepted }) => {
          dialled.start()
          accepted.start()
          const ends = { listener: listener.address, dialled: dialled.stream, accepted: accepted.stream }
          check(listener.address.startsWith(`${transport.scheme}://`), `listener at ${listener.address}`)
          check(ends.dialled.remoteAddress === ends.listener, `dialled end says ${ends.dialled.remoteAddress}`)
          check(ends.accepted.localAddress === ends.listener, `accepted end says ${ends.accepted.localAddress}`)
          check(ends.accepted.remoteAddress === ends.dialled.localAddress, 'the ends disagree about the dialler')
          const before = ends.accepted.remoteAddress
          dialled.call((stream) => stream.abort())
          await accepted.untilClosed()
          check(ends.accepted.remoteAddress === before, 'the address was lost with the stream')
        }),
    },
    {
      name: 'dial: refused where nobody listens',
      run: async () => {
        const listener = await listen()
        await listener.close()
        const code = await rejection(transport.dial(listener.address), 'a dial to nobody')
        check(code === 'refused', `expected refused, got ${code}`)
      },
    },
    {
      name: 'dial and listen: a bad address is refused',
      run: async () => {
        const bad = ['', 'nonsense', `${transport.scheme}://`, `${transport.scheme}:///`, 'other-scheme://host:1']
        for (const address of bad) {
          const dialled = await rejection(transport.dial(address), `a dial to ${JSON.stringify(address)}`)
          check(dialled === 'bad-address', `dial ${address}: expected bad-address, got ${dialled}`)
          const listened = transport.listen(address, { onStream: (stream) => stream.abort() })
          const code = await rejection(listened, `listening on ${JSON.stringify(address)}`)
          check(code === 'bad-address', `listen ${address}: expected bad-address, got ${code}`)
        }
      },
    },
    {
      name: 'dial: a signal stops it, before and during',
      run: async () => {
        const listener = await listen()
        const before = await rejection(
          transport.dial(listener.address, { signal: AbortSignal.abort() }),
          'a dial with an aborted signal',
        )
        const controller = new AbortController()
        const dialling = transport.dial(listener.address, { signal: controller.signal })
        controller.abort()
        const during = await rejection(dialling, 'a dial whose signal was aborted')
        check(before === 'aborted' && during === 'aborted', `expected aborted twice, got ${before} and ${during}`)
        await listener.close()
      },
    },
    {
      name: 'listen: an address in use is refused, and free again after close',
      run: async () => {
        const first = await listen()
        const code = await rejection(
          transport.listen(first.address, { onStream: (stream) => stream.abort() }),
          'a second listener on one address',
        )
        check(code === 'address-in-use', `expected address-in-use, got ${code}`)
        await first.close()
        const again = await within(
          transport.listen(first.address, { onStream: (stream) => stream.abort() }),
          'listening on an address that was closed',
        )
        check(again.address === first.address, `expected ${first.address} again, got ${again.address}`)
        await again.close()
      },
    },
    {
      name: 'listener close: accepted streams live on, new dials are refused, a second close is harmless',
      run: () =>
        withPair(transport, listenAddress(), async ({ listener, dialled, accepted }) => {
          dialled.start()
          accepted.start()
          await within(listener.close(), 'the listener to close')
          await within(listener.close(), 'the second close')
          const code = await rejection(transport.dial(listener.address), 'a dial after close')
          check(code === 'refused', `expected refused, got ${code}`)
          dialled.call((stream) => stream.write(Uint8Array.of(1)))
          accepted.call((stream) => stream.write(Uint8Array.of(2)))
          await Promise.all([dialled.untilReceived(1), accepted.untilReceived(1)])
          check(dialled.closes === 0 && accepted.closes === 0, 'a stream closed with its listener')
        }),
    },
    {
      name: `${connects} connects, each answered and closed on both ends`,
      run: async () => {
        let acceptedCloses = 0
        const listener = await listen((stream) => {
          const probe = new Probe(stream)
          probe.onData = () => probe.call((end) => end.write(Uint8Array.of(1)))
          probe.start()
          probe.untilClosed().then(
            () => acceptedCloses++,
            () => {},
          )
        })
        let left = connects
        const lane = async (): Promise<void> => {
          while (left-- > 0) {
            const probe = new Probe(await within(transport.dial(listener.address), 'dial'))
            probe.start()
            probe.call((stream) => stream.write(Uint8Array.of(1)))
            await probe.untilReceived(1)
            check(probe.receivedBytes === 1, `no answer: ${probe.error?.message}`)
            probe.call((stream) => stream.abort())
            await probe.untilClosed()
          }
        }
        await Promise.all(Array.from({ length: LANES }, lane))
        for (const deadlineMs = performance.now() + 30_000; acceptedCloses < connects; ) {
          check(performance.now() < deadlineMs, `only ${acceptedCloses} of ${connects} accepted streams closed`)
          await new Promise((resolve) => setTimeout(resolve, 5))
        }
        await listener.close()
      },
    },
  ]
  if (silentAddress !== undefined) {
    checks.push({
      name: 'dial: times out where nobody answers',
      run: async () => {
        const dialling = transport.dial(await silentAddress(), { timeoutMs: 50 })
        const code = await rejection(dialling, 'a dial into silence')
        check(code === 'timeout', `expected timeout, got ${code}`)
      },
    })
  }
  return checks
}
