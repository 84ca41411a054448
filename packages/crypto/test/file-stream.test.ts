// What a file leaves in memory, seen through a cipher of our own.
import { describe, expect, test } from 'vitest'
import { CryptoError } from '../src/error.js'
import { type ConvertChunk, FileStream } from '../src/file/stream.js'
import { createSha256 } from '../src/portable.js'
import { CHUNK, FILE_KEY } from './files.js'
import { codeOf } from './helpers.js'

/** A stream whose cipher copies, refuses the chunk at `refused`, and remembers what it saw. */
function watched(refused = Number.POSITIVE_INFINITY) {
  const seen: { key: Uint8Array; converted: Uint8Array[] } = { key: new Uint8Array(0), converted: [] }
  const convert: ConvertChunk = (key, index, chunk) => {
    seen.key = key
    if (index === refused) throw new CryptoError('authentication', 'refused')
    const copy = chunk.slice()
    seen.converted.push(copy)
    return copy
  }
  return { seen, stream: new FileStream('seal', FILE_KEY, convert, createSha256()) }
}

const isWiped = (bytes: Uint8Array | undefined) => bytes?.every((byte) => byte === 0)
const twoChunks = new Uint8Array(2 * CHUNK).fill(1)

describe('the key', () => {
  test('is a copy, wiped when the file is finished', () => {
    const { seen, stream } = watched()
    stream.push(twoChunks)
    expect(seen.key).toEqual(FILE_KEY)
    expect(seen.key).not.toBe(FILE_KEY)
    stream.finish()
    expect(isWiped(seen.key)).toBe(true)
    expect(isWiped(FILE_KEY)).toBe(false)
  })

  test('of the caller is left alone, also where `slice` makes no copy', () => {
    const key = Buffer.from(FILE_KEY)
    const stream = new FileStream('seal', key, (_, __, chunk) => chunk.slice(), createSha256())
    stream.push(twoChunks)
    stream.finish()
    expect(new Uint8Array(key)).toEqual(FILE_KEY)
  })

  test('is wiped when a chunk is refused', () => {
    const { seen, stream } = watched(0)
    expect(codeOf(() => stream.push(twoChunks))).toBe('authentication')
    expect(isWiped(seen.key)).toBe(true)
  })
})

describe('what came out', () => {
  test('is not wiped when all is well', () => {
    const { seen, stream } = watched()
    stream.push(twoChunks)
    stream.push(Uint8Array.of(1))
    const { lastChunk } = stream.finish()
    expect(seen.converted).toHaveLength(3)
    expect(seen.converted[2]).toBe(lastChunk)
    expect(seen.converted.some(isWiped)).toBe(false)
  })

  test('is wiped when the next chunk of the same piece is refused', () => {
    const { seen, stream } = watched(1)
    expect(codeOf(() => stream.push(twoChunks))).toBe('authentication')
    expect(seen.converted.map(isWiped)).toEqual([true])
  })

  test('at the end is wiped when the file is not the one expected', () => {
    const { seen, stream } = watched()
    stream.push(Uint8Array.of(1, 2, 3))
    expect(codeOf(() => stream.finish({ plainBytes: 4 }))).toBe('authentication')
    expect(seen.converted.map(isWiped)).toEqual([true])
  })
})
