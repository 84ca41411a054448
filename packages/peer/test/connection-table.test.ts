import { expect, test } from 'vitest'
import { ConnectionTable } from '../src/connection-table.js'
import { alice, bob } from './support/keys.js'

const entry = (id: number, remotePublicKey: Uint8Array) => ({ id, remotePublicKey })

test('the newest is for sending, the others stay', () => {
  const table = new ConnectionTable<{ id: number; remotePublicKey: Uint8Array }>()
  const [first, second, other] = [entry(1, alice.publicKey), entry(2, alice.publicKey), entry(3, bob.publicKey)]
  for (const one of [first, second, other]) table.add(one)
  expect(table.newest(alice.publicKey)).toBe(second)
  expect(table.of(alice.publicKey.slice())).toEqual([first, second])
  expect(table.all()).toHaveLength(3)
  table.delete(second)
  expect(table.newest(alice.publicKey)).toBe(first)
  expect(table.size).toBe(2)
})

test('an entry is removed by its own connection only (T9)', () => {
  const table = new ConnectionTable<{ id: number; remotePublicKey: Uint8Array }>()
  const real = entry(1, alice.publicKey)
  table.add(real)
  table.delete(entry(2, alice.publicKey))
  table.delete(entry(1, bob.publicKey))
  expect(table.newest(alice.publicKey)).toBe(real)
  table.delete(real)
  table.delete(real)
  expect(table.size).toBe(0)
  expect(table.newest(alice.publicKey)).toBeUndefined()
  expect(table.of(alice.publicKey)).toEqual([])
})
