// Several mediators that share one store, over a bus that loses, doubles and reorders: the clock is turned by hand.
import { createClock, type ManualClock } from '@mimirjs/transport/testing'
import { decodeSystemMessage } from '@mimirjs/wire/mediator'
import { expect, onTestFinished, test } from 'vitest'
import { decodeNotice, encodeNotice, type Notice } from '../src/cluster/notices.js'
import { createMediator, type Mediator } from '../src/index.js'
import { call } from '../src/operations.js'
import { type Faults, FaultyBus } from './support/faulty-bus.js'
import { ModelStore } from './support/model-store.js'
import { randomOf } from './support/random.js'
import { RawClient, signerOf, transports } from './support/raw-client.js'
import { chatProgram, hex, keyOf, NOW_SECONDS, UNHURRIED } from './support/server.js'

const CHAT = 5n
const CALM: Faults = { lose: 0, double: 0, delay: 0 }

interface Cluster {
  readonly store: ModelStore
  readonly clock: ManualClock
  readonly bus: FaultyBus
  readonly mediators: readonly Mediator[]
  login(process: number, number: number): Promise<RawClient>
  /** Let time pass until it is so. */
  passUntil(isSo: () => boolean | Promise<boolean>): Promise<void>
}

async function start(faults: Faults = CALM, seed = 1): Promise<Cluster> {
  const clock = createClock(Number(NOW_SECONDS) * 1000)
  const store = new ModelStore(true)
  const bus = new FaultyBus(randomOf(seed), faults)
  await store.run(() =>
    chatProgram(
      CHAT,
      [
        { number: 2, permissions: 0x10 },
        { number: 3, permissions: 0x10 },
      ],
      1,
    ),
  )
  const mediators = await Promise.all(
    [0, 1].map(() =>
      createMediator({
        signer: signerOf(0),
        transports,
        listen: ['tcp://127.0.0.1:0'],
        store,
        bus: bus.end(),
        clock,
        limits: UNHURRIED,
      }),
    ),
  )
  const clients: RawClient[] = []
  onTestFinished(async () => {
    for (const client of clients) client.abort()
    await Promise.all(mediators.map((mediator) => mediator.close()))
  })
  return {
    store,
    clock,
    bus,
    mediators,
    login: async (process, number) => {
      const client = await RawClient.login(mediators[process]?.addresses[0] ?? '', 'tlv-push', signerOf(number))
      clients.push(client)
      return client
    },
    passUntil: async (isSo) => {
      for (let turn = 0; turn < 25_000; turn++) {
        if (await isSo()) return
        clock.advance(10)
        bus.deliver()
        await new Promise((resolve) => setImmediate(resolve))
      }
      throw new Error('it did not come to pass')
    },
  }
}

function idsOf(client: RawClient): bigint[] {
  return client.pushes.flatMap(({ name, value }) =>
    name === 'gotMessage' && 'messageId' in value && value.messageId > 0n ? [value.messageId] : [],
  )
}

function presenceOf(client: RawClient): string[] {
  return client.pushes.flatMap(({ name, value }) => {
    const message = name === 'gotMessage' && 'blob' in value ? decodeSystemMessage(value.blob) : undefined
    return message?.event === 'memberOnline' ? [`${hex(message.publicKey).slice(0, 4)} ${message.online}`] : []
  })
}

const short = (number: number): string => hex(keyOf(number)).slice(0, 4)

for (const [name, faults] of [
  ['nothing', CALM],
  ['the order', { lose: 0, double: 0, delay: 0.5 }],
  ['a third, and the order', { lose: 0.3, double: 0.2, delay: 0.3 }],
  ['everything', { lose: 1, double: 0, delay: 0 }],
] as const)
  test(`a bus that loses ${name}: every subscriber of every process gets every message once, in order`, async () => {
    const cluster = await start(faults, 7)
    const senders = [await cluster.login(0, 1), await cluster.login(1, 1)]
    const readers = [await cluster.login(0, 2), await cluster.login(1, 3)]
    for (const reader of readers) await reader.ok('subscribe', { chatId: CHAT })
    const count = 300
    for (let guid = 0; guid < count; guid++) {
      const blob = new Uint8Array(guid % 50 === 0 ? 300_000 : 10)
      senders[guid % 2]?.send('sendMessage', { chatId: CHAT, guid: BigInt(guid), blob })
    }
    await cluster.passUntil(() => readers.every((reader) => idsOf(reader).length >= count))
    const expected = Array.from({ length: count }, (_, at) => BigInt(at + 1))
    for (const reader of readers) expect(idsOf(reader)).toEqual(expected)
    if (faults.lose > 0) expect(cluster.bus.lost).toBeGreaterThan(0)
  })

