import { expect, test } from 'vitest'
import { formatDuration, parseDuration } from '../src/duration.js'

test.each([
  ['1ms', 1],
  ['500ms', 500],
  ['30s', 30_000],
  ['0.5s', 500],
  ['2m', 120_000],
  ['1h', 3_600_000],
  ['24h', 86_400_000],
])('%s is %d ms', (text, durationMs) => {
  expect(parseDuration(text)).toBe(durationMs)
})

test.each(['', '30', '0s', '-1s', '1d', '1 s', 's', '1e3s', '999999999h', 'NaNs', 'Infinitys', '0.0ms'])(
  '%j is no time',
  (text) => {
    expect(() => parseDuration(text)).toThrow('Expected a time such as')
  },
)

test.each([
  [0, '0 ms'],
  [34.4, '34 ms'],
  [1_500, '1.5 s'],
  [30_000, '30 s'],
  [600_000, '10 min'],
  [7_200_000, '2 h'],
])('%d ms reads as %s', (durationMs, text) => {
  expect(formatDuration(durationMs)).toBe(text)
})
