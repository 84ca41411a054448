import { describe, expect, test, vi } from 'vitest'
import type { ContactRequestPolicy } from '../src/index.js'
import { createCurrentWorld, historyOf, introduce, listenTo, settle } from './support/current.js'
import { createWorld } from './support/world.js'

async function pair(options: { contactRequests?: ContactRequestPolicy; acceptFrom?: 'contacts' } = {}) {
  const world = createCurrentWorld()
  const [ann, ben] = [await world.person({ name: 'Ann' }), await world.person({ name: 'Ben', ...options })]
  introduce(ann, ben)
  return { ...world, ann, ben }
}

describe('asking to be a contact', () => {
  test('the other side sees who asks and why, and the answer makes both contacts', async () => {
    const { ann, ben } = await pair()
    await ann.messenger.setProfile({ info: 'from the fair', avatar: Uint8Array.of(1, 2, 3) })
    const asked = listenTo(ben.messenger, 'contactRequest')
    const answered = listenTo(ann.messenger, 'contactAnswer')
    await ann.messenger.requestContact(ben.key, { message: 'we met', name: 'Benjamin' })
    await vi.waitFor(() => expect(asked).toHaveLength(1))
    expect(asked[0]).toMatchObject({ peer: ann.key, message: 'we met', nickname: 'Ann', info: 'from the fair' })
    expect(asked[0]!.avatar).toEqual(Uint8Array.of(1, 2, 3))
    expect(await ben.messenger.contactRequests()).toEqual(asked)

    await ben.messenger.acceptContact(ann.key)
    await vi.waitFor(() => expect(answered).toEqual([{ peer: ben.key, accepted: true }]))
    const kinds = async (person: typeof ann) => (await person.messenger.contacts()).map(({ kind }) => kind)
    expect(await kinds(ann)).toEqual(['contact'])
    expect(await kinds(ben)).toEqual(['contact'])
    expect(await ben.messenger.contactRequests()).toEqual([])
  })

  test('no is told too, and makes nobody a contact', async () => {
    const { ann, ben } = await pair({ contactRequests: 'refuse' })
    const answered = listenTo(ann.messenger, 'contactAnswer')
    await ann.messenger.requestContact(ben.key)
    await vi.waitFor(() => expect(answered).toEqual([{ peer: ben.key, accepted: false }]))
    expect((await ben.messenger.contacts()).filter(({ kind }) => kind === 'contact')).toEqual([])
  })

  test('a policy decides; one that throws leaves the request to be decided', async () => {
    const { ann, ben } = await pair({
      contactRequests: ({ message }) => {
        if (message === 'fail') throw new Error('no idea')
        return message === 'please' ? 'accept' : 'refuse'
      },
    })
    const answered = listenTo(ann.messenger, 'contactAnswer')
    const errors = listenTo(ben.messenger, 'error')
    await ann.messenger.requestContact(ben.key, { message: 'fail' })
    await vi.waitFor(() => expect(errors.map(({ code }) => code)).toEqual(['handler']))
    expect(await ben.messenger.contactRequests()).toMatchObject([{ message: 'fail' }])
    await ben.messenger.refuseContact(ann.key)
    await vi.waitFor(() => expect(answered).toEqual([{ peer: ben.key, accepted: false }]))
  })

  test('whom we asked may write, and what it writes is an answer', async () => {
    const { ann, ben } = await pair()
    await ben.messenger.addContact(ann.key)
    const picky = await createCurrentWorld().person({ acceptFrom: 'contacts' })
    expect(await picky.messenger.contactRequests()).toEqual([])
    await ann.messenger.requestContact(ben.key)
    introduce(ben, ann)
    await ben.messenger.send(ann.key, 'who are you?')
    await historyOf(ann, ben, 1)
  })

  test('somebody who is a contact already says yes by itself', async () => {
    const { ann, ben } = await pair()
    await ben.messenger.addContact(ann.key)
    const asked = listenTo(ben.messenger, 'contactRequest')
    const answered = listenTo(ann.messenger, 'contactAnswer')
    await ann.messenger.requestContact(ben.key)
    await vi.waitFor(() => expect(answered).toEqual([{ peer: ben.key, accepted: true }]))
    expect(asked).toEqual([])
  })

  test('a request survives the end of both processes, and is one request however often it is said', async () => {
    const world = createCurrentWorld()
    const ann = await world.person({ name: 'Ann' })
    const { store } = ann.parts
    store.close = async () => {}
    const ben = await world.person({ name: 'Ben' })
    await ann.messenger.requestContact(ben.key, { message: 'hello?' })
    await ann.messenger.close()

    const asked = listenTo(ben.messenger, 'contactRequest')
    for (let life = 0; life < 3; life++) {
      const again = await world.person(ann.parts)
      introduce(again, ben)
      await vi.waitFor(async () => expect(await ben.messenger.contactRequests()).toHaveLength(1))
      await again.messenger.close()
      await world.pass(2_000)
    }
    expect(asked).toHaveLength(1)
  })

  test('a request that is not known, and one in a generation without them', async () => {
    const { ann, ben } = await pair()
    await expect(ann.messenger.acceptContact(ben.key)).rejects.toMatchObject({ code: 'unknown-request' })
    await expect(ann.messenger.requestContact(ben.key, { message: 'x'.repeat(16_385) })).rejects.toMatchObject({
      code: 'too-large',
    })
    for (const generation of ['classic', 'overlay'] as const) {
      const { messenger } = await createWorld().person({ generation })
      await expect(messenger.requestContact(ben.key)).rejects.toMatchObject({
        code: 'unsupported',
        message: expect.stringContaining(`generation ${generation} `) as string,
      })
    }
  })
})

