// What strangers and members can do to others by numbers and sizes, with the limits of a public mediator.
import { encodeRequestFrame } from '@mimirjs/wire/mediator'
import { expect, test } from 'vitest'
import { DEFAULT_LIMITS, type MediatorLimits } from '../src/limits.js'
import { call } from '../src/operations.js'
import type { RawClient } from './support/raw-client.js'
import { DIALECTS, keyOf, NOW_SECONDS, type Server, startServer } from './support/server.js'

const CHAT = 5n
const data = new Uint8Array(92)

async function start(limits: Partial<MediatorLimits> = {}): Promise<Server> {
  const server = await startServer({ limits: { ...DEFAULT_LIMITS, ...limits } })
  await server.chat(CHAT, [
    { number: 2, permissions: 0x10 },
    { number: 3, permissions: 0x08 },
  ])
  return server
}

/** Chats of `owner` from `from` on, each with an avatar as large as they come. */
async function makeChats(server: Server, from: bigint, count: number, owner: number): Promise<bigint[]> {
  const chatIds = Array.from({ length: count }, (_, at) => from + BigInt(at))
  for (const chatId of chatIds) {
    await server.chat(chatId, [], owner)
    await server.run(() => call('changeSettings', chatId, { avatar: new Uint8Array(204_800) }))
  }
  return chatIds
}

function invitesOf(client: RawClient): bigint[] {
  return client.pushes.flatMap(({ name, value }) =>
    name === 'gotInvite' && 'inviteId' in value ? [value.chatId as bigint] : [],
  )
}

test('many large invites cut nobody off, neither at a login nor while connected: they come one by one', async () => {
  const server = await start()
  const chatIds = await makeChats(server, 100n, 50, 1)
  const stranger = await server.login('tlv-push', 1)
  const connected = await server.login('tlv', 9)
  connected.pause()
  for (const chatId of chatIds) await stranger.ok('sendInvite', { chatId, toPublicKey: keyOf(9), data })
  const fresh = await server.login('tlv-push', 9)
  fresh.pause()
  await stranger.settle()
  expect(server.mediator.stats().queuedBytes).toBeLessThan(2 * 300_000)
  for (const client of [connected, fresh]) {
    client.resume()
    await client.until(() => invitesOf(client).length >= chatIds.length)
    expect(invitesOf(client)).toEqual(chatIds)
    await client.settle()
  }
  expect(server.mediator.stats().cut['slow-reader']).toBe(0)
  const open = await server.run(() => call('invitesFor', keyOf(9)))
  expect(open.map(({ sent }) => sent)).toEqual(chatIds.map(() => true))
})

test('large invites of many people in the same moment cut nobody off', async () => {
  const server = await start()
  const senders: RawClient[] = []
  for (let number = 100; number < 150; number++) {
    await makeChats(server, BigInt(number), 1, number)
    senders.push(await server.login('tlv-push', number))
  }
  const invitee = await server.login('tlv-push', 9)
  invitee.pause()
  const run = server.store.run.bind(server.store)
  const waiting: (() => void)[] = []
  server.store.run = async (program, options) => {
    await new Promise<void>((resolve) => waiting.push(resolve))
    return run(program, options)
  }
  const invite = { toPublicKey: keyOf(9), data }
  const ids = senders.map((sender, at) => sender.send('sendInvite', { ...invite, chatId: BigInt(100 + at) }))
  await expect.poll(() => waiting.length).toBe(senders.length)
  server.store.run = run
  for (const release of waiting) release()
  for (const [at, sender] of senders.entries()) await sender.answerTo('sendInvite', ids[at] ?? 0)
  invitee.resume()
  await invitee.until(() => invitesOf(invitee).length >= senders.length)
  expect(server.mediator.stats().cut['slow-reader']).toBe(0)
})

test('an invite that is replaced or withdrawn while it waits is pushed as it is then, or not at all', async () => {
  const server = await start()
  const chatIds = await makeChats(server, 100n, 30, 1)
  const owner = await server.login('tlv-push', 1)
  const invitee = await server.login('tlv-push', 9)
  invitee.pause()
  for (const chatId of chatIds) await owner.ok('sendInvite', { chatId, toPublicKey: keyOf(9), data })
  const [withdrawn = 0n, replaced = 0n] = chatIds.slice(-2)
  await owner.ok('deleteChat', { chatId: withdrawn })
  await owner.ok('addUser', { chatId: replaced, userPublicKey: keyOf(9) })
  const newer = new Uint8Array(92).fill(2)
  await owner.ok('sendInvite', { chatId: replaced, toPublicKey: keyOf(9), data: newer })
  invitee.resume()
  const last = await invitee.push('gotInvite', ({ chatId }) => chatId === replaced)
  expect(last.data).toEqual(newer)
  await invitee.settle()
  expect(invitesOf(invitee)).toEqual(chatIds.slice(0, -2))
})

test('open invites of one person are bounded, and one who sends many does not keep others away', async () => {
  const server = await start({ invitesPerRecipient: 4 })
  const many = await makeChats(server, 100n, 5, 1)
  const few = await makeChats(server, 200n, 4, 2)
  const flooder = await server.login('tlv-push', 1)
  for (const chatId of many.slice(0, 4)) await flooder.ok('sendInvite', { chatId, toPublicKey: keyOf(9), data })
  const [fifth = 0n] = many.slice(4)
  expect(await flooder.refused('sendInvite', { chatId: fifth, toPublicKey: keyOf(9), data })).toBe('rate limit')
  const friend = await server.login('tlv-push', 2)
  for (const chatId of few.slice(0, 2)) await friend.ok('sendInvite', { chatId, toPublicKey: keyOf(9), data })
  const open = await server.run(() => call('invitesFor', keyOf(9)))
  expect(open.map(({ chatId }) => chatId)).toEqual([...many.slice(2, 4), ...few.slice(0, 2)])
  const [third = 0n] = few.slice(2)
  expect(await friend.refused('sendInvite', { chatId: third, toPublicKey: keyOf(9), data })).toBe('rate limit')
})

