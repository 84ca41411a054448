import { describe, expect, test } from 'vitest'
import { Reception } from '../../src/call/reception.js'

/** Packets of 20 ms that come exactly in time. */
function receive(...sequences: number[]): { reception: Reception; played: number[] } {
  const reception = new Reception()
  const played = sequences.filter((sequence) => reception.note(sequence, sequence * 20, 1_000 + sequence * 20))
  return { reception, played }
}

describe('the books', () => {
  test('all there', () => {
    const { reception, played } = receive(0, 1, 2, 3)
    expect(reception.figures).toEqual({ received: 4, lost: 0, duplicates: 0, reordered: 0, jitterMs: 0 })
    expect(played).toEqual([0, 1, 2, 3])
  })

  test('some missing: at the beginning, in the middle, at the end', () => {
    const { reception } = receive(2, 3, 6)
    expect(reception.figures).toMatchObject({ received: 3, lost: 4 })
    reception.noteEnd(9)
    expect(reception.figures).toMatchObject({ received: 3, lost: 6 })
    reception.noteEnd(4)
    expect(reception.figures).toMatchObject({ lost: 6 })
  })

  test('nothing came, or nothing was to come', () => {
    const { reception } = receive()
    expect(reception.figures).toEqual({ received: 0, lost: 0, duplicates: 0, reordered: 0, jitterMs: 0 })
    reception.noteEnd(0)
    expect(reception.figures.lost).toBe(0)
    reception.noteEnd(5)
    expect(reception.figures.lost).toBe(5)
  })

  test('twice, and out of order: counted, not played', () => {
    const { reception, played } = receive(0, 1, 1, 4, 3, 3, 2, 4, 5)
    expect(reception.figures).toMatchObject({ received: 6, lost: 0, duplicates: 3, reordered: 2 })
    expect(played).toEqual([0, 1, 4, 5])
  })

  test('numbers that begin again at 0', () => {
    const { reception, played } = receive(2 ** 31 - 2, 2 ** 32 - 4, 2 ** 32 - 1, 0, 1, 2 ** 32 - 2)
    expect(reception.figures).toMatchObject({ received: 6, duplicates: 0, reordered: 1, lost: 2 ** 32 + 2 - 6 })
    expect(played).toEqual([2 ** 31 - 2, 2 ** 32 - 4, 2 ** 32 - 1, 0, 1])
  })

  test('what would be before the first is none of ours', () => {
    const { reception, played } = receive(2 ** 32 - 1, 0, 2 ** 32 - 2)
    expect(reception.figures).toMatchObject({ received: 1, duplicates: 2, reordered: 0, lost: 0 })
    expect(played).toEqual([0])
  })

  test('the memory is bounded, and so is what counts as late', () => {
    const reception = new Reception()
    for (let sequence = 0; sequence < 5_000; sequence++)
      if (sequence !== 100 && sequence !== 4_500) reception.note(sequence, 0, 0)
    for (const late of [100, 4_500, 4_500, 3_977]) reception.note(late, 0, 0)
    expect(reception.figures).toMatchObject({ received: 4_999, lost: 1, duplicates: 3, reordered: 1 })
  })

  test('any numbers give figures', () => {
    const reception = new Reception()
    let state = 1
    for (let count = 0; count < 20_000; count++) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      reception.note(count % 3 === 0 ? state : count, state, count)
    }
    const { received, lost, duplicates, reordered, jitterMs } = reception.figures
    expect(received + duplicates).toBe(20_000)
    for (const figure of [received, lost, duplicates, reordered]) expect(figure).toBeGreaterThanOrEqual(0)
    expect(Number.isFinite(jitterMs)).toBe(true)
  })
})

describe('jitter', () => {
  test('as RFC 3550 estimates it', () => {
    const reception = new Reception()
    let expected = 0
    let lastMs = 0
    for (const [sequence, lateMs] of [0, 8, 0, 16, 4].entries()) {
      reception.note(sequence, sequence * 20, 500 + sequence * 20 + lateMs)
      if (sequence > 0) expected += (Math.abs(lateMs - lastMs) - expected) / 16
      lastMs = lateMs
    }
    expect(reception.figures.jitterMs).toBeCloseTo(expected, 3)
  })

  test('timestamps that begin again at 0 are no jump', () => {
    const reception = new Reception()
    for (let sequence = 0; sequence < 4; sequence++)
      reception.note(sequence, (2 ** 32 - 40 + sequence * 20) >>> 0, 1_000 + sequence * 20)
    expect(reception.figures.jitterMs).toBe(0)
  })
})