test('messages that are deleted before they are fetched leave no gap behind', async () => {
  const cluster = await start({ lose: 1, double: 0, delay: 0 })
  const sender = await cluster.login(0, 1)
  const reader = await cluster.login(1, 3)
  await reader.ok('subscribe', { chatId: CHAT })
  for (let guid = 1n; guid <= 3n; guid++)
    await sender.ok('sendMessage', { chatId: CHAT, guid, blob: new Uint8Array(1) })
  await sender.ok('deleteMessage', { chatId: CHAT, guid: 2n })
  await cluster.store.run(() => call('deleteMessage', CHAT, 3n))
  await cluster.passUntil(() => idsOf(reader).length >= 2)
  await sender.ok('sendMessage', { chatId: CHAT, guid: 9n, blob: new Uint8Array(1) })
  await cluster.passUntil(() => idsOf(reader).length >= 3)
  expect(idsOf(reader)).toEqual([1n, 4n, 5n])
  // The newest one may be gone, too: it is asked for once, not for ever.
  const { operations } = cluster.store
  const page = operations.page.bind(operations)
  let pages = 0
  operations.page = (...args) => {
    pages++
    return page(...args)
  }
  await cluster.store.run(() => call('deleteMessage', CHAT, 5n))
  const message = { guid: 10n, timestampSeconds: 1n, clientTimestampSeconds: undefined, author: keyOf(1) }
  const newest = await cluster.store.run(() => call('insertMessage', CHAT, { ...message, blob: new Uint8Array(1) }))
  const notice: Notice = { kind: 'message', message: { ...message, messageId: newest ?? 0n, blob: undefined } }
  await cluster.store.run(() => call('deleteMessage', CHAT, newest ?? 0n))
  cluster.bus.carry(`chat.${CHAT}`, encodeNotice(new Uint8Array(16), notice) ?? new Uint8Array(0))
  const untilMs = cluster.clock.nowMs() + 1_000
  await cluster.passUntil(() => cluster.clock.nowMs() > untilMs)
  expect(pages).toBe(1)
})

test('who is online counts over all processes, and a process that dies takes its own with it', async () => {
  const cluster = await start()
  const watcher = await cluster.login(0, 1)
  await watcher.ok('subscribe', { chatId: CHAT })
  const [here, there] = [await cluster.login(0, 2), await cluster.login(1, 2)]
  await here.ok('subscribe', { chatId: CHAT })
  await there.ok('subscribe', { chatId: CHAT })
  const isOnline = async (number: number): Promise<boolean> => {
    const { members } = await watcher.ok('getMembers', { chatId: CHAT })
    return members.some(({ publicKey, online }) => online && hex(publicKey) === hex(keyOf(number)))
  }
  await here.close()
  await watcher.settle()
  expect(presenceOf(watcher)).toEqual([`${short(1)} true`, `${short(2)} true`])
  expect(await isOnline(2)).toBe(true)
  await there.close()
  await cluster.passUntil(async () => !(await isOnline(2)))
  await cluster.passUntil(() => presenceOf(watcher).includes(`${short(2)} false`))

  const third = await cluster.login(1, 3)
  await third.ok('subscribe', { chatId: CHAT })
  await cluster.passUntil(() => isOnline(3))
  await cluster.mediators[1]?.close()
  await cluster.passUntil(async () => !(await isOnline(3)))
  await cluster.passUntil(() => presenceOf(watcher).includes(`${short(3)} false`))
  const lastSeen = await cluster.store.run(() => call('user', CHAT, keyOf(3)))
  expect(lastSeen?.lastSeenSeconds).toBeGreaterThanOrEqual(NOW_SECONDS)
})

