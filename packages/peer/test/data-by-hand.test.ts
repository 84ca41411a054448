// Data streams as others write and read them: the other side is bytes, put together by hand.
import { createMemoryNetwork } from '@mimirjs/transport/memory'
import { createClock, createRandom } from '@mimirjs/transport/testing'
import { encodeDataFrame, encodeDataHeader, type PeerFrame } from '@mimirjs/wire/peer'
import { describe, expect, test } from 'vitest'
import { BENCHES, dataFrame } from './support/bench-by-hand.js'
import { digest, Kept, pattern } from './support/current.js'
import { alice, bob } from './support/keys.js'
import { concat, message } from './support/machine.js'
import { answerByHand } from './support/original.js'
import { WireEnd } from './support/wire-end.js'
import { Resident, turns } from './support/world.js'

const text = (words: string): Uint8Array => new TextEncoder().encode(words)

/** Files go into these, and have their OK when they are whole. */
function keepFiles(kept: Kept[]): (resident: Resident) => void {
  return (resident) => {
    resident.handlers = (connection) => ({
      file(header) {
        const sink = new Kept(header, () => {
          if (sink.ended) connection.acknowledge(header.guid)
          resident.changed()
        })
        kept.push(sink)
        resident.changed()
        return sink
      },
    })
  }
}

