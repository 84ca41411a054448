import { expect, test } from 'vitest'
import { createGroupOf, createScene, until } from './support/scene.js'

test('what the mediator has is here when the refresh is done', async () => {
  const scene = await createScene()
  const [anna, bert] = [await scene.person({ name: 'Anna' }), await scene.person({ name: 'Bert' })]
  const [group, theirs] = await createGroupOf([anna, bert])
  await theirs!.refresh()
  await bert.messenger.close()
  const sent = await group!.send('while Bert was away')
  await anna.messenger.whenDelivered(sent)
  const again = await scene.person({ name: 'Bert', signer: bert.signer, store: bert.store })
  const [here] = await again.messenger.groups()
  await here!.refresh()
  expect((await here!.history()).map(({ text }) => text)).toContain('while Bert was away')
  const names = (await here!.members()).map(({ name }) => name)
  expect(names.sort()).toEqual(['Anna', 'Bert'])
})

test('it waits for the mediator as long as the signal lets it', async () => {
  const scene = await createScene()
  const [anna] = [await scene.person()]
  const [group] = await createGroupOf([anna])
  await scene.stop()
  await expect(group!.refresh({ signal: AbortSignal.timeout(50) })).rejects.toMatchObject({ code: 'aborted' })
  const refreshed = group!.refresh()
  await scene.start()
  await refreshed
  await scene.stop()
  const closing = expect(group!.refresh()).rejects.toMatchObject({ code: 'closed' })
  await anna.messenger.close()
  await closing
})

test('of a group that we left there is nothing new, and who may only read is up to date, too', async () => {
  const scene = await createScene()
  const [anna, bert] = [await scene.person(), await scene.person()]
  const [group, theirs] = await createGroupOf([anna, bert])
  await group!.setRole(bert.key, 'reader')
  await until(() => theirs!.role === 'reader')
  await theirs!.refresh()
  await theirs!.leave()
  await theirs!.refresh()
  expect(theirs!.state).toBe('left')
})

test('system lines and deletions are told', async () => {
  const scene = await createScene()
  const [anna, bert] = [await scene.person(), await scene.person()]
  const [group] = await createGroupOf([anna, bert])
  await until(() => anna.events.some(({ change }) => change === 'history'))
  const sent = await group!.send('a mistake')
  await bert.sees(group!, ['a mistake'])
  bert.events.length = 0
  await group!.deleteMessage(sent.id)
  await until(() => bert.events.some(({ change }) => change === 'history'))
})
