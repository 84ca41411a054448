import type { ReceivedMessage } from '@mimirjs/mediator-client'
import { fromHex } from '@mimirjs/wire'
import { describe, expect, test } from 'vitest'
import { Arrivals } from '../../src/groups/arrivals.js'
import { FakeMediator } from './support/fake-mediator.js'
import { createScene, until } from './support/scene.js'

const message = (messageId: bigint, bytes = 1): ReceivedMessage => ({
  messageId,
  guid: messageId,
  timestampSeconds: 0n,
  author: new Uint8Array(32),
  blob: new Uint8Array(bytes),
  isSystem: false,
  system: undefined,
})

const idsOf = (messages: readonly ReceivedMessage[]): bigint[] => messages.map(({ messageId }) => messageId)

describe('messages that wait for those before them', () => {
  test('come in the order of the mediator, when their turn is there', () => {
    const arrivals = new Arrivals()
    arrivals.add([message(5n), message(3n)])
    expect(idsOf(arrivals.due(2n))).toEqual([])
    arrivals.add([message(1n), message(2n)])
    const first = arrivals.due(3n)
    expect(idsOf(first)).toEqual([1n, 2n, 3n])
    // Until they are on disk they are due again.
    expect(idsOf(arrivals.due(3n))).toEqual([1n, 2n, 3n])
    arrivals.drop(first)
    expect(idsOf(arrivals.due(5n))).toEqual([5n])
  })

  test('wait in bounded numbers and bytes', () => {
    const many = new Arrivals()
    many.add(Array.from({ length: 1_001 }, (_, index) => message(BigInt(2_000 - index))))
    expect(many.due(0n)).toHaveLength(1_001)
    const large = new Arrivals()
    large.add([message(9n, 10_000_000), message(8n, 10_000_000)])
    expect(idsOf(large.due(0n))).toEqual([8n, 9n])
  })

  test('are handled in that order, though they are pushed in another', async () => {
    const scene = await createScene({ isAway: true })
    const fake = new FakeMediator()
    await fake.listen(scene)
    const anna = await scene.person({ mediators: [fake.address] })
    await until(() => fake.isUp)
    fake.members.push({ publicKey: fromHex(anna.key), permissions: 0x10, online: true, lastSeenSeconds: 0n })
    fake.invite(anna.key)
    const group = await anna.messenger.joinGroup(await until(async () => (await anna.messenger.groupInvites())[0]))
    await until(() => fake.requests.some(({ command }) => command === 'getMessagesSince'))
    const heard: string[] = []
    anna.messenger.on('message', ({ text }) => void heard.push(text))
    const author = new Uint8Array(32).fill(9)
    const say = (id: bigint): void => {
      const whole = { messageId: id, guid: id, author, blob: fake.seal(`${id}`, { guid: id }) }
      fake.push('gotMessage', { ...whole, chatId: fake.chatId, timestampSeconds: 1_700_000_000n })
    }
    for (const id of [3n, 2n, 1n, 5n, 4n]) say(id)
    await until(() => heard.length === 5)
    expect(heard).toEqual(['1', '2', '3', '4', '5'])
    expect(await anna.texts(group)).toEqual(heard)
  })
})
