import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { VERDICTS } from '../../src/counters.js'
import { DEFAULT_DISCOVERY_LIMITS } from '../../src/discovery/limits.js'
import { DEFAULT_LIMITS } from '../../src/limits.js'
import { OPTION_NAMES } from '../../src/node/settings.js'
import { DEFAULT_STREAM_LIMITS } from '../../src/stream/limits.js'

// What the README tells of limits, options, counters and errors is what the code has.

/** By another name: a bundler would look for what is written before `import.meta.url`. */
const { url: here } = import.meta
const read = (file: string): string => readFileSync(new URL(`../../${file}`, here), 'utf8')

/** The rows below a heading, up to the next one, as cells. */
function rowsOf(heading: string): string[][] {
  const section = read('README.md').split(`\n${heading}\n`)[1]?.split('\n#')[0] ?? ''
  return section
    .split(/\r?\n/)
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim()))
}

/** Rows whose first cell names one or several things, with what the cell in this column has for each. */
function told(heading: string, column: number): Map<string, string> {
  return new Map(
    rowsOf(heading).flatMap((cells) => {
      const names = [...(cells[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, name]) => name ?? '')
      const values = (cells[column] ?? '').split(', ')
      return names.map(
        (name, index) => [name, (values.length === names.length ? values[index] : cells[column]) ?? ''] as const,
      )
    }),
  )
}

const LIMITS = [
  ['### Of the sessions: `limits` of a node', DEFAULT_LIMITS],
  ['### Of the streams: `streamLimits` of a node', DEFAULT_STREAM_LIMITS],
  ['### Of discovery: `limits` of it', DEFAULT_DISCOVERY_LIMITS],
] as const

test.each(LIMITS)('%s: every limit is told with its default, and no other', (heading, limits) => {
  const expected = Object.entries(limits).map(([name, value]) => [name, value.toLocaleString('en-US')])
  expect(Object.fromEntries(told(heading, 3))).toEqual(Object.fromEntries(expected))
})

test('every option is told, and no other', () => {
  expect([...told('## Options', 2).keys()].sort()).toEqual([...OPTION_NAMES].sort())
})

test('every counter is told, and no other', () => {
  expect([...told('## A session', 2).keys()].sort()).toEqual([...VERDICTS].sort())
})

test('every code of an error is told, with whom it blames', () => {
  const table = /const BLAME[^{]*{([^}]*)}/.exec(read('src/error.ts'))?.[1] ?? ''
  const codes = [...table.matchAll(/'?([a-z-]+)'?: '([a-z]+)'/g)]
  expect(codes.length).toBeGreaterThan(14)
  const errors = told('## Errors', 2)
  for (const [, code, blame] of codes) expect([code, errors.get(code ?? '')]).toEqual([code, `\`${blame}\``])
  expect([...errors.keys()].sort()).toEqual(codes.map(([, code]) => code).sort())
})
