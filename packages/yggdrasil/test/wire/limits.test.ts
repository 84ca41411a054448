import { expect, test } from 'vitest'
import { completeLimits, DEFAULT_LIMITS, type YggdrasilLimits } from '../../src/limits.js'
import { codeOf } from './support/bytes.js'

test('what is not given is as by default', () => {
  expect(completeLimits({ records: 7 })).toEqual({ ...DEFAULT_LIMITS, records: 7 })
})

test.each<[string, Partial<YggdrasilLimits> | { recordz: number }]>([
  ['no limit', { recordz: 1 }],
  ['not whole', { records: 1.5 }],
  ['too low', { records: 0 }],
  ['longer than frames of others may be', { frameBytes: 131_071 }],
  ['more ports than distances count', { pathPorts: 32_769 }],
])('%s is refused', (_, limits) => {
  expect(codeOf(() => completeLimits(limits as Partial<YggdrasilLimits>))).toBe('misuse')
})

test('the largest are taken', () => {
  expect(completeLimits({ frameBytes: 131_070, pathPorts: 32_768 })).toMatchObject({ pathPorts: 32_768 })
})
