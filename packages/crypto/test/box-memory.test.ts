// What a box costs: thousands of sessions have three each.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { createCounterBox } from '../src/node.js'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

test('a counter box takes less than 200 bytes', () => {
  const count = 20_000
  const key = new Uint8Array(32).fill(1)
  const boxes = [createCounterBox(key)]
  const heldBytes = (): number => {
    collect()
    const { heapUsed, external, arrayBuffers } = process.memoryUsage()
    return heapUsed + external + arrayBuffers
  }
  const before = heldBytes()
  while (boxes.length < count) boxes.push(createCounterBox(key))
  expect((heldBytes() - before) / count).toBeLessThan(200)
  expect(boxes.at(-1)?.open(0n, new Uint8Array(16))).toBeUndefined()
})