test('who holds most of the memory for requests goes, not who comes last', async () => {
  const server = await start({ bufferedBytes: 4_000_000 })
  const cut = new Promise<Uint8Array | undefined>((resolve) => {
    server.mediator.on('cut', ({ reason, publicKey }) => reason === 'memory' && resolve(publicKey))
  })
  const unfinished = encodeRequestFrame('tlv-push', 1, 'sendMessage', {
    chatId: CHAT,
    guid: 1n,
    blob: new Uint8Array(3_000_000),
  })
  const [smaller, larger] = [await server.login('tlv-push', 7), await server.login('tlv-push', 8)]
  smaller.write(unfinished.subarray(0, 1_800_000))
  larger.write(unfinished.subarray(0, 2_100_000))
  await expect.poll(() => server.mediator.stats().bufferedBytes).toBe(3_900_000)
  const member = await server.login('tlv-push', 2)
  await member.ok('sendMessage', { chatId: CHAT, guid: 5n, blob: new Uint8Array(300_000) })
  expect(await cut).toEqual(keyOf(8))
  await larger.until(() => larger.isClosed)
  expect([smaller.isClosed, member.isClosed]).toEqual([false, false])
  expect(server.mediator.stats().bufferedBytes).toBe(1_800_000)
})

test('requests that are in the store count as memory, too', async () => {
  const server = await start()
  const client = await server.login('tlv-push', 2)
  const run = server.store.run.bind(server.store)
  let release = (): void => {}
  const gate = new Promise<void>((resolve) => {
    release = resolve
  })
  server.store.run = async (program, options) => {
    await gate
    return run(program, options)
  }
  const id = client.send('sendMessage', { chatId: CHAT, guid: 5n, blob: new Uint8Array(300_000) })
  await expect.poll(() => server.mediator.stats().bufferedBytes).toBeGreaterThan(300_000)
  release()
  expect((await client.answerTo('sendMessage', id)).ok).toBe(true)
  expect(server.mediator.stats().bufferedBytes).toBe(0)
})

test('what one key may have pushed to others is bounded: large messages one after the other cut no reader', async () => {
  const server = await start()
  const reader = await server.login('tlv-push', 2)
  await reader.ok('subscribe', { chatId: CHAT })
  reader.pause()
  const sender = await server.login('tlv-push', 1)
  const message = (guid: bigint, bytes: number) => ({ chatId: CHAT, guid, blob: new Uint8Array(bytes) })
  await sender.ok('sendMessage', message(1n, 9_000_000))
  expect(await sender.refused('sendMessage', message(2n, 9_000_000))).toBe('rate limit')
  // Nothing passes it, by no connection of the key.
  const elsewhere = await server.login('tlv', 1)
  server.clock.advance(4_000)
  expect(await elsewhere.refused('sendMessage', message(3n, 10))).toBe('rate limit')
  expect(await elsewhere.refused('updateChatInfo', { chatId: CHAT, avatar: new Uint8Array(200_000) })).toBe(
    'rate limit',
  )
  server.clock.advance(1_000)
  reader.resume()
  await sender.ok('sendMessage', message(2n, 9_000_000))
  await reader.push('gotMessage', ({ guid }) => guid === 2n)
  expect(server.mediator.stats().cut['slow-reader']).toBe(0)
})

test('infos count as messages, also those of members who may not write', async () => {
  const server = await start({ messagesBurst: 3 })
  const member = await server.login('tlv-push', 3)
  const update = (bytes: number) => ({ chatId: CHAT, timestampSeconds: NOW_SECONDS, info: new Uint8Array(bytes) })
  for (let round = 0; round < 3; round++) await member.ok('updateMemberInfo', update(10))
  expect(await member.refused('updateMemberInfo', update(10))).toBe('rate limit')
})

test('connecting again gives a key no new rates for commands and bytes', async () => {
  for (const dialect of DIALECTS) {
    const server = await start({ commandsPerSecond: 1, commandsBurst: 10, bytesPerSecond: 1_000, bytesBurst: 20_000 })
    const first = await server.login(dialect, 2)
    for (let round = 0; round < 8; round++) await first.settle()
    await first.close()
    const second = await server.login(dialect, 2)
    await second.settle()
    await second.settle()
    expect(await second.refused('ping', {})).toBe('rate limit')
    server.clock.advance(20_000)
    const message = { chatId: CHAT, guid: 1n, blob: new Uint8Array(15_000) }
    await second.ok('sendMessage', message)
    await second.close()
    const third = await server.login(dialect, 2)
    expect(await third.refused('sendMessage', { ...message, guid: 2n })).toBe('rate limit')
  }
})

test('without a login a source asks the store a few times, and then no more', async () => {
  const server = await start()
  const ask = async (client: RawClient): Promise<string> => client.refused('deleteChat', { chatId: CHAT })
  for (let number = 20; number < 22; number++) {
    const stranger = await server.connect('tlv', number)
    stranger.open()
    for (let round = 0; round < 10; round++) expect(await ask(stranger)).toBe('not an owner')
  }
  const stranger = await server.connect('tlv', 22)
  stranger.open()
  expect(await ask(stranger)).toBe('rate limit')
  server.clock.advance(1_000)
  expect(await ask(stranger)).toBe('not an owner')
  const owner = await server.login('tlv', 1)
  await owner.ok('deleteChat', { chatId: CHAT })
})
