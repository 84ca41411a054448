import { isTransportError } from '@mimirjs/transport'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { STREAM_LABEL } from '../../src/stream/segment.js'
import { connect, End, Link, until } from './support/nodes.js'
import { isSame, pattern } from './support/simulation.js'

let link: Link

beforeEach(() => {
  link = new Link()
})
afterEach(async () => {
  vi.unstubAllGlobals()
  await link.close()
})

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => new Error('it did not fail'),
    (reason: unknown) => reason,
  )
  if (isTransportError(error)) return error.code
  throw error
}

describe('streams and sessions', () => {
  for (const loss of [0, 0.05]) {
    test(`sessions are renewed before their message limit, without loss, where ${loss * 100} % is lost`, async () => {
      const limits = { messagesPerSession: 200 }
      const [a, b] = [await link.open(1, { limits }), await link.open(2, { limits })]
      link.memory.faults = { dropChance: loss }
      const sessionIds = new Set<string>()
      link.memory.listen((bytes) => {
        if (bytes[0] === 2) sessionIds.add(bytes.slice(1, 17).join())
      })
      const { dialled, accepted } = await connect(a, b)
      const words = pattern(1_000_000)
      await Promise.all([dialled.write(words), accepted.write(words)])
      dialled.stream.end()
      accepted.stream.end()
      await until(() => dialled.isClosed && accepted.isClosed, 'both ends to close')
      expect([dialled.error, accepted.error]).toEqual([undefined, undefined])
      expect([isSame(dialled.received, words), isSame(accepted.received, words)]).toEqual([true, true])
      expect(sessionIds.size).toBeGreaterThan(5)
    })
  }

  test('the addresses, and the key that the session has proven', async () => {
    const [a, b] = [await link.open(1), await link.open(2)]
    const { dialled, accepted, listener } = await connect(a, b)
    expect(listener.address).toBe(b.address)
    expect([dialled.stream.remoteAddress, dialled.stream.localAddress]).toEqual([b.address, a.address])
    expect([accepted.stream.remoteAddress, accepted.stream.localAddress]).toEqual([a.address, b.address])
    expect(dialled.stream.remotePublicKey).toEqual(b.publicKey)
    expect(accepted.stream.remotePublicKey).toEqual(a.publicKey)
  })

  test('both dial at once: two streams', async () => {
    const [a, b] = [await link.open(1), await link.open(2)]
    const [one, two] = await Promise.all([connect(a, b), connect(b, a)])
    one.dialled.stream.write(Uint8Array.of(1))
    two.dialled.stream.write(Uint8Array.of(2))
    await until(() => one.accepted.receivedBytes + two.accepted.receivedBytes === 2, 'both bytes')
    expect([...one.accepted.received, ...two.accepted.received]).toEqual([1, 2])
  })

  test('requests go on beside streams, and data of streams is no request', async () => {
    const [a, b] = [await link.open(1), await link.open(2)]
    const asked: Uint8Array[] = []
    b.answer((payload) => {
      asked.push(payload)
      return Uint8Array.of(9)
    })
    const { dialled, accepted } = await connect(a, b)
    const session = await a.connect(b.address)
    dialled.stream.write(Uint8Array.of(1, 2))
    expect(await session.request(Uint8Array.of(5))).toEqual(Uint8Array.of(9))
    await until(() => accepted.receivedBytes === 2, 'the bytes of the stream')
    expect(asked).toEqual([Uint8Array.of(5)])
  })

  test('a node that takes no streams hands what has the label to its program; the dial times out', async () => {
    const [a, b] = [await link.open(1), await link.open(2)]
    const asked: Uint8Array[] = []
    b.answer((payload) => {
      asked.push(payload)
      return undefined
    })
    expect(await codeOf(a.streams.dial(b.address, { timeoutMs: 300 }))).toBe('timeout')
    expect(asked[0]?.slice(0, 4)).toEqual(STREAM_LABEL)
  })

  test('a node that was started anew: the next dial gets through, the streams of before end', async () => {
    const a = await link.open(1)
    const before = await link.open(2)
    const { dialled } = await connect(a, before)
    // A crash: nothing is said.
    link.memory.faults = { dropChance: 1 }
    await before.close()
    link.memory.faults = {}
    const after = await link.open(2, { group: groupOf(before.address) })
    expect(after.address).toBe(before.address)
    const again = await connect(a, after)
    again.dialled.stream.write(Uint8Array.of(1))
    await until(() => again.accepted.receivedBytes === 1, 'a byte of the new stream')
    dialled.stream.write(Uint8Array.of(1))
    await until(() => dialled.isClosed, 'the old stream to end')
    expect(dialled.error?.code).toBe('reset')
  })

  test('closing a node ends its streams here and there, and nothing more can be opened', async () => {
    const [a, b] = [await link.open(1), await link.open(2)]
    const { dialled, accepted } = await connect(a, b)
    const { streams } = a
    await a.close()
    await until(() => dialled.isClosed && accepted.isClosed, 'both ends to close')
    expect([dialled.error?.code, accepted.error?.code]).toEqual(['aborted', 'reset'])
    expect(await codeOf(streams.dial(b.address))).toBe('aborted')
    expect(await codeOf(streams.listen(a.address, { onStream: () => {} }))).toBe('aborted')
  })

  test('addresses that cannot be dialled or listened at', async () => {
    const [a, b] = [await link.open(1), await link.open(2)]
    expect(await codeOf(a.streams.dial(a.address))).toBe('bad-address')
    expect(await codeOf(a.streams.listen(b.address, { onStream: () => {} }))).toBe('bad-address')
    expect(await codeOf(a.streams.dial('mp2p://00@224.0.240.1:1024'))).toBe('bad-address')
  })

  test('a listener that throws loses the stream, not the node', async () => {
    const [a, b] = [await link.open(1), await link.open(2)]
    const thrown: unknown[] = []
    const real = queueMicrotask
    vi.stubGlobal('queueMicrotask', (callback: () => void) =>
      real(() => {
        try {
          callback()
        } catch (error) {
          thrown.push(error)
        }
      }),
    )
    await b.streams.listen(b.address, {
      onStream: () => {
        throw new Error('of the program')
      },
    })
    const dialled = new End(await a.streams.dial(b.address))
    await until(() => dialled.isClosed, 'the stream to end')
    expect(dialled.error?.code).toBe('reset')
    expect(thrown).toEqual([new Error('of the program')])
  })
})

function groupOf(address: string): string {
  return /@(.*):/.exec(address)?.[1] ?? ''
}
