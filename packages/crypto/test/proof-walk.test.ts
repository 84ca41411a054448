// Every step of a walk against noble, in both engines.
import { ed25519 } from '@noble/curves/ed25519.js'
import { describe, expect, test } from 'vitest'
import { loadEngine, type WalkEngine } from '../src/proof/engine.js'
import { ROWS } from '../src/proof/table.js'
import { Walk } from '../src/proof/walk.js'

const { Point } = ed25519
const STRIDE = 2 * ROWS + 1
/** Four rounds of one lane, two of two. */
const CENTRES = 4
const STARTS = [3n ** 158n % Point.Fn.ORDER, Point.Fn.ORDER - 10_000n]

/** Steps by hand, from the first that a walk tests to the last of `CENTRES`; y of each. */
function byHand(start: bigint): { step: number; y: bigint }[] {
  let point = Point.BASE.multiplyUnsafe((start + Point.Fn.ORDER - BigInt(ROWS)) % Point.Fn.ORDER)
  return Array.from({ length: CENTRES * STRIDE }, (_, at) => {
    const { y } = point.toAffine()
    point = point.add(Point.BASE)
    return { step: at - ROWS, y }
  })
}

/** The hits that a walk reports up to the last of `CENTRES`. */
function reported(engine: WalkEngine, start: bigint, bits: number): Set<number> {
  const hits = new Set<number>()
  for (const step of new Walk(engine).search(start, bits)) {
    if (step === undefined) continue
    if (step > CENTRES * STRIDE) break
    if (step <= CENTRES * STRIDE - ROWS - 1) hits.add(step)
  }
  return hits
}

describe.each(['wasm-simd', 'js'] as const)('a walk, %s', (name) => {
  test.each(STARTS)('from %s tests every point but the centres, and tells the low bits right', async (start) => {
    const engine = await loadEngine(name)
    const steps = byHand(start).filter(({ step }) => step % STRIDE !== 0)
    // Each bit once: what 1 to 8 zero bits select, for all 4,096 points.
    for (let bits = 1; bits <= 8; bits++) {
      const expected = new Set(steps.filter(({ y }) => y % 2n ** BigInt(bits) === 0n).map(({ step }) => step))
      expect(reported(engine, start, bits), `${bits} bits`).toEqual(expected)
    }
  })

  test('its hits have 16 zero bits', async () => {
    const engine = await loadEngine(name)
    const start = STARTS[0] as bigint
    let hits = 0
    for (const step of new Walk(engine).search(start, 16)) {
      if (step === undefined) continue
      const encoded = Point.BASE.multiplyUnsafe(start + BigInt(step)).toBytes()
      expect([encoded[0], encoded[1]]).toEqual([0, 0])
      if (++hits === 5) break
    }
  })

  test('a multiple asked for in the middle does not disturb it', async () => {
    const start = STARTS[0] as bigint
    const [plain, disturbed] = [new Walk(await loadEngine(name)), new Walk(await loadEngine(name))]
    const expected = plain.search(start, 8)
    let turns = 0
    for (const step of disturbed.search(start, 8)) {
      expect(step).toBe(expected.next().value)
      if (turns++ > 2_000) break
      if (turns % 100 !== 0) continue
      const multiple = disturbed.multiplyBase(start)
      let result = multiple.next()
      while (result.done !== true) result = multiple.next()
      expect(result.value).toEqual(Point.BASE.multiplyUnsafe(start).toAffine())
    }
  })

  test('between two turns there is little work, from the first on', async () => {
    const engine = await loadEngine(name)
    let products = 0
    const counting: WalkEngine = {
      ...engine,
      product: (...args) => {
        products++
        engine.product(...args)
      },
      square: (o, a, times) => {
        products += times
        engine.square(o, a, times)
      },
      up: (kk, row, prefix, count) => {
        products += count
        engine.up(kk, row, prefix, count)
      },
      down: (state, row, prefix, count, scale) => {
        const left = engine.down(state, row, prefix, count, scale)
        products += 6 * (count - Math.max(left, 0))
        return left
      },
    }
    let [most, turns] = [0, 0]
    for (const _ of new Walk(counting).search(STARTS[0] as bigint, 16)) {
      most = Math.max(most, products)
      products = 0
      if (turns++ > 500) break
    }
    // One takes 40 ns, and 5 µs while the code is still interpreted.
    expect(most).toBeLessThan(name === 'js' ? 750 : 2_000)
    expect(most).toBeGreaterThan(100)
  })
})
