import { expect, test } from 'vitest'
import { createMemoryStore } from '../src/index.js'
import { loadClientId, loadProfile } from '../src/settings.js'

test('a new name is newer than the one before, whatever the clock says', async () => {
  const store = createMemoryStore()
  expect(await loadProfile(store, undefined, 5_000)).toEqual({ nickname: '', info: '', timeSeconds: 0n })
  expect((await loadProfile(store, 'Ann', 2_000_000)).timeSeconds).toBe(2_000n)
  expect((await loadProfile(store, 'Ann', 9_000_000)).timeSeconds, 'unchanged').toBe(2_000n)
  expect((await loadProfile(store, 'Anna', 2_000_500)).timeSeconds, 'within a second').toBe(2_001n)
  expect((await loadProfile(store, 'Annie', 1_000)).timeSeconds, 'set back').toBe(2_002n)
  expect(await loadProfile(store, undefined, 1_000)).toMatchObject({ nickname: 'Annie' })
})

test('a name that the protocol does not carry is refused, and changes nothing', async () => {
  const store = createMemoryStore()
  await loadProfile(store, 'Ann', 1_000)
  await expect(loadProfile(store, 'ä'.repeat(2_049), 2_000)).rejects.toMatchObject({ code: 'too-large' })
  expect((await loadProfile(store, 'ä'.repeat(2_048), 2_000)).nickname).toHaveLength(2_048)
})

test('the number of the installation is made once, and is none that means something else', async () => {
  const store = createMemoryStore()
  const clientId = await loadClientId(store)
  expect([0, 1]).not.toContain(clientId)
  expect(clientId | 0).toBe(clientId)
  expect(await loadClientId(store)).toBe(clientId)
})
