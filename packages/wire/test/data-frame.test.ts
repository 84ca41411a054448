import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { toHex, type WireErrorCode } from '../src/index.js'
import {
  DATA_HEADER_BYTES,
  type DataHeader,
  decodeDataFrame,
  encodeDataFrame,
  encodeDataHeader,
  MAX_CONTROL_PAYLOAD_BYTES,
  MAX_DATA_BYTES,
  StreamRole,
} from '../src/peer/index.js'
import { codeOf } from './support/errors.js'
import { dataFrame } from './support/frames.js'
import { mutated } from './support/mutate.js'

const header: DataHeader = {
  guid: 12n,
  replyTo: 3n,
  sendTimeMs: 1_774_000_000_123n,
  editTimeMs: 0n,
  messageType: 0,
  dataBytes: 65_537,
}

test('a frame is decoded as it was encoded, its header alone is its beginning', () => {
  fc.assert(
    fc.property(dataFrame, (frame) => {
      const bytes = encodeDataFrame(frame)
      expect(decodeDataFrame(bytes)).toEqual(frame)
      const { data, ...rest } = frame
      expect(toHex(encodeDataHeader({ ...rest, dataBytes: data.length })) + toHex(data)).toBe(toHex(bytes))
    }),
    { seed: 1 },
  )
})

test('the first payload that goes on the data stream', () => {
  const { dataBytes, ...rest } = header
  const bytes = encodeDataFrame({ ...rest, data: new Uint8Array(dataBytes).fill(0x62) })
  expect(dataBytes).toBe(MAX_CONTROL_PAYLOAD_BYTES + 1)
  expect(createHash('sha256').update(bytes).digest('hex')).toBe(
    '6f01e5efd74170e0c943c78d315203fe88bb51681455e77bb4ad23a7d3180b04',
  )
})

test('a frame cut off anywhere is truncated, one with more behind it has trailing bytes', () => {
  const { dataBytes: _, ...rest } = header
  const bytes = encodeDataFrame({ ...rest, data: new Uint8Array(20) })
  for (let end = 0; end < bytes.length; end++) {
    expect(codeOf(() => decodeDataFrame(bytes.subarray(0, end)))).toBe('truncated')
  }
  expect(codeOf(() => decodeDataFrame(Uint8Array.from([...bytes, 0])))).toBe('trailing')
})

test('a stream begins with its role', () => {
  expect(StreamRole).toEqual({ control: 0, data: 1 })
})

describe('sizes', () => {
  const withSize = (size: bigint) => {
    const bytes = encodeDataHeader(header)
    new DataView(bytes.buffer).setBigInt64(36, size)
    return bytes
  }
  test.each<[bigint, WireErrorCode]>([
    [-1n, 'length'],
    [-(2n ** 63n), 'length'],
    [-(2n ** 32n), 'length'],
    [BigInt(MAX_DATA_BYTES), 'truncated'],
    [BigInt(MAX_DATA_BYTES) + 1n, 'frame-too-large'],
    [2n ** 32n, 'frame-too-large'],
    [2n ** 63n - 1n, 'frame-too-large'],
  ])('%d', (size, code) => {
    expect(codeOf(() => decodeDataFrame(withSize(size)))).toBe(code)
  })

  test.each<[Partial<DataHeader>, WireErrorCode]>([
    [{ dataBytes: MAX_DATA_BYTES + 1 }, 'frame-too-large'],
    [{ dataBytes: -1 }, 'out-of-range'],
    [{ dataBytes: 0.5 }, 'out-of-range'],
    [{ guid: 2n ** 63n }, 'out-of-range'],
    [{ replyTo: -(2n ** 63n) - 1n }, 'out-of-range'],
    [{ sendTimeMs: 2n ** 63n }, 'out-of-range'],
    [{ editTimeMs: 2n ** 63n }, 'out-of-range'],
    [{ messageType: 2 ** 31 }, 'out-of-range'],
  ])('the encoder refuses %o', (change, code) => {
    expect(codeOf(() => encodeDataHeader({ ...header, ...change }))).toBe(code)
  })

  test('the largest header is written', () => {
    expect(encodeDataHeader({ ...header, dataBytes: MAX_DATA_BYTES })).toHaveLength(DATA_HEADER_BYTES)
  })
})

test('any bytes give a frame or a WireError', () => {
  const { dataBytes: _, ...rest } = header
  fc.assert(
    fc.property(
      mutated([encodeDataFrame({ ...rest, data: new Uint8Array(30) }), encodeDataHeader(header)]),
      (bytes) => {
        codeOf(() => {
          expect(toHex(encodeDataFrame(decodeDataFrame(bytes)))).toBe(toHex(bytes))
        })
      },
    ),
    { seed: 2, numRuns: 2000 },
  )
})
