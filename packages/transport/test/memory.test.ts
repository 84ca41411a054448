import { describe, expect, test } from 'vitest'
import type { ByteStream } from '../src/index.js'
import { createMemoryNetwork } from '../src/memory.js'
import { Probe, turns } from '../src/testing/conformance/probe.js'

describe('memory network', () => {
  test('networks are strangers to each other', async () => {
    const [here, there] = [createMemoryNetwork(), createMemoryNetwork()]
    await here.streams.listen('memory://a', { onStream: (stream) => stream.abort() })
    await expect(there.streams.dial('memory://a')).rejects.toMatchObject({ code: 'refused' })
  })

  test('a name closed and taken again is not closed by the old listener', async () => {
    const { streams } = createMemoryNetwork()
    const onStream = (stream: ByteStream): void => stream.abort()
    const old = await streams.listen('memory://a', { onStream })
    await old.close()
    await streams.listen('memory://A', { onStream })
    await old.close()
    await expect(streams.listen('memory://a', { onStream })).rejects.toMatchObject({ code: 'address-in-use' })
  })

  test('the high-water mark is the one asked for', async () => {
    const { streams } = createMemoryNetwork({ highWaterMarkBytes: 10 })
    let accept: (stream: ByteStream) => void = () => {}
    const arrival = new Promise<ByteStream>((resolve) => {
      accept = resolve
    })
    await streams.listen('memory://a', { onStream: (stream) => accept(stream) })
    const near = new Probe(await streams.dial('memory://a')).start()
    expect(near.stream.write(new Uint8Array(9))).toBe(true)
    expect(near.stream.write(new Uint8Array(1))).toBe(false)
    const far = new Probe(await arrival).start()
    await far.untilReceived(10)
    await near.until(() => near.drains === 1, 'drain')
    near.stream.abort()
  })

  test('datagrams: delivered later, kept for a reader not attached yet, lost without one', async () => {
    const { datagrams } = createMemoryNetwork({ maxDatagramBytes: 100 })
    const a = await datagrams.open('memory://a')
    const b = await datagrams.open('memory://B')
    expect(b.localAddress).toBe('memory://b')
    for (let count = 0; count < 300; count++) a.send(Uint8Array.of(count), a.peer('memory://b'))
    a.send(Uint8Array.of(1), a.peer('memory://nobody'))
    await turns(2)
    const seen: string[] = []
    const closes: unknown[] = []
    b.start({
      message: (bytes, from) => seen.push(`${bytes[0]} ${from.address}`),
      closed: (error) => closes.push(error),
    })
    expect(seen).toEqual([])
    await turns(2)
    expect(seen).toHaveLength(256)
    expect(seen[1]).toBe('1 memory://a')
    expect(() => a.send(new Uint8Array(101), a.peer('memory://b'))).toThrow(
      expect.objectContaining({ code: 'too-large' }),
    )
    expect(() => b.start({ message: () => {}, closed: () => {} })).toThrow(expect.objectContaining({ code: 'misuse' }))
    await expect(datagrams.open('memory://a')).rejects.toMatchObject({ code: 'address-in-use' })
    a.send(Uint8Array.of(9), a.peer('memory://b'))
    await Promise.all([b.close(), b.close()])
    a.send(Uint8Array.of(9), a.peer('memory://b'))
    b.send(Uint8Array.of(9), b.peer('memory://a'))
    await turns(2)
    expect(seen).toHaveLength(256)
    expect(closes).toEqual([undefined])
    await datagrams.open('memory://b')
    const aborted = datagrams.open('memory://c', { signal: AbortSignal.abort() })
    await expect(aborted).rejects.toMatchObject({ code: 'aborted' })
  })
})
