import { unwrapGroupKey } from '@mimirjs/crypto'
import { MediatorClient, MediatorError } from '@mimirjs/mediator-client'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { Group } from '../../src/index.js'
import { createGroupOf, createScene, type Person, until } from './support/scene.js'

afterEach(() => {
  vi.restoreAllMocks()
})

const broken = () => Promise.reject(new MediatorError('server', 'db error', { remoteText: 'db error' }))

async function setThree() {
  const scene = await createScene()
  const people = [await scene.person({ name: 'Anna' }), await scene.person(), await scene.person()] as const
  const [group] = await createGroupOf(people)
  const [anna, ...others] = people
  return { scene, anna, others, group: group! }
}

/** Do this to the invites that are sent from now on; `send` is what would have been done. */
function onInvite(work: (count: number, send: () => Promise<void>) => Promise<void>): void {
  const { sendInvite } = MediatorClient.prototype
  let count = 0
  vi.spyOn(MediatorClient.prototype, 'sendInvite').mockImplementation(function (this: MediatorClient, ...args) {
    return work(++count, () => sendInvite.apply(this, args))
  })
}

/** One of the others gets the new key, and takes it; the one after cannot be sent it. */
async function failHalfway(group: Group, others: readonly Person[]) {
  onInvite((count, send) => (count === 2 ? broken() : send()))
  await expect(group.rotateKey()).rejects.toMatchObject({ code: 'mediator', message: /1 of 2 members/ })
  vi.restoreAllMocks()
  const reached = await until(async () => {
    for (const person of others) if ((await person.messenger.groupInvites()).length > 0) return person
    return undefined
  })
  await reached.join(group)
  return { reached, missed: others.find((person) => person !== reached)! }
}

const keyOf = async (person: Person, group: Group) => (await person.store.group(group.id))!.key
const kindsOf = async (person: Person, group: Group) =>
  (await person.entries(group)).flatMap(({ kind, text }) => (kind === 'system' ? [] : [`${kind}: ${text}`]))

describe('a change of keys that ends halfway', () => {
  test('goes on with the same key, so that those who were missed can read what was written under it', async () => {
    const { anna, others, group } = await setThree()
    const old = await keyOf(anna, group)
    const { reached, missed } = await failHalfway(group, others)
    expect(await keyOf(anna, group)).toEqual(old)
    await (await reached.messenger.group(group.id)).send('between')
    await anna.sees(group, ['between'])

    const again = await anna.restart()
    await (await again.messenger.group(group.id)).rotateKey()
    await missed.join(group)
    await missed.sees(group, ['between'])
    expect(await again.store.group(group.id)).toMatchObject({ key: await keyOf(reached, group), formerKeys: [old] })
    expect(await keyOf(missed, group)).toEqual(await keyOf(reached, group))
    expect(await reached.messenger.groupInvites()).toEqual([])
  })

  test('does not go on with a key that somebody has who is in the group no more', async () => {
    const { anna, others, group } = await setThree()
    const { reached, missed } = await failHalfway(group, others)
    await group.ban(reached.key)
    await group.rotateKey()
    await missed.join(group)
    expect(await keyOf(missed, group)).toEqual(await keyOf(anna, group))
    expect(await keyOf(anna, group)).not.toEqual(await keyOf(reached, group))
  })

  test('leaves the old one in place when somebody who was sent the new one goes meanwhile', async () => {
    const { anna, others, group } = await setThree()
    const old = await keyOf(anna, group)
    onInvite(async (count, send) => {
      await send()
      if (count === 2) for (const { key } of others.slice(1)) await group.ban(key)
    })
    await expect(group.rotateKey()).rejects.toMatchObject({ code: 'mediator', message: /change it again/ })
    expect(await keyOf(anna, group)).toEqual(old)
  })

  test('reaches who came meanwhile, too', async () => {
    const { scene, anna, group } = await setThree()
    const dora = await scene.person()
    onInvite(async (count, send) => {
      await send()
      if (count !== 1) return
      await group.invite(dora.key)
      await dora.join(group)
    })
    await group.rotateKey()
    await dora.join(group)
    expect(await keyOf(dora, group)).toEqual(await keyOf(anna, group))
  })
})

test('two changes at a time follow one another: in the end all have the same key', async () => {
  const { anna, others, group } = await setThree()
  await Promise.all([group.rotateKey(), group.rotateKey()])
  expect((await anna.store.group(group.id))!.formerKeys).toHaveLength(2)
  for (const person of others) {
    await until(async () => (await person.messenger.groupInvites()).length > 0)
    while ((await person.messenger.groupInvites()).length > 0) await person.join(group)
    expect(await keyOf(person, group)).toEqual(await keyOf(anna, group))
  }
})

test('a new key can be for some of those whom the mediator names', async () => {
  const { anna, others, group } = await setThree()
  const [bert, carl] = others
  await group.rotateKey({ to: [anna.key, bert!.key] })
  await bert!.join(group)
  expect(await keyOf(bert!, group)).toEqual(await keyOf(anna, group))
  // What the mediator had sent before this would be there by now.
  await carl!.messenger.group(group.id).then((theirs) => theirs.refresh())
  expect(await carl!.messenger.groupInvites()).toEqual([])
  await expect(group.rotateKey({ to: ['nobody'] })).rejects.toMatchObject({ code: 'bad-key' })
})

