import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromHex } from '../src/index.js'
import {
  decodeFrame,
  encodeFrame,
  encodeTextHead,
  FrameReader,
  FrameType,
  type PeerFrame,
  type TextFrame,
} from '../src/peer/index.js'
import { chunks, concat, cuts } from './support/cuts.js'
import { codeOf } from './support/errors.js'
import { peerFrame, SAMPLE_FRAMES } from './support/frames.js'
import { mutated } from './support/mutate.js'
import { readAll } from './support/read-all.js'

const STREAM = concat(SAMPLE_FRAMES.map((frame) => encodeFrame(frame, 'classic')))
const PING = encodeFrame({ type: 'ping' }, 'classic')

test.each([1, 2, 3, 7, 16, 17, 100, 1000, STREAM.length])('chunks of %d bytes give the same frames', (size) => {
  expect(readAll(STREAM, [size])).toEqual(SAMPLE_FRAMES)
})

test('frames cut anyhow are the same frames', () => {
  fc.assert(
    fc.property(fc.array(peerFrame, { maxLength: 8 }), cuts, (frames, sizes) => {
      expect(readAll(concat(frames.map((frame) => encodeFrame(frame, 'current'))), sizes)).toEqual(frames)
    }),
    { seed: 1 },
  )
})

test('any bytes give the same frames and the same error, cut or not', () => {
  const seeds = SAMPLE_FRAMES.slice(0, 40).map((frame) => concat([encodeFrame(frame, 'overlay'), PING]))
  fc.assert(
    fc.property(mutated(seeds), cuts, (bytes, sizes) => {
      expect(readAll(bytes, sizes)).toEqual(readAll(bytes, [bytes.length + 1]))
    }),
    { seed: 2, numRuns: 1500 },
  )
})

test('a stream cut off inside a frame is truncated, between frames it is not', () => {
  const whole = concat([encodeFrame(SAMPLE_FRAMES[0]!, 'classic'), PING])
  for (let end = 0; end <= whole.length; end++) {
    const between = end === 0 || end === whole.length - 16 || end === whole.length
    expect(readAll(whole.subarray(0, end), [5]).at(-1) === 'truncated').toBe(!between)
  }
})

test('chunks that are pushed before the last one is read out are kept', () => {
  const reader = new FrameReader()
  for (let at = 0; at < STREAM.length; at += 130) reader.push(STREAM.subarray(at, at + 130))
  expect(reader.bufferedBytes).toBe(STREAM.length)
  for (const frame of SAMPLE_FRAMES) expect(reader.next()).toEqual(frame)
  expect(reader.next()).toBeUndefined()
  expect(reader.bufferedBytes).toBe(0)
  reader.end()
})

test('after an error every call gives the same error', () => {
  const reader = new FrameReader()
  reader.push(concat([fromHex('0000000000000008ffffffffffffffff'), PING]))
  let first: unknown
  try {
    reader.next()
  } catch (error) {
    first = error
  }
  expect(first).toMatchObject({ name: 'WireError', code: 'header-size' })
  reader.push(PING)
  expect(() => reader.next()).toThrow(first as Error)
})

