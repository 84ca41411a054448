import { expect, test } from 'vitest'
import { exportPublicKey } from '../src/native/keys.js'
import { PrivateKeys } from '../src/native/private-keys.js'
import { publicKeyFromSeed } from '../src/node.js'

test('one import serves one array until it is overwritten', () => {
  const keys = new PrivateKeys('Ed25519')
  const seed = new Uint8Array(32).fill(1)
  const first = keys.get(seed)
  expect(keys.get(seed)).toBe(first)
  expect(keys.get(seed.slice())).not.toBe(first)
  seed.fill(2)
  const second = keys.get(seed)
  expect(second).not.toBe(first)
  expect(exportPublicKey(second)).toEqual(publicKeyFromSeed(new Uint8Array(32).fill(2)))
})

test('a remembered pair is used as long as the array holds its private half', () => {
  const keys = new PrivateKeys('Ed25519')
  const seed = new Uint8Array(32).fill(1)
  keys.remember(seed, publicKeyFromSeed(seed))
  expect(exportPublicKey(keys.get(seed))).toEqual(publicKeyFromSeed(seed))
  seed.fill(3)
  expect(exportPublicKey(keys.get(seed))).toEqual(publicKeyFromSeed(new Uint8Array(32).fill(3)))
})
