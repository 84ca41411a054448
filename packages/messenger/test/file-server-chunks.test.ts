import { describe, expect, test } from 'vitest'
import { Chunks } from '../src/file-server/chunks.js'
import { bytesOf, sha256Of } from './support/file-server.js'

async function* pieces(bytes: Uint8Array, sizes: readonly number[]) {
  let at = 0
  for (let index = 0; at < bytes.length; index++) {
    const size = sizes[index % sizes.length]!
    // The piece is given out again and again: whoever keeps it reads something else.
    const piece = bytes.slice(at, at + size)
    yield piece
    piece.fill(0xee)
    at += size
  }
}

async function all(chunks: Chunks): Promise<Uint8Array[]> {
  const found: Uint8Array[] = []
  for (let chunk = await chunks.next(); chunk !== undefined; chunk = await chunks.next()) found.push(chunk.slice())
  return found
}

describe('chunks', () => {
  test.each([[[1]], [[7]], [[10]], [[11]], [[100]], [[0, 3, 0, 25]], [[9, 1]], [[1_000]]])(
    'of 10 bytes are the same whatever the pieces (%j)',
    async (sizes) => {
      for (const total of [0, 1, 9, 10, 11, 100, 105]) {
        const bytes = bytesOf(total)
        const chunks = await all(new Chunks(pieces(bytes, sizes), 10))
        expect(chunks.map(({ length }) => length)).toEqual(
          Array.from({ length: Math.ceil(total / 10) }, (_, at) => Math.min(10, total - 10 * at)),
        )
        expect(sha256Of(...chunks)).toEqual(sha256Of(bytes))
      }
    },
  )

  test('closing returns the source, and does not wait for one that owes a piece', async () => {
    const calls: string[] = []
    const source = (next: () => Promise<IteratorResult<Uint8Array>>) => ({
      [Symbol.asyncIterator]: () => ({
        next,
        return: () => {
          calls.push('return')
          return new Promise<IteratorResult<Uint8Array>>((resolve) =>
            setImmediate(resolve, { value: undefined, done: true }),
          )
        },
      }),
    })
    const idle = new Chunks(
      source(async () => ({ value: bytesOf(10), done: false })),
      10,
    )
    await idle.next()
    await idle.close()
    const stuck = new Chunks(
      source(() => new Promise(() => {})),
      10,
    )
    const waiting = stuck.next()
    await stuck.close()
    expect(calls).toEqual(['return', 'return'])
    expect(await Promise.race([waiting, Promise.resolve('waits')])).toBe('waits')
  })

  test('what the source throws goes on', async () => {
    const broken = async function* () {
      yield bytesOf(5)
      throw new Error('gone')
    }
    await expect(new Chunks(broken(), 10).next()).rejects.toThrow('gone')
  })
})
