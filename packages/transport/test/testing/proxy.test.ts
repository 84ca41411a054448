import { afterEach, describe, expect, test } from 'vitest'
import type { ByteStream } from '../../src/index.js'
import { tcp } from '../../src/tcp.js'
import { Checksum, Probe, turns } from '../../src/testing/conformance/probe.js'
import { createFaultyProxy, createRandom, type StreamFaults } from '../../src/testing/index.js'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

/** A server that answers every chunk with its own bytes, each plus `add`. */
async function adder(add: number): Promise<string> {
  const onStream = (stream: ByteStream): void => {
    const probe = new Probe(stream)
    probe.onData = (chunk) => {
      if (!probe.call((end) => end.write(chunk.map((byte) => byte + add)))) stream.pause()
    }
    probe.onDrain = () => stream.resume()
    probe.start()
    probe
      .until(() => probe.ended, 'end')
      .then(
        () => stream.end(),
        () => {},
      )
  }
  const listener = await tcp().listen('tcp://127.0.0.1:0', { onStream })
  cleanups.push(() => listener.close())
  return listener.address
}

async function proxyTo(target: string, faults: StreamFaults = {}) {
  const proxy = await createFaultyProxy({ listen: 'tcp://127.0.0.1:0', target, faults, seed: 3 })
  cleanups.push(() => proxy.close())
  return proxy
}

async function dial(address: string): Promise<Probe> {
  const probe = new Probe(await tcp().dial(address)).start()
  probe.kept = []
  cleanups.push(() => probe.stream.abort())
  return probe
}

describe('faulty proxy', () => {
  test('everything passes, cut in pieces, and the half-close too', async () => {
    const proxy = await proxyTo(await adder(0), { splitBytes: 3_000 })
    const probe = new Probe(await tcp().dial(proxy.address)).start()
    const bytes = createRandom(1).bytes(1_000_000)
    const sum = new Checksum()
    sum.add(bytes)
    const chunks = Array.from({ length: 100 }, (_, index) => bytes.slice(index * 10_000, (index + 1) * 10_000))
    await probe.writePaced(chunks)
    probe.stream.end()
    await probe.untilClosed()
    expect(probe.error).toBeUndefined()
    expect(probe.receivedBytes).toBe(1_000_000)
    expect(probe.checksum.value).toBe(sum.value)
    await turns(50)
    expect(proxy.streams).toBe(0)
  })

  test('the target changes at run time', async () => {
    const proxy = await proxyTo(await adder(1))
    const first = await dial(proxy.address)
    first.stream.write(Uint8Array.of(10))
    await first.untilReceived(1)
    proxy.target = await adder(2)
    const second = await dial(proxy.address)
    second.stream.write(Uint8Array.of(10))
    await second.untilReceived(1)
    first.stream.write(Uint8Array.of(20))
    await first.untilReceived(2)
    expect([first.kept, second.kept]).toEqual([[11, 21], [12]])
  })

  test('cut resets what runs; the next one passes', async () => {
    const proxy = await proxyTo(await adder(1))
    const first = await dial(proxy.address)
    first.stream.write(Uint8Array.of(1))
    await first.untilReceived(1)
    proxy.cut()
    await first.untilClosed()
    expect(first.error?.code).toBe('reset')
    const second = await dial(proxy.address)
    second.stream.write(Uint8Array.of(1))
    await second.untilReceived(1)
    expect(second.closes).toBe(0)
  })

  test('freeze keeps everything open and silent until thaw', async () => {
    const proxy = await proxyTo(await adder(1))
    const early = await dial(proxy.address)
    early.stream.write(Uint8Array.of(1))
    await early.untilReceived(1)
    proxy.freeze()
    const late = await dial(proxy.address)
    early.stream.write(Uint8Array.of(1))
    late.stream.write(Uint8Array.of(1))
    await turns(200)
    expect([early.receivedBytes, late.receivedBytes, early.closes, late.closes]).toEqual([1, 0, 0, 0])
    proxy.thaw()
    await Promise.all([early.untilReceived(2), late.untilReceived(1)])
  })

  test('a target that is not there resets the stream; a cut by chance does too', async () => {
    const gone = await tcp().listen('tcp://127.0.0.1:0', { onStream: (stream) => stream.abort() })
    await gone.close()
    const proxy = await proxyTo(gone.address)
    const probe = await dial(proxy.address)
    await probe.untilClosed()
    expect(probe.error?.code).toBe('reset')
    const cutting = await proxyTo(await adder(1), { cutAfterBytes: 1_000 })
    const cut = await dial(cutting.address)
    while (cut.closes === 0) {
      cut.stream.write(new Uint8Array(100))
      await turns(5)
    }
    expect(cut.error?.code).toBe('reset')
  })

  test('close resets everything and frees the address', async () => {
    const target = await adder(1)
    const proxy = await createFaultyProxy({ listen: 'tcp://127.0.0.1:0', target })
    const probe = await dial(proxy.address)
    probe.stream.write(Uint8Array.of(1))
    await probe.untilReceived(1)
    await proxy.close()
    await probe.untilClosed()
    const again = await createFaultyProxy({ listen: proxy.address, target })
    await again.close()
  })
})
