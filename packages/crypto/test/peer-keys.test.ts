import { expect, test } from 'vitest'
import { PEER_KEYS_KEPT, PeerKeys } from '../src/native/peer-keys.js'
import { SeededBytes } from './helpers.js'

const exported = (keys: PeerKeys, publicKey: Uint8Array): string | undefined =>
  keys.find(publicKey)?.export({ format: 'jwk' }).x

test('a key is imported at its second sight and kept from then on', () => {
  const keys = new PeerKeys('X25519')
  const friend = new SeededBytes(8).bytes(32)
  expect(keys.find(friend)).toBeUndefined()
  const imported = keys.find(friend)
  expect(imported?.asymmetricKeyType).toBe('x25519')
  expect(keys.find(friend)).toBe(imported)
})

test('a key is found by its bytes, wherever they lie', () => {
  const keys = new PeerKeys('Ed25519')
  const around = new SeededBytes(9).bytes(64)
  keys.find(around.subarray(7, 39))
  expect(keys.find(around.slice(7, 39))).toBe(keys.find(around.subarray(7, 39)))
})

test('keys that differ in one bit are never taken for each other', () => {
  const keys = new PeerKeys('X25519')
  const random = new SeededBytes(10)
  for (let round = 0; round < 300; round++) {
    const key = random.bytes(32)
    const near = random.flipped(key)
    for (const one of [key, key, near, near, key, key]) {
      const found = exported(keys, one)
      if (found !== undefined) expect(found).toBe(Buffer.from(one).toString('base64url'))
    }
  }
})

test('strangers at other places do not disturb, one at the same place takes it over', () => {
  const keys = new PeerKeys('X25519')
  const friend = new Uint8Array(32).fill(1)
  keys.find(friend)
  const imported = keys.find(friend)
  for (let place = 0; place < PEER_KEYS_KEPT; place++) {
    const stranger = Uint8Array.of(place & 0xff, place >> 8, ...new Uint8Array(30))
    if (place !== 0x0101) keys.find(stranger)
  }
  expect(keys.find(friend)).toBe(imported)
  keys.find(Uint8Array.of(1, 1, ...new Uint8Array(30)))
  expect(keys.find(friend)).toBeUndefined()
})
