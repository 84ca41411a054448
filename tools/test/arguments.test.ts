import { expect, test } from 'vitest'
import { readArguments } from '../lib/arguments.mjs'

const read = (...args: string[]) => {
  const options = { seed: { type: 'string' }, json: { type: 'boolean' } } as const
  const { values, positionals } = readArguments(args, { allowPositionals: true, options })
  return { ...values, positionals }
}

test('numbers below zero are values, and the -- of pnpm is none', () => {
  expect(read('--', 'name', '--seed', '-5', '--json')).toEqual({ positionals: ['name'], seed: '-5', json: true })
  expect(read('--seed=-5')).toEqual({ positionals: [], seed: '-5' })
})

test.each([
  [['--bogus'], "Unknown option '--bogus'"],
  [['--bogus', '-5'], "Unknown option '--bogus'"],
  [['-5'], "Unknown option '-5'"],
  [['--seed'], "Option '--seed <value>' argument missing"],
  [['--seed', '--json'], "Option '--seed' argument missing"],
  [['--json', '-5'], "Option '--json' does not take an argument"],
])('%s: one sentence says what is wrong', (args, reason) => {
  expect(() => read(...args)).toThrow(new Error(reason))
})
