import { expect, test } from 'vitest'
import { PEER_KEYS_KEPT, PeerKeys } from '../src/native/peer-keys.js'
import { SeededBytes } from './helpers.js'

test('a key in use stays imported while strangers pass by, and the number kept is bounded', () => {
  const keys = new PeerKeys('X25519')
  const random = new SeededBytes(8)
  const friend = random.bytes(32)
  const imported = keys.get(friend)
  for (let stranger = 0; stranger < 3 * PEER_KEYS_KEPT; stranger++) {
    keys.get(random.bytes(32))
    if (stranger % 100 === 0) expect(keys.get(friend)).toBe(imported)
    expect(keys.size).toBeLessThanOrEqual(PEER_KEYS_KEPT)
  }
})

test('a key is found by its bytes, wherever they lie', () => {
  const keys = new PeerKeys('Ed25519')
  const around = new SeededBytes(9).bytes(64)
  expect(keys.get(around.subarray(7, 39))).toBe(keys.get(around.slice(7, 39)))
  expect(keys.get(around.subarray(7, 39))).not.toBe(keys.get(around.subarray(8, 40)))
  expect(keys.size).toBe(2)
})

test('a key that nobody uses is thrown away', () => {
  const keys = new PeerKeys('X25519')
  const random = new SeededBytes(10)
  const forgotten = random.bytes(32)
  const imported = keys.get(forgotten)
  for (let stranger = 0; stranger < PEER_KEYS_KEPT; stranger++) keys.get(random.bytes(32))
  expect(keys.get(forgotten)).not.toBe(imported)
})
