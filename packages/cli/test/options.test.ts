import { expect, test } from 'vitest'
import { addressParser, durationOption, listParser, parseCount } from '../src/options.js'

test('addresses of one scheme', () => {
  const parse = addressParser('udp')
  expect(parse('udp://[200::1]:5050')).toBe('udp://[200::1]:5050')
  for (const [text, why] of [
    ['tcp://127.0.0.1:1', 'udp://'],
    ['127.0.0.1:1', 'udp://host:port'],
    ['udp://127.0.0.1', 'a port'],
    ['', 'udp://host:port'],
  ] as const)
    expect(() => parse(text)).toThrow(why)
})

test('an option that is repeated becomes a list', () => {
  const parse = listParser((text) => text.toUpperCase())
  expect(parse('b', parse('a'))).toEqual(['A', 'B'])
})

test('a time shows its default as it is written', () => {
  const option = durationOption('--timeout <time>', 'how long', '30s')
  expect([option.defaultValue, option.defaultValueDescription]).toEqual([30_000, '30s'])
})

test('counts', () => {
  expect(parseCount('1')).toBe(1)
  expect(parseCount('999999')).toBe(999_999)
  for (const text of ['0', '-1', '1.5', '1e3', '1000000', '', 'x'])
    expect(() => parseCount(text)).toThrow('whole number')
})
