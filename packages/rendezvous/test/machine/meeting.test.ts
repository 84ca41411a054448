import { expect, it } from 'vitest'
import { linked } from './support/scene.js'

it('x', () => {
  const { alice, bob } = linked()
  expect(alice.link?.state).toBe('open')
  expect(bob.link?.state).toBe('open')
})
