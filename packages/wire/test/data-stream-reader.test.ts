import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromHex } from '../src/index.js'
import {
  type DataFrame,
  type DataStreamEvent,
  DataStreamReader,
  encodeDataFrame,
  encodeDataHeader,
  MAX_DATA_BYTES,
} from '../src/peer/index.js'
import { chunks, concat, cuts } from './support/cuts.js'
import { codeOf } from './support/errors.js'
import { dataFrame } from './support/frames.js'
import { mutated } from './support/mutate.js'

const header = { guid: 1n, replyTo: 0n, sendTimeMs: 2n, editTimeMs: 0n, messageType: 0 }

/** What a reader says about a stream cut so: frames put together again, `open` for one without end, the code of the error. */
function readAll(bytes: Uint8Array, sizes: readonly number[]): unknown[] {
  const reader = new DataStreamReader()
  const said: unknown[] = []
  let open: { frame: Omit<DataFrame, 'data'>; data: number[]; dataBytes: number } | undefined
  const code = codeOf(() => {
    for (const chunk of chunks(bytes, sizes)) {
      reader.push(chunk)
      for (let event: DataStreamEvent | undefined; (event = reader.next()); ) {
        if (event.type === 'header') {
          expect(open).toBeUndefined()
          const { dataBytes, ...frame } = event.header
          open = { frame, data: [], dataBytes }
        } else if (event.type === 'data') {
          expect(event.bytes.length).toBeGreaterThan(0)
          open!.data.push(...event.bytes)
        } else {
          expect(open!.data).toHaveLength(open!.dataBytes)
          said.push({ ...open!.frame, data: Uint8Array.from(open!.data) })
          open = undefined
        }
      }
    }
    reader.end()
  })
  return [...said, ...(open === undefined ? [] : [open]), ...(code === undefined ? [] : [code])]
}

test('frames cut anyhow are the same frames', () => {
  fc.assert(
    fc.property(fc.array(dataFrame, { maxLength: 6 }), cuts, (frames, sizes) => {
      expect(readAll(concat(frames.map(encodeDataFrame)), sizes)).toEqual(frames)
    }),
    { seed: 1 },
  )
})

test('any bytes give the same events and the same error, cut or not', () => {
  const seeds = fc.sample(dataFrame, { seed: 3, numRuns: 20 }).map((frame) => {
    return concat([encodeDataFrame(frame), encodeDataFrame({ ...header, data: fromHex('aa') })])
  })
  fc.assert(
    fc.property(mutated(seeds), cuts, (bytes, sizes) => {
      expect(readAll(bytes, sizes)).toEqual(readAll(bytes, [bytes.length + 1]))
    }),
    { seed: 2, numRuns: 1500 },
  )
})

test('a stream cut off inside a frame is truncated, between frames it is not', () => {
  const one = encodeDataFrame({ ...header, data: fromHex('aabbcc') })
  const whole = concat([one, encodeDataFrame({ ...header, data: new Uint8Array(0) })])
  for (let end = 0; end <= whole.length; end++) {
    const between = end === 0 || end === one.length || end === whole.length
    expect(readAll(whole.subarray(0, end), [5]).at(-1) === 'truncated').toBe(!between)
  }
})

test('a header comes before any data, an empty frame has an end', () => {
  const reader = new DataStreamReader()
  reader.push(encodeDataHeader({ ...header, dataBytes: 2 }))
  expect(reader.next()).toEqual({ type: 'header', header: { ...header, dataBytes: 2 } })
  expect(reader.next()).toBeUndefined()
  expect(codeOf(() => reader.end())).toBe('truncated')
  reader.push(fromHex('aa'))
  reader.push(concat([fromHex('bb'), encodeDataHeader({ ...header, dataBytes: 0 })]))
  expect([1, 2, 3, 4, 5, 6].map(() => reader.next()?.type)).toEqual(['data', 'data', 'end', 'header', 'end', undefined])
  reader.end()
})

describe('bytes', () => {
  test('of the data are views of the chunk', () => {
    const reader = new DataStreamReader()
    const chunk = encodeDataFrame({ ...header, data: fromHex('aabb') })
    reader.push(chunk)
    reader.next()
    const event = reader.next()
    if (event?.type !== 'data') throw new Error('expected data')
    expect(event.bytes.buffer).toBe(chunk.buffer)
  })

  test('of a frame of 512 MiB go through without being held', () => {
    const reader = new DataStreamReader()
    const chunk = new Uint8Array(1_048_576)
    const before = process.memoryUsage().arrayBuffers
    reader.push(encodeDataHeader({ ...header, dataBytes: MAX_DATA_BYTES }))
    let bytes = 0
    for (let sent = 0; sent < MAX_DATA_BYTES; sent += chunk.length) {
      reader.push(chunk)
      for (let event: DataStreamEvent | undefined; (event = reader.next()); ) {
        if (event.type === 'data') bytes += event.bytes.length
      }
    }
    reader.end()
    expect(bytes).toBe(MAX_DATA_BYTES)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000)
  })
})

describe('what is refused, at the header', () => {
  test.each([
    ['ffffffffffffffff', 'length'],
    ['0000000020000001', 'frame-too-large'],
    ['7fffffffffffffff', 'frame-too-large'],
  ] as const)('a size of %s', (size, code) => {
    const bytes = concat([encodeDataHeader({ ...header, dataBytes: 0 }).subarray(0, 36), fromHex(size)])
    expect(readAll(bytes, [10])).toEqual([code])
  })

  test('what is above a limit of the caller', () => {
    const reader = new DataStreamReader({ maxDataBytes: 10 })
    reader.push(encodeDataHeader({ ...header, dataBytes: 10 }))
    expect(reader.next()?.type).toBe('header')
    reader.push(new Uint8Array(10))
    expect([reader.next()?.type, reader.next()?.type]).toEqual(['data', 'end'])
    reader.push(encodeDataHeader({ ...header, dataBytes: 11 }))
    expect(codeOf(() => reader.next())).toBe('frame-too-large')
  })

  test('and after it nothing but the same error', () => {
    const reader = new DataStreamReader({ maxDataBytes: 0 })
    reader.push(encodeDataFrame({ ...header, data: fromHex('aa') }))
    let first: unknown
    try {
      reader.next()
    } catch (error) {
      first = error
    }
    expect(first).toMatchObject({ name: 'WireError', code: 'frame-too-large', field: 'dataSize' })
    reader.push(encodeDataFrame({ ...header, data: new Uint8Array(0) }))
    expect(() => reader.next()).toThrow(first as Error)
  })
})
