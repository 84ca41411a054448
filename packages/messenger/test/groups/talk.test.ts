import { MEDIATOR_DIALECTS } from '@mimirjs/wire/mediator'
import { describe, expect, test } from 'vitest'
import { isMessengerError } from '../../src/index.js'
import { collect, createGroupOf, createScene, until } from './support/scene.js'

describe.each(MEDIATOR_DIALECTS)('a group in the dialect %s', (dialect) => {
  test('is made, and is the same for everybody who joins', async () => {
    const scene = await createScene({ dialect })
    const [anna, bert] = [await scene.person({ name: 'Anna' }), await scene.person()]
    const group = await anna.messenger.createGroup({ name: 'Garden', description: 'what grows', avatar: PICTURE })
    expect(group).toMatchObject({ name: 'Garden', description: 'what grows', role: 'owner', state: 'joined' })
    expect(group.id).toMatch(/^[0-9a-f]{64}$/)
    expect(group.chatId).toMatch(/^[0-9]+$/)
    expect(group.mediator).toMatchObject(scene.address)
    expect(group.avatar).toEqual(PICTURE)

    await group.invite(bert.key)
    const invite = await bert.invited(group)
    expect(invite).toMatchObject({ group: group.id, name: 'Garden', from: anna.key, rotatesKey: false })
    expect(invite.avatar).toEqual(PICTURE)
    const joined = await bert.messenger.joinGroup(invite.id)
    expect(joined).toMatchObject({ id: group.id, name: 'Garden', role: 'member', state: 'joined' })
    expect(await bert.messenger.groupInvites()).toEqual([])
    expect((await bert.messenger.groups()).map(({ id }) => id)).toEqual([group.id])
    await until(() => bert.events.some(({ change }) => change === 'joined'))
  })

  test('needs a mediator, and a name that fits', async () => {
    const scene = await createScene({ dialect })
    const alone = await scene.person({ mediators: [] })
    await expect(alone.messenger.createGroup({ name: 'x' })).rejects.toMatchObject({ code: 'bad-content' })
    const anna = await scene.person()
    const long = anna.messenger.createGroup({ name: 'x'.repeat(26) })
    await expect(long).rejects.toMatchObject({ code: 'too-large' })
    await expect(anna.messenger.group('ab'.repeat(32))).rejects.toMatchObject({ code: 'unknown-group' })
    await expect(anna.messenger.joinGroup('nothing')).rejects.toMatchObject({ code: 'unknown-invite' })
  })

  test('carries texts to everybody, in order, with their authors', async () => {
    const scene = await createScene({ dialect })
    const people = [await scene.person({ name: 'Anna' }), await scene.person(), await scene.person()] as const
    const [anna, bert, carl] = people
    const [group] = await createGroupOf(people)
    const sent = await anna.messenger.send(group!.id, 'hello')
    expect(sent.to).toBe(group!.id)
    await anna.messenger.whenDelivered(sent)
    for (const person of people) await person.sees(group!, ['hello'])
    const theirs = await bert.messenger.group(group!.id)
    for (const text of ['one', 'two', 'three']) await theirs.send(text)
    for (const person of people) await person.sees(group!, ['hello', 'one', 'two', 'three'])

    const authors = (await carl.entries(group!)).filter(({ kind }) => kind === 'text').map(({ author }) => author)
    expect(authors).toEqual([anna.key, bert.key, bert.key, bert.key])
    const own = (await anna.entries(group!)).find(({ text }) => text === 'hello')
    expect(own).toMatchObject({ id: sent.id, peer: group!.id, author: anna.key, outgoing: true, state: 'delivered' })
  })

  test('hands messages to handlers, who answer and react in the group', async () => {
    const scene = await createScene({ dialect })
    const [anna, bert] = [await scene.person({ name: 'Anna' }), await scene.person()]
    const [group] = await createGroupOf([anna, bert])
    await bert.knows(group!, anna.key, { name: 'Anna' })
    bert.messenger.on('message', async (message) => {
      await message.reply(`re: ${message.text}`)
      await message.react('👍')
    })
    const answers = collect(anna, 2)
    const sent = await group!.send('hello')
    const [reply, reaction] = await answers
    expect(reply).toMatchObject({ from: bert.key, text: 're: hello', replyTo: sent.id, kind: 'text' })
    expect(reply!.group?.id).toBe(group!.id)
    expect(reaction).toMatchObject({ from: bert.key, text: '👍', replyTo: sent.id, kind: 'reaction' })
    expect(bert.errors).toEqual([])
  })

  test('carries images and files inside the message', async () => {
    const scene = await createScene({ dialect })
    const [anna, bert] = [await scene.person(), await scene.person()]
    const [group] = await createGroupOf([anna, bert])
    const got = collect(bert, 2)
    await group!.send({ image: { bytes: PICTURE, name: 'rose.png' }, text: 'a rose' })
    await group!.send({ file: { bytes: new Uint8Array(300_000).fill(7), name: 'log.txt' } })
    const [image, file] = await got
    expect(image).toMatchObject({ kind: 'image', text: 'a rose', file: { name: 'rose.png', damaged: false } })
    expect(image!.file?.bytes).toEqual(PICTURE)
    expect(file).toMatchObject({ kind: 'file', file: { name: 'log.txt', sizeBytes: 300_000, damaged: false } })
    const voice = group!.send({ voice: { bytes: PICTURE, name: 'x' } })
    await expect(voice).rejects.toMatchObject({ code: 'unsupported', message: 'groups carry no voice messages' })
  })

  test('shows the new text of a message that was edited', async () => {
    const scene = await createScene({ dialect })
    const [anna, bert] = [await scene.person(), await scene.person()]
    const [group] = await createGroupOf([anna, bert])
    const sent = await group!.send('helo')
    await bert.sees(group!, ['helo'])
    const edited = new Promise((resolve) => bert.messenger.on('edited', resolve))
    await anna.messenger.whenDelivered(await group!.send({ edit: sent.id, text: 'hello' }))
    expect(await edited).toEqual({ id: sent.id, peer: group!.id })
    await bert.sees(group!, ['hello'])
    await anna.sees(group!, ['hello'])
    expect((await bert.entries(group!)).at(-1)?.editedAt).toBeInstanceOf(Date)
    const theirs = await bert.messenger.group(group!.id)
    await expect(theirs.send({ edit: sent.id, text: 'mine' })).rejects.toMatchObject({ code: 'unknown-message' })
  })

  test('stands in the list of conversations, with what is unread, and is searched', async () => {
    const scene = await createScene({ dialect })
    const [anna, bert] = [await scene.person(), await scene.person()]
    const [group, theirs] = await createGroupOf([anna, bert], 'Garden')
    await group!.send('roses are red')
    await group!.send('violets are blue')
    await bert.sees(group!, ['roses are red', 'violets are blue'])
    const [summary] = await bert.messenger.conversations()
    expect(summary).toMatchObject({ unread: 2, last: { text: 'violets are blue', author: anna.key } })
    expect(summary?.group).toBe(theirs)
    await theirs!.markRead()
    expect((await bert.messenger.conversations())[0]?.unread).toBe(0)
    const found = await bert.messenger.search('ROSES', { person: group!.id })
    expect(found.map(({ text, author }) => [text, author])).toEqual([['roses are red', anna.key]])
    expect(await bert.messenger.contacts()).toEqual([])
  })

  test('takes its id wherever a conversation is named, and nowhere where a person is meant', async () => {
    const scene = await createScene({ dialect })
    const anna = await scene.person()
    const group = await anna.messenger.createGroup({ name: 'Alone' })
    const sent = await anna.messenger.send(` ${group.id.toUpperCase()} `, 'note')
    await anna.messenger.whenDelivered(sent)
    expect((await anna.messenger.history(group.id))[0]?.text).toBe('note')
    expect(await anna.messenger.deleteMessage(group.id, sent.id, { outgoing: true })).toBe(true)
    expect(await anna.texts(group)).toEqual([])
    for (const mistake of [
      () => anna.messenger.addContact(group.id),
      () => anna.messenger.connect(group.id),
      () => group.invite(group.id),
    ]) {
      const error: unknown = await mistake().catch((cause: unknown) => cause)
      expect(isMessengerError(error) && error.code).toBe('bad-key')
    }
  })

  test('shows what the mediator says as lines of the history that no handler gets', async () => {
    const scene = await createScene({ dialect })
    const [anna, bert] = [await scene.person(), await scene.person()]
    const seen: string[] = []
    anna.messenger.on('message', ({ kind }) => void seen.push(kind))
    const [group] = await createGroupOf([anna, bert])
    const hasNames = dialect !== 'binary'
    if (hasNames) await group!.update({ name: 'Garden' })
    await bert.messenger.send(group!.id, 'hello')
    await anna.sees(group!, ['hello'])
    const lines = (await anna.entries(group!)).filter(({ kind }) => kind === 'system')
    expect(lines.map(({ system }) => system?.event)).toEqual(['userAdded', ...(hasNames ? ['chatInfoChanged'] : [])])
    expect(lines[0]?.text).toBe(`${bert.key.slice(0, 8)} joined, invited by ${anna.key.slice(0, 8)}`)
    if (hasNames) expect(lines[1]?.text).toBe(`${anna.key.slice(0, 8)} changed the name to 'Garden'`)
    expect(lines[0]?.author).toBe(scene.address.publicKey)
    await until(() => seen.length > 0)
    expect(seen).toEqual(['text'])
  })
})

