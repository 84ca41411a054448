import { Transports } from '@mimirjs/transport'
import { describe, expect, test } from 'vitest'
import { sealMessage } from '../../src/groups/sealed-message.js'
import { createMemoryStore } from '../../src/index.js'
import { Cutter } from './support/cutting.js'
import { createGroupOf, createScene, keepOpen, until } from './support/scene.js'

const numbers = (count: number, prefix = ''): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}`)

describe('what goes wrong on the way', () => {
  test('who was away catches up with everything, in order', async () => {
    const scene = await createScene({ limits: { messagesBurst: 10_000, commandsBurst: 10_000 } })
    const [anna, bert] = [await scene.person(), await scene.person()]
    const [group] = await createGroupOf([anna, bert])
    await group!.send('before')
    await bert.sees(group!, ['before'])
    await bert.messenger.close()
    const texts = numbers(350)
    const sent = await Promise.all(texts.map((text) => group!.send(text)))
    await anna.messenger.whenDelivered(sent.at(-1)!)
    const again = await bert.restart()
    await again.sees(group!, ['before', ...texts])
  })

  test('what is said while the mediator is away is sent when it is back, once and in order', async () => {
    const scene = await createScene({ isKept: true })
    const people = [await scene.person(), await scene.person()] as const
    const [anna, bert] = people
    const [group, theirs] = await createGroupOf(people)
    await group!.send('before')
    await bert.sees(group!, ['before'])
    await scene.stop()
    const texts = numbers(50, 'a')
    for (const text of texts) await group!.send(text)
    expect((await anna.messenger.health()).undelivered).toBe(50)
    await scene.start()
    for (const person of people) await person.sees(group!, ['before', ...texts])
    await theirs!.send('after')
    for (const person of people) await person.sees(group!, ['before', ...texts, 'after'])
    expect((await anna.messenger.health()).undelivered).toBe(0)
  })

  test('a restart of ours sends what was accepted before', async () => {
    const scene = await createScene({ isKept: true })
    const [anna, bert] = [await scene.person(), await scene.person()]
    const [group] = await createGroupOf([anna, bert])
    await scene.stop()
    const sent = await group!.send('kept')
    await anna.messenger.close()
    await scene.start()
    const again = await anna.restart()
    await again.messenger.whenDelivered(sent)
    await bert.sees(group!, ['kept'])
    await again.sees(group!, ['kept'])
  })

  test.each([1, 5, 20])(
    'an answer that is lost, the one for message %i of 40: there once, and in order',
    async (nth) => {
      const scene = await createScene()
      const cutter = new Cutter()
      const transports = new Transports([cutter.transport(scene.network.streams)])
      const [anna, bert] = [await scene.person({ transports }), await scene.person()]
      const [group] = await createGroupOf([anna, bert])
      cutter.arm('sendMessage', nth)
      const texts = numbers(40)
      const sent = await Promise.all(texts.map((text) => group!.send(text)))
      await until(() => cutter.isCut)
      // The mediator has it, and we do not know.
      await until(() => scene.mediator.stats().messages >= nth)
      expect((await anna.entries(group!)).filter(({ state }) => state === 'delivered').length).toBeLessThan(40)
      cutter.hangUp()
      await Promise.all(sent.map((message) => anna.messenger.whenDelivered(message)))
      await bert.sees(group!, texts)
      await anna.sees(group!, texts)
      expect(scene.mediator.stats().messages).toBe(40)
    },
  )

  test.each(['inviteResponse', 'getLastMessageId', 'subscribe', 'getMembers'] as const)(
    'joining goes on when the answer to %s is lost',
    async (command) => {
      const scene = await createScene()
      const cutter = new Cutter()
      const transports = new Transports([cutter.transport(scene.network.streams)])
      const [anna, bert] = [await scene.person(), await scene.person({ transports })]
      const [group] = await createGroupOf([anna])
      await group!.send('welcome')
      await group!.invite(bert.key)
      const invite = await bert.invited(group!)
      cutter.arm(command)
      const joining = bert.messenger.joinGroup(invite).catch((error: unknown) => error)
      await until(() => cutter.isCut)
      cutter.hangUp()
      await joining
      await bert.sees(group!, ['welcome'])
      const theirs = await bert.messenger.group(group!.id)
      await theirs.send('thanks')
      await anna.sees(group!, ['welcome', 'thanks'])
      await until(async () => (await bert.store.invites()).length === 0)
      expect(await bert.messenger.groupInvites()).toEqual([])
    },
  )

  test('a group is not made twice when the answer to it is lost; the call says that it failed', async () => {
    const scene = await createScene()
    const cutter = new Cutter()
    const anna = await scene.person({ transports: new Transports([cutter.transport(scene.network.streams)]) })
    cutter.arm('createChat')
    const making = anna.messenger.createGroup({ name: 'Lost' }).catch((error: unknown) => error)
    await until(() => cutter.isCut, 20_000)
    cutter.hangUp()
    expect(await making).toMatchObject({ code: 'mediator' })
    expect(await anna.messenger.groups()).toEqual([])
  })

  test('the mediator that refuses too fast a sender gets everything in the end', async () => {
    const scene = await createScene({ limits: { messagesPerSecond: 1_000, messagesBurst: 10 } })
    const [anna, bert] = [await scene.person(), await scene.person()]
    const [group] = await createGroupOf([anna, bert])
    const texts = numbers(60)
    const sent = await Promise.all(texts.map((text) => group!.send(text)))
    await Promise.all(sent.map((message) => anna.messenger.whenDelivered(message)))
    await until(async () => (await bert.texts(group!)).length === 60)
    expect(new Set(await bert.texts(group!))).toEqual(new Set(texts))
  })

  test('waits for a mediator that is not there', async () => {
    const scene = await createScene()
    await scene.stop()
    const anna = await scene.person()
    const states: string[] = []
    anna.messenger.on('mediator', ({ publicKey, state }) => {
      expect(publicKey).toBe(scene.address.publicKey)
      states.push(state.state)
    })
    await until(() => states.includes('waiting'))
    await scene.start()
    await until(() => states.includes('up'))
  })
})

describe('a message that is deleted everywhere', () => {
  test('while it is on its way, is nowhere in the end', async () => {
    const scene = await createScene()
    const people = [await scene.person(), await scene.person()] as const
    const [anna] = people
    const [group] = await createGroupOf(people)
    for (const text of numbers(20)) {
      const sent = await group!.send(text)
      await group!.deleteMessage(sent.id)
    }
    const edited = await group!.send('first')
    await anna.messenger.whenDelivered(edited)
    await group!.send({ edit: edited.id, text: 'second' })
    await group!.deleteMessage(edited.id)
    await group!.send('last')
    for (const person of people) await person.sees(group!, ['last'])
    await until(async () => (await anna.store.retracted(group!.id)).length === 0)
    expect(anna.errors).toEqual([])
  })

  test.each(['a restart', 'a new connection'])('while its answer is lost, is deleted after %s', async (end) => {
    const scene = await createScene()
    const cutter = new Cutter()
    const transports = new Transports([cutter.transport(scene.network.streams)])
    const [anna, bert] = [await scene.person({ transports }), await scene.person()]
    const [group] = await createGroupOf([anna, bert])
    cutter.arm('sendMessage')
    const sent = await group!.send('oops')
    await bert.sees(group!, ['oops'])
    await group!.deleteMessage(sent.id)
    await anna.sees(group!, [])
    cutter.hangUp()
    const again = end === 'a restart' ? await anna.restart() : anna
    await bert.sees(group!, [])
    await until(async () => (await again.store.retracted(group!.id)).length === 0)
  })

  test('before it could be sent, is not sent', async () => {
    const scene = await createScene({ isKept: true })
    const people = [await scene.person(), await scene.person()] as const
    const [anna, bert] = people
    const [group] = await createGroupOf(people)
    await scene.stop()
    const sent = await group!.send('oops')
    await group!.deleteMessage(sent.id)
    await group!.send('fine')
    await scene.start()
    await bert.sees(group!, ['fine'])
    expect(scene.mediator.stats().messages).toBe(1)
    await until(async () => (await anna.store.retracted(group!.id)).length === 0)
  })

  test('is told from one of ours that has its id', async () => {
    const scene = await createScene()
    const people = [await scene.person(), await scene.person()] as const
    const [anna, bert] = people
    const [group] = await createGroupOf(people)
    const mine = await group!.send('mine')
    await bert.sees(group!, ['mine'])
    const record = (await bert.store.group(group!.id))!
    const payload = new TextEncoder().encode('abuse')
    const same = { guid: BigInt(mine.id), replyTo: 0n, sendTimeMs: 1, editTimeMs: 0, messageType: 0, payload }
    await bert.store.enqueue({ ...same, peer: group!.id, sealed: sealMessage(record, same) })
    const theirs = await bert.messenger.group(group!.id)
    await theirs.send('and more')
    await anna.sees(group!, ['mine', 'abuse', 'and more'])
    const abuse = (await anna.entries(group!)).find(({ text }) => text === 'abuse')!
    await group!.deleteMessage(abuse.id)
    for (const person of people) await person.sees(group!, ['mine', 'and more'])
  })
})

test('the outbox is read once, not with every answer', async () => {
  const scene = await createScene({ isKept: true })
  const store = keepOpen(createMemoryStore())
  const anna = await scene.person({ store })
  const group = await anna.messenger.createGroup({ name: 'Long letters' })
  await scene.stop()
  for (const text of numbers(100)) await group.send(text)
  const pending = store.pending.bind(store)
  let rows = 0
  store.pending = async (...range) => {
    const found = await pending(...range)
    rows += found.length
    return found
  }
  await scene.start()
  await until(async () => (await anna.messenger.health()).undelivered === 0)
  expect(rows).toBeLessThan(150)
})

test('what a banned member had to say goes out when it is in again', async () => {
  const scene = await createScene({ isKept: true })
  const people = [await scene.person(), await scene.person()] as const
  const [anna, bert] = people
  const [group, theirs] = await createGroupOf(people)
  await scene.stop()
  const sent = await theirs!.send('late')
  await bert.messenger.close()
  await scene.start()
  await until(async () => (await anna.messenger.health()).mediators === 1)
  await group!.ban(bert.key)
  const again = await bert.restart()
  const mine = await again.messenger.group(group!.id)
  await until(() => mine.state === 'banned')
  expect((await again.entries(group!)).at(-1)).toMatchObject({ text: 'late', outgoing: true })
  await group!.invite(bert.key)
  await again.join(group!)
  await again.messenger.whenDelivered(sent)
  await anna.sees(group!, ['late'])
  expect(mine.state).toBe('joined')
})

test('a messenger that cannot use one of its mediators does not open, and leaves nothing behind', async () => {
  const scene = await createScene()
  const broken = { publicKey: scene.address.publicKey, address: 'nowhere' }
  await expect(
    scene.person({ mediators: [{ ...scene.address, publicKey: '0a'.repeat(32) }, broken] }),
  ).rejects.toMatchObject({
    code: 'bad-content',
  })
  await until(() => scene.mediator.stats().connections === 0)
})

test('closing does not wait for pauses', async () => {
  const scene = await createScene({ limits: { invitesPerMinute: 1, invitesBurst: 1 } })
  const [anna, bert, carl] = [await scene.person(), await scene.person(), await scene.person()]
  const group = await anna.messenger.createGroup({ name: 'x' })
  await group.invite(bert.key)
  await bert.join(group)
  await scene.stop()
  await scene.start()
  const rotating = group.rotateKey().catch((error: unknown) => error)
  await expect(group.invite(carl.key).catch((error: unknown) => error)).resolves.toBeDefined()
  const startMs = performance.now()
  await anna.messenger.close({ timeoutMs: 500 })
  expect(performance.now() - startMs).toBeLessThan(2_000)
  await rotating
})
