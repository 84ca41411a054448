import { randomBytes } from '@mimirjs/crypto'
import { fromHex } from '@mimirjs/wire'
import { encodeSystemMessage } from '@mimirjs/wire/mediator'
import { describe, expect, test } from 'vitest'
import { FakeMediator } from './support/fake-mediator.js'
import { createScene, type Person, type Scene, until } from './support/scene.js'

/** Somebody in the chat of a mediator that does what it likes. */
async function victim(options: Parameters<Scene['person']>[0] = {}) {
  const scene = await createScene({ isAway: true })
  const fake = new FakeMediator()
  await fake.listen(scene)
  const [anna, mallory] = [
    await scene.person({ ...options, mediators: [fake.address] }),
    await scene.person({ mediators: [] }),
  ]
  await until(() => fake.isUp)
  return { scene, fake, anna, mallory }
}

async function joined(options: Parameters<Scene['person']>[0] = {}) {
  const { fake, anna, ...rest } = await victim(options)
  fake.members.push({ publicKey: fromHex(anna.key), permissions: 0x10, online: true, lastSeenSeconds: 0n })
  fake.invite(anna.key)
  const invite = await until(async () => (await anna.messenger.groupInvites())[0])
  const group = await anna.messenger.joinGroup(invite)
  await until(() => fake.requests.some(({ command }) => command === 'getMessagesSince'))
  return { fake, anna, group, ...rest }
}

const rowsOf = async (anna: Person, group: string) =>
  (await anna.entries(group)).map(({ kind, text, author }) => [kind, text, author.slice(0, 8)])

