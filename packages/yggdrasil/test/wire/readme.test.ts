import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { DEFAULT_LIMITS } from '../../src/limits.js'

// What the README tells of limits and errors is what the code has.

const read = (file: string): string => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8')
const rows = read('README.md')
  .split(/\r?\n/)
  .filter((line) => line.startsWith('| `'))
  .map((line) => line.split('|').map((cell) => cell.trim()))

/** Rows whose first cell names one or several things, with what the cell in this column has for each. */
function told(column: number): Map<string, string> {
  return new Map(
    rows.flatMap((cells) => {
      const names = [...(cells[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, name]) => name ?? '')
      const values = (cells[column] ?? '').split(', ')
      return names.map(
        (name, index) => [name, values.length === names.length ? values[index]! : cells[column]!] as const,
      )
    }),
  )
}

test.each(Object.entries(DEFAULT_LIMITS))('limit %s is told, with its default of %d', (name, value) => {
  expect(told(3).get(name)).toBe(value.toLocaleString('en-US'))
})

test('every code of an error is told, with whom it blames', () => {
  const table = /const BLAME[^{]*{([^}]*)}/.exec(read('src/error.ts'))?.[1] ?? ''
  const codes = [...table.matchAll(/'?([a-z-]+)'?: '([a-z]+)'/g)]
  expect(codes.length).toBeGreaterThan(20)
  const errors = told(2)
  for (const [, code, blame] of codes) expect([code, errors.get(code ?? '')]).toEqual([code, `\`${blame}\``])
})
