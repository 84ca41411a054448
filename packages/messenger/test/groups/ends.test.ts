import { afterEach, describe, expect, test, vi } from 'vitest'
import type { Store } from '../../src/index.js'
import { createGroupOf, createScene, until } from './support/scene.js'

afterEach(() => {
  vi.restoreAllMocks()
})

async function setTwo() {
  const scene = await createScene()
  const [anna, bert] = [await scene.person(), await scene.person()]
  const [group, theirs] = await createGroupOf([anna, bert])
  return { scene, anna, bert, group: group!, theirs: theirs! }
}

/** The disk fails when the state of a group is to be written: the next time, or for good. */
function failToEnd(store: Store, times = Number.POSITIVE_INFINITY) {
  const changeGroup = store.changeGroup.bind(store)
  let left = times
  return vi.spyOn(store, 'changeGroup').mockImplementation((id, change) => {
    if (change.state === undefined || left-- <= 0) return changeGroup(id, change)
    return Promise.reject(new Error('disk full'))
  })
}

describe('the end of a group', () => {
  test('that we left is known for what it was, although the process ended when the mediator had let us go', async () => {
    const { bert, theirs } = await setTwo()
    failToEnd(bert.store)
    await expect(theirs.leave()).rejects.toMatchObject({ code: 'store' })
    await bert.messenger.close()
    vi.restoreAllMocks()
    const again = await bert.restart()
    const group = await again.messenger.group(theirs.id)
    await until(() => group.state !== 'joined')
    expect(group.state).toBe('left')
  })

  test('that we deleted likewise', async () => {
    const { anna, group } = await setTwo()
    failToEnd(anna.store)
    await expect(group.delete()).rejects.toMatchObject({ code: 'store' })
    await anna.messenger.close()
    vi.restoreAllMocks()
    const again = await anna.restart()
    const mine = await again.messenger.group(group.id)
    await until(() => mine.state !== 'joined')
    expect(mine.state).toBe('deleted')
  })

  test('is a ban when the mediator did not let us go, and threw us out later', async () => {
    const { anna, bert, group, theirs } = await setTwo()
    await group.setRole(bert.key, 'admin')
    await until(() => theirs.role === 'admin')
    await expect(group.leave()).rejects.toMatchObject({ code: 'forbidden' })
    await expect(theirs.delete()).rejects.toMatchObject({ code: 'forbidden' })
    for (const { store } of [anna, bert]) expect(await store.setting('groupEnds')).toBe('{}')
    await group.ban(bert.key)
    await until(() => theirs.state === 'banned')
  })

  test('is forgotten as our wish when we find that we are still in', async () => {
    const { bert, theirs } = await setTwo()
    await bert.messenger.close()
    await bert.store.setSetting('groupEnds', JSON.stringify({ [theirs.id]: 'left' }))
    const again = await bert.restart()
    await until(async () => (await again.store.setting('groupEnds')) === '{}')
    expect((await again.messenger.group(theirs.id)).state).toBe('joined')
  })

  test('is not forgotten when word that we are in, from before we left, is worked off late', async () => {
    const { bert, theirs } = await setTwo()
    const acceptedBy = bert.store.acceptedBy.bind(bert.store)
    let release = (): void => {}
    const late = new Promise<void>((resolve) => {
      release = resolve
    })
    const word = vi.spyOn(bert.store, 'acceptedBy').mockImplementation(async (peer) => {
      await late
      await acceptedBy(peer)
    })
    theirs.refresh().catch(() => {})
    await until(() => word.mock.calls.length > 0)
    failToEnd(bert.store)
    await expect(theirs.leave()).rejects.toMatchObject({ code: 'store' })
    release()
    await until(async () => (await Promise.allSettled(word.mock.results.map(({ value }) => value))).length > 0)
    await bert.messenger.close()
    vi.restoreAllMocks()
    const again = await bert.restart()
    const group = await again.messenger.group(theirs.id)
    await until(() => group.state !== 'joined')
    expect(group.state).toBe('left')
  })

  test('that cannot be written down is written down when the mediator says it again', async () => {
    const { bert, group, theirs } = await setTwo()
    const failing = failToEnd(bert.store, 1)
    await group.ban(bert.key)
    await until(() => failing.mock.calls.some(([, { state }]) => state === 'banned'))
    await until(() => bert.errors.length > 0)
    expect(theirs.state).toBe('joined')
    bert.messenger.retryNow()
    await theirs.refresh()
    await until(() => theirs.state === 'banned')
    expect(await bert.store.group(group.id)).toMatchObject({ state: 'banned' })
  })
})
