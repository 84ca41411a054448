import { describe, expect, test, vi } from 'vitest'
import { createCurrentWorld, historyOf, introduce, listenTo } from './support/current.js'

async function pair() {
  const world = createCurrentWorld()
  const [ann, ben] = [await world.person({ name: 'Ann' }), await world.person({ name: 'Ben' })]
  introduce(ann, ben)
  return { ...world, ann, ben }
}

describe('messages of the current generation', () => {
  test('small and large ones arrive in the order in which they were sent', async () => {
    const { ann, ben } = await pair()
    const texts = Array.from({ length: 24 }, (_, i) =>
      i % 3 === 1 ? `${i} ${'x'.repeat(70_000 + i * 1_000)}` : `${i}`,
    )
    for (const text of texts) await ann.messenger.send(ben.key, text)
    const entries = await historyOf(ben, ann, texts.length)
    expect(entries.map(({ text }) => text)).toEqual(texts)
  })

  test('a connection can be had without anything to say', async () => {
    const { ann, ben } = await pair()
    const states = listenTo(ann.messenger, 'state')
    await ann.messenger.connect(ben.key)
    await vi.waitFor(() => expect(states.at(-1)).toMatchObject({ peer: ben.key, state: 'up' }))
    const nobody = (await createCurrentWorld().person()).key
    await expect(ann.messenger.connect(nobody)).rejects.toMatchObject({ code: 'unreachable' })
    await ann.messenger.block(ben.key)
    await expect(ann.messenger.connect(ben.key)).rejects.toMatchObject({ code: 'blocked' })
    await expect(ann.messenger.connect(ann.key)).rejects.toMatchObject({ code: 'bad-key' })
  })

  test('an edit replaces the text on both sides, whether or not the first text had arrived', async () => {
    const { ann, ben } = await pair()
    const edited = listenTo(ben.messenger, 'edited')
    const sent = await ann.messenger.send(ben.key, 'helo')
    await ann.messenger.whenDelivered(sent)
    await ann.messenger.send(ben.key, { edit: sent.id, text: 'hello' })
    await vi.waitFor(() => expect(edited).toEqual([{ id: sent.id, peer: ann.key }]))
    const [entry] = await historyOf(ben, ann, 1)
    expect(entry).toMatchObject({ id: sent.id, text: 'hello' })
    expect(entry!.editedAt).toBeInstanceOf(Date)

    const later = await ann.messenger.send(ben.key, 'one')
    await ann.messenger.send(ben.key, { edit: later.id, text: 'two' })
    await ann.messenger.whenDelivered(later)
    const entries = await historyOf(ben, ann, 2)
    expect(entries[1]).toMatchObject({ id: later.id, text: 'two' })
    expect(await ann.messenger.history(ben.key)).toMatchObject([{ text: 'two' }, { text: 'hello' }])
  })

  test('only a text of our own can be edited', async () => {
    const { ann, ben } = await pair()
    const theirs = await ann.messenger.send(ben.key, 'mine')
    await ann.messenger.whenDelivered(theirs)
    for (const id of [theirs.id, '5']) {
      await expect(ben.messenger.send(ann.key, { edit: id, text: 'yours' })).rejects.toMatchObject({
        code: 'unknown-message',
      })
    }
    const reaction = await ann.messenger.send(ben.key, { reaction: '!', replyTo: theirs.id })
    await expect(ann.messenger.send(ben.key, { edit: reaction.id, text: 'text' })).rejects.toMatchObject({
      code: 'unknown-message',
    })
  })

  test('what is deleted is gone here, stays there, and is not sent any more', async () => {
    const world = createCurrentWorld()
    const [ann, ben] = [await world.person(), await world.person()]
    const [kept, dropped] = [await ann.messenger.send(ben.key, 'kept'), await ann.messenger.send(ben.key, 'dropped')]
    expect(await ann.messenger.deleteMessage(ben.key, dropped.id, { outgoing: true })).toBe(true)
    introduce(ann, ben)
    await ann.messenger.whenDelivered(kept)
    await ann.messenger.whenDelivered(await ann.messenger.send(ben.key, 'last'))
    expect((await historyOf(ben, ann, 2)).map(({ text }) => text)).toEqual(['kept', 'last'])

    expect(await ben.messenger.deleteMessage(ann.key, kept.id, { outgoing: false })).toBe(true)
    expect(await ben.messenger.deleteMessage(ann.key, kept.id, { outgoing: false })).toBe(false)
    expect((await historyOf(ben, ann, 1)).map(({ text }) => text)).toEqual(['last'])
    expect((await historyOf(ann, ben, 2)).map(({ text }) => text)).toEqual(['kept', 'last'])
  })

  test('a history goes on where it was, also when the message there is deleted meanwhile', async () => {
    const { ann, ben } = await pair()
    for (const text of ['1', '2', '3', '4']) await ann.messenger.send(ben.key, text)
    const [, last] = await ann.messenger.history(ben.key, { limit: 2 })
    await ann.messenger.deleteMessage(ben.key, last!.id, { outgoing: true })
    const next = await ann.messenger.history(ben.key, { limit: 1, before: last! })
    expect(next.map(({ text }) => text)).toEqual(['2'])
    expect(await ann.messenger.history(ben.key, { before: { ...last!, id: '99' } })).toEqual([])
  })

  test('the picture and the words about oneself reach contacts on the next connection', async () => {
    const { ann, ben } = await pair()
    await ann.messenger.addContact(ben.key)
    await ben.messenger.setProfile({ name: 'Benjamin', info: 'away', avatar: Uint8Array.of(9, 9) })
    const told = listenTo(ann.messenger, 'contact')
    await ann.messenger.send(ben.key, 'hello')
    await vi.waitFor(() => expect(told).toHaveLength(1))
    expect(told[0]).toMatchObject({ nickname: 'Benjamin', info: 'away', avatar: Uint8Array.of(9, 9) })
    await expect(ben.messenger.setProfile({ avatar: new Uint8Array(51_201) })).rejects.toMatchObject({
      code: 'too-large',
    })
  })

  test('unread messages are counted until they are read, and found again by what they say', async () => {
    const { ann, ben } = await pair()
    for (const text of ['Grüße', 'second', 'third']) await ann.messenger.send(ben.key, text)
    await historyOf(ben, ann, 3)
    expect(await ben.messenger.conversations()).toMatchObject([{ unread: 3, last: { text: 'third' } }])
    await ben.messenger.markRead(ann.key)
    expect(await ben.messenger.conversations()).toMatchObject([{ unread: 0 }])
    expect(await ben.messenger.search('nothing')).toEqual([])
    expect(await ben.messenger.search('grÜ')).toMatchObject([{ text: 'Grüße', peer: ann.key }])
    expect(await ben.messenger.search('second', { person: ben.key })).toEqual([])
  })

  test('three devices of one person: each message is in at least one of them, and in none twice', async () => {
    const world = createCurrentWorld()
    const ann = await world.person()
    const first = await world.person()
    const devices = [
      first,
      await world.person({ signer: first.parts.signer }),
      await world.person({ signer: first.parts.signer }),
    ]
    const sent: string[] = []
    for (const [round, device] of devices.entries()) {
      introduce(ann, device)
      for (let i = 0; i < 5; i++) sent.push((await ann.messenger.send(first.key, `${round}.${i}`)).id)
      // Every device also writes on its own.
      introduce(device, ann)
      await device.messenger.whenDelivered(await device.messenger.send(ann.key, `from ${round}`))
    }
    for (const id of sent) await ann.messenger.whenDelivered({ id, to: first.key })
    const ids: string[] = []
    for (const device of devices) {
      const there = (await device.messenger.history(ann.key)).filter(({ outgoing }) => !outgoing).map(({ id }) => id)
      expect(new Set(there).size).toBe(there.length)
      ids.push(...there)
    }
    expect(new Set(ids)).toEqual(new Set(sent))
    expect((await ann.messenger.history(first.key)).filter(({ outgoing }) => !outgoing)).toHaveLength(3)
  })
})
