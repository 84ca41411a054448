import { describe, expect, test } from 'vitest'
import { createMemoryNetwork } from '../../src/memory.js'
import { Checksum, openPair, Probe, turns } from '../../src/testing/conformance/probe.js'
import { createClock, createRandom, faultyStreams, type StreamFaults } from '../../src/testing/index.js'

function open(faults: StreamFaults, seed: number, clock = createClock()) {
  return openPair(faultyStreams(createMemoryNetwork().streams, faults, { seed, clock }), 'memory://a')
}

describe('faulty streams', () => {
  test('split: pieces of 1 to the limit, nothing lost', async () => {
    const { dialled, accepted } = await open({ splitBytes: 5 }, 1)
    const sizes = new Set<number>()
    accepted.onData = (chunk) => sizes.add(chunk.length)
    accepted.start()
    const bytes = createRandom(9).bytes(3_000)
    dialled.start().stream.write(bytes)
    await accepted.untilReceived(3_000)
    const sum = new Checksum()
    sum.add(bytes)
    expect(accepted.checksum.value).toBe(sum.value)
    expect([...sizes].sort()).toEqual([1, 2, 3, 4, 5])
  })

  test('a view kept after the call is overwritten', async () => {
    const { dialled, accepted } = await open({}, 1)
    const views: Uint8Array[] = []
    accepted.onData = (chunk) => views.push(chunk)
    accepted.start()
    const bytes = Uint8Array.of(1, 2, 3)
    dialled.start().stream.write(bytes)
    await accepted.untilReceived(3)
    expect(views).toEqual([Uint8Array.of(0xa5, 0xa5, 0xa5)])
    expect(bytes).toEqual(Uint8Array.of(1, 2, 3))
  })

  test('delay and throttle: bytes come when the clock says so, in order, then the end', async () => {
    const clock = createClock()
    const { dialled, accepted } = await open({ splitBytes: 1, delayMs: 100, bytesPerSecond: 10 }, 3, clock)
    accepted.kept = []
    accepted.start()
    dialled.start().stream.write(Uint8Array.of(1, 2, 3, 4))
    dialled.stream.end()
    await turns()
    expect(accepted.receivedBytes).toBe(0)
    for (let bytes = 1; bytes <= 4; bytes++) {
      // A byte takes a tenth of a second on the line; the first may be held back as long on top.
      clock.advance(bytes === 1 ? 200 : 100)
      await accepted.untilReceived(bytes)
      await turns()
      expect(accepted.receivedBytes).toBeLessThanOrEqual(bytes + 1)
    }
    clock.advance(100)
    await accepted.until(() => accepted.ended, 'the end')
    expect(accepted.kept).toEqual([1, 2, 3, 4])
  })

  test('cut: both ends see a reset, at the same place for the same seed', async () => {
    const run = async (seed: number): Promise<number> => {
      const { dialled, accepted } = await open({ cutAfterBytes: 5_000, splitBytes: 100 }, seed)
      accepted.start()
      dialled.start()
      for (let count = 0; count < 200 && dialled.closes === 0; count++) {
        dialled.stream.write(new Uint8Array(100))
        await turns(3)
      }
      await Promise.all([dialled.untilClosed(), accepted.untilClosed()])
      expect([dialled.error?.code, accepted.error?.code]).toEqual(['reset', 'reset'])
      expect([...dialled.complaints, ...accepted.complaints]).toEqual([])
      return accepted.receivedBytes
    }
    const places = await Promise.all([1, 2, 3, 4, 1, 2, 3, 4].map(run))
    expect(places.slice(0, 4)).toEqual(places.slice(4))
    expect(new Set(places).size).toBe(4)
    for (const place of places) expect(place).toBeLessThanOrEqual(5_000)
  })

  test('cutChance spares the rest', async () => {
    const { dialled, accepted } = await open({ cutAfterBytes: 10, cutChance: 0 }, 1)
    accepted.start()
    dialled.start().stream.write(new Uint8Array(10_000))
    await accepted.untilReceived(10_000)
    expect(dialled.closes + accepted.closes).toBe(0)
  })

  test('refuseChance refuses dials', async () => {
    const network = createMemoryNetwork()
    const transport = faultyStreams(network.streams, { refuseChance: 0.5 }, { seed: 4 })
    await transport.listen('memory://a', {
      onStream: (stream) => {
        new Probe(stream).start()
      },
    })
    const results = await Promise.allSettled(Array.from({ length: 40 }, () => transport.dial('memory://a')))
    const refused = results.filter((result) => result.status === 'rejected')
    expect(refused.length).toBeGreaterThan(10)
    expect(refused.length).toBeLessThan(30)
    for (const { reason } of refused) expect(reason).toMatchObject({ code: 'refused' })
  })

  test('abort while an orderly close waits for held bytes: closed with the reason', async () => {
    const clock = createClock()
    const { dialled, accepted } = await open({ delayMs: 1_000 }, 5, clock)
    accepted.start()
    dialled.start().stream.write(Uint8Array.of(1))
    dialled.stream.end()
    accepted.stream.end()
    await turns()
    accepted.stream.abort()
    dialled.stream.abort()
    await turns()
    expect([accepted.closes, accepted.error?.code]).toEqual([1, 'aborted'])
    expect([dialled.closes, dialled.error?.code]).toEqual([1, 'aborted'])
    clock.advance(10_000)
    await turns()
    expect([accepted.closes, dialled.closes, accepted.receivedBytes]).toEqual([1, 1, 0])
  })
})
