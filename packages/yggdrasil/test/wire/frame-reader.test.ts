import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { YggdrasilError } from '../../src/error.js'
import { encodeFrame, KEEP_ALIVE_FRAME, PacketType } from '../../src/wire/frame.js'
import { FrameReader } from '../../src/wire/frame-reader.js'
import { bytesOf, codeOf, concat, mutated } from './support/bytes.js'

interface Seen {
  readonly type: number
  readonly body: Uint8Array
}

const FRAMES: readonly Seen[] = [
  { type: PacketType.keepAlive, body: new Uint8Array(0) },
  { type: PacketType.sigReq, body: bytesOf('0507') },
  { type: PacketType.traffic, body: new Uint8Array(126).fill(0x11) },
  { type: PacketType.traffic, body: new Uint8Array(127).fill(0x22) },
  { type: PacketType.dummy, body: new Uint8Array(20_000).fill(0x33) },
  { type: PacketType.keepAlive, body: new Uint8Array(0) },
]
const STREAM = concat(...FRAMES.map(({ type, body }) => encodeFrame(type, body)))

/** What comes out of `stream` cut into pieces of these sizes, over and over; at last the code of an error. */
function readAll(stream: Uint8Array, sizes: readonly number[], reader: FrameReader = new FrameReader()): unknown[] {
  const seen: unknown[] = []
  let turn = 0
  try {
    for (let at = 0; at < stream.length; turn++) {
      const size = Math.max(sizes[turn % sizes.length]!, 1)
      // A copy that is spoilt afterwards: nothing may be kept of a chunk.
      const chunk = stream.slice(at, at + size)
      reader.push(chunk, (type, body) => seen.push({ type, body: body.slice() }))
      chunk.fill(0xff)
      at += size
    }
  } catch (error) {
    if (!(error instanceof YggdrasilError)) throw error
    seen.push(error.code)
  }
  return seen
}

test.each([1, 2, 3, 7, 100, 127, 1000, STREAM.length])('chunks of %d bytes give the same frames', (size) => {
  expect(readAll(STREAM, [size])).toEqual(FRAMES)
})

const cuts = fc.array(fc.nat({ max: 300 }), { minLength: 1, maxLength: 8 })

test('frames cut anyhow are the same frames', () => {
  const frames = fc.array(fc.record({ type: fc.nat({ max: 9 }), body: fc.uint8Array({ maxLength: 400 }) }), {
    maxLength: 10,
  })
  fc.assert(
    fc.property(frames, cuts, (list, sizes) => {
      expect(readAll(concat(...list.map(({ type, body }) => encodeFrame(type, body))), sizes)).toEqual(list)
    }),
    { seed: 1 },
  )
})

test('any bytes give the same frames and the same error, cut or not', () => {
  const short = concat(
    ...FRAMES.filter(({ body }) => body.length < 200).map(({ type, body }) => encodeFrame(type, body)),
  )
  fc.assert(
    fc.property(mutated([short, bytesOf('82000100010181000100'), bytesOf('ffff07')]), cuts, (bytes, sizes) => {
      const whole = readAll(bytes, [bytes.length + 1])
      const cut = readAll(bytes, sizes)
      expect(cut).toEqual(whole)
    }),
    { seed: 2, numRuns: 1500 },
  )
})

test('what is held is told, and whose it is', () => {
  const reader = new FrameReader()
  expect([reader.bufferedBytes, reader.frames]).toEqual([0, 0])
  readAll(STREAM.subarray(0, 10), [10], reader)
  expect([reader.bufferedBytes, reader.frames]).toEqual([4, 2])
  readAll(STREAM.subarray(10, 14), [10], reader)
  expect([reader.bufferedBytes, reader.frames]).toEqual([8, 2])
  readAll(STREAM.subarray(14), [9999], reader)
  expect([reader.bufferedBytes, reader.frames]).toEqual([0, 6])
})

test('a length in a longer form is what it is', () => {
  expect(readAll(bytesOf('8280000205'), [1])).toEqual([{ type: 2, body: bytesOf('05') }])
})

test('an empty chunk changes nothing', () => {
  const reader = new FrameReader()
  reader.push(new Uint8Array(0), () => expect.unreachable())
  readAll(STREAM.subarray(0, 4), [4], reader)
  reader.push(new Uint8Array(0), () => expect.unreachable())
  expect(reader.bufferedBytes).toBe(2)
})

