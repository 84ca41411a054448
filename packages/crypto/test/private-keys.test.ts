import { expect, test } from 'vitest'
import { exportPublicKey, importPrivateKey } from '../src/native/keys.js'
import { PrivateKeys } from '../src/native/private-keys.js'
import { publicKeyFromSeed } from '../src/node.js'

test.each([
  ['an array', (byte: number) => new Uint8Array(32).fill(byte)],
  ['a Buffer, whose slice is no copy', (byte: number) => Buffer.alloc(32, byte)],
])('one import serves one array until it is overwritten: %s', (_, make) => {
  const keys = new PrivateKeys((privateKey) => importPrivateKey('Ed25519', privateKey))
  const seed = make(1)
  const first = keys.get(seed)
  expect(keys.get(seed)).toBe(first)
  expect(keys.get(new Uint8Array(seed))).not.toBe(first)
  seed.fill(2)
  const second = keys.get(seed)
  expect(second).not.toBe(first)
  expect(exportPublicKey(second)).toEqual(publicKeyFromSeed(new Uint8Array(32).fill(2)))
})
