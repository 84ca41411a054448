import { expect, test } from 'vitest'
import { fromHex } from '../src/index.js'
import { classicGuid, polynomialGuid, xxh64Guid } from '../src/peer/index.js'
import { codeOf } from './support/errors.js'

const HELLO = new TextEncoder().encode('Hello, Mimir!')
const NOW = 1_700_000_000_000n

test.each([
  [HELLO, NOW, -1_308_683_000_760_531_126n],
  [new Uint8Array(0), NOW, 2_019_687_133_455_415_914n],
  [
    fromHex('7b22656d6f6a69223a22f09f918d222c227265706c79546f223a2d313330383638333030303736303533313132367d'),
    1_700_000_005n,
    -2_069_755_149_635_567_105n,
  ],
])('xxh64', (stored, time, guid) => {
  expect(xxh64Guid(stored, time)).toBe(guid)
})

test.each([
  [HELLO, NOW, 3_011_833_411_647_399_936n],
  [new Uint8Array(0), NOW, 1_695_705_032_704n],
  [new TextEncoder().encode('{"name":"abcdefghijklmnop.jpg"}'), NOW, -6_768_839_154_741_188_608n],
])('classic', (stored, time, guid) => {
  expect(classicGuid(stored, time)).toBe(guid)
})

test('polynomial', () => {
  expect(polynomialGuid(HELLO, NOW)).toBe(50_645_373_898_624_429n)
})

test('a time outside 64 bits is refused', () => {
  for (const formula of [xxh64Guid, classicGuid, polynomialGuid]) {
    expect(codeOf(() => formula(HELLO, 2n ** 63n))).toBe('out-of-range')
  }
})
