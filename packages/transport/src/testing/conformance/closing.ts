import type { ConformanceCheck, StreamConformanceOptions } from './index.js'
import { type Connected, check, type Probe, thrown, turns, withPair } from './probe.js'

/** End, abort and misuse: every stream is reported closed once, last, and with the right reason. */
export function closingChecks({ transport, listenAddress }: StreamConformanceOptions): ConformanceCheck[] {
  const onPair = (run: (pair: Connected) => Promise<void>) => () => withPair(transport, listenAddress(), run)
  return [
    {
      name: 'half-close by the dialler: the other direction goes on until it ends, then both close in order',
      run: onPair(({ dialled, accepted }) => halfClose(dialled, accepted)),
    },
    {
      name: 'half-close by the listener: the other direction goes on until it ends, then both close in order',
      run: onPair(({ dialled, accepted }) => halfClose(accepted, dialled)),
    },
    {
      name: 'end: all that was written before it arrives, however much it is',
      run: onPair(async ({ dialled, accepted }) => {
        dialled.start()
        const chunks = Array.from({ length: 64 }, () => new Uint8Array(65_536).fill(7))
        dialled.call((stream) => stream.writeAll(chunks))
        dialled.call((stream) => stream.end())
        accepted.start()
        await accepted.until(() => accepted.ended || accepted.closes > 0, 'the end')
        check(accepted.receivedBytes === 64 * 65_536, `expected 4 MiB, got ${accepted.receivedBytes} bytes`)
      }),
    },
    {
      name: 'abort by the dialler: the other side sees a reset',
      run: onPair(({ dialled, accepted }) => abort(dialled, accepted)),
    },
    {
      name: 'abort by the listener: the other side sees a reset',
      run: onPair(({ dialled, accepted }) => abort(accepted, dialled)),
    },
    {
      name: 'abort by the dialler with unread bytes on the way: a reset, not an orderly end',
      run: onPair(({ dialled, accepted }) => abortUnread(dialled, accepted)),
    },
    {
      name: 'abort by the listener with unread bytes on the way: a reset, not an orderly end',
      run: onPair(({ dialled, accepted }) => abortUnread(accepted, dialled)),
    },
    {
      name: 'abort from inside data: no data follows',
      run: onPair(async ({ dialled, accepted }) => {
        let calls = 0
        dialled.onData = () => {
          calls++
          dialled.call((stream) => stream.abort())
        }
        dialled.start()
        accepted.start()
        accepted.call((stream) => stream.writeAll(Array.from({ length: 100 }, () => new Uint8Array(65_536))))
        await dialled.untilClosed()
        await accepted.untilClosed()
        check(calls === 1, `data went on after abort: ${calls} calls`)
      }),
    },
    {
      name: 'abort after end: both sides close, whatever was in flight',
      run: onPair(async ({ dialled, accepted }) => {
        dialled.start()
        accepted.start()
        dialled.call((stream) => stream.write(new Uint8Array(1_000)))
        dialled.call((stream) => stream.end())
        dialled.call((stream) => stream.abort())
        await dialled.untilClosed()
        check(dialled.error?.code === 'aborted', `expected aborted, got ${dialled.error?.code}`)
        // An end or a reset, depending on what was faster; either way our writes must fail in the end.
        accepted.call((stream) => stream.end())
        await accepted.untilClosed()
      }),
    },
    {
      name: 'abort before start: closed follows the start',
      run: onPair(async ({ dialled, accepted }) => {
        dialled.call((stream) => stream.abort())
        await turns()
        dialled.start()
        accepted.start()
        await dialled.untilClosed()
        await accepted.untilClosed()
        check(dialled.error?.code === 'aborted', `expected aborted, got ${dialled.error?.code}`)
        check(accepted.error?.code === 'reset', `expected reset, got ${accepted.error?.code}`)
      }),
    },
    {
      name: 'abort by a reader that is paused, when both directions have ended: it closes without a resume',
      run: onPair(async ({ dialled, accepted }) => {
        dialled.call((stream) => stream.pause())
        dialled.start()
        accepted.start()
        dialled.call((stream) => stream.end())
        accepted.call((stream) => stream.end())
        await accepted.until(() => accepted.ended, 'the end of the other direction')
        await turns()
        dialled.call((stream) => stream.abort())
        await Promise.all([dialled.untilClosed(), accepted.untilClosed()])
      }),
    },
    {
      name: 'closed is reported once, and calls after it do nothing',
      run: onPair(async ({ dialled, accepted }) => {
        dialled.start()
        accepted.start()
        dialled.call((stream) => stream.abort())
        dialled.call((stream) => stream.abort())
        await dialled.untilClosed()
        await accepted.untilClosed()
        for (const { call } of [dialled, accepted].map((probe) => ({ call: probe.call.bind(probe) }))) {
          check(!call((stream) => stream.write(new Uint8Array(10))), 'write on a closed stream returned true')
          check(!call((stream) => stream.writeAll([new Uint8Array(10)])), 'writeAll on a closed stream returned true')
          call((stream) => stream.pause())
          call((stream) => stream.resume())
          call((stream) => stream.abort())
          call((stream) => stream.end())
        }
        await turns()
        check(dialled.closes === 1 && accepted.closes === 1, 'closed was reported more than once')
      }),
    },
    {
      name: 'misuse: a second start and a write after end throw',
      run: onPair(async ({ dialled, accepted }) => {
        for (const probe of [dialled, accepted]) {
          probe.start()
          const second = thrown(() => probe.start(), 'a second start')
          check(second === 'misuse', `a second start threw ${second}, expected misuse`)
          probe.call((stream) => stream.end())
          probe.call((stream) => stream.end())
          const late = thrown(() => probe.stream.write(new Uint8Array(1)), 'a write after end')
          check(late === 'misuse', `a write after end threw ${late}, expected misuse`)
          const lateAll = thrown(() => probe.stream.writeAll([new Uint8Array(1)]), 'a writeAll after end')
          check(lateAll === 'misuse', `a writeAll after end threw ${lateAll}, expected misuse`)
        }
        await Promise.all([dialled.untilClosed(), accepted.untilClosed()])
      }),
    },
  ]
}

