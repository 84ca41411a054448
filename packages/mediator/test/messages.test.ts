// Messages: what is stored, who is pushed to, what counts as the same one again, times, pages. Mediator protocol §8.11 to §8.15, §10, §11.
import { decodeSystemMessage, encodeSystemMessage, systemGuid } from '@mimirjs/wire/mediator'
import { expect, test } from 'vitest'
import { call } from '../src/operations.js'
import { blob, encode, fixed, i64 } from './support/payload.js'
import type { RawClient } from './support/raw-client.js'
import { DIALECTS, keyOf, MEDIATOR, NOW_SECONDS, type Server, startServer } from './support/server.js'

const CHAT = 5n
const text = (value: string): Uint8Array => new TextEncoder().encode(value)

async function start(options = {}): Promise<Server> {
  const server = await startServer(options)
  await server.chat(CHAT, [
    { number: 2, permissions: 0x10 },
    { number: 3, permissions: 0x10 },
  ])
  return server
}

/** Ids and guids of everything that has been pushed to the client. */
async function pushed(client: RawClient): Promise<(readonly [bigint, bigint])[]> {
  await client.settle()
  return client.pushes.flatMap(({ name, value }) =>
    name === 'gotMessage' && 'messageId' in value && value.messageId > 0n
      ? [[value.messageId, value.guid] as const]
      : [],
  )
}

test('a message is stored, pushed to all dialects but not to its sender, before the answer', async () => {
  const server = await start()
  for (const dialect of DIALECTS) {
    const sender = await server.login(dialect, 2)
    const other = await server.login(dialect, 2)
    const readers = await Promise.all(DIALECTS.map((one) => server.login(one, 3)))
    for (const client of [sender, other, ...readers]) await client.ok('subscribe', { chatId: CHAT })
    await sender.settle()
    const guid = BigInt(DIALECTS.indexOf(dialect))
    const { messageId } = await sender.ok('sendMessage', {
      chatId: CHAT,
      guid,
      timestampSeconds: NOW_SECONDS - 5n,
      blob: text('hi'),
    })
    const timestampSeconds = dialect === 'binary' ? NOW_SECONDS : NOW_SECONDS - 5n
    for (const reader of [other, ...readers]) {
      const message = await reader.push('gotMessage', (value) => value.messageId === messageId)
      expect(message).toEqual({
        chatId: CHAT,
        messageId,
        guid,
        ...(reader.dialect === 'binary' ? {} : { timestampSeconds }),
        author: keyOf(2),
        blob: text('hi'),
      })
    }
    expect((await pushed(sender)).map(([id]) => id)).not.toContain(messageId)
    for (const client of [sender, other, ...readers]) await client.close()
  }
})

test('who sends need not be subscribed; an empty blob is a message; a blob may be missing in TLV', async () => {
  const server = await start()
  const client = await server.login('tlv-push', 2)
  await client.ok('sendMessage', { chatId: CHAT, guid: 1n, blob: new Uint8Array(0) })
  await client.askRaw('sendMessage', encode('tlv-push', [fixed(0x10, i64(CHAT)), fixed(0x12, i64(2n))]))
  const { messages } = await client.ok('getMessagesSince', { chatId: CHAT, sinceId: 0n, limit: 500 })
  expect(messages.map((message) => message.blob.length)).toEqual([0, 0])
})

test('the same message again is acknowledged and neither stored nor pushed again', async () => {
  const server = await start()
  const reader = await server.login('tlv-push', 3)
  await reader.ok('subscribe', { chatId: CHAT })
  for (const [dialect, guid] of [
    ['tlv', 10n],
    ['tlv-push', 20n],
  ] as const)
    for (const [at, timestampSeconds] of [NOW_SECONDS, 1_799_999_999_123n, undefined, 5n].entries()) {
      const client = await server.login(dialect, 2)
      const request = { chatId: CHAT, guid: guid + BigInt(at), timestampSeconds, blob: text('x') }
      const first = await client.ok('sendMessage', request)
      expect(first.guid).toBe(request.guid)
      server.clock.advance(3_000)
      expect(await client.ok('sendMessage', { ...request, blob: text('encrypted once more') })).toEqual(first)
      expect(await (await server.login(dialect, 2)).ok('sendMessage', request)).toEqual(first)
    }
  expect((await pushed(reader)).map(([, guid]) => guid)).toEqual([10n, 11n, 12n, 13n, 20n, 21n, 22n, 23n])
  expect(server.mediator.stats()).toMatchObject({ messages: 8, duplicates: 16 })
})

