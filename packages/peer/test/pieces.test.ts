import { describe, expect, test } from 'vitest'
import { PayloadPieces, SourcePieces } from '../src/data/pieces.js'
import type { PeerError } from '../src/error.js'
import { digest, pattern } from './support/current.js'
import { concat, turn } from './support/machine.js'

/** Takes pieces as they come, and notes what happens. */
class Taker {
  readonly pieces: Uint8Array[] = []
  readonly source: SourcePieces
  error: PeerError | undefined
  isAtEnd = false

  constructor(source: AsyncIterable<Uint8Array>, dataBytes: number) {
    this.source = new SourcePieces(source, dataBytes, {
      onMore: () => this.take(),
      onFailed: (error) => {
        this.error = error
      },
    })
  }

  take(): this {
    for (;;) {
      const piece = this.source.take()
      if (piece === 'end') this.isAtEnd = true
      if (piece === undefined || piece === 'end') return this
      this.pieces.push(piece)
    }
  }

  async settled(): Promise<this> {
    while (!this.isAtEnd && this.error === undefined) await turn()
    return this
  }
}

async function* inPieces(bytes: Uint8Array, pieceBytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes)
}

const KIB = 1024

describe('a source', () => {
  test.each([
    [1_000_000, 1],
    [1_000_000, 1_000],
    [1_000_000, 64 * KIB],
    [1_000_000, 70_000],
    [3_000_000, 2_000_000],
    [64 * KIB, 64 * KIB],
    [64 * KIB + 1, 64 * KIB],
    [5, 5],
  ])('%i bytes in pieces of %i leave as 64 to 512 KiB', async (byteLength, pieceBytes) => {
    const bytes = pattern(byteLength)
    const { pieces, error } = await new Taker(inPieces(bytes, pieceBytes), byteLength).take().settled()
    expect(error).toBeUndefined()
    expect(digest(concat(pieces))).toBe(digest(bytes))
    for (const piece of pieces) expect(piece.length).toBeLessThanOrEqual(512 * KIB)
    if (pieceBytes <= 64 * KIB)
      for (const piece of pieces.slice(0, -1)) expect(piece.length).toBeGreaterThanOrEqual(64 * KIB)
  })

  test('an empty one', async () => {
    const { pieces, error } = await new Taker(inPieces(pattern(0), 1), 0).take().settled()
    expect([pieces, error]).toEqual([[], undefined])
  })

  test('it is asked when something is taken, and not before or ahead', async () => {
    let asked = 0
    async function* source(): AsyncGenerator<Uint8Array> {
      for (; asked < 10; ) {
        asked++
        yield new Uint8Array(64 * KIB)
      }
    }
    const pieces = new SourcePieces(source(), 10 * 64 * KIB, { onMore() {}, onFailed() {} })
    await turn()
    expect(asked).toBe(0)
    expect(pieces.take()).toBeUndefined()
    await turn()
    expect(asked).toBe(1)
    expect(pieces.take()).toHaveLength(64 * KIB)
    await turn()
    expect(asked, 'what was taken was not asked for').toBe(1)
    expect(pieces.take()).toBeUndefined()
    await turn()
    expect(asked).toBe(2)
  })

  const failing: [string, () => AsyncIterable<Uint8Array>, string][] = [
    ['ends early', () => inPieces(pattern(99), 10), 'message'],
    ['goes on', () => inPieces(pattern(101), 10), 'message'],
    ['goes on behind its last byte', () => inPieces(pattern(110), 10), 'message'],
    [
      'throws',
      async function* () {
        yield pattern(10)
        throw new Error('disk')
      },
      'handler',
    ],
    [
      'cannot be asked',
      () => ({
        [Symbol.asyncIterator]() {
          throw new Error('no')
        },
      }),
      'handler',
    ],
    [
      'gives what is no bytes',
      async function* () {
        yield 'text' as unknown as Uint8Array
      },
      'message',
    ],
  ]
  test.each(failing)('one that %s', async (_, source, code) => {
    const taker = await new Taker(source(), 100).take().settled()
    expect(taker.error).toMatchObject({ code, blame: 'local' })
    expect(taker.isAtEnd).toBe(false)
    expect(concat(taker.pieces).length, 'the last piece was not given').toBeLessThan(100)
  })

  test('one that nobody wants any more is let go, and what it says then is ignored', async () => {
    let isReturned = false
    const source = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise<never>(() => {}),
        return: () => {
          isReturned = true
          return Promise.reject(new Error('late'))
        },
      }),
    }
    const taker = new Taker(source, 100)
    expect(taker.source.rewind(), 'nobody has asked it').toBe(true)
    taker.take()
    expect(taker.source.rewind()).toBe(false)
    taker.source.close()
    taker.source.close()
    await turn()
    expect([isReturned, taker.error, taker.source.take()]).toEqual([true, undefined, undefined])
  })

  test('it is let go as well when it fails in the middle, and not asked when it has ended', async () => {
    let returned = 0
    const make = (count: number): AsyncIterable<Uint8Array> => ({
      [Symbol.asyncIterator]: () => ({
        next: () =>
          Promise.resolve(count-- > 0 ? { done: false, value: pattern(60) } : { done: true, value: undefined }),
        return: () => {
          returned++
          return Promise.resolve({ done: true, value: undefined })
        },
      }),
    })
    await new Taker(make(2), 100).take().settled()
    expect(returned).toBe(1)
    const whole = await new Taker(make(1), 60).take().settled()
    whole.source.close()
    expect(returned).toBe(1)
  })
})

describe('a payload', () => {
  test('in pieces of 512 KiB, and once more from the start', () => {
    const bytes = pattern(1_200_000)
    const pieces = new PayloadPieces(bytes)
    for (let round = 0; round < 2; round++) {
      const taken: Uint8Array[] = []
      for (let piece = pieces.take(); piece !== 'end'; piece = pieces.take()) taken.push(piece)
      expect(taken.map(({ length }) => length)).toEqual([512 * KIB, 512 * KIB, 1_200_000 - 1024 * KIB])
      expect(digest(concat(taken))).toBe(digest(bytes))
      expect(pieces.take()).toBe('end')
      expect(pieces.rewind()).toBe(true)
    }
  })
})
