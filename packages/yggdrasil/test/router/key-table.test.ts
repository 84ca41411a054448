import { createRandom } from '@mimirjs/transport/testing'
import { expect, test } from 'vitest'
import { KeyTable } from '../../src/router/key-table.js'

interface Entry {
  readonly key: Uint8Array
}

test('what was set is found by the bytes of its key, wherever they stand', () => {
  const random = createRandom(1)
  const table = new KeyTable<Entry>()
  // More than there are slots, so that many share one.
  const entries = Array.from({ length: 2000 }, () => ({ key: random.bytes(32) }))
  for (const entry of entries) table.set(entry)
  expect(table.size).toBe(2000)
  for (const entry of entries) {
    const packet = new Uint8Array(50)
    packet.set(entry.key, 11)
    expect(table.find(packet, 11)).toBe(entry)
    expect(table.find(packet, 12)).toBeUndefined()
  }
})

test('what was deleted or replaced is not found any more', () => {
  const table = new KeyTable<Entry>()
  const key = createRandom(2).bytes(32)
  const [first, second] = [{ key }, { key: key.slice() }]
  table.set(first)
  expect(table.find(key)).toBe(first)
  table.set(second)
  expect(table.find(key)).toBe(second)
  expect(table.size).toBe(1)
  table.delete(second)
  expect(table.find(key)).toBeUndefined()
  expect([...table.values()]).toEqual([])
})
