import { expect, test } from 'vitest'
import { SignatureBudget } from '../src/signature-budget.js'

test('so many signatures per address and minute', () => {
  const budget = new SignatureBudget(3)
  const taken = (address: string, nowMs: number): boolean => budget.take(address, nowMs)
  expect([0, 1, 2, 3, 59_999].map((ms) => taken('a', ms))).toEqual([true, true, true, false, false])
  expect(taken('b', 4)).toBe(true)
  expect([60_000, 60_001, 60_002, 60_003].map((ms) => taken('a', ms))).toEqual([true, true, true, false])
})

test('a stranger cannot make it grow', () => {
  const budget = new SignatureBudget(1)
  for (let at = 0; at < 5_000; at++) expect(budget.take(`address ${at}`, at)).toBe(true)
  expect(budget.take('address 4999', 5_000)).toBe(false)
  expect(budget.take('address 0', 5_000), 'forgotten for newer ones').toBe(true)
})