describe.each(BENCHES)('what comes, $name', ({ make }) => {
  test('frames are messages; their OK goes on the control stream, and nothing on the data stream', async () => {
    const { b, shaken, prefix, open, close } = await make()
    const data = await open(prefix)
    data.data(dataFrame(1n, text('one')), dataFrame(2n, new Uint8Array(0)))
    data.data(dataFrame(3n, text('x'.repeat(100_000)), 10))
    await b.until(() => b.received.length === 3)
    expect(b.received.map(({ length }) => length)).toEqual([3, 0, 100_000])
    for (const id of [1n, 2n, 3n]) expect(await shaken.control.take('ok')).toEqual({ type: 'ok', id })
    expect(data.bytes).toHaveLength(0)
    expect(data.closed).toBe(false)
    await close()
    await data.until(() => data.closed)
  })

  test('cut anywhere: the first bytes and two frames', async () => {
    const { b, prefix, open, close } = await make()
    const frames = [dataFrame(1n, pattern(300)), dataFrame(2n, pattern(10))]
    const bytes = concat([prefix, ...frames.map(encodeDataFrame)])
    const random = createRandom(3)
    for (let round = 1; round <= 40; round++) {
      const data = await open()
      for (let at = 0; at < bytes.length; ) {
        const end = Math.min(bytes.length, at + 1 + random.integer(random.chance(0.5) ? 4 : 200))
        data.write(bytes.slice(at, end))
        at = end
        if (random.chance(0.3)) await turns(1)
      }
      await b.until(() => b.received.length === 2 * round)
      data.stream.abort()
    }
    await close()
  })

  test('the stream ends, or breaks, at every offset of a file: the file fails, the connection goes on', async () => {
    const kept: Kept[] = []
    const peer = { limits: { ...ROOMY_STREAMS, dataStreamsPerMinute: 1_000 } }
    const { b, shaken, prefix, open, close } = await make({ prepare: keepFiles(kept), peer })
    const bytes = encodeDataFrame(dataFrame(9n, pattern(30), 4001))
    for (let length = 0; length < bytes.length; length++) {
      const before = kept.length
      const data = await open(prefix, bytes.slice(0, length))
      if (length >= 44) await b.until(() => kept.length === before + 1)
      else await turns(2)
      if (length % 2 === 0) data.stream.end()
      else data.stream.abort()
      await data.until(() => data.closed)
      if (length < 44) continue
      await b.until(() => kept.at(-1)?.error !== undefined)
      expect(kept.at(-1)).toMatchObject({ ended: false, error: { blame: length % 2 === 0 ? 'remote' : 'transport' } })
    }
    const data = await open(prefix, bytes)
    await b.until(() => kept.at(-1)?.ended === true)
    expect(kept.filter(({ ended }) => ended)).toHaveLength(1)
    expect(await shaken.control.take('ok')).toEqual({ type: 'ok', id: 9n })
    expect(b.ended).toEqual([])
    data.stream.abort()
    await close()
  })

  test('sizes that cannot be end the stream, and nothing else', async () => {
    const { b, prefix, open, close } = await make()
    for (const size of [-1n, 536_870_913n, 2n ** 63n - 1n, -(2n ** 63n)]) {
      const header = encodeDataHeader({ ...dataFrame(1n, text('')), dataBytes: 0 })
      new DataView(header.buffer).setBigInt64(36, size)
      const data = await open(prefix, header)
      await data.until(() => data.closed)
      expect(data.error, `${size}`).toMatchObject({ code: 'reset' })
    }
    const data = await open(prefix)
    data.data(dataFrame(2n, text('still here')))
    await b.until(() => b.received.length === 1)
    expect(b.ended).toEqual([])
    await close()
  })

  test('a size alone costs nothing, and what is too large for a message is skipped', async () => {
    const { b, shaken, prefix, open, close } = await make({ peer: { frames: { attachmentPayloadBytes: 1_000 } } })
    const heldBytes = process.memoryUsage().arrayBuffers
    const data = await open(prefix, encodeDataHeader({ ...dataFrame(1n, text('')), dataBytes: 536_870_912 }))
    await turns(3)
    expect(process.memoryUsage().arrayBuffers - heldBytes).toBeLessThan(10_000_000)
    data.stream.abort()
    const next = await open(prefix)
    next.data(dataFrame(2n, pattern(1_001)), dataFrame(3n, pattern(5_000), 10), dataFrame(4n, text('fits')))
    await b.until(() => b.received.length === 1)
    expect(b.received).toEqual(['fits'])
    expect(await shaken.control.take('ok')).toEqual({ type: 'ok', id: 4n })
    await close()
  })

  test('a stream that overtakes the last frame of the handshake waits for it', async () => {
    const { b, shaken, prefix, open, close } = await make({ lastOk: false })
    const data = await open(prefix)
    data.data(dataFrame(1n, text('early')))
    await turns(10)
    expect(data.closed).toBe(false)
    data.data(dataFrame(2n, text('and more')))
    shaken.control.frame({ type: 'ok', id: 0n })
    await b.until(() => b.received.length === 2)
    expect(b.received).toEqual(['early', 'and more'])
    await close()
  })

  test('it does not wait for a handshake that failed, nor longer than 15 s', async () => {
    const clock = createClock()
    const first = await make({ lastOk: false, peer: { clock, timers: { authMs: 15_000 } } })
    const data = await first.open(first.prefix)
    await turns(3)
    first.shaken.control.stream.abort()
    await data.until(() => data.closed)
    expect(data.error).toMatchObject({ code: 'reset' })
    await first.close()
    const second = await make({ lastOk: false, peer: { clock, timers: { authMs: 15_000 } } })
    const late = await second.open(second.prefix)
    await turns(3)
    clock.advance(14_900)
    await turns(3)
    expect(late.closed).toBe(false)
    clock.advance(200)
    await late.until(() => late.closed)
    await second.close()
  })

  test('a stream without a connection is reset', async () => {
    const { b, shaken, prefix, open, close } = await make()
    shaken.control.stream.end()
    await b.until(() => b.ended.length === 1)
    const data = await open(prefix)
    await data.until(() => data.closed)
    expect(data.error).toMatchObject({ code: 'reset' })
    await close()
  })

  test('a new stream takes the place of the one before, in the middle of a file', async () => {
    const kept: Kept[] = []
    const { b, prefix, open, close } = await make({ prepare: keepFiles(kept) })
    const bytes = encodeDataFrame(dataFrame(9n, pattern(1_000), 4001))
    const first = await open(prefix, bytes.slice(0, 500))
    await b.until(() => kept[0]?.bytes.length === 456)
    const second = await open(prefix, bytes)
    await b.until(() => kept[1]?.ended === true)
    await first.until(() => first.closed)
    expect(kept[0]).toMatchObject({ ended: false, error: { code: 'transport' } })
    expect(digest(kept[1]!.bytes)).toBe(digest(pattern(1_000)))
    second.stream.abort()
    await close()
  })

  test('a flood of data streams: one at a time, and then the end', async () => {
    const { b, prefix, open, close } = await make({ peer: { limits: { ...ROOMY_STREAMS, dataStreamsPerMinute: 20 } } })
    const ends: WireEnd[] = []
    while (b.ended.length === 0) {
      ends.push(await open(prefix))
      await turns(2)
      expect(ends.filter(({ closed }) => !closed).length).toBeLessThanOrEqual(3)
    }
    expect(ends.length).toBeGreaterThan(20)
    expect(b.ended).toMatchObject([{ code: 'limit', blame: 'remote' }])
    await Promise.all(ends.map((end) => end.until(() => end.closed)))
    await close()
  })

  test('a frame that does not get on is given up, the connection is not', async () => {
    const kept: Kept[] = []
    const clock = createClock()
    const options = { prepare: keepFiles(kept), peer: { clock, timers: { dataStallMs: 30_000, pingMs: 1e9 } } }
    const { b, prefix, open, close } = await make(options)
    const data = await open(prefix, encodeDataFrame(dataFrame(9n, pattern(1_000), 4001)).slice(0, 100))
    await b.until(() => kept.length === 1)
    clock.advance(29_900)
    data.write(Uint8Array.of(1))
    await b.until(() => kept[0]?.bytes.length === 57)
    clock.advance(29_900)
    await turns(3)
    expect(data.closed).toBe(false)
    clock.advance(200)
    await data.until(() => data.closed)
    expect(kept[0]).toMatchObject({ ended: false, error: { code: 'timeout', blame: 'timeout' } })
    expect(b.ended).toEqual([])
    await close()
  })
})

