import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { DEFAULT_LIMITS } from '../../src/limits.js'
import { OPTION_NAMES } from '../../src/node-core/settings.js'

// What the README tells of limits, options and errors is what the code has.

/** By another name: a bundler would look for what is written before `import.meta.url`. */
const { url: here } = import.meta
const read = (file: string): string => readFileSync(new URL(`../../${file}`, here), 'utf8')

/** The tables below a heading, up to the next of its level: the first cell without its quotes, and one of the others. */
function told(heading: string, column: number): [string, string][] {
  const level = heading.indexOf(' ')
  const section =
    read('README.md')
      .split(`\n${heading}\n`)[1]
      ?.split(new RegExp(`\\n#{1,${level}} `))[0] ?? ''
  return section
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .map((cells) => [(cells[1] ?? '').replaceAll('`', ''), cells[column] ?? ''])
}

test('every limit is told with its default, and no other', () => {
  const limits = Object.entries(DEFAULT_LIMITS).map(([name, value]): [string, string] => [
    name,
    Number(value).toLocaleString('en-US'),
  ])
  expect(Object.fromEntries(told('## Limits', 3))).toEqual(Object.fromEntries(limits))
})

test('every option is told, and no other', () => {
  expect(
    told('## Options', 2)
      .map(([name]) => name)
      .sort(),
  ).toEqual([...OPTION_NAMES].sort())
})

test('every code of an error is told, with whom it blames', () => {
  const table = /const BLAME[^{]*{([^}]*)}/.exec(read('src/error.ts'))?.[1] ?? ''
  const codes = [...table.matchAll(/'?([a-z-]+)'?: '([a-z]+)'/g)].map(([, code, blame]) => [code, blame])
  expect(codes.length).toBeGreaterThan(14)
  expect(Object.fromEntries(told('## Errors', 2))).toEqual(Object.fromEntries(codes))
})
