// The suite must be able to fail: each transport here breaks the contract in one way, and the check meant for it says so.
import { describe, expect, test } from 'vitest'
import type { ByteStream, StreamHandlers, StreamTransport } from '../../src/index.js'
import { createMemoryNetwork } from '../../src/memory.js'
import { type ConformanceCheck, streamConformance } from '../../src/testing/index.js'

type Break = (stream: ByteStream) => ByteStream

/** A stream that does as `inner`, but for what is overridden. */
function wrap(inner: ByteStream, override: Partial<ByteStream>): ByteStream {
  return {
    remoteAddress: inner.remoteAddress,
    localAddress: inner.localAddress,
    start: (handlers) => inner.start(handlers),
    write: (chunk) => inner.write(chunk),
    writeAll: (chunks) => inner.writeAll(chunks),
    pause: () => inner.pause(),
    resume: () => inner.resume(),
    end: () => inner.end(),
    abort: (error) => inner.abort(error),
    ...override,
  }
}

/** Handlers that do as `inner`, but for what is overridden. */
function wrapHandlers(inner: StreamHandlers, override: Partial<StreamHandlers>): StreamHandlers {
  return {
    data: (chunk) => inner.data(chunk),
    end: () => inner.end(),
    drain: () => inner.drain(),
    closed: (error) => inner.closed(error),
    ...override,
  }
}

function broken(breakStream: Break): ConformanceCheck[] {
  const { streams } = createMemoryNetwork()
  const transport: StreamTransport = {
    scheme: 'memory',
    dial: async (address, options) => breakStream(await streams.dial(address, options)),
    listen: (address, options) =>
      streams.listen(address, { ...options, onStream: (stream) => options.onStream(breakStream(stream)) }),
  }
  let names = 0
  return [...streamConformance({ transport, listenAddress: () => `memory://${++names}`, connects: 50 })]
}

async function failures(checks: ConformanceCheck[], pick: RegExp): Promise<string[]> {
  const failed: string[] = []
  for (const { name, run } of checks.filter((check) => pick.test(check.name))) {
    await run().catch((error: Error) => failed.push(`${name} | ${error.message}`))
  }
  return failed
}

const cases: { name: string; pick: RegExp; complaint: RegExp; breakStream: Break }[] = [
  {
    name: 'swaps chunks',
    pick: /^order/,
    complaint: /bytes differ/,
    breakStream: (inner) => {
      let held: Uint8Array | undefined
      return wrap(inner, {
        write: (chunk) => {
          if (held === undefined && chunk.length === 1) {
            held = chunk
            return true
          }
          const writable = inner.writeAll(held === undefined ? [chunk] : [chunk, held])
          held = undefined
          return writable
        },
      })
    },
  },
  {
    name: 'ignores pause',
    pick: /^pause/,
    complaint: /paused/,
    breakStream: (inner) => wrap(inner, { pause: () => {} }),
  },
  {
    name: 'never says no',
    pick: /^backpressure/,
    complaint: /still returned true/,
    breakStream: (inner) =>
      wrap(inner, {
        write: (chunk) => {
          inner.write(chunk)
          return true
        },
      }),
  },
  {
    name: 'closes twice',
    pick: /^closed is reported once/,
    complaint: /more than once|after closed/,
    breakStream: (inner) =>
      wrap(inner, {
        start: (handlers) => {
          inner.start(
            wrapHandlers(handlers, {
              closed: (error) => {
                handlers.closed(error)
                handlers.closed(error)
              },
            }),
          )
        },
      }),
  },
  {
    name: 'calls handlers from inside a call',
    pick: /^abort by the dialler: /,
    complaint: /from inside/,
    breakStream: (inner) => {
      let handlers: StreamHandlers | undefined
      return wrap(inner, {
        start: (given) => {
          handlers = given
          inner.start(given)
        },
        abort: (error) => {
          inner.abort(error)
          handlers?.drain()
        },
      })
    },
  },
  {
    name: 'half-closes both ways',
    pick: /^half-close by the dialler/,
    complaint: /write after end|closed|waited/,
    breakStream: (inner) =>
      wrap(inner, {
        start: (handlers) => {
          inner.start(
            wrapHandlers(handlers, {
              end: () => {
                inner.end()
                handlers.end()
              },
            }),
          )
        },
      }),
  },
  {
    name: 'hides an abort as an end',
    pick: /^abort by the listener: /,
    complaint: /orderly end|expected reset/,
    breakStream: (inner) =>
      wrap(inner, {
        start: (handlers) => {
          inner.start(
            wrapHandlers(handlers, {
              closed: (error) => {
                if (error?.code !== 'reset') return handlers.closed(error)
                handlers.end()
                handlers.closed()
              },
            }),
          )
        },
      }),
  },
  {
    name: 'starts twice',
    pick: /^misuse/,
    complaint: /second start/,
    breakStream: (inner) => {
      let started = false
      return wrap(inner, {
        start: (handlers) => {
          if (!started) inner.start(handlers)
          started = true
        },
      })
    },
  },
  {
    name: 'does not know its address',
    pick: /^addresses/,
    complaint: /end says memory:\/\/somewhere/,
    breakStream: (inner) => wrap(inner, { localAddress: 'memory://somewhere' }),
  },
]

describe('the conformance suite finds a transport that', () => {
  test.each(cases)('$name', async ({ pick, complaint, breakStream }) => {
    const found = await failures(broken(breakStream), pick)
    expect(found).toHaveLength(1)
    expect(found[0]).toMatch(complaint)
  })

  test('and passes one that only wraps', async () => {
    expect(
      await failures(
        broken((inner) => wrap(inner, {})),
        /^(?!large|backpressure)/,
      ),
    ).toEqual([])
  })
})
