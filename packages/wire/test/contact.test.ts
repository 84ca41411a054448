import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromHex, type WireErrorCode } from '../src/index.js'
import {
  type ContactRequestFrame,
  decodeFrame,
  encodeFrame,
  encodeFrameInto,
  FrameReader,
  FrameType,
  frameByteLength,
  type PeerFrame,
} from '../src/peer/index.js'
import { concat, cuts } from './support/cuts.js'
import { codeOf } from './support/errors.js'
import { requestFrame, SAMPLE_REQUESTS } from './support/frames.js'
import { mutated } from './support/mutate.js'
import { readAll } from './support/read-all.js'

const PING = encodeFrame({ type: 'ping' }, 'current')
const request: ContactRequestFrame = { type: 'contactRequest', message: 'x', nickname: 'y', info: '' }

test('the frames of the current generation are decoded as they were encoded', () => {
  fc.assert(
    fc.property(requestFrame, fc.nat(30), (frame, offset) => {
      const bytes = encodeFrame(frame, 'current')
      expect(bytes.length).toBe(frameByteLength(frame, 'current'))
      expect(decodeFrame(bytes)).toEqual(frame)
      const target = new Uint8Array(offset + bytes.length)
      expect(encodeFrameInto(frame, 'current', target, offset)).toBe(target.length)
      expect(target.subarray(offset)).toEqual(bytes)
    }),
    { seed: 1, numRuns: 300 },
  )
})

test('a frame cut off anywhere is truncated', () => {
  for (const frame of SAMPLE_REQUESTS) {
    const bytes = encodeFrame(frame, 'current')
    for (let end = 0; end < bytes.length; end++) {
      expect(codeOf(() => decodeFrame(bytes.subarray(0, end)))).toBe('truncated')
    }
  }
})

test('a stream of them cut anyhow gives the same frames, any bytes the same answer', () => {
  const samples = SAMPLE_REQUESTS.map((frame) => concat([encodeFrame(frame, 'current'), PING]))
  fc.assert(
    fc.property(fc.array(requestFrame, { maxLength: 6 }), cuts, (frames, sizes) => {
      expect(readAll(concat(frames.map((frame) => encodeFrame(frame, 'current'))), sizes)).toEqual(frames)
    }),
    { seed: 2 },
  )
  fc.assert(
    fc.property(mutated(samples), cuts, (bytes, sizes) => {
      expect(readAll(bytes, sizes)).toEqual(readAll(bytes, [bytes.length + 1]))
    }),
    { seed: 3, numRuns: 1000 },
  )
})

describe('other generations', () => {
  test.each(['classic', 'overlay'] as const)('%s: they are not written', (generation) => {
    for (const frame of SAMPLE_REQUESTS) {
      const target = new Uint8Array(2000)
      expect(codeOf(() => encodeFrame(frame, generation))).toBe('unexpected-type')
      expect(codeOf(() => frameByteLength(frame, generation))).toBe('unexpected-type')
      expect(codeOf(() => encodeFrameInto(frame, generation, target, 0))).toBe('unexpected-type')
      expect(target.every((byte) => byte === 0)).toBe(true)
    }
  })

  test.each(['classic', 'overlay'] as const)(
    '%s: a reader that knows it skips them, whatever is in them',
    (generation) => {
      const garbage = fromHex('0000000000000fa00000000000000004ffffffff')
      const bytes = concat([garbage, ...SAMPLE_REQUESTS.map((frame) => encodeFrame(frame, 'current')), PING])
      const expected = [
        { type: 'unknown', code: 4000, size: 4 },
        ...SAMPLE_REQUESTS.map((frame) => ({
          type: 'unknown',
          code: FrameType[frame.type as 'contactRequest'],
          size: frameByteLength(frame, 'current') - 16,
        })),
        { type: 'ping' },
      ]
      for (const size of [1, 16, 10_000])
        expect(readAll(bytes, [size], new FrameReader({ generation }))).toEqual(expected)
      expect(readAll(bytes, [10_000], new FrameReader({ generation: 'current' }))).toEqual(['length'])
    },
  )
})

describe('the avatar', () => {
  test('that is too large to be kept is skipped as it comes, the request stays', () => {
    const bytes = encodeFrame({ ...request, avatar: new Uint8Array(500_000).fill(0xab) }, 'current')
    const reader = new FrameReader({ limits: { avatarBytes: 499_999 } })
    const frames: PeerFrame[] = []
    for (let at = 0; at < bytes.length; at += 10_000) {
      reader.push(bytes.subarray(at, at + 10_000))
      for (let frame: PeerFrame | undefined; (frame = reader.next()); ) frames.push(frame)
      expect(reader.bufferedBytes).toBeLessThan(100)
    }
    reader.push(PING)
    expect([...frames, reader.next()]).toEqual([request, { type: 'ping' }])
  })

  test('of 51,201 bytes is written as others write it, who do not keep it', () => {
    const bytes = encodeFrame({ ...request, avatar: new Uint8Array(51_201).fill(0xab) }, 'current')
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(
      '581c44a60053f4962a5028295395da2757b35173153137fe9e12bdf3d7f15025',
    )
    expect((decodeFrame(bytes) as ContactRequestFrame).avatar).toHaveLength(51_201)
  })
})

describe('the encoder refuses what the decoder would refuse', () => {
  test.each<[string, PeerFrame, WireErrorCode]>([
    ['message', { ...request, message: 'x'.repeat(16_385) }, 'length'],
    ['nickname', { ...request, nickname: 'ы'.repeat(513) }, 'length'],
    ['info', { ...request, info: 'x'.repeat(16_385) }, 'length'],
    ['avatar', { ...request, avatar: new Uint8Array(1_048_577) }, 'length'],
    ['a known code as unknown', { type: 'unknown', code: 3000, size: 0 }, 'unexpected-type'],
  ])('%s', (_, frame, code) => {
    expect(codeOf(() => encodeFrame(frame, 'current'))).toBe(code)
  })

  test('raised limits raise both', () => {
    const frame = { ...request, nickname: 'n'.repeat(2_000), message: 'm'.repeat(20_000), info: 'i'.repeat(20_000) }
    const limits = { contactMessageBytes: 20_000, contactNicknameBytes: 2_000, contactInfoBytes: 20_000 }
    expect(decodeFrame(encodeFrame(frame, 'current', limits), limits)).toEqual(frame)
  })
})
