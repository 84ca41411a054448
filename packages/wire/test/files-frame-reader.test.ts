import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  encodeFilesInit,
  encodeFilesRequest,
  encodeFilesResponse,
  FilesRequestReader,
  FilesResponseReader,
  MAX_FILES_PAYLOAD_BYTES,
} from '../src/files/index.js'
import { fromHex } from '../src/index.js'
import { chunks, concat, cuts } from './support/cuts.js'
import { codeOf } from './support/errors.js'
import { mutated } from './support/mutate.js'

const INIT = encodeFilesInit()
const request = fc.record({
  command: fc.nat(255),
  requestId: fc.nat(0xffff),
  payload: fc.uint8Array({ maxLength: 300 }),
})
const response = fc.record({
  status: fc.constantFrom(0, 1),
  requestId: fc.nat(0xffff),
  payload: fc.uint8Array({ maxLength: 300 }),
})

function readAll(
  reader: FilesRequestReader | FilesResponseReader,
  bytes: Uint8Array,
  sizes: readonly number[],
): unknown[] {
  const said: unknown[] = []
  const code = codeOf(() => {
    for (const chunk of chunks(bytes, sizes)) {
      reader.push(chunk)
      for (let frame: object | undefined; (frame = reader.next()); ) said.push(frame)
    }
    reader.end()
  })
  return code === undefined ? said : [...said, code]
}

test('frames cut anyhow are the same frames, and belong to the caller', () => {
  fc.assert(
    fc.property(
      fc.array(request, { maxLength: 6 }),
      fc.array(response, { maxLength: 6 }),
      cuts,
      (asked, told, sizes) => {
        const requests = concat([INIT, ...asked.map(encodeFilesRequest)])
        expect(readAll(new FilesRequestReader(), requests, sizes)).toEqual(asked)
        const responses = concat(told.map(encodeFilesResponse))
        expect(readAll(new FilesResponseReader(), responses, sizes)).toEqual(told)
      },
    ),
    { seed: 1 },
  )
})

test('any bytes give the same frames and the same error, cut or not', () => {
  const seeds = fc.sample(request, { seed: 3, numRuns: 20 }).map((each) => {
    return concat([INIT, encodeFilesRequest(each), encodeFilesRequest(each)])
  })
  fc.assert(
    fc.property(mutated(seeds), cuts, (bytes, sizes) => {
      for (const make of [() => new FilesRequestReader(), () => new FilesResponseReader()]) {
        expect(readAll(make(), bytes, sizes)).toEqual(readAll(make(), bytes, [bytes.length + 1]))
      }
    }),
    { seed: 2, numRuns: 1000 },
  )
})

test('a stream cut off inside a frame is truncated, between frames it is not', () => {
  const frame = encodeFilesResponse({ status: 0, requestId: 1, payload: fromHex('aabb') })
  const whole = concat([frame, frame])
  for (let end = 0; end <= whole.length; end++) {
    const between = end % frame.length === 0
    expect(readAll(new FilesResponseReader(), whole.subarray(0, end), [5]).at(-1) === 'truncated').toBe(!between)
  }
  expect(readAll(new FilesRequestReader(), INIT.subarray(0, 1), [1])).toEqual(['truncated'])
  expect(readAll(new FilesRequestReader(), INIT, [1])).toEqual([])
})

describe('what is refused', () => {
  test.each(['0000', '0200', '0101', '1001'])('an opening of %s', (hex) => {
    expect(readAll(new FilesRequestReader(), fromHex(hex), [1])).toEqual(['unexpected-type'])
  })

  test('a payload above the ceiling, at its header; then every call throws the same', () => {
    const reader = new FilesResponseReader()
    const header = fromHex(`000002${(MAX_FILES_PAYLOAD_BYTES + 1).toString(16).padStart(8, '0')}`)
    reader.push(header)
    let first: unknown
    try {
      reader.next()
    } catch (error) {
      first = error
    }
    expect(first).toMatchObject({ name: 'WireError', code: 'frame-too-large' })
    reader.push(fromHex('00000200000000'))
    expect(() => reader.next()).toThrow(first as Error)
    expect(reader.bufferedBytes).toBe(0)
  })

  test('a payload above a limit of the caller', () => {
    const frame = encodeFilesResponse({ status: 0, requestId: 1, payload: fromHex('aabb') })
    expect(readAll(new FilesResponseReader({ maxPayloadBytes: 2 }), frame, [100])).toHaveLength(1)
    expect(readAll(new FilesResponseReader({ maxPayloadBytes: 1 }), frame, [100])).toEqual(['frame-too-large'])
  })

  test('a status that is none', () => {
    expect(readAll(new FilesResponseReader(), fromHex('02000100000000'), [100])).toEqual(['unexpected-type'])
  })
})

test('bytes that were promised and did not come are not allocated', () => {
  const before = process.memoryUsage().arrayBuffers
  const readers = Array.from({ length: 500 }, () => {
    const reader = new FilesResponseReader()
    reader.push(fromHex('00000200200000aabbcc'))
    expect(reader.next()).toBeUndefined()
    return reader
  })
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000)
  expect(readers.every(({ bufferedBytes }) => bufferedBytes === 10)).toBe(true)
})
