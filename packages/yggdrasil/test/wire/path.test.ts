import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodePath, pathDistance, pathLength, pathOf, portsOf, ROOT_PATH, scanPath } from '../../src/wire/path.js'
import { bytesOf, codeOf, concat, expectTotal, ports } from './support/bytes.js'

/** The definition: ports as numbers, compared one by one. */
function naiveDistance(a: readonly bigint[], b: readonly bigint[]): number {
  let common = 0
  while (common < Math.min(a.length, b.length) && a[common] === b[common]) common++
  return a.length + b.length - 2 * common
}

test('ports are the same there and back', () => {
  fc.assert(
    fc.property(ports, (list) => {
      const path = pathOf(list)
      expect(portsOf(path)).toEqual(list)
      expect(decodePath(path)).toEqual(path)
      expect(pathLength(path)).toBe(list.length)
    }),
    { seed: 1 },
  )
})

test('ports that a double cannot hold are exact', () => {
  const list = [2n ** 53n + 1n, 2n ** 64n - 1n]
  expect(portsOf(decodePath(pathOf(list)))).toEqual(list)
  expect(pathDistance(pathOf([2n ** 53n]), pathOf([2n ** 53n + 1n]))).toBe(2)
})

test('the root has no ports', () => {
  expect(pathOf([])).toEqual(ROOT_PATH)
  expect(portsOf(ROOT_PATH)).toEqual([])
  expect(pathLength(ROOT_PATH)).toBe(0)
})

test('the distance on bytes is that on ports', () => {
  // A common head makes near places as likely as far ones.
  fc.assert(
    fc.property(ports, ports, ports, (head, a, b) => {
      const [left, right] = [
        [...head, ...a],
        [...head, ...b],
      ]
      const expected = naiveDistance(left, right)
      expect(pathDistance(pathOf(left), pathOf(right))).toBe(expected)
      expect(pathDistance(concat(bytesOf('ff00'), pathOf(left), bytesOf('07')), pathOf(right), 2)).toBe(expected)
    }),
    { seed: 2, numRuns: 500 },
  )
})

test('ports that begin with the same byte are not the same', () => {
  expect(pathDistance(pathOf([300]), pathOf([428]))).toBe(2)
  expect(pathDistance(pathOf([300, 1]), pathOf([428]))).toBe(3)
})

describe('longer forms', () => {
  test.each([
    ['of the end', '028000', [2n]],
    ['of a port', '82800000', [2n]],
    ['of everything', '8200ac8200808000', [2n, 300n]],
    ['of the end of a root', '80808000', []],
  ])('%s become the shortest', (_, hex, expected) => {
    expect(decodePath(bytesOf(hex))).toEqual(pathOf(expected))
    expect(~scanPath(bytesOf(hex), 0, hex.length / 2, 512)).toBe(hex.length / 2)
  })
})

describe('refused', () => {
  test.each([
    ['nothing', ''],
    ['no end', '0207'],
    ['an end inside a port', '02ac'],
    ['a port above 64 bits', 'ffffffffffffffffff0200'],
    ['a byte behind the end', '020001'],
  ])('%s', (_, hex) => {
    expect(codeOf(() => decodePath(bytesOf(hex)))).toBe('malformed')
  })

  test('more ports than allowed', () => {
    const path = pathOf(Array.from({ length: 513 }, () => 1))
    expect(codeOf(() => decodePath(path))).toBe('too-large')
    expect(decodePath(path, 513)).toEqual(path)
    expect(codeOf(() => decodePath(pathOf([1, 2, 3]), 2))).toBe('too-large')
    expect(decodePath(pathOf([1, 2]), 2)).toEqual(pathOf([1, 2]))
    expect(decodePath(ROOT_PATH, 0)).toEqual(ROOT_PATH)
  })

  test('more ports than allowed, in longer forms', () => {
    expect(codeOf(() => decodePath(bytesOf('8100'.repeat(3).concat('00')), 2))).toBe('too-large')
  })

  test.each([0n, -1n, 2n ** 64n])('port %d to encode', (port) => {
    expect(codeOf(() => pathOf([1n, port]))).toBe('misuse')
  })
})

test('any bytes are a path or refused', () => {
  expectTotal([pathOf([1, 2, 300]), pathOf([2n ** 64n - 1n]), bytesOf('82008000')], decodePath, (path) => path)
})