test('a guid that is taken: another time or author gets the next one, ten at most', async () => {
  const server = await start()
  const client = await server.login('tlv-push', 2)
  const other = await server.login('tlv', 3)
  const send = (who: RawClient, timestampSeconds: bigint | undefined) =>
    who.ask('sendMessage', { chatId: CHAT, guid: 100n, timestampSeconds, blob: text('x') })
  expect(await send(client, NOW_SECONDS)).toEqual({ ok: true, value: { messageId: 1n, guid: 100n } })
  expect(await send(other, NOW_SECONDS)).toEqual({ ok: true, value: { messageId: 2n, guid: 101n } })
  expect(await send(client, NOW_SECONDS - 1n)).toEqual({ ok: true, value: { messageId: 3n, guid: 102n } })
  expect(await send(client, undefined)).toEqual({ ok: true, value: { messageId: 4n, guid: 103n } })
  // What was moved to another guid is recognised there.
  expect(await send(other, NOW_SECONDS)).toEqual({ ok: true, value: { messageId: 2n, guid: 101n } })
  for (let more = 2n; more < 8n; more++) expect((await send(client, NOW_SECONDS - more)).ok).toBe(true)
  expect(await send(other, NOW_SECONDS - 100n)).toMatchObject({ text: 'db error - guid collision limit exceeded' })
  const highest = { chatId: CHAT, guid: 2n ** 63n - 1n, blob: text('x') }
  await client.ok('sendMessage', highest)
  expect((await other.ok('sendMessage', highest)).guid).toBe(-(2n ** 63n))
})

test('binary: the author is acknowledged again, another author is told that it failed', async () => {
  const server = await start()
  const client = await server.login('binary', 2)
  const other = await server.login('binary', 3)
  const request = { chatId: CHAT, guid: 100n, blob: text('x') }
  expect(await client.ok('sendMessage', request)).toEqual({ messageId: 1n })
  server.clock.advance(10_000)
  expect(await client.ok('sendMessage', request)).toEqual({ messageId: 1n })
  expect(await other.refused('sendMessage', request)).toBe('db error - failed to insert message')
  expect(await client.ok('getLastMessageId', { chatId: CHAT })).toEqual({ messageId: 1n })
})

test('a row that another server wrote is recognised by its time', async () => {
  const server = await start()
  const foreign = { guid: 9n, timestampSeconds: 1_700_000_000n, clientTimestampSeconds: undefined, author: keyOf(2) }
  await server.run(() => call('insertMessage', CHAT, { ...foreign, blob: text('x') }))
  const client = await server.login('tlv-push', 2)
  const request = { chatId: CHAT, guid: 9n, blob: text('x') }
  expect(await client.ok('sendMessage', { ...request, timestampSeconds: 1_700_000_000n })).toEqual({
    messageId: 1n,
    guid: 9n,
  })
  expect(await client.ok('sendMessage', { ...request, timestampSeconds: 1_700_000_000_999n })).toEqual({
    messageId: 1n,
    guid: 9n,
  })
  expect(await client.ok('sendMessage', { ...request, timestampSeconds: 1_700_000_001n })).toEqual({
    messageId: 2n,
    guid: 10n,
  })
})

test('times: milliseconds become seconds, what cannot be becomes now', async () => {
  const server = await start()
  const client = await server.login('tlv-push', 2)
  const day = 86_400n
  const cases: [bigint | undefined, bigint][] = [
    [undefined, NOW_SECONDS],
    [NOW_SECONDS - 1n, NOW_SECONDS - 1n],
    [(NOW_SECONDS - 7n) * 1000n + 999n, NOW_SECONDS - 7n],
    [NOW_SECONDS - 30n * day, NOW_SECONDS - 30n * day],
    [NOW_SECONDS - 30n * day - 1n, NOW_SECONDS],
    [NOW_SECONDS + 600n, NOW_SECONDS + 600n],
    [NOW_SECONDS + 601n, NOW_SECONDS],
    [0n, NOW_SECONDS],
    [-1n, NOW_SECONDS],
    [99_999_999_999n, NOW_SECONDS],
  ]
  for (const [at, [timestampSeconds, expected]] of cases.entries()) {
    const { messageId } = await client.ok('sendMessage', {
      chatId: CHAT,
      guid: BigInt(at),
      timestampSeconds,
      blob: text('x'),
    })
    const { messages } = await client.ok('getMessagesSince', { chatId: CHAT, sinceId: messageId - 1n, limit: 1 })
    expect(messages[0]?.timestampSeconds, String(timestampSeconds)).toBe(expected)
  }
})

