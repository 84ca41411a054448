import type { Signer } from '@mimirjs/crypto'
import { expect, test } from 'vitest'
import { signWith } from '../../src/machine/index.js'
import { a } from './support/identity.js'

const failure = new Error('the key is on holiday')
const MESSAGE = new Uint8Array(3)

async function signed(
  sign: Signer['sign'],
): Promise<{ readonly signature: Uint8Array | undefined; readonly errors: unknown[] }> {
  const errors: unknown[] = []
  const host = signWith(
    { publicKey: a.publicKey, sign },
    () => 7,
    (error) => errors.push(error),
  )
  const signature = await new Promise<Uint8Array | undefined>((resolve) => {
    host(MESSAGE, (bytes, nowMs) => {
      expect(nowMs).toBe(7)
      resolve(bytes)
    })
  })
  return { signature, errors }
}

test.each([
  ['at once', (message: Uint8Array) => a.sign(message)],
  ['later', (message: Uint8Array) => Promise.resolve(a.sign(message))],
])('a signer that answers %s', async (_, sign) => {
  expect(await signed(sign)).toEqual({ signature: a.sign(MESSAGE), errors: [] })
})

test.each([
  [
    'throws',
    (): Uint8Array => {
      throw failure
    },
  ],
  ['rejects', () => Promise.reject(failure)],
])('a signer that %s: nothing is signed, and why is told', async (_, sign) => {
  expect(await signed(sign)).toEqual({ signature: undefined, errors: [failure] })
})
