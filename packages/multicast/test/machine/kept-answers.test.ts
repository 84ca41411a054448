import { describe, expect, test } from 'vitest'
import { KeptAnswers } from '../../src/machine/kept-answers.js'

/** A packet that differs from others in its nonce and its tag. */
function packet(number: number): Uint8Array {
  return new Uint8Array(60).fill(number)
}

/** Of all lengths, the later ones longer than the room that the first ones had. */
function answer(number: number): Uint8Array {
  return new Uint8Array(45 + 60 * number).fill(number)
}

describe('answers are kept', () => {
  test.each([1, 3, 16])('of the last %i packets, each with its own', (size) => {
    const kept = new KeptAnswers(size)
    for (let number = 1; number <= 20; number++) {
      kept.keep(kept.note(packet(number)), answer(number))
      for (let old = 1; old <= number; old++)
        expect(kept.find(packet(old)), `${old} of ${number}`).toEqual(number - old < size ? answer(old) : undefined)
    }
  })

  test('in whatever order they come', () => {
    const kept = new KeptAnswers(4)
    const tickets = [1, 2, 3].map((number) => kept.note(packet(number)))
    kept.keep(tickets[2] as number, answer(3))
    kept.keep(tickets[0] as number, answer(1))
    expect([1, 2, 3].map((number) => kept.find(packet(number)))).toEqual([answer(1), undefined, answer(3)])
  })

  test('not for a packet whose place is taken by then', () => {
    const kept = new KeptAnswers(2)
    const late = kept.note(packet(1))
    for (const number of [2, 3]) kept.keep(kept.note(packet(number)), answer(number))
    kept.keep(late, answer(1))
    expect([1, 2, 3].map((number) => kept.find(packet(number)))).toEqual([undefined, answer(2), answer(3)])
  })

  test('not at all where none are wanted', () => {
    const kept = new KeptAnswers(0)
    kept.keep(kept.note(packet(1)), answer(1))
    expect(kept.find(packet(1))).toBeUndefined()
  })
})
