import { expect, test } from 'vitest'
import type { PeerPolicy } from '../../src/index.js'
import { createMulticastMemory } from '../../src/testing/index.js'
import { failure, openNode } from './support.js'

// Anybody on the network has a policy called, by a datagram.
test.each<[string, () => unknown, RegExp]>([
  [
    'throws',
    () => {
      throw new Error('no such list')
    },
    /no such list/,
  ],
  ['says no in words of its own', () => false, /policy: expected 'accept', 'ask' or 'ignore', got false/],
  ['says yes in words of its own', () => true, /got true/],
  ['says nothing', () => undefined, /got undefined/],
  ['promises to say it later', async () => 'accept', /got \[object Promise\]/],
])('a policy that %s lets nobody in, and is told of', async (_, policy, message) => {
  const memory = createMulticastMemory()
  const errors: unknown[] = []
  const node = await openNode(memory, 1, { policy: policy as PeerPolicy })
  node.on('error', ({ error }) => errors.push(error))
  const other = await openNode(memory, 2, { attempts: 2, unitMs: 10 })
  expect((await failure(other.connect(node.address))).code).toBe('no-response')
  expect(node.counters.peers).toBe(0)
  await expect.poll(() => node.counters['drop:policy']).toBe(2)
  expect(errors).toHaveLength(2)
  for (const error of errors) expect(String(error)).toMatch(message)
})
