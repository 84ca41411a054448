import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import * as node from '../src/node.js'
import * as portable from '../src/portable.js'
import { toHex } from './helpers.js'

describe.each([
  ['node', node],
  ['portable', portable],
])('a signer of the %s build', (_, crypto) => {
  test('does not show its seed to the debugger’s printer', () => {
    const seed = Uint8Array.from({ length: 32 }, (__, at) => 0xa0 + at)
    const signer = crypto.createSigner(seed)
    signer.agree(crypto.x25519PublicKey(seed))
    const shown = inspect(signer, {
      showHidden: true,
      depth: 9,
      maxArrayLength: 99,
      breakLength: Number.POSITIVE_INFINITY,
    })
    expect(shown).toContain('publicKey')
    expect(shown).not.toContain('160, 161, 162, 163')
    expect(shown.toLowerCase()).not.toContain(toHex(seed).slice(0, 8))
    expect(() => structuredClone(signer)).not.toThrow()
    expect(Object.keys(structuredClone(signer))).toEqual(['publicKey'])
  })
})