describe('strangers', () => {
  test('nothing of theirs is kept or acknowledged before they are contacts; then it arrives, once and in order', async () => {
    const { ann, ben, pass } = await pair({ acceptFrom: 'contacts' })
    const waiting = listenTo(ann.messenger, 'waiting')
    const sent = [await ann.messenger.send(ben.key, 'one'), await ann.messenger.send(ben.key, 'two')]
    await pass(40_000)
    expect(waiting).toEqual(sent)
    expect(await ben.messenger.history(ann.key)).toEqual([])
    expect((await ann.messenger.history(ben.key)).map(({ state }) => state)).toEqual(['waiting', 'waiting'])

    await ann.messenger.requestContact(ben.key)
    await vi.waitFor(async () => expect(await ben.messenger.contactRequests()).toHaveLength(1))
    await ben.messenger.acceptContact(ann.key)
    const entries = await historyOf(ben, ann, 2)
    expect(entries.map(({ text }) => text)).toEqual(['one', 'two'])
    await vi.waitFor(async () =>
      expect((await ann.messenger.history(ben.key)).map(({ state }) => state)).toEqual(['delivered', 'delivered']),
    )
  })

  test('a refused message is tried again on another connection, and not before ten minutes', async () => {
    const { ann, ben, pass } = await pair({ acceptFrom: 'contacts' })
    const waiting = listenTo(ann.messenger, 'waiting')
    await ann.messenger.send(ben.key, 'let me in')
    await pass(40_000)
    expect(waiting).toHaveLength(1)
    // Let in by other means than an answer.
    await ben.messenger.addContact(ann.key)
    await pass(9 * 60_000)
    expect(await ben.messenger.history(ann.key)).toEqual([])
    await pass(4 * 60_000)
    expect(await ben.messenger.history(ann.key)).toHaveLength(1)
    expect(waiting).toHaveLength(1)
  })

  test('refused messages do not hold up those of others, nor fill the window', async () => {
    const { ann, ben, pass } = await pair({ acceptFrom: 'contacts' })
    for (let i = 0; i < 40; i++) await ann.messenger.send(ben.key, `stranger ${i}`)
    await pass(3 * 60_000)
    expect((await ann.messenger.history(ben.key)).filter(({ state }) => state === 'waiting')).toHaveLength(40)
  })

  test('a large message of theirs is passed over from its header on', async () => {
    const world = createCurrentWorld()
    const refused: string[] = []
    const note = (fields: object, message: string): void => {
      if (message === 'message of a stranger refused') refused.push((fields as { messageId: string }).messageId)
    }
    const quiet = (): void => {}
    const logger = { debug: note, info: quiet, warn: quiet, error: quiet }
    const [ann, ben] = [await world.person(), await world.person({ acceptFrom: 'contacts', logger })]
    introduce(ann, ben)
    const waiting = listenTo(ann.messenger, 'waiting')
    const small = await ann.messenger.send(ben.key, 'small')
    const large = await ann.messenger.send(ben.key, 'x'.repeat(70_000))
    await world.pass(5 * 60_000)
    expect(waiting.map(({ id }) => id)).toEqual([small.id, large.id])
    expect(refused).toEqual([small.id])
  })

  test('they learn nothing: no profile, no sign of a call', async () => {
    const { ann, ben, pass } = await pair({ acceptFrom: 'contacts' })
    const told = listenTo(ann.messenger, 'contact')
    const rung = listenTo(ben.messenger, 'call')
    const call = await ann.messenger.call(ben.key)
    await pass(2_000)
    expect(told).toEqual([])
    expect(rung).toEqual([])
    call.hangUp()
  })

  test('an answer that nobody asked for makes no contact', async () => {
    const { ann, ben } = await pair({ contactRequests: 'accept' })
    // Ben says yes to Ann, who has asked nothing: what an attacker would do.
    await ben.parts.store.putContactNote({
      peer: ann.key,
      kind: 'response-out',
      message: '',
      nickname: '',
      info: '',
      accepted: true,
      atMs: 1,
      attempts: 0,
    })
    const answered = listenTo(ann.messenger, 'contactAnswer')
    await ann.messenger.whenDelivered(await ann.messenger.send(ben.key, 'hello'))
    await settle()
    expect(answered).toEqual([])
    expect((await ann.messenger.contacts()).filter(({ kind }) => kind === 'contact')).toEqual([])
  })

  test('the blocked are told that all is well, and nothing is kept', async () => {
    const { ann, ben } = await pair()
    await ben.messenger.block(ann.key)
    await ann.messenger.whenDelivered(await ann.messenger.send(ben.key, 'do you hear me?'))
    expect(await ben.messenger.history(ann.key)).toEqual([])
  })
})
