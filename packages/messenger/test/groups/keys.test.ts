import { randomBytes } from '@mimirjs/crypto'
import { MEDIATOR_DIALECTS } from '@mimirjs/wire/mediator'
import { describe, expect, test } from 'vitest'
import { collect, createGroupOf, createScene, until } from './support/scene.js'

describe('the key of a group', () => {
  test('is changed: who takes the new one goes on, who was banned reads nothing that follows', async () => {
    const scene = await createScene()
    const people = [
      await scene.person({ name: 'Anna' }),
      await scene.person({ name: 'Bert' }),
      await scene.person(),
    ] as const
    const [anna, bert, carl] = people
    const [group, berts, carls] = await createGroupOf(people)
    await group!.send('old')
    for (const person of people) await person.sees(group!, ['old'])
    await group!.ban(carl.key)
    await until(() => carls!.state === 'banned')
    const asked = new Promise((resolve) => bert.messenger.on('groupInvite', resolve))
    await group!.rotateKey()
    expect(await asked).toMatchObject({ group: group!.id, from: anna.key, rotatesKey: true })
    expect(anna.events).toContainEqual({ group: group!.id, change: 'key' })

    await group!.send('new')
    await until(async () => (await bert.entries(group!)).at(-1)?.kind === 'unreadable')
    const old = (await carl.store.group(group!.id))!
    const now = (await anna.store.group(group!.id))!
    expect(now.key).not.toEqual(old.key)
    expect(now.formerKeys).toEqual([old.key])

    const got = collect(bert, 2)
    await berts!.send('under the old one')
    await bert.join(group!)
    expect((await got).map(({ text }) => text)).toEqual(['old', 'new'])
    await bert.sees(group!, ['old', 'new', 'under the old one'])
    await anna.sees(group!, ['old', 'new', 'under the old one'])
    await berts!.send('under the new one')
    await anna.sees(group!, ['old', 'new', 'under the old one', 'under the new one'])
    expect(berts!.role).toBe('member')
    await bert.knows(group!, anna.key, { name: 'Anna' })
    await anna.knows(group!, bert.key, { name: 'Bert' })
  })

  test('is taken without a yes, which at an original would make an owner an ordinary member', async () => {
    const scene = await createScene({ moderation: 'original', dialect: 'tlv' })
    const [anna, bert] = [await scene.person(), await scene.person()]
    const [group, berts] = await createGroupOf([anna, bert])
    await group!.setRole(bert.key, 'admin')
    await until(() => berts!.role === 'admin')
    await berts!.rotateKey()
    await anna.join(group!)
    const { key } = (await bert.store.group(group!.id))!
    expect((await anna.store.group(group!.id))!.key).toEqual(key)
    await group!.send('under the new one')
    await bert.sees(group!, ['under the new one'])
    await anna.knows(group!, anna.key, { role: 'owner' })
    const added = (await bert.entries(group!)).filter(({ system }) => system?.event === 'userAdded')
    expect(added).toHaveLength(1)
    await until(async () => (await anna.store.invites()).length === 0)
  })

  test('cannot be changed where the mediator invites nobody who is in: it says so, and the old one stays', async () => {
    const scene = await createScene({ moderation: 'original' })
    const [anna, bert] = [await scene.person(), await scene.person()]
    const [group] = await createGroupOf([anna, bert])
    const before = (await anna.store.group(group!.id))!.key
    await expect(group!.rotateKey()).rejects.toMatchObject({
      code: 'mediator',
      message: /1 of 1 members .* user already in chat/,
    })
    expect((await anna.store.group(group!.id))!.key).toEqual(before)
  })

  test('is not changed when a member cannot be reached with it', async () => {
    const scene = await createScene()
    const [anna, bert] = [await scene.person(), await scene.person()]
    const [group] = await createGroupOf([anna, bert])
    const before = (await anna.store.group(group!.id))!.key
    await scene.stop()
    const aborted = group!.rotateKey({ signal: AbortSignal.timeout(50) })
    await expect(aborted).rejects.toMatchObject({ code: 'aborted' })
    expect((await anna.store.group(group!.id))!.key).toEqual(before)
    await expect((await bert.messenger.group(group!.id)).rotateKey()).rejects.toMatchObject({ code: 'forbidden' })
  })

  test('opens what was written in the other cipher', async () => {
    const scene = await createScene()
    const [anna, bert] = [await scene.person(), await scene.person()]
    const [group, theirs] = await createGroupOf([anna, bert])
    expect((await anna.store.group(group!.id))!.cipher).toBe('rfc8439')
    await bert.store.changeGroup(group!.id, { cipher: 'legacy' })
    const again = await bert.restart()
    await again.messenger.send(theirs!.id, 'from an older program')
    await anna.sees(group!, ['from an older program'])
    await group!.send('from a newer one')
    await again.sees(group!, ['from an older program', 'from a newer one'])
  })

  test.each(MEDIATOR_DIALECTS)('is used in the cipher of the dialect %s', async (dialect) => {
    const scene = await createScene({ dialect })
    const [anna, bert] = [await scene.person(), await scene.person()]
    const [group] = await createGroupOf([anna, bert])
    const cipher = dialect === 'tlv-push' ? 'rfc8439' : 'legacy'
    for (const { store } of [anna, bert]) expect((await store.group(group!.id))!.cipher).toBe(cipher)
    const role = group!.setRole(bert.key, 'admin')
    const name = group!.update({ name: 'Garden' })
    if (dialect === 'binary') {
      await expect(role).rejects.toMatchObject({ code: 'unsupported' })
      await expect(name).rejects.toMatchObject({ code: 'unsupported' })
    } else await Promise.all([role, name])
  })

  test('of somebody else opens nothing, and what it closed is there when the right one comes', async () => {
    const scene = await createScene()
    const [anna, bert] = [await scene.person(), await scene.person()]
    const [group] = await createGroupOf([anna, bert])
    const right = (await bert.store.group(group!.id))!.key
    await bert.messenger.close()
    await bert.store.changeGroup(group!.id, { key: randomBytes(32) })
    const lost = await bert.restart()
    for (const text of ['one', 'two', 'three']) await group!.send(text)
    await until(async () => (await lost.store.unreadable(group!.id, 10)).length === 3)
    expect((await lost.entries(group!)).filter(({ kind }) => kind === 'unreadable')).toHaveLength(3)
    await group!.rotateKey()
    const invite = await lost.invited(group!)
    await lost.messenger.close()
    await lost.store.changeGroup(group!.id, { formerKeys: [right] })
    const found = await lost.restart()
    const heard = collect(found, 3)
    await found.messenger.joinGroup(invite)
    expect((await heard).map(({ text }) => text)).toEqual(['one', 'two', 'three'])
    await found.sees(group!, ['one', 'two', 'three'])
  })
})
