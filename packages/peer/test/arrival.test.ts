// What an accepted stream is behind its first bytes: the suite of all streams says whether it still is one.
import { type StreamTransport, steadyClock } from '@mimirjs/transport'
import { createMemoryNetwork } from '@mimirjs/transport/memory'
import { tcp } from '@mimirjs/transport/tcp'
import { faultyStreams, streamConformance } from '@mimirjs/transport/testing'
import { describe, test } from 'vitest'
import { Arrival, type ArrivalHost } from '../src/data/arrival.js'
import { DeadlineWheel } from '../src/deadline-wheel.js'
import { GENERATIONS } from '../src/generations.js'
import { sessionTimers } from '../src/timers.js'

/** Streams of `inner` that begin with a role byte, which nobody sees. */
function withRoles(inner: StreamTransport): StreamTransport {
  return {
    scheme: inner.scheme,
    dial: async (...args) => {
      const stream = await inner.dial(...args)
      stream.write(Uint8Array.of(0))
      return stream
    },
    listen: (address, options) => {
      const host: ArrivalHost = {
        clock: steadyClock,
        wheel: new DeadlineWheel(steadyClock),
        timers: sessionTimers(GENERATIONS.current),
        control: (arrival) => options.onStream(arrival.stream),
        data() {},
        taken() {},
        failed() {},
        gone() {},
      }
      return inner.listen(address, { ...options, onStream: (stream) => new Arrival(host, stream).start() })
    },
  }
}

let names = 0
const memoryAddress = (): string => `memory://listener-${++names}`
const MEBIBYTE = 1024 * 1024
const suites = {
  tcp: { transport: withRoles(tcp()), listenAddress: () => 'tcp://127.0.0.1:0' },
  memory: { transport: withRoles(createMemoryNetwork().streams), listenAddress: memoryAddress },
  'memory in small pieces': {
    transport: withRoles(faultyStreams(createMemoryNetwork().streams, { splitBytes: 7 }, { seed: 7 })),
    listenAddress: memoryAddress,
  },
}

for (const [name, options] of Object.entries(suites)) {
  describe(`streams behind their role, ${name}`, () => {
    const checks = streamConformance({
      ...options,
      transferBytes: 4 * MEBIBYTE,
      connects: 300,
      maxBufferedBytes: 8 * MEBIBYTE,
    })
    for (const check of checks) test(check.name, check.run)
  })
}
