import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ChunkBuffer } from '../src/file/chunk-buffer.js'

const CHUNK_BYTES = 5

/** What comes out when `bytes` go in, cut into pieces of these lengths: chunks as copies, then the rest. */
function run(bytes: Uint8Array, lengths: readonly number[]): Uint8Array[] {
  const buffer = new ChunkBuffer(CHUNK_BYTES)
  const out: Uint8Array[] = []
  let offset = 0
  for (const length of [...lengths, bytes.length]) {
    const piece = bytes.slice(offset, offset + length)
    for (const chunk of buffer.push(piece)) out.push(chunk.slice())
    piece.fill(0xff) // it keeps no view
    offset += length
  }
  return [...out, buffer.rest().slice()]
}

/** The same without pieces. */
function expected(bytes: Uint8Array): Uint8Array[] {
  const whole = Math.floor(bytes.length / CHUNK_BYTES)
  return Array.from({ length: whole + 1 }, (_, at) => bytes.slice(at * CHUNK_BYTES, (at + 1) * CHUNK_BYTES))
}

describe('chunks do not depend on the pieces', () => {
  test('every pair of cuts, every length up to three chunks', () => {
    for (let length = 0; length <= 3 * CHUNK_BYTES + 1; length++) {
      const bytes = Uint8Array.from({ length }, (_, at) => at)
      for (let first = 0; first <= length; first++)
        for (let second = 0; second <= length - first; second++)
          expect(run(bytes, [first, second])).toEqual(expected(bytes))
    }
  })

  test('any cuts', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.array(fc.nat(12), { maxLength: 20 }), (bytes, lengths) => {
        expect(run(bytes, lengths)).toEqual(expected(bytes))
      }),
      { seed: 16, numRuns: 500 },
    )
  })
})

test('a piece that ends where chunks end is not copied', () => {
  const buffer = new ChunkBuffer(CHUNK_BYTES)
  const piece = new Uint8Array(2 * CHUNK_BYTES)
  expect([...buffer.push(piece)].map((chunk) => chunk.buffer)).toEqual([piece.buffer, piece.buffer])
  for (const chunk of buffer.push(piece)) expect(chunk.buffer).toBe(piece.buffer)
  expect(buffer.rest()).toHaveLength(0)
})

test('what it wipes is gone', () => {
  const buffer = new ChunkBuffer(CHUNK_BYTES)
  for (const _ of buffer.push(Uint8Array.of(1, 2, 3))) throw new Error('no chunk is complete')
  const rest = buffer.rest()
  expect(rest).toEqual(Uint8Array.of(1, 2, 3))
  buffer.wipe()
  expect(rest).toEqual(new Uint8Array(3))
  expect(buffer.rest()).toHaveLength(0)
})