describe('bytes', () => {
  const frame: TextFrame = {
    type: 'text',
    guid: 1n,
    replyTo: 0n,
    sendTimeMs: 2n,
    editTimeMs: 0n,
    messageType: 3,
    payload: new Uint8Array(10_000_000).map((_, at) => at % 251),
  }
  const bytes = encodeFrame(frame, 'classic')

  test('of whole frames are views of the chunk, plain ones even if it is a Buffer', () => {
    const reader = new FrameReader()
    const chunk = Buffer.from(concat([PING, encodeFrame({ type: 'callPacket', data: fromHex('0102') }, 'overlay')]))
    reader.push(chunk)
    reader.next()
    const packet = reader.next()
    if (packet?.type !== 'callPacket') throw new Error('expected a call packet')
    expect(packet.data.constructor).toBe(Uint8Array)
    chunk[chunk.length - 1] = 9
    expect(packet.data).toEqual(fromHex('0109'))
  })

  test('of a large frame in many chunks are gathered at a cost that grows with the frame', () => {
    const reader = new FrameReader()
    let got: PeerFrame | undefined
    for (let at = 0; at < bytes.length; at += 1000) {
      expect(got).toBeUndefined()
      reader.push(bytes.subarray(at, at + 1000))
      got = reader.next()
    }
    expect(Buffer.compare((got as TextFrame).payload, frame.payload)).toBe(0)
    // The buffer they were gathered in is no larger than the frame.
    expect((got as TextFrame).payload.buffer.byteLength).toBe(bytes.length)
  })

  test('that were promised and did not come are not allocated', () => {
    const head = encodeTextHead(frame, 'classic')
    const before = process.memoryUsage().arrayBuffers
    const readers = Array.from({ length: 500 }, () => {
      const reader = new FrameReader()
      reader.push(head)
      expect(reader.next()).toBeUndefined()
      reader.push(frame.payload.subarray(0, 100))
      expect(reader.next()).toBeUndefined()
      return reader
    })
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2_000_000)
    expect(readers.every((reader) => reader.bufferedBytes === head.length + 100)).toBe(true)
  })

  test('of unknown frames and of huge avatars are dropped as they come', () => {
    const reader = new FrameReader({ limits: { unknownBytes: 5_000_000, avatarBytes: 10 } })
    const unknown = new Uint8Array(16 + 5_000_000)
    unknown.set(fromHex('0000000000000f9f00000000004c4b40'))
    const info = concat([
      fromHex('000000000000000700000000000000000000000000000001000000016100000000'),
      fromHex('000f4240'),
    ])
    const stream = [unknown, info, new Uint8Array(1_000_000), PING]
    const frames: PeerFrame[] = []
    for (const part of stream) {
      for (let at = 0; at < part.length; at += 60_000) {
        reader.push(part.subarray(at, at + 60_000))
        for (let got: PeerFrame | undefined; (got = reader.next()); ) frames.push(got)
        expect(reader.bufferedBytes).toBeLessThan(100)
      }
    }
    expect(frames).toEqual([
      { type: 'unknown', code: 3999, size: 5_000_000 },
      { type: 'infoResponse', timeSeconds: 1n, nickname: 'a', info: '' },
      { type: 'ping' },
    ])
    reader.end()
  })
})

test('a chunk that has been read is not kept alive', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const reader = new FrameReader()
  const readOne = () => {
    const chunk = concat([PING, PING, PING.subarray(0, 5)])
    reader.push(chunk)
    while (reader.next() !== undefined);
    return new WeakRef(chunk)
  }
  const read = readOne()
  await setImmediate()
  collect()
  expect(read.deref()).toBeUndefined()
  expect(reader.bufferedBytes).toBe(5)
})

describe('peekType', () => {
  test('knows the next frame as soon as its header is there', () => {
    const reader = new FrameReader()
    const bytes = encodeFrame({ type: 'ok', id: 5n }, 'classic')
    for (let at = 0; at < bytes.length; at++) {
      expect(reader.peekType()).toBe(at >= 16 ? FrameType.ok : undefined)
      reader.push(bytes.subarray(at, at + 1))
      if (at < bytes.length - 1) expect(reader.next()).toBeUndefined()
    }
    expect(reader.peekType()).toBe(FrameType.ok)
    expect(reader.next()).toEqual({ type: 'ok', id: 5n })
    expect(reader.peekType()).toBeUndefined()
  })

  test('changes nothing', () => {
    fc.assert(
      fc.property(cuts, (sizes) => {
        const reader = new FrameReader()
        const frames: PeerFrame[] = []
        for (const chunk of chunks(STREAM, sizes)) {
          reader.push(chunk)
          for (;;) {
            const code = reader.peekType()
            const frame = reader.next()
            if (frame === undefined) break
            frames.push(structuredClone(frame))
            expect(code).toBe(frame.type === 'unknown' ? frame.code : FrameType[frame.type])
          }
        }
        expect(frames).toEqual(SAMPLE_FRAMES)
      }),
      { seed: 3, numRuns: 30 },
    )
  })

  test('names an unknown frame while its body is being dropped', () => {
    const reader = new FrameReader()
    reader.push(fromHex('0000000000000f9f000000000000000401'))
    expect(reader.next()).toBeUndefined()
    expect(reader.peekType()).toBe(3999)
    expect(codeOf(() => reader.end())).toBe('truncated')
    reader.push(fromHex('020304'))
    expect(reader.next()).toEqual({ type: 'unknown', code: 3999, size: 4 })
    expect(reader.peekType()).toBeUndefined()
  })
})

test('the stream reader and the decoder of one frame agree', () => {
  for (const frame of SAMPLE_FRAMES) {
    const bytes = encodeFrame(frame, 'classic')
    expect(readAll(bytes, [bytes.length])).toEqual([decodeFrame(bytes)])
  }
})