describe('a hostile mediator', () => {
  test('cannot put its words in the place of what somebody else said: the first author of an id keeps it', async () => {
    const { fake, anna, mallory, group } = await joined()
    const heard: string[] = []
    anna.messenger.on('message', ({ text, from }) => void heard.push(`${from.slice(0, 8)} ${text}`))
    const author = fromHex(mallory.key)
    fake.say({ author, blob: fake.seal('mine', { guid: 5n }) })
    fake.say({
      author: randomBytes(32),
      blob: fake.seal('changed', { guid: 5n, editTimeMs: 1_700_000_001_000n }),
      guid: 6n,
    })
    await until(() => heard.length === 2)
    const [first] = (await anna.entries(group)).filter(({ kind }) => kind === 'text')
    expect(first).toMatchObject({ author: mallory.key, text: 'mine', editedAt: undefined })
  })

  test('shows a message once, however often it is said, under whatever number', async () => {
    const { fake, anna, mallory, group } = await joined()
    const author = fromHex(mallory.key)
    const blob = fake.seal('once', { guid: 5n })
    const one = fake.say({ author, blob, guid: 5n })
    for (let time = 0; time < 5; time++) fake.push('gotMessage', { ...one, chatId: fake.chatId })
    fake.say({ author, blob, guid: 99n })
    fake.say({ author, blob: fake.seal('last', { guid: 7n }), guid: 7n })
    await until(async () => (await anna.texts(group)).includes('last'))
    expect(await anna.texts(group)).toEqual(['once', 'last'])
  })

  test('is kept waiting by garbage no longer than by messages: each is kept as it came, and shown as unreadable', async () => {
    const { fake, anna, mallory, group } = await joined()
    const heard: string[] = []
    anna.messenger.on('message', ({ text }) => void heard.push(text))
    const author = fromHex(mallory.key)
    const garbage = [
      new Uint8Array(0),
      new Uint8Array(27),
      randomBytes(1_000),
      fake.seal('other key', { guid: 2n }, randomBytes(32)),
      // A record that only we write ourselves, and a system message that somebody wrote.
      fake.seal('call', { guid: 3n, messageType: 2 }),
      fake.seal('system', { guid: 4n, messageType: 1_000 }),
      fake.seal('file without a file', { guid: 5n, messageType: 3 }),
    ]
    for (const blob of garbage) fake.say({ author, blob })
    fake.say({ author, blob: fake.seal('fine', { guid: 90n }), guid: 90n })
    await until(() => heard.length > 0)
    expect(heard).toEqual(['fine'])
    const kinds = (await rowsOf(anna, group.id)).map(([kind]) => kind)
    expect(kinds).toEqual([...garbage.map(() => 'unreadable'), 'text'])
    expect(await anna.store.unreadable(group.id, 100)).toHaveLength(garbage.length)
  })

  test('cannot make members of those it invents, nor fill the memory with them', async () => {
    const { fake, anna, group } = await joined()
    fake.say({
      blob: encodeSystemMessage({
        event: 'userAdded',
        target: randomBytes(32),
        actor: randomBytes(32),
        random: randomBytes(32),
      }),
    })
    await until(async () => (await anna.entries(group)).length === 1)
    // The list has the last word.
    await until(async () => (await group.members()).map(({ publicKey }) => publicKey).join() === anna.key)
    fake.push('gotMemberInfo', {
      chatId: fake.chatId,
      members: [{ publicKey: randomBytes(32), info: randomBytes(100), timestampSeconds: 2n ** 62n }],
    })
    fake.say({ author: randomBytes(32), blob: fake.seal('still here'), guid: 1n })
    await until(async () => (await anna.texts(group)).includes('still here'))
    expect((await anna.store.group(group.id))?.infoSinceSeconds).toBe(0n)
  })

  test('says something unknown, or broken: a line says so', async () => {
    const { fake, anna, group } = await joined()
    fake.say({ blob: Uint8Array.of(0x77, 1, 2, 3) })
    fake.say({ blob: Uint8Array.of(0x01) })
    fake.say({ blob: new Uint8Array(0) })
    await until(async () => (await anna.entries(group)).length === 3)
    for (const [kind, text] of await rowsOf(anna, group.id)) {
      expect(kind).toBe('system')
      expect(text).toBe('something happened that this version does not know')
    }
  })

  test('floods us with invites: a bounded number is kept, garbage is not', async () => {
    const { fake, anna } = await victim()
    let events = 0
    anna.messenger.on('groupInvite', () => void events++)
    fake.invite(anna.key, { inviteId: 9_000n, data: randomBytes(10) })
    fake.invite(anna.key, { inviteId: 9_001n, data: randomBytes(5_000) })
    const big = { name: 'x'.repeat(10_000), description: 'y'.repeat(10_000) }
    for (const [from, to] of [
      [1n, 600n],
      [601n, 1_100n],
    ] as const) {
      for (let id = from; id <= to; id++) fake.invite(anna.key, { ...big, inviteId: id, chatId: id })
      await until(() => events === Number(to), 10_000)
    }
    const invites = await anna.messenger.groupInvites()
    expect(invites).toHaveLength(1_000)
    expect(invites.every(({ name, description }) => name.length === 25 && description.length === 200)).toBe(true)
    // Said again, at the next login: told once.
    fake.invite(anna.key, { inviteId: 1_100n, chatId: 1_100n, data: (await anna.store.invites()).at(-1)!.data })
    fake.invite(anna.key, { inviteId: 1_101n, chatId: 5n })
    await until(() => events > 1_100)
    expect(events).toBe(1_101)
  })

  test('invites with a key that is for somebody else: it is refused, and nothing is joined', async () => {
    const { fake, anna, mallory } = await victim()
    fake.invite(mallory.key)
    const invite = await until(async () => (await anna.messenger.groupInvites())[0])
    await expect(anna.messenger.joinGroup(invite)).rejects.toMatchObject({ code: 'damaged' })
    expect(await anna.messenger.groups()).toEqual([])
    await anna.messenger.declineGroup(invite)
    expect(await anna.messenger.groupInvites()).toEqual([])
    expect(fake.requests.at(-1)).toMatchObject({ command: 'inviteResponse', value: { accepted: 0 } })
  })

  test('invites in the name of a contact: into a group of its own, but never to another key for one we are in', async () => {
    const { fake, anna, mallory } = await victim({ groupInvites: 'accept-from-contacts' })
    fake.members.push({ publicKey: fromHex(anna.key), permissions: 0x10, online: true, lastSeenSeconds: 0n })
    await anna.messenger.addContact(mallory.key)
    fake.invite(anna.key, { from: fromHex(mallory.key) })
    const group = await until(async () => (await anna.messenger.groups())[0])
    await until(async () => (await anna.store.invites()).length === 0)
    const key = (await anna.store.group(group.id))!.key
    const asked = new Promise((resolve) => anna.messenger.on('groupInvite', resolve))
    fake.invite(anna.key, { inviteId: 2n, from: fromHex(mallory.key) }, randomBytes(32))
    expect(await asked).toMatchObject({ group: group.id, rotatesKey: true })
    // One that came later has been accepted: this one will not be.
    fake.invite(anna.key, { inviteId: 3n, chatId: 5n, from: fromHex(mallory.key) })
    await until(async () => (await anna.messenger.groups()).length === 2 && (await anna.store.invites()).length === 1)
    expect((await anna.store.group(group.id))!.key).toEqual(key)
    expect(await anna.messenger.groupInvites()).toHaveLength(1)
  })

  test('says that we are out, to invite us with another key in the name of a contact: that is asked about', async () => {
    const { fake, anna, mallory, group } = await joined({ groupInvites: 'accept-from-contacts' })
    await anna.messenger.addContact(mallory.key)
    await group.send('hello?')
    await until(() => group.state === 'banned')
    const { key } = (await anna.store.group(group.id))!
    const asked = new Promise((resolve) => anna.messenger.on('groupInvite', resolve))
    fake.invite(anna.key, { inviteId: 2n, from: fromHex(mallory.key) }, randomBytes(32))
    expect(await asked).toMatchObject({ group: group.id, rotatesKey: true })
    // One that came later has been accepted: this one will not be.
    fake.invite(anna.key, { inviteId: 3n, chatId: 5n, from: fromHex(mallory.key) })
    await until(async () => (await anna.messenger.groups()).length === 2 && (await anna.store.invites()).length === 1)
    expect(await anna.store.group(group.id)).toMatchObject({ key, state: 'banned' })
  })

  test('invites twice at once into one group: the first is it, the other waits', async () => {
    const { fake, anna } = await victim({ groupInvites: () => true })
    fake.members.push({ publicKey: fromHex(anna.key), permissions: 0x10, online: true, lastSeenSeconds: 0n })
    fake.invite(anna.key)
    fake.invite(anna.key, { inviteId: 2n }, randomBytes(32))
    const [error] = await until(() => (anna.errors.length > 0 ? anna.errors : undefined))
    expect(error).toMatchObject({ code: 'forbidden', message: /another invite/ })
    const [group, ...others] = await anna.messenger.groups()
    expect(others).toEqual([])
    expect(await anna.store.group(group!.id)).toMatchObject({ key: fake.key, formerKeys: [] })
    expect((await anna.messenger.groupInvites()).map(({ id }) => id)).toEqual([`${fake.address.publicKey}:2`])
  })

  test('asks for our name without end: one answer waits, however often', async () => {
    const { fake, anna } = await joined({ name: 'Anna' })
    const uploads = () => fake.requests.filter(({ command }) => command === 'updateMemberInfo').length
    const questions = 2_000
    const before = uploads()
    for (let count = 0; count < questions; count++)
      fake.push('requestMemberInfo', { chatId: fake.chatId, lastUpdateSeconds: 0n })
    fake.say({ author: randomBytes(32), blob: fake.seal('after that') })
    const [group] = await anna.messenger.groups()
    await until(async () => (await anna.texts(group!)).includes('after that'))
    await group!.refresh()
    expect(uploads() - before).toBeGreaterThan(0)
    expect(uploads() - before).toBeLessThan(questions / 10)
  })

  test('calls the group what no mediator would take: it is cut', async () => {
    const { fake, anna, group } = await joined()
    const actor = fake.signer.publicKey
    const [name, description] = ['x'.repeat(100_000), 'y'.repeat(100_000)]
    const avatar = new Uint8Array(204_801)
    fake.say({ blob: encodeSystemMessage({ event: 'chatInfoChanged', actor, name, description, avatar }) })
    await until(() => group.name !== 'Fake')
    expect([group.name, group.description, group.avatar]).toEqual(['x'.repeat(25), 'y'.repeat(200), undefined])
    const [entry] = await anna.entries(group)
    expect(entry!.text.length).toBeLessThan(200)
  })

  test('is not heard when it invites for somebody we blocked', async () => {
    const { fake, anna, mallory } = await victim()
    await anna.messenger.block(mallory.key)
    fake.invite(anna.key, { from: fromHex(mallory.key) })
    fake.invite(anna.key, { inviteId: 2n, chatId: 2n })
    const invites = await until(async () => {
      const waiting = await anna.messenger.groupInvites()
      return waiting.length > 0 ? waiting : undefined
    })
    expect(invites.map(({ id }) => id)).toEqual([`${fake.address.publicKey}:2`])
  })

  test('refuses us: what we sent waits and is shown so, and the group is no longer ours', async () => {
    const { anna, group } = await joined()
    const waiting = new Promise((resolve) => anna.messenger.on('waiting', resolve))
    const sent = await group.send('hello?')
    expect(await waiting).toEqual({ id: sent.id, to: group.id })
    await until(() => group.state === 'banned')
    expect((await anna.entries(group)).at(-1)).toMatchObject({ text: 'hello?', state: 'waiting' })
  })
})
