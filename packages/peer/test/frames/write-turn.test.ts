import { describe, expect, test } from 'vitest'
import { WriteTurn } from '../../src/frames/write-turn.js'

const turnOver = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('write turn', () => {
  test('memory is given out once, and never again', () => {
    const turn = new WriteTurn()
    const seen = new Map<Uint8Array, number>()
    for (let count = 0; count < 5_000; count++) {
      const byteLength = 1 + ((count * 37) % 300)
      const at = turn.take(byteLength)
      const fits = at >= (seen.get(turn.bytes) ?? 0) && at + byteLength <= turn.bytes.length
      expect(fits && turn.view.buffer === turn.bytes.buffer).toBe(true)
      seen.set(turn.bytes, at + byteLength)
    }
    expect(seen.size).toBeGreaterThan(3)
  })

  test('something larger than a slab gets its own', () => {
    const turn = new WriteTurn()
    expect(turn.take(1_000_000)).toBe(0)
    expect(turn.bytes.length).toBeGreaterThanOrEqual(1_000_000)
  })

  test('flushes when the turn is over, promises that continue in it included', async () => {
    const turn = new WriteTurn()
    const log: string[] = []
    const write = (): void => {
      turn.take(1)
      log.push('write')
    }
    const lanes = [1, 2, 3].map(async (steps) => {
      for (let step = 0; step < steps; step++) await Promise.resolve()
      if (steps === 1) turn.schedule({ flush: () => log.push('flush') })
      write()
    })
    await Promise.all(lanes)
    await turnOver()
    expect(log).toEqual(['write', 'write', 'write', 'flush'])
  })

  test('a turn that never ends is flushed all the same', async () => {
    const turn = new WriteTurn()
    let flushes = 0
    turn.schedule({ flush: () => flushes++ })
    for (let step = 0; step < 20; step++) {
      await Promise.resolve()
      turn.take(1)
    }
    expect(flushes).toBe(1)
  })
})