describe('stopped after so many frames', () => {
  test('it goes on with the rest, and sees the same', () => {
    const list = fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 12 })
    fc.assert(
      fc.property(list, cuts, fc.integer({ min: 1, max: 4 }), (bodies, sizes, maxFrames) => {
        const stream = concat(...bodies.map((body) => encodeFrame(PacketType.dummy, body)))
        const reader = new FrameReader()
        const seen: Uint8Array[] = []
        for (let at = 0, turn = 0; at < stream.length; turn++) {
          const chunk = stream.slice(at, at + Math.max(sizes[turn % sizes.length]!, 1))
          const before = seen.length
          const taken = reader.push(chunk, (_, body) => seen.push(body.slice()), maxFrames)
          chunk.fill(0xff)
          expect(seen.length - before).toBeLessThanOrEqual(maxFrames)
          if (taken < chunk.length) expect(seen.length - before).toBe(maxFrames)
          at += taken
        }
        expect(seen).toEqual(bodies)
        expect(reader.bufferedBytes).toBe(0)
      }),
      { seed: 3 },
    )
  })

  test('what follows is not even looked at', () => {
    const reader = new FrameReader()
    const bytes = concat(KEEP_ALIVE_FRAME, bytesOf('00'))
    expect(reader.push(bytes, () => {}, 1)).toBe(2)
    expect(codeOf(() => reader.push(bytes.subarray(2), () => {}))).toBe('malformed')
  })
})

describe('refused', () => {
  test.each([
    ['an empty frame', '00', 'malformed'],
    ['an empty frame in a longer form', '8000', 'malformed'],
    ['an unknown type', '020a', 'malformed'],
    ['a length that is too large', 'ffff07', 'too-large'],
    ['a length above 53 bits', 'ffffffffffffffffff01', 'too-large'],
    ['a length above 64 bits', 'ffffffffffffffffff02', 'malformed'],
    ['a length that does not end', '80808080808080808080', 'malformed'],
  ])('%s, without a byte more than there is', (_, hex, code) => {
    expect(readAll(bytesOf(hex), [100])).toEqual([code])
    expect(readAll(bytesOf(hex), [1])).toEqual([code])
    expect(readAll(concat(KEEP_ALIVE_FRAME, bytesOf(hex)), [1])).toHaveLength(2)
  })

  test('the limit is to the byte, and an option', () => {
    const largest = encodeFrame(PacketType.dummy, new Uint8Array(131_069))
    expect(readAll(largest, [64_000])).toHaveLength(1)
    const reader = new FrameReader({ maxFrameBytes: 3 })
    expect(readAll(bytesOf('03020102'), [9], reader)).toHaveLength(1)
    expect(readAll(bytesOf('04020102'), [9], reader)).toEqual(['too-large'])
  })

  test('and everything after it, with the same error', () => {
    const reader = new FrameReader()
    expect(readAll(bytesOf('00'), [1], reader)).toEqual(['malformed'])
    expect(readAll(KEEP_ALIVE_FRAME, [2], reader)).toEqual(['malformed'])
    expect(reader.bufferedBytes).toBe(0)
  })
})

describe('what the receiver throws', () => {
  test('passes through and ends the stream when it is a YggdrasilError', () => {
    const reader = new FrameReader()
    const flood = new YggdrasilError('flood', 'too much')
    const push = () =>
      reader.push(STREAM, () => {
        throw flood
      })
    expect(push).toThrow(flood)
    expect(codeOf(() => reader.push(KEEP_ALIVE_FRAME, () => expect.unreachable()))).toBe('flood')
  })

  test('passes through when it is a fault of ours', () => {
    const reader = new FrameReader()
    expect(() =>
      reader.push(KEEP_ALIVE_FRAME, () => {
        throw new RangeError('ours')
      }),
    ).toThrow(RangeError)
  })
})

test('memory grows with what has come, not with what is promised', () => {
  const reader = new FrameReader()
  const kept: Uint8Array[] = []
  reader.push(bytesOf('feff0700'), () => expect.unreachable())
  expect(reader.bufferedBytes).toBe(4)
  // Byte by byte to the end: the frame is one view of the room that was made, at most twice its size.
  for (let at = 0; at < 131_069; at++) reader.push(Uint8Array.of(at), (_, body) => kept.push(body))
  expect(kept[0]).toHaveLength(131_069)
  expect(kept[0]!.buffer.byteLength).toBeLessThanOrEqual(2 * 131_073)
})
