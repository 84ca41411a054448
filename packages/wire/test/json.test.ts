import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { JsonNumber, MAX_JSON_DEPTH, parseJsonObject } from '../src/peer/json.js'
import { codeOf } from './support/errors.js'

/** What JSON.parse makes of the same members: numbers as doubles, arrays and objects forgotten, doubled keys gone. */
function comparable(text: string): Record<string, unknown> {
  return Object.fromEntries(
    parseJsonObject(text).map(([key, value]) => [key, value instanceof JsonNumber ? Number(value.text) : value]),
  )
}

function shallow(object: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(object).map(([key, value]) => [
      key,
      value !== null && typeof value === 'object' ? undefined : value,
    ]),
  )
}

test('agrees with JSON.parse on every object', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.nat(3), (object, indent) => {
      const text = JSON.stringify(object, null, indent)
      const parsed = JSON.parse(text) as object
      expect(comparable(text)).toEqual(shallow(parsed))
    }),
    { seed: 1, numRuns: 500 },
  )
})

test('agrees with JSON.parse on what is no JSON', () => {
  const token = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    ':',
    ',',
    '"a"',
    '"\\n"',
    '"\\',
    '1',
    '-',
    '0',
    '.5',
    'e9',
    'true',
    'nul',
    ' ',
    '\t',
    '\u0001',
  )
  fc.assert(
    fc.property(fc.array(token, { maxLength: 12 }), (tokens) => {
      const text = `{${tokens.join('')}`
      let native: object | undefined
      try {
        native = JSON.parse(text) as object
      } catch {
        native = undefined
      }
      if (native === undefined) expect(codeOf(() => parseJsonObject(text))).toBe('json')
      else expect(comparable(text)).toEqual(shallow(native))
    }),
    { seed: 2, numRuns: 5000 },
  )
})

test('keeps the order, doubled keys and the text of numbers', () => {
  expect(parseJsonObject('{"b":1.50,"a":-9223372036854775809,"b":"x"}')).toEqual([
    ['b', new JsonNumber('1.50')],
    ['a', new JsonNumber('-9223372036854775809')],
    ['b', 'x'],
  ])
})

test.each([
  ['0', 0n],
  ['-0', 0n],
  ['9223372036854775807', 2n ** 63n - 1n],
  ['-9223372036854775808', -(2n ** 63n)],
  ['9223372036854775808', undefined],
  ['-9223372036854775809', undefined],
  ['1.0', undefined],
  ['1e3', undefined],
  ['1'.repeat(60_000), undefined],
])('the integer of %s', (text, integer) => {
  expect(new JsonNumber(text).integer).toBe(integer)
})

describe('refuses', () => {
  test.each([
    '',
    ' ',
    '[]',
    '1',
    '"a"',
    'null',
    '{}{}',
    '{} x',
    '\ufeff{}',
    '{"a":01}',
    '{"a":+1}',
    "{'a':1}",
    '{a:1}',
    '{"a":1,}',
    '{"a":"\n"}',
    '{"a":"\\x"}',
    '{"a":"\\u12g4"}',
    '{/**/}',
  ])('%j', (text) => {
    expect(codeOf(() => parseJsonObject(text))).toBe('json')
  })

  test('more than 16 levels, however many', () => {
    const nested = (levels: number) => `{"a":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`
    expect(codeOf(() => parseJsonObject(nested(MAX_JSON_DEPTH)))).toBeUndefined()
    expect(codeOf(() => parseJsonObject(nested(MAX_JSON_DEPTH + 1)))).toBe('json')
    expect(codeOf(() => parseJsonObject('{"a":'.repeat(100_000)))).toBe('json')
  })
})
