import { isPoint, verify } from '@mimirjs/crypto'
import { expect, test } from 'vitest'
import { checkClaim, proveIdentity } from '../src/identity.js'
import { alice, bob } from './support/keys.js'
import { c1 } from './support/vectors.js'

const kit = { verify, isPoint }

test('only a right signature makes a proof', () => {
  expect(proveIdentity(alice.publicKey, c1, alice.sign(c1), kit).publicKey).toBe(alice.publicKey)
  expect(() => proveIdentity(alice.publicKey, c1, bob.sign(c1), kit)).toThrow(
    expect.objectContaining({ code: 'bad-signature', blame: 'remote' }),
  )
  const noPoint = new Uint8Array(32)
  noPoint[0] = 2
  expect(() => proveIdentity(noPoint, c1, bob.sign(c1), kit)).toThrow(expect.objectContaining({ code: 'key' }))
})

test('keys that everybody holds are refused when they are claimed', () => {
  for (const first of [0, 1]) {
    const publicKey = new Uint8Array(32)
    publicKey[0] = first
    expect(() => checkClaim(publicKey)).toThrow(expect.objectContaining({ code: 'key' }))
  }
  checkClaim(alice.publicKey)
})