test('a process that is silent for 15 seconds is forgotten', async () => {
  const cluster = await start()
  const watcher = await cluster.login(0, 1)
  await watcher.ok('subscribe', { chatId: CHAT })
  const stranger = new Uint8Array(16).fill(9)
  const pair = { chatId: CHAT, publicKey: keyOf(3) }
  const tell = (notice: Notice): void =>
    cluster.bus.end().publish('presence', encodeNotice(stranger, notice) ?? new Uint8Array(0))
  tell({ kind: 'all', sequence: 4, isFirst: true, pairs: [pair] })
  tell({ kind: 'beat', sequence: 4 })
  await watcher.settle()
  const isOnline = async (): Promise<boolean> => {
    const { members } = await watcher.ok('getMembers', { chatId: CHAT })
    return members.some(({ publicKey, online }) => online && hex(publicKey) === hex(keyOf(3)))
  }
  expect(await isOnline()).toBe(true)
  cluster.clock.advance(13_000)
  expect(await isOnline()).toBe(true)
  cluster.clock.advance(4_000)
  expect(await isOnline()).toBe(false)
  await cluster.passUntil(() => presenceOf(watcher).includes(`${short(3)} false`))
})

test('invites, bans, deletions and member info reach the other process', async () => {
  const cluster = await start()
  const owner = await cluster.login(0, 1)
  const member = await cluster.login(1, 3)
  const invitee = await cluster.login(1, 7)
  await member.ok('subscribe', { chatId: CHAT })
  await owner.ok('sendInvite', { chatId: CHAT, toPublicKey: keyOf(7), data: new Uint8Array(92) })
  const { inviteId } = await invitee.push('gotInvite')
  await invitee.ok('inviteResponse', { inviteId, accepted: 1 })
  await owner.ok('updateMemberInfo', { chatId: CHAT, timestampSeconds: 1n, info: new Uint8Array(5).fill(5) })
  expect(await member.push('gotMemberInfo')).toEqual({
    chatId: CHAT,
    members: [{ publicKey: keyOf(1), info: new Uint8Array(5).fill(5), timestampSeconds: 1n }],
  })
  await owner.ok('deleteUser', { chatId: CHAT, userPublicKey: keyOf(3) })
  // The clock stands still: this is the notice, not the review.
  await expect.poll(() => cluster.mediators[1]?.stats().subscriptions).toBe(0)
  await member.settle()
  expect(idsOf(member)).toEqual([1n, 2n])
  await invitee.ok('subscribe', { chatId: CHAT })
  await owner.ok('deleteChat', { chatId: CHAT })
  await expect.poll(() => cluster.mediators[1]?.stats().subscriptions).toBe(0)
  await invitee.settle()
  expect(invitee.pushes.some(({ value }) => 'blob' in value && value.blob[0] === 5)).toBe(true)
})

test('who is banned hears of it, also where a message before the ban is missing, and nothing behind it', async () => {
  const faults = { lose: 0, double: 0, delay: 0 }
  const cluster = await start(faults)
  const owner = await cluster.login(0, 1)
  const member = await cluster.login(1, 3)
  const witness = await cluster.login(1, 2)
  for (const client of [member, witness]) await client.ok('subscribe', { chatId: CHAT })
  const say = (guid: bigint) => owner.ok('sendMessage', { chatId: CHAT, guid, blob: new Uint8Array(1) })
  faults.lose = 1
  await say(1n)
  faults.lose = 0
  await owner.ok('deleteUser', { chatId: CHAT, userPublicKey: keyOf(3) })
  await say(2n)
  await cluster.passUntil(() => idsOf(witness).length === 3)
  await member.settle()
  expect(idsOf(member)).toEqual([1n, 2n])
  const told = member.pushes.map(({ value }) => 'blob' in value && decodeSystemMessage(value.blob)?.event)
  expect(told).toContain('userBanned')
  expect(cluster.mediators[1]?.stats().subscriptions).toBe(1)
  // Who is brought back before the ban was pushed here stays.
  await owner.ok('addUser', { chatId: CHAT, userPublicKey: keyOf(3) })
  await member.ok('subscribe', { chatId: CHAT })
  faults.lose = 1
  await say(3n)
  faults.lose = 0
  await owner.ok('deleteUser', { chatId: CHAT, userPublicKey: keyOf(3) })
  await owner.ok('addUser', { chatId: CHAT, userPublicKey: keyOf(3) })
  const again = await cluster.login(1, 3)
  await again.ok('subscribe', { chatId: CHAT })
  await say(4n)
  await cluster.passUntil(() => idsOf(witness).length === 8)
  await again.settle()
  expect(idsOf(again)).toContain(8n)
})

