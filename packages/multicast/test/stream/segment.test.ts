import { describe, expect, test } from 'vitest'
import {
  createAck,
  createSegment,
  decodeSegment,
  encodeReset,
  type FlowSegment,
  isNewer,
  ResetReason,
  readRanges,
  SEGMENT_HEAD_BYTES,
  SegmentType,
  STREAM_LABEL,
  writeHead,
} from '../../src/stream/segment.js'

const ID = String.fromCharCode(0, 1, 2, 3, 0xfc, 0xfd, 0xfe, 0xff)
const HEAD = { number: 0x01020304, echo: 0xf1f2f3f4, offset: 2 ** 47 + 5, ack: 0x0a0b0c0d0e0f, window: 0x80000001 }

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

function dataSegment(): Uint8Array {
  const payload = createSegment(SegmentType.data, ID, 3)
  payload.set([7, 8, 9], SEGMENT_HEAD_BYTES)
  writeHead(payload, HEAD)
  return payload
}

describe('segments', () => {
  test('DATA: label, type, id, number, echo, offset, ack, window, bytes', () => {
    expect(hex(dataSegment())).toBe(
      'ff6d7301' +
        '03' +
        '00010203fcfdfeff' +
        '01020304' +
        'f1f2f3f4' +
        '800000000005' +
        '0a0b0c0d0e0f' +
        '80000001' +
        '070809',
    )
    const { body, ...rest } = decodeSegment(dataSegment()) as FlowSegment
    expect(rest).toEqual({ type: SegmentType.data, streamId: ID, ...HEAD })
    expect([...body]).toEqual([7, 8, 9])
  })

  test('ACK: ranges of start and length', () => {
    const ranges = [
      { start: 2 ** 40, end: 2 ** 40 + 1 },
      { start: 2 ** 41, end: 2 ** 41 + 0xffff_ffff },
    ]
    const payload = createAck(ID, ranges)
    expect(hex(payload.subarray(SEGMENT_HEAD_BYTES))).toBe('010000000000' + '00000001' + '020000000000' + 'ffffffff')
    expect(readRanges((decodeSegment(payload) as FlowSegment).body)).toEqual(ranges)
  })

  test('RESET: the reason, and nothing else', () => {
    const payload = encodeReset(ID, ResetReason.busy)
    expect(hex(payload)).toBe('ff6d7301' + '06' + '00010203fcfdfeff' + '03')
    expect(decodeSegment(payload)).toEqual({ type: SegmentType.reset, streamId: ID, reason: ResetReason.busy })
    expect(decodeSegment(encodeReset(ID, 6 as ResetReason))).toBeUndefined()
  })

  test('no text begins with the label', () => {
    expect(() => new TextDecoder('utf-8', { fatal: true }).decode(STREAM_LABEL)).toThrow()
  })

  test('a segment cut anywhere in its head is none', () => {
    const whole = dataSegment()
    for (let size = 4; size <= SEGMENT_HEAD_BYTES; size++) {
      expect(decodeSegment(whole.subarray(0, size)), `${size} bytes`).toBeUndefined()
    }
    expect(decodeSegment(encodeReset(ID, 0).subarray(0, 13))).toBeUndefined()
  })

  test('every type has its sizes only', () => {
    const sizes: Record<number, readonly number[]> = {
      [SegmentType.open]: [0],
      [SegmentType.accept]: [0],
      [SegmentType.data]: [1, 2, 10, 640, 650],
      [SegmentType.ack]: [0, 10, 640],
      [SegmentType.fin]: [0],
      [SegmentType.reset]: [],
      [SegmentType.ping]: [0],
    }
    for (let type = 0; type < 256; type++) {
      for (const size of [0, 1, 2, 10, 640, 650]) {
        const isGood = sizes[type]?.includes(size) ?? false
        const decoded = decodeSegment(createSegment(type as SegmentType, ID, size))
        expect(decoded !== undefined, `type ${type} with ${size} bytes`).toBe(isGood)
      }
    }
  })

  test('numbers begin again after 2^32 - 1', () => {
    expect(isNewer(2, 1)).toBe(true)
    expect(isNewer(1, 1)).toBe(false)
    expect(isNewer(0, 0xffff_ffff)).toBe(true)
    expect(isNewer(0xffff_ffff, 0)).toBe(false)
  })
})
