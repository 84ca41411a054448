import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AckWindow } from '../../src/frames/ack-window.js'

describe('acknowledgement window', () => {
  test('in order', () => {
    const window = new AckWindow<number, string>(4)
    for (let id = 0; id < 4; id++) expect(window.add(id, `value ${id}`)).toBe(true)
    expect(window.add(4, 'too many')).toBe(false)
    expect([window.size, window.oldestId, window.oldest]).toEqual([4, 0, 'value 0'])
    expect(window.take(0)).toBe('value 0')
    expect(window.take(0)).toBeUndefined()
    expect(window.add(4, 'value 4')).toBe(true)
    expect(window.oldestId).toBe(1)
  })

  test('empty', () => {
    const window = new AckWindow<bigint, number>(1)
    expect([window.size, window.oldestId, window.oldest, window.take(1n), window.has(1n)]).toEqual([
      0,
      undefined,
      undefined,
      undefined,
      false,
    ])
  })

  test('the ids that matter: 0, negative, 64 bits', () => {
    const window = new AckWindow<bigint, number>(8)
    const ids = [0n, -1n, 2n ** 63n - 1n, -(2n ** 63n)]
    for (const [at, id] of ids.entries()) window.add(id, at)
    expect(ids.map((id) => window.take(id))).toEqual([0, 1, 2, 3])
  })

  test('behaves as a bounded list, whatever the order of acknowledgements', () => {
    const operation = fc.oneof(
      fc.record({ add: fc.nat(200) }),
      fc.record({ take: fc.nat(200) }),
      fc.record({ takeAt: fc.nat(30) }),
    )
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 24 }), fc.array(operation, { maxLength: 300 }), (limit, operations) => {
        const window = new AckWindow<number, string>(limit)
        const model: number[] = []
        for (const step of operations) {
          if ('add' in step) {
            if (model.includes(step.add)) continue
            const fits = model.length < limit
            expect(window.add(step.add, `v${step.add}`)).toBe(fits)
            if (fits) model.push(step.add)
          } else {
            const id = 'take' in step ? step.take : (model[step.takeAt % Math.max(1, model.length)] ?? 999)
            const at = model.indexOf(id)
            expect(window.take(id)).toBe(at < 0 ? undefined : `v${id}`)
            if (at >= 0) model.splice(at, 1)
          }
          expect(window.size).toBe(model.length)
          expect(window.oldestId).toBe(model[0])
          for (const id of model) expect(window.has(id)).toBe(true)
        }
      }),
      { seed: 5, numRuns: 300 },
    )
  })
})