const ROOMY_STREAMS = { unauthenticated: 10_000, unauthenticatedPerAddress: 10_000 }

describe('what leaves', () => {
  test('the first bytes at once, however slow the source; then header and payload, and nothing else', async () => {
    const net = createMemoryNetwork().streams
    const ends: WireEnd[] = []
    let answered: ReturnType<typeof answerByHand> | undefined
    await net.listen('memory://b', {
      onStream(stream) {
        if (answered === undefined) answered = answerByHand(stream, bob)
        else ends.push(new WireEnd(stream))
      },
    })
    const a = new Resident(alice, [net], { generation: 'current' })
    const connection = await a.peer.connect(bob.publicKey, ['memory://b'])
    const { control, token } = await answered!
    let give = (): void => {}
    const payload = pattern(70_000)
    async function* slow(): AsyncGenerator<Uint8Array> {
      await new Promise<void>((resolve) => {
        give = resolve
      })
      yield payload
    }
    const { data: _, ...header } = dataFrame(5n, text(''))
    connection.sendData({ ...header, dataBytes: payload.length, source: slow() })
    while (ends.length === 0) await turns(1)
    await ends[0]!.until(() => ends[0]!.bytes.length === 33)
    expect(digest(ends[0]!.bytes)).toBe(digest(concat([Uint8Array.of(1), token])))
    give()
    await ends[0]!.until(() => ends[0]!.bytes.length === 33 + 44 + payload.length)
    expect(digest(ends[0]!.bytes.slice(33))).toBe(digest(encodeDataFrame(dataFrame(5n, payload))))
    control.frame({ type: 'ok', id: 5n })
    await a.until(() => a.acknowledged.length === 1)
    control.stream.abort()
    await a.peer.close()
    expect(ends).toHaveLength(1)
  })
})

describe('tokens', () => {
  const [, { make }] = BENCHES as [unknown, (typeof BENCHES)[number]]

  test('a guess opens nothing', async () => {
    const { b, shaken, open, close } = await make()
    const random = createRandom(4)
    for (let round = 0; round < 60; round++) {
      const token = round % 2 === 0 ? random.bytes(32) : shaken.token.slice()
      if (round % 2 === 1) token[random.integer(32)]! ^= 1 << random.integer(8)
      const data = await open(Uint8Array.of(round % 3 === 0 ? 2 : 1), token, encodeDataFrame(dataFrame(1n, text('no'))))
      await data.until(() => data.closed)
      expect(data.error).toMatchObject({ code: 'reset' })
    }
    expect(b.received).toEqual([])
    expect(b.ended).toEqual([])
    await close()
  })

  test('who accepted asks for a stream to write on, and writes only there; nobody else may open one', async () => {
    const { b, shaken, connection, open, close } = await make()
    const uninvited = await open(Uint8Array.of(2), shaken.token)
    await uninvited.until(() => uninvited.closed)
    const payload = pattern(200_000)
    connection.send({ ...message(77n), payload })
    expect(await shaken.control.take('streamWanted')).toEqual({ type: 'streamWanted' })
    const data = await open(Uint8Array.of(2), shaken.token)
    await data.until(() => data.bytes.length === 44 + payload.length)
    expect(digest(data.bytes)).toBe(digest(encodeDataFrame(dataFrame(77n, payload))))
    shaken.control.frame({ type: 'ok', id: 77n })
    await b.until(() => b.acknowledged.length === 1)
    connection.send({ ...message(78n), payload: payload.slice(1) })
    await data.until(() => data.bytes.length === 2 * (44 + payload.length) - 1)
    expect(shaken.control.frames().filter((frame: PeerFrame) => frame.type === 'streamWanted')).toHaveLength(1)
    await close()
  })

  test('a wish that nobody fulfils is repeated once; then the connection closes', async () => {
    const clock = createClock()
    const { b, shaken, connection, close } = await make({ peer: { clock, timers: { pingMs: 1e9 } } })
    connection.send({ ...message(77n), payload: pattern(100_000) })
    await shaken.control.take('streamWanted')
    clock.advance(15_100)
    await shaken.control.take('streamWanted')
    expect(b.ended).toEqual([])
    clock.advance(15_100)
    await b.until(() => b.ended.length === 1)
    expect(b.ended).toMatchObject([{ code: 'timeout' }])
    await close()
  })

  test('a stream on which the other side writes although it is ours is cut', async () => {
    const { b, shaken, connection, open, close } = await make()
    connection.send({ ...message(77n), payload: pattern(100_000) })
    for (const _ of [1, 2]) {
      await shaken.control.take('streamWanted')
      const data = await open(Uint8Array.of(2), shaken.token)
      await data.until(() => data.bytes.length > 0)
      data.write(Uint8Array.of(0))
      await data.until(() => data.closed)
    }
    await b.until(() => b.ended.length === 1)
    expect(b.ended).toMatchObject([{ code: 'unexpected-type', blame: 'remote' }])
    await close()
  })
})