test('who is banned while subscribing is not subscribed, also where a message before the ban is missing', async () => {
  const faults = { lose: 0, double: 0, delay: 0 }
  const cluster = await start(faults)
  const owner = await cluster.login(0, 1)
  const witness = await cluster.login(1, 2)
  await witness.ok('subscribe', { chatId: CHAT })
  const member = await cluster.login(1, 3)
  const { store } = cluster
  const run = store.run.bind(store)
  let release = (): void => {}
  const judged = new Promise<void>((isJudged) => {
    store.run = async (program) => {
      const result = await run(program)
      isJudged()
      await new Promise<void>((resolve) => {
        release = resolve
      })
      return result
    }
  })
  const id = member.send('subscribe', { chatId: CHAT })
  await judged
  store.run = run
  faults.lose = 1
  await owner.ok('sendMessage', { chatId: CHAT, guid: 1n, blob: new Uint8Array(1) })
  faults.lose = 0
  await owner.ok('deleteUser', { chatId: CHAT, userPublicKey: keyOf(3) })
  release()
  expect(await member.answerTo('subscribe', id)).toMatchObject({ ok: false, text: 'not a member or banned' })
})

test('a ban whose message the bus lost is fetched as soon as it is told of', async () => {
  const faults = { lose: 0, double: 0, delay: 0 }
  const cluster = await start(faults)
  const owner = await cluster.login(0, 1)
  const member = await cluster.login(1, 3)
  await member.ok('subscribe', { chatId: CHAT })
  faults.lose = 1
  await owner.ok('deleteUser', { chatId: CHAT, userPublicKey: keyOf(3) })
  const notice: Notice = { kind: 'dropped', publicKey: keyOf(3), messageId: 1n }
  cluster.bus.carry(`chat.${CHAT}`, encodeNotice(new Uint8Array(16), notice) ?? new Uint8Array(0))
  const beforeMs = cluster.clock.nowMs()
  await cluster.passUntil(() => cluster.mediators[1]?.stats().subscriptions === 0)
  expect(cluster.clock.nowMs() - beforeMs).toBeLessThan(1_000)
  await member.settle()
  expect(idsOf(member)).toEqual([1n])
})

test('a ban that the bus lost ends the subscriptions all the same', async () => {
  const cluster = await start({ lose: 1, double: 0, delay: 0 })
  const owner = await cluster.login(0, 1)
  const member = await cluster.login(1, 3)
  await member.ok('subscribe', { chatId: CHAT })
  await owner.ok('deleteUser', { chatId: CHAT, userPublicKey: keyOf(3) })
  await cluster.passUntil(() => cluster.mediators[1]?.stats().subscriptions === 0)
})

test('notices survive their codec; anything else is dropped', () => {
  const sender = new Uint8Array(16).fill(1)
  const publicKey = keyOf(1)
  const pair = { chatId: CHAT, publicKey }
  const message = { messageId: 1n, guid: -2n, timestampSeconds: 3n, author: publicKey, blob: new Uint8Array(4) }
  const notices: Notice[] = [
    { kind: 'message', message },
    { kind: 'message', message: { ...message, blob: undefined } },
    { kind: 'memberInfo', member: { publicKey, info: new Uint8Array(3), timestampSeconds: 9n } },
    { kind: 'dropped', publicKey, messageId: 7n },
    { kind: 'chatDeleted' },
    { kind: 'invited', inviteId: 3n, to: publicKey },
    { kind: 'arrived', sequence: 1, pair },
    { kind: 'left', sequence: 2, pair },
    { kind: 'beat', sequence: 3 },
    { kind: 'want', process: sender },
    { kind: 'all', sequence: 4, isFirst: true, pairs: [pair, pair] },
    { kind: 'bye' },
  ]
  for (const notice of notices) {
    const bytes = encodeNotice(sender, notice) ?? new Uint8Array(0)
    expect(decodeNotice(bytes)).toEqual({ sender, notice })
    for (let end = 0; end < Math.min(bytes.length, 18); end++)
      expect(decodeNotice(bytes.subarray(0, end))).toBeUndefined()
  }
  const long = { ...message, blob: new Uint8Array(300_000) }
  expect(decodeNotice(encodeNotice(sender, { kind: 'message', message: long }) ?? sender)?.notice).toEqual({
    kind: 'message',
    message: { ...message, blob: undefined },
  })
  const tooLong = { publicKey, info: new Uint8Array(2_000_000), timestampSeconds: 1n }
  expect(encodeNotice(sender, { kind: 'memberInfo', member: tooLong })).toBeUndefined()
  const random = randomOf(3)
  for (let round = 0; round < 2_000; round++)
    decodeNotice(Uint8Array.from({ length: Math.floor(random() * 80) }, (_, at) => (at === 0 ? 1 : random() * 256)))
})
