// The arithmetic of the walk against big integers, in both engines.

import { ed25519 } from '@noble/curves/ed25519.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Curve } from '../src/proof/curve.js'
import { Elements, Inverter, LIMBS, PRIME } from '../src/proof/elements.js'
import { loadEngine } from '../src/proof/engine.js'

const SEED = 0x6d696d72
const NUMBER_BITS = 264n

/** Everything around the modulus, the edges of limbs, and all limbs full. */
const EDGES: readonly bigint[] = [
  ...[-3n, -2n, -1n, 0n, 1n, 2n, 3n].flatMap((near) => [PRIME + near, (PRIME - 1n) / 2n + near, 2n ** 255n + near]),
  ...Array.from({ length: 11 }, (_, at) => 2n ** BigInt(24 * at)).flatMap((power) => [power - 1n, power, power + 1n]),
  2n ** NUMBER_BITS - 1n,
  0n,
]
const value = fc.oneof(fc.constantFrom(...EDGES), fc.bigInt({ min: 0n, max: 2n ** NUMBER_BITS - 1n }))
const modulo = (number: bigint): bigint => ((number % PRIME) + PRIME) % PRIME

function power(base: bigint, exponent: bigint): bigint {
  let [result, square, rest] = [1n, modulo(base), exponent]
  for (; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % PRIME
    square = (square * square) % PRIME
  }
  return result
}

describe.each(['wasm-simd', 'js'] as const)('%s', async (name) => {
  const engine = await loadEngine(name)
  const elements = new Elements(engine)
  const inverter = new Inverter(elements)
  const curve = new Curve(elements)
  const { a, b, c, d, out } = elements.named('a', 'b', 'c', 'd', 'out')
  const lanes = Array.from({ length: engine.lanes }, (_, lane) => lane)
  const perLane = fc.array(value, { minLength: 4 * engine.lanes, maxLength: 4 * engine.lanes })

  /** Other values in every lane, so that lanes that are mixed up are found. */
  function write(values: readonly bigint[]): (lane: number) => [bigint, bigint, bigint, bigint] {
    const of = (lane: number) => values.slice(4 * lane, 4 * lane + 4) as [bigint, bigint, bigint, bigint]
    for (const lane of lanes)
      for (const [at, place] of [a, b, c, d].entries()) elements.writeLane(place, lane, of(lane)[at] as bigint)
    return of
  }

  test('is the engine that was asked for', () => {
    expect([engine.name, engine.lanes]).toEqual([name, name === 'js' ? 1 : 2])
  })

  test('products and squares, of the largest values too', () => {
    fc.assert(
      fc.property(perLane, fc.integer({ min: 1, max: 5 }), (values, times) => {
        const of = write(values)
        elements.multiply(out, a, b)
        for (const lane of lanes) expect(elements.read(out, lane)).toBe(modulo(of(lane)[0] * of(lane)[1]))
        elements.square(out, c, times)
        for (const lane of lanes) expect(elements.read(out, lane)).toBe(power(of(lane)[2], 2n ** BigInt(times)))
        elements.multiply(a, a, a)
        for (const lane of lanes) expect(elements.read(a, lane)).toBe(modulo(of(lane)[0] ** 2n))
      }),
      { seed: SEED, numRuns: 300 },
    )
  })

  test('sums and differences of products, multiplied without a carry in between', () => {
    fc.assert(
      fc.property(perLane, (values) => {
        const of = write(values)
        for (const place of [a, b, c, d]) elements.multiply(place, place, curve.one)
        // The longest that the addition of points makes: 2a - b and 2a + b.
        elements.add(out, a, a)
        elements.subtract(c, out, b)
        elements.add(d, out, b)
        elements.multiply(out, c, d)
        for (const lane of lanes) {
          const [first, second] = of(lane)
          expect(elements.read(out, lane)).toBe(modulo(4n * first * first - second * second))
        }
      }),
      { seed: SEED, numRuns: 300 },
    )
  })

  test('a carry leaves every limb short enough for the next product', () => {
    const memory = engine.memory
    fc.assert(
      fc.property(perLane, (values) => {
        write(values)
        elements.multiply(out, a, b)
        for (let at = 0; at < LIMBS; at++)
          for (const lane of lanes) {
            const limb = (memory[out + at * engine.lanes + lane] as number) / 2 ** (24 * at)
            expect(Number.isInteger(limb)).toBe(true)
            expect(Math.abs(limb)).toBeLessThan(2 ** 23 + 2 ** 19)
          }
      }),
      { seed: SEED, numRuns: 100 },
    )
  })

  test('inverses, and 0 of 0', () => {
    for (const number of [...EDGES, 3n ** 150n]) {
      elements.write(a, number)
      inverter.invert(out, a)
      expect(elements.read(out)).toBe(power(number, PRIME - 2n))
      inverter.invert(a, a)
      expect(elements.read(a, engine.lanes - 1)).toBe(power(number, PRIME - 2n))
    }
  })

  test('multiples of B', () => {
    const { BASE, Fn } = ed25519.Point
    for (const scalar of [0n, 1n, 2n, 3n, Fn.ORDER - 1n, Fn.ORDER, Fn.ORDER + 1n, 2n ** 256n - 1n, 7n ** 80n]) {
      const point = BASE.multiplyUnsafe(scalar % Fn.ORDER).toAffine()
      for (const _ of curve.multiplyBase({ x: a, y: b }, scalar, 256));
      for (const lane of lanes) expect([elements.read(a, lane), elements.read(b, lane)]).toEqual([point.x, point.y])
      curve.add({ x: a, y: b }, { x: a, y: b }, { x: a, y: b })
      const twice = point.x === 0n && point.y === 1n ? point : ed25519.Point.fromAffine(point).double().toAffine()
      expect([elements.read(a), elements.read(b)]).toEqual([twice.x, twice.y])
    }
  })

  test('memory that is not there is not given out', () => {
    expect(() => elements.takeNumbers(engine.memory.length)).toThrow(RangeError)
  })

  test('nothing is left behind', async () => {
    const own = await loadEngine(name)
    const left = new Elements(own)
    left.write(left.take(), PRIME - 1n)
    left.wipe()
    expect(own.memory.every((number) => number === 0)).toBe(true)
  })
})