describe('a new key that is taken', () => {
  async function setTwo() {
    const scene = await createScene()
    const [anna, bert] = [await scene.person({ name: 'Anna' }), await scene.person({ name: 'Bert' })]
    const [group] = await createGroupOf([anna, bert])
    return { scene, anna, bert, group: group! }
  }

  /** What a process leaves behind that ends when it has written down the key. */
  async function dieWithKey(bert: Person, group: Group): Promise<void> {
    const invite = await bert.invited(group)
    const [row] = await bert.store.invites()
    const { groupKey } = await unwrapGroupKey(bert.signer, row!.data, 'rfc8439')
    await bert.messenger.close()
    const { key } = (await bert.store.group(group.id))!
    await bert.store.setSetting('groupJoins', JSON.stringify([invite.id]))
    await bert.store.changeGroup(group.id, { key: groupKey, formerKeys: [key] })
  }

  test('opens what came before it, although the process ended between the two', async () => {
    const { bert, group } = await setTwo()
    await group.rotateKey()
    await group.send('under the new one')
    await until(async () => (await bert.entries(group)).at(-1)?.kind === 'unreadable')
    await dieWithKey(bert, group)
    const again = await bert.restart()
    await again.sees(group, ['under the new one'])
    await until(async () => (await again.store.invites()).length === 0)
    expect(await again.store.setting('groupJoins')).toBe('[]')
  })

  test('opens what was being written to disk while it was', async () => {
    const { bert, group } = await setTwo()
    await group.rotateKey()
    const invite = await bert.invited(group)
    const { store } = bert
    const [changeGroup, receiveGroup] = [store.changeGroup.bind(store), store.receiveGroup.bind(store)]
    const key = gate()
    const page = gate()
    vi.spyOn(store, 'changeGroup').mockImplementation(async (id, change) => {
      const result = await changeGroup(id, change)
      if (change.key) await key.pass()
      return result
    })
    const joining = bert.messenger.joinGroup(invite)
    await key.reached
    vi.spyOn(store, 'receiveGroup').mockImplementation(async (id, batch) => {
      await page.pass()
      return receiveGroup(id, batch)
    })
    await group.send('at the same time')
    await page.reached
    // Now the key is there, and the message that was not read with it is not.
    key.open()
    await until(() => bert.events.some(({ change }) => change === 'key'))
    page.open()
    await joining
    await until(async () => (await kindsOf(bert, group)).length > 0)
    expect(await kindsOf(bert, group)).toEqual(['text: at the same time'])
  })

  test('is tried on one message at a time', async () => {
    const { bert, group } = await setTwo()
    await group.rotateKey()
    for (const text of ['a', 'b', 'c']) await group.send(text)
    await until(async () => (await bert.store.unreadable(group.id, 9)).length === 3)
    const looked = vi.spyOn(bert.store, 'unreadable')
    await bert.join(group)
    await bert.sees(group, ['a', 'b', 'c'])
    for (const { value } of looked.mock.results) expect((await value).length).toBeLessThanOrEqual(1)
  })

  test('lets newcomers read the names of those who took it', async () => {
    const { scene, anna, bert, group } = await setTwo()
    const dora = await scene.person()
    await anna.knows(group, bert.key, { name: 'Bert' })
    await group.rotateKey()
    await bert.join(group)
    await group.invite(dora.key)
    await dora.join(group)
    await dora.knows(group, bert.key, { name: 'Bert' })
  })

  test('does not make the group deaf when the mediator takes no answer to its invite', async () => {
    const { bert, group } = await setTwo()
    await group.rotateKey()
    await dieWithKey(bert, group)
    vi.spyOn(MediatorClient.prototype, 'respondToInvite').mockImplementation(broken)
    const again = await bert.restart()
    await group.send('hello')
    await again.sees(group, ['hello'])
  })

  test('does not bring us back into a group that we left before it could be answered', async () => {
    const { bert, group } = await setTwo()
    await group.rotateKey()
    const invite = await bert.invited(group)
    vi.spyOn(MediatorClient.prototype, 'respondToInvite').mockImplementation(broken)
    await expect(bert.messenger.joinGroup(invite)).rejects.toMatchObject({ code: 'mediator' })
    vi.restoreAllMocks()
    await (await bert.messenger.group(group.id)).leave()
    const again = await bert.restart()
    expect((await again.messenger.groupInvites()).map(({ id }) => id)).toEqual([invite.id])
    await until(async () => (await again.messenger.health()).mediators === 1)
    expect((await again.messenger.group(group.id)).state).toBe('left')
  })

  test('is refused because we are out: what we said in the group stays', async () => {
    const { bert, group } = await setTwo()
    await group.rotateKey()
    const invite = await bert.invited(group)
    await bert.messenger.close()
    await group.ban(bert.key)
    // It had heard nothing there yet, and something waits to be sent.
    const { store } = bert
    const [row] = await store.invites()
    const record = (await store.group(group.id))!
    await store.deleteGroup(group.id)
    await store.putGroup({ ...record, syncedTo: 0n, infoSinceSeconds: 0n })
    await store.putInvite(row!)
    const out = () => Promise.reject(new MediatorError('not-member', 'out', { remoteText: 'not a member or banned' }))
    vi.spyOn(MediatorClient.prototype, 'getLastMessageId').mockImplementation(out)
    const again = await bert.restart()
    await again.messenger.send(group.id, 'kept')
    await expect(again.messenger.joinGroup(invite)).rejects.toMatchObject({ code: 'not-member' })
    expect((await again.messenger.group(group.id)).state).toBe('banned')
    expect(await again.texts(group)).toEqual(['kept'])
  })
})

/** A place where somebody waits until it is opened. */
function gate() {
  let open = (): void => {}
  let reach = (): void => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  const reached = new Promise<void>((resolve) => {
    reach = resolve
  })
  const pass = async (): Promise<void> => {
    reach()
    await opened
  }
  return { open, reached, pass }
}