test('a blob above the cap is refused, and the connection goes on', async () => {
  const server = await start({ limits: { blobBytes: 1_000 } })
  for (const dialect of DIALECTS) {
    const client = await server.login(dialect, 2)
    const guid = BigInt(DIALECTS.indexOf(dialect))
    expect(await client.refused('sendMessage', { chatId: CHAT, guid, blob: new Uint8Array(1_001) })).toBe(
      'payload too large',
    )
    await client.ok('sendMessage', { chatId: CHAT, guid, blob: new Uint8Array(1_000) })
  }
})

test('the largest blob goes through, in and out', async () => {
  const server = await start()
  const client = await server.login('tlv-push', 2)
  const largest = new Uint8Array(33_554_397).fill(3)
  const { messageId } = await client.ok('sendMessage', { chatId: CHAT, guid: 1n, blob: largest })
  const { messages } = await client.ok('getMessagesSince', { chatId: CHAT, sinceId: 0n, limit: 500 })
  expect(messages.map((message) => [message.messageId, message.blob.length])).toEqual([[messageId, 33_554_397]])
  await client.ok('sendMessage', { chatId: CHAT, guid: 2n, blob: largest })
  const page = await client.ok('getMessagesSince', { chatId: CHAT, sinceId: 0n, limit: 500 })
  expect(page.messages).toHaveLength(1)
  expect(await client.refused('sendMessage', { chatId: CHAT, guid: 3n, blob: new Uint8Array(33_554_398) })).toBe(
    'payload too large',
  )
})

test('pages: ascending, above since, as long as asked for, the same in every dialect', async () => {
  const server = await start()
  const client = await server.login('tlv-push', 2)
  for (let guid = 1n; guid <= 7n; guid++) await client.ok('sendMessage', { chatId: CHAT, guid, blob: text(`m${guid}`) })
  await client.ok('deleteMessage', { chatId: CHAT, messageId: 3n })
  for (const dialect of DIALECTS) {
    const reader = await server.login(dialect, 3)
    const ids = async (sinceId: bigint, limit: number): Promise<bigint[]> => {
      const { messages } = await reader.ok('getMessagesSince', { chatId: CHAT, sinceId, limit })
      return messages.map(({ messageId }) => messageId)
    }
    expect(await ids(0n, 500)).toEqual([1n, 2n, 4n, 5n, 6n, 7n, 8n])
    expect(await ids(2n, 3)).toEqual([4n, 5n, 6n])
    expect(await ids(8n, 3)).toEqual([])
    expect(await ids(-5n, 1)).toEqual([1n])
    expect(await reader.ok('getLastMessageId', { chatId: CHAT })).toEqual({ messageId: 8n })
  }
})

test('deleting: by id in binary, by guid or id alone in TLV; all who understand it are told', async () => {
  const server = await start()
  const owner = { binary: await server.login('binary', 1), tlv: await server.login('tlv', 1) }
  const readers = await Promise.all(DIALECTS.map((dialect) => server.login(dialect, 3)))
  for (const reader of readers) await reader.ok('subscribe', { chatId: CHAT })
  await owner.tlv.ok('subscribe', { chatId: CHAT })
  const author = await server.login('tlv-push', 2)
  for (let guid = 11n; guid <= 14n; guid++) await author.ok('sendMessage', { chatId: CHAT, guid, blob: text('x') })
  await owner.binary.ok('deleteMessage', { chatId: CHAT, messageId: 1n })
  await owner.tlv.ok('deleteMessage', { chatId: CHAT, guid: 12n })
  await owner.tlv.ok('deleteMessage', { chatId: CHAT, messageId: 3n })
  // The guid counts where both are named.
  await author.ok('deleteMessage', { chatId: CHAT, messageId: 1n, guid: 14n })
  for (const [client, guids] of [
    [readers[0], []],
    [readers[1], [11n, 12n, 13n, 14n]],
    [readers[2], [11n, 12n, 13n, 14n]],
    [owner.tlv, [11n, 12n, 13n, 14n]],
  ] as const) {
    await client?.settle()
    const told = client?.pushes.flatMap(({ name, value }) => {
      const message = name === 'gotMessage' && 'blob' in value ? decodeSystemMessage(value.blob) : undefined
      return message?.event === 'messageDeleted' ? [message.guid] : []
    })
    expect(told).toEqual(guids)
  }
  const { messages } = await author.ok('getMessagesSince', { chatId: CHAT, sinceId: 0n, limit: 500 })
  expect(messages.map(({ author: key }) => key)).toEqual(Array.from({ length: 4 }, () => keyOf(MEDIATOR)))
  expect(messages.map(({ messageId }) => messageId)).toEqual([5n, 6n, 7n, 8n])
})

