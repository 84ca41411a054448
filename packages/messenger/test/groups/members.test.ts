import { describe, expect, test } from 'vitest'
import { collect, createGroupOf, createScene, until } from './support/scene.js'

describe('the members of a group', () => {
  test('are known by the names and pictures that they tell, encrypted', async () => {
    const scene = await createScene()
    const [anna, bert] = [await scene.person({ name: 'Anna' }), await scene.person({ name: 'Bert' })]
    await bert.messenger.setProfile({ info: 'gardener', avatar: PICTURE })
    const [group, theirs] = await createGroupOf([anna, bert])
    await anna.knows(group!, bert.key, { name: 'Bert', info: 'gardener', role: 'member', online: true })
    await bert.knows(group!, anna.key, { name: 'Anna', role: 'owner', online: true })
    expect((await group!.members()).find(({ publicKey }) => publicKey === bert.key)?.avatar).toEqual(PICTURE)

    await bert.messenger.setProfile({ name: 'Bertram' })
    await anna.knows(group!, bert.key, { name: 'Bertram' })
    await anna.messenger.addContact(bert.key, { name: 'my Bert' })
    await anna.knows(group!, bert.key, { name: 'my Bert' })
    const got = collect(anna, 1)
    await theirs!.send('hello')
    expect((await got)[0]?.fromName).toBe('my Bert')
  })

  test('come and go', async () => {
    const scene = await createScene()
    const [anna, bert] = [await scene.person(), await scene.person()]
    const [group] = await createGroupOf([anna, bert])
    await anna.knows(group!, bert.key, { online: true })
    await bert.messenger.close()
    await anna.knows(group!, bert.key, { online: false })
    const member = (await group!.members()).find(({ publicKey }) => publicKey === bert.key)
    expect(member?.lastSeenAt).toBeInstanceOf(Date)
    expect(anna.events).toContainEqual({ group: group!.id, change: 'online', person: bert.key, online: false })
  })

  test('have roles, which decide what they may do', async () => {
    const scene = await createScene()
    const people = [await scene.person(), await scene.person(), await scene.person(), await scene.person()] as const
    const [anna, bert, carl, dora] = people
    const [group, berts, carls] = await createGroupOf([anna, bert, carl])
    for (const forbidden of [
      () => berts!.invite(dora.key),
      () => berts!.ban(carl.key),
      () => berts!.update({ name: 'Mine' }),
      () => berts!.setRole(carl.key, 'admin'),
      () => berts!.rotateKey(),
      () => berts!.delete(),
    ])
      await expect(forbidden()).rejects.toMatchObject({ code: 'forbidden' })
    expect(berts!.state).toBe('joined')

    await group!.setRole(bert.key, 'moderator')
    await until(() => berts!.role === 'moderator')
    await until(() => bert.events.some((event) => event.change === 'role' && event.role === 'moderator'))
    await berts!.invite(dora.key)
    await dora.join(group!)
    await group!.setRole(carl.key, 'reader')
    await until(() => carls!.role === 'reader')
    await expect(carls!.send('may I?')).rejects.toMatchObject({ code: 'forbidden' })
    await group!.setRole(carl.key, 'member')
    await until(() => carls!.role === 'member')
    await carls!.send('thank you')
    for (const person of people) await person.sees(group!, ['thank you'])
    await anna.knows(group!, bert.key, { role: 'moderator' })
    await expect(group!.setRole(bert.key, 'king' as 'admin')).rejects.toMatchObject({ code: 'bad-content' })
  })

  test('see what the group is called now', async () => {
    const scene = await createScene()
    const [anna, bert] = [await scene.person(), await scene.person()]
    const [group, theirs] = await createGroupOf([anna, bert])
    await group!.update({ name: 'Garden', description: 'what grows', avatar: PICTURE })
    await until(() => theirs!.name === 'Garden')
    expect(theirs!.description).toBe('what grows')
    expect(theirs!.avatar).toEqual(PICTURE)
    await group!.update({ avatar: new Uint8Array(0) })
    await until(() => theirs!.avatar === undefined)
    expect(theirs!.name).toBe('Garden')
    expect(bert.events).toContainEqual({ group: group!.id, change: 'info' })
  })

  test('are banned, keep their history, and may be invited again', async () => {
    const scene = await createScene()
    const people = [await scene.person(), await scene.person(), await scene.person()] as const
    const [, bert, carl] = people
    const [group, theirs] = await createGroupOf(people)
    await group!.send('before')
    for (const person of people) await person.sees(group!, ['before'])
    await group!.ban(bert.key)
    await until(() => theirs!.state === 'banned')
    await expect(theirs!.send('hello?')).rejects.toMatchObject({ code: 'not-member' })
    await until(async () => !(await group!.members()).some(({ publicKey }) => publicKey === bert.key))
    await group!.send('without Bert')
    await carl.sees(group!, ['before', 'without Bert'])
    await bert.sees(group!, ['before'])

    await group!.invite(bert.key)
    const again = await bert.join(group!)
    expect(again).toBe(theirs)
    expect(theirs!.state).toBe('joined')
    await bert.sees(group!, ['before', 'without Bert'])
    await theirs!.send('back')
    for (const person of people) await person.sees(group!, ['before', 'without Bert', 'back'])
  })

  test('leave, and the owner cannot', async () => {
    const scene = await createScene()
    const [anna, bert] = [await scene.person(), await scene.person()]
    const [group, theirs] = await createGroupOf([anna, bert])
    await group!.send('stay')
    await bert.sees(group!, ['stay'])
    await expect(group!.leave()).rejects.toMatchObject({ code: 'forbidden' })
    await expect(theirs!.forget()).rejects.toMatchObject({ code: 'forbidden' })
    await theirs!.leave()
    expect(theirs!.state).toBe('left')
    await until(async () => (await group!.members()).length === 1)
    await until(async () => (await anna.entries(group!)).at(-1)?.system?.event === 'userLeft')
    await expect(theirs!.send('x')).rejects.toMatchObject({ code: 'not-member' })
    expect(await bert.texts(group!)).toEqual(['stay'])
    await theirs!.forget()
    expect(await bert.messenger.groups()).toEqual([])
    expect(await bert.messenger.conversations()).toEqual([])
  })

  test('hear that the group was deleted, also those who were away', async () => {
    const scene = await createScene()
    const people = [await scene.person(), await scene.person(), await scene.person()] as const
    const [, , carl] = people
    const [group, berts] = await createGroupOf(people)
    await carl.messenger.close()
    await group!.delete()
    expect(group!.state).toBe('deleted')
    await until(() => berts!.state === 'deleted')
    const again = await carl.restart()
    await until(async () => (await again.messenger.group(group!.id)).state === 'banned')
  })
})

const PICTURE = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 1, 2, 3])