describe.each(['tlv', 'tlv-push'] as const)('a group in the dialect %s', (dialect) => {
  test('forgets a message that its author deletes everywhere, with its edits', async () => {
    const scene = await createScene({ dialect })
    const people = [await scene.person(), await scene.person(), await scene.person()] as const
    const [anna, bert, carl] = people
    const [group] = await createGroupOf(people)
    const theirs = await bert.messenger.group(group!.id)
    const sent = await theirs.send('oops')
    await theirs.send({ edit: sent.id, text: 'oops!' })
    await theirs.send('fine')
    for (const person of people) await person.sees(group!, ['oops!', 'fine'])
    await expect((await carl.messenger.group(group!.id)).deleteMessage(sent.id)).rejects.toMatchObject({
      code: 'forbidden',
    })
    await theirs.deleteMessage(sent.id)
    for (const person of people) await person.sees(group!, ['fine'])
    await expect(theirs.deleteMessage(sent.id)).rejects.toMatchObject({ code: 'unknown-message' })
    // Who comes later does not see it either.
    const dora = await scene.person()
    await group!.invite(dora.key)
    await dora.join(group!)
    await dora.sees(group!, ['fine'])
    expect(anna.errors).toEqual([])
  })
})

test('a deletion in the dialect binary is up to moderators, and reaches the others with what is said next', async () => {
  const scene = await createScene({ dialect: 'binary' })
  const [anna, bert, carl] = [await scene.person(), await scene.person(), await scene.person()]
  const [group, theirs] = await createGroupOf([anna, bert])
  const mine = await theirs!.send('mine')
  await anna.sees(group!, ['mine'])
  await expect(theirs!.deleteMessage(mine.id)).rejects.toMatchObject({ code: 'forbidden' })
  await group!.deleteMessage(mine.id)
  await group!.send('fine')
  await anna.sees(group!, ['fine'])
  await bert.sees(group!, ['fine'])
  await group!.invite(carl.key)
  await carl.join(group!)
  await carl.sees(group!, ['fine'])
})

const PICTURE = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 1, 2, 3])
