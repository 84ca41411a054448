import { expect, test } from 'vitest'
import { InOrder } from '../src/in-order.js'

/** As a store does it: all works together, or each on its own when one of them throws. */
function group() {
  const queue: { run: () => unknown; resolve(value: unknown): void; reject(error: unknown): void }[] = []
  return {
    write: <T>(run: () => T) =>
      new Promise<T>(
        (resolve, reject) => void queue.push({ run, resolve: resolve as (value: unknown) => void, reject }),
      ),
    commit() {
      const works = queue.splice(0)
      try {
        for (const { run } of works) run()
      } catch {
        // Below, once more.
      }
      for (const { run, resolve, reject } of works) {
        try {
          resolve(run())
        } catch (error) {
          reject(error)
        }
      }
    },
  }
}

const settled = async (works: readonly Promise<unknown>[]): Promise<string[]> =>
  (await Promise.allSettled(works)).map(({ status }) => status)

test('what stands behind a failure fails, under the same key, until all are settled', async () => {
  const order = new InOrder()
  const { write, commit } = group()
  let disk = 'broken'
  const add = (key: string, fails: boolean) =>
    order.add(key, write, () => {
      if (fails && disk === 'broken') throw new Error('no')
      return key
    })
  const works = [add('a', false), add('a', true), add('a', false), add('b', false), add('a', true)]
  commit()
  expect(await settled(works)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled', 'rejected'])
  await expect(works[2]).rejects.toMatchObject({ name: 'MessengerError', code: 'store' })
  disk = 'mended'
  const later = [add('a', true), add('a', false)]
  commit()
  expect(await settled(later)).toEqual(['fulfilled', 'fulfilled'])
})

test('a work that only fails the first time fails nobody', async () => {
  const order = new InOrder()
  const { write, commit } = group()
  let runs = 0
  const works = [
    order.add('a', write, () => {
      if (++runs === 1) throw new Error('busy')
    }),
    order.add('a', write, () => {}),
  ]
  commit()
  expect(await settled(works)).toEqual(['fulfilled', 'fulfilled'])
})