async function halfClose(first: Probe, second: Probe): Promise<void> {
  first.start()
  second.start()
  first.call((stream) => stream.write(Uint8Array.of(1, 2, 3)))
  first.call((stream) => stream.end())
  await second.until(() => second.ended, 'the end of the first direction')
  check(second.receivedBytes === 3, `expected 3 bytes before the end, got ${second.receivedBytes}`)
  await second.writePaced(Array.from({ length: 16 }, () => new Uint8Array(65_536)))
  await first.untilReceived(16 * 65_536)
  check(!first.ended && first.closes === 0 && second.closes === 0, 'closed before both directions ended')
  second.call((stream) => stream.end())
  await Promise.all([first.untilClosed(), second.untilClosed()])
  check(first.ended, 'closed in order without end')
  for (const probe of [first, second]) {
    check(probe.error === undefined, `closed in order, but reported ${probe.error?.message}`)
  }
}

async function abort(from: Probe, to: Probe): Promise<void> {
  from.start()
  to.start()
  to.call((stream) => stream.write(Uint8Array.of(1)))
  await from.untilReceived(1)
  const reason = new Error('a reason of our own')
  from.call((stream) => stream.abort(reason))
  check(from.closes === 0, 'closed was reported from inside abort')
  await Promise.all([from.untilClosed(), to.untilClosed()])
  check(from.error?.code === 'aborted', `this side: expected aborted, got ${from.error?.code}`)
  check(from.error.cause === reason, 'this side: the reason given is not the cause')
  check(to.error?.code === 'reset', `other side: expected reset, got ${to.error?.code}`)
  check(!to.ended, 'other side: an abort must not look like an orderly end')
}

async function abortUnread(from: Probe, to: Probe): Promise<void> {
  to.call((stream) => stream.pause())
  to.start()
  from.start()
  from.call((stream) => stream.write(new Uint8Array(8 * 1024 * 1024)))
  await turns(50)
  from.call((stream) => stream.abort())
  await from.untilClosed()
  to.call((stream) => stream.resume())
  await to.untilClosed()
  check(!to.ended && to.error?.code === 'reset', `expected reset, got ${to.error?.code ?? 'an orderly end'}`)
}