test('a system message has one time for its row, its guid and its push; its guid cannot be kept from it', async () => {
  const server = await start()
  const owner = await server.login('tlv-push', 1)
  const reader = await server.login('tlv-push', 3)
  await reader.ok('subscribe', { chatId: CHAT })
  await owner.ok('updateChatInfo', { chatId: CHAT, name: 'first' })
  const message = await reader.push(
    'gotMessage',
    ({ author, messageId }) => messageId > 0n && author[0] === keyOf(MEDIATOR)[0],
  )
  expect(message.timestampSeconds).toBe(NOW_SECONDS)
  expect(message.guid).toBe(systemGuid(message.blob, NOW_SECONDS))
  expect(decodeSystemMessage(message.blob)).toEqual({ event: 'chatInfoChanged', actor: keyOf(1), name: 'first' })
  // The same once more within its second: nothing is said twice, and nothing fails (§8.6).
  const before = await owner.ok('getLastMessageId', { chatId: CHAT })
  await owner.ok('updateChatInfo', { chatId: CHAT, name: 'first' })
  expect(await owner.ok('getLastMessageId', { chatId: CHAT })).toEqual(before)
  // Somebody has guessed the guid of the next one.
  server.clock.advance(1_000)
  const guessed = systemGuid(message.blob, NOW_SECONDS + 1n)
  await owner.ok('sendMessage', { chatId: CHAT, guid: guessed, blob: text('mine') })
  await owner.ok('updateChatInfo', { chatId: CHAT, name: 'first' })
  const moved = await reader.push(
    'gotMessage',
    ({ author, messageId }) => messageId > 0n && author[0] === keyOf(MEDIATOR)[0],
  )
  expect(moved.guid).not.toBe(guessed)
})

test('nobody makes a message undeletable by taking the guids that its deletion would have', async () => {
  const server = await start()
  const author = await server.login('tlv-push', 2)
  await author.ok('sendMessage', { chatId: CHAT, guid: 777n, blob: text('x') })
  const body = encodeSystemMessage({ event: 'messageDeleted', guid: 777n, deleter: keyOf(1) })
  const first = systemGuid(body, NOW_SECONDS)
  for (let at = 0n; at < 12n; at++)
    await author.ok('sendMessage', { chatId: CHAT, guid: BigInt.asIntN(64, first + at), blob: text('y') })
  const owner = await server.login('tlv-push', 1)
  await owner.ok('deleteMessage', { chatId: CHAT, guid: 777n })
  const { messages } = await owner.ok('getMessagesSince', { chatId: CHAT, sinceId: 13n, limit: 9 })
  expect(messages.map(({ blob: said }) => decodeSystemMessage(said))).toEqual([
    { event: 'messageDeleted', guid: 777n, deleter: keyOf(1) },
  ])
})

test('a commit that fails leaves nothing behind, and is told', async () => {
  const server = await start()
  const client = await server.login('tlv-push', 2)
  const reader = await server.login('tlv-push', 3)
  await reader.ok('subscribe', { chatId: CHAT })
  const failures: unknown[] = []
  server.mediator.on('storeFailed', ({ error }) => failures.push(error))
  const { store } = server
  const run = store.run.bind(store)
  store.run = () => Promise.reject(new Error('the disk is full'))
  expect(await client.refused('sendMessage', { chatId: CHAT, guid: 1n, blob: text('x') })).toBe('db error')
  store.run = run
  expect(failures).toHaveLength(1)
  expect(server.mediator.stats().storeFailures).toBe(1)
  expect(await pushed(reader)).toEqual([])
  expect(await client.ok('getLastMessageId', { chatId: CHAT })).toEqual({ messageId: 0n })
  expect(blob(0x23, text('x')).lengthBytes).toBe(4)
})
