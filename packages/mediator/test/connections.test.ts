// Many, slow, greedy and silent clients, over real sockets.

import { wallClock } from '@mimirjs/transport'
import { encodeMediatorInit, encodeRequestFrame } from '@mimirjs/wire/mediator'
import { expect, test } from 'vitest'
import { call } from '../src/operations.js'
import type { CutReason } from '../src/types.js'
import { RawClient, signerOf, transports } from './support/raw-client.js'
import { DIALECTS, type Server, startServer } from './support/server.js'

const CHAT = 5n

async function start(options = {}): Promise<Server> {
  const server = await startServer(options)
  const members = [2, 3, 4].map((number) => ({ number, permissions: 0x10 }))
  await server.chat(CHAT, members)
  return server
}

function whenCut(server: Server, reason: CutReason): Promise<void> {
  return new Promise((resolve) => {
    server.mediator.on('cut', (event) => event.reason === reason && resolve())
  })
}

test('a slow reader is bounded, cut with a reason, and slows nobody down', async () => {
  const server = await start({ limits: { queueBytes: 1_000_000 } })
  const slow = await server.login('tlv-push', 2)
  const quick = await server.login('tlv-push', 3)
  const sender = await server.login('tlv-push', 4)
  await slow.ok('subscribe', { chatId: CHAT })
  await quick.ok('subscribe', { chatId: CHAT })
  slow.pause()
  const cut = whenCut(server, 'slow-reader')
  const blob = new Uint8Array(100_000)
  let sent = 0n
  let isCut = false
  void cut.then(() => {
    isCut = true
  })
  for (; !isCut && sent < 1_000n; sent++) {
    await sender.ok('sendMessage', { chatId: CHAT, guid: sent, blob })
    expect(server.mediator.stats().queuedBytes).toBeLessThan(1_500_000)
  }
  await cut
  await quick.until(() => quick.pushes.filter(({ name }) => name === 'gotMessage').length >= Number(sent))
  expect(server.mediator.stats().cut['slow-reader']).toBe(1)
  expect(server.mediator.stats().queuedBytes).toBe(0)
})

test('a slow reader is cut for the number of frames, too', async () => {
  const server = await start({ limits: { queueFrames: 20, queueBytes: 1e9 } })
  const slow = await server.login('tlv-push', 2)
  const sender = await server.login('tlv-push', 4)
  await slow.ok('subscribe', { chatId: CHAT })
  slow.pause()
  const cut = whenCut(server, 'slow-reader')
  // The first fill what the system holds for the socket.
  const [large, small] = [new Uint8Array(8_000_000), new Uint8Array(1)]
  for (let guid = 0n; guid < 3n; guid++) await sender.ok('sendMessage', { chatId: CHAT, guid, blob: large })
  for (let guid = 3n; guid < 40n; guid++) await sender.ok('sendMessage', { chatId: CHAT, guid, blob: small })
  expect(server.mediator.stats().connections).toBe(2)
  server.clock.advance(1_000)
  await cut
  await sender.settle()
})

test('who does not read its answers is read no further, and loses nothing when it reads again', async () => {
  const server = await start()
  const sender = await server.login('tlv-push', 4)
  const blob = new Uint8Array(400_000)
  for (let guid = 0n; guid < 10n; guid++) await sender.ok('sendMessage', { chatId: CHAT, guid, blob })
  const client = await server.login('tlv-push', 2)
  client.pause()
  const ids: number[] = []
  for (let round = 0; round < 20; round++)
    ids.push(client.send('getMessagesSince', { chatId: CHAT, sinceId: 0n, limit: 10 }))
  await sender.settle()
  expect(server.mediator.stats().queuedBytes).toBeLessThan(10_000_000)
  client.resume()
  for (const id of ids) {
    const answer = await client.answerTo('getMessagesSince', id)
    expect(answer.ok && answer.value.messages.length).toBe(10)
  }
})

test('a thousand clients that connect and stall do not affect others', async () => {
  const server = await start()
  const stalled: RawClient[] = []
  const openings = [
    new Uint8Array(0),
    Uint8Array.of(0x01),
    encodeMediatorInit('tlv-push'),
    new Uint8Array([...encodeMediatorInit('tlv-push'), 0x30, 0, 1, 0, 0, 0x0f]),
    new Uint8Array([...encodeMediatorInit('binary'), ...encodeRequestFrame('binary', 1, 'ping', {})]),
  ]
  for (let from = 0; from < 1_000; from += 50)
    await Promise.all(
      Array.from({ length: 50 }, async (_, at) => {
        const stream = await transports.dial(server.addressOf('tlv-push'))
        const client = new RawClient(stream, 'tlv-push', signerOf(2))
        client.pause()
        const opening = openings[(from + at) % openings.length] ?? new Uint8Array(0)
        if (opening.length > 0) client.write(opening)
        stalled.push(client)
      }),
    )
  const a = await server.login('tlv-push', 2)
  const b = await server.login('binary', 3)
  await b.ok('subscribe', { chatId: CHAT })
  for (let guid = 1n; guid <= 50n; guid++) {
    await a.ok('sendMessage', { chatId: CHAT, guid, blob: new Uint8Array(10) })
    await b.push('gotMessage', (message) => message.guid === guid)
  }
  await expect.poll(() => server.mediator.stats().connections).toBe(1_002)
  server.clock.advance(31_000)
  expect(server.mediator.stats().cut.login + server.mediator.stats().cut.opening).toBe(1_000)
  await a.settle()
  for (const client of stalled) client.resume()
  await Promise.all(stalled.map((client) => client.until(() => client.isClosed)))
  expect(server.mediator.stats().connections).toBe(2)
})

test('deadlines: opening, login, the rest of a frame, silence', async () => {
  const server = await start()
  const { clock, mediator } = server
  const silent = await server.connect('tlv', 1)
  const anonymous = await server.connect('tlv', 1)
  anonymous.open()
  await anonymous.settle()
  const halfway = await server.login('tlv', 2)
  halfway.write(Uint8Array.of(0x30, 0, 1, 0, 0, 0, 10, 1, 2, 3))
  const idle = await server.login('binary', 3)
  await idle.settle()
  await expect.poll(() => mediator.stats().bufferedBytes).toBe(10)
  const alive = (): boolean[] => [silent, anonymous, halfway, idle].map((client) => client.isClosed)
  const pass = async (ms: number, closed: readonly RawClient[]): Promise<void> => {
    clock.advance(ms)
    for (const client of closed) await client.until(() => client.isClosed)
  }
  await pass(9_000, [])
  expect(alive()).toEqual([false, false, false, false])
  await pass(1_000, [silent])
  await pass(19_000, [])
  expect(alive()).toEqual([true, false, false, false])
  await pass(1_000, [anonymous])
  await pass(29_000, [])
  expect(alive()).toEqual([true, true, false, false])
  await pass(1_000, [halfway])
  await idle.settle()
  await pass(299_000, [])
  expect(alive()).toEqual([true, true, true, false])
  await pass(1_000, [idle])
  expect(mediator.stats().cut).toMatchObject({ opening: 1, login: 1, frame: 1, idle: 1 })
})

test('above the rates: told so, and cut when that is not heard', async () => {
  const limits = { messagesPerSecond: 1, messagesBurst: 3, commandsPerSecond: 10, commandsBurst: 50, refusals: 5 }
  for (const dialect of DIALECTS) {
    const server = await start({ limits })
    const client = await server.login(dialect, 2)
    const send = (guid: bigint) => client.ask('sendMessage', { chatId: CHAT, guid, blob: new Uint8Array(1) })
    for (let guid = 1n; guid <= 3n; guid++) expect((await send(guid)).ok).toBe(true)
    expect(await send(4n)).toMatchObject({ ok: false, text: 'rate limit' })
    // The other connections of the key do not help.
    const second = await server.login(dialect, 2)
    expect(await second.refused('sendMessage', { chatId: CHAT, guid: 5n, blob: new Uint8Array(1) })).toBe('rate limit')
    await client.settle()
    server.clock.advance(1_000)
    expect((await send(6n)).ok).toBe(true)
    const cut = whenCut(server, 'rate')
    for (let round = 0; round < 100; round++) client.send('ping', {})
    await cut
    await client.until(() => client.hasEnded)
  }
})

test('bytes, invites and chats have rates of their own', async () => {
  const server = await start({
    limits: { bytesPerSecond: 1_000, bytesBurst: 5_000, invitesPerMinute: 1, invitesBurst: 2, chatsPerOwner: 1 },
  })
  const owner = await server.login('tlv-push', 1)
  const big = { chatId: CHAT, guid: 1n, blob: new Uint8Array(6_000) }
  expect(await owner.refused('sendMessage', big)).toBe('rate limit')
  for (const number of [10, 11])
    await owner.ok('sendInvite', { chatId: CHAT, toPublicKey: signerOf(number).publicKey, data: new Uint8Array(92) })
  const third = { chatId: CHAT, toPublicKey: signerOf(12).publicKey, data: new Uint8Array(92) }
  expect(await owner.refused('sendInvite', third)).toBe('rate limit')
  const { nonce } = await owner.ok('getNonce', { publicKey: owner.publicKey })
  const { counter, signature } = await owner.signer.signProofOfWork(nonce)
  const chat = { ownerPublicKey: owner.publicKey, nonce, counter, signature, name: 'second', description: '' }
  expect(await owner.refused('createChat', chat)).toBe('rate limit')
})

/** Closed at once: before the dialler has heard that it is connected, or just after. */
async function isTurnedAway(server: Server, number: number): Promise<void> {
  const client = await server.connect('tlv', number).catch(() => undefined)
  await client?.until(() => client.isClosed)
}

test('a full house takes nobody else; one source takes its share', async () => {
  const server = await start({ limits: { connections: 3 } })
  const clients = await Promise.all([1, 2, 3].map((number) => server.login('tlv', number)))
  await isTurnedAway(server, 4)
  await clients[0]?.close()
  await expect.poll(() => server.mediator.stats().connections).toBe(2)
  await server.login('tlv', 4)

  const other = await start({ limits: { connectionsPerSource: 1 } })
  await other.login('tlv', 1)
  await isTurnedAway(other, 2)
  expect(other.mediator.stats().cut.full).toBe(1)
})

test('unfinished requests of all connections together are bounded', async () => {
  const server = await start({ limits: { bufferedBytes: 300_000 } })
  const cut = whenCut(server, 'memory')
  for (const number of [2, 3, 4]) {
    const client = await server.login('tlv', number)
    client.write(Uint8Array.from([0x30, 0, 1, 0, 1, 0xff, 0xff]))
    client.write(new Uint8Array(120_000))
  }
  await cut
  const witness = await server.login('tlv', 1)
  await witness.settle()
  expect(server.mediator.stats().bufferedBytes).toBeLessThan(300_000)
})

test('only so many requests of one connection are in the store at once, and all are answered', async () => {
  const server = await start({ limits: { requestsInFlight: 4 } })
  const client = await server.login('tlv', 2)
  await client.settle()
  const run = server.store.run.bind(server.store)
  let [now, most] = [0, 0]
  server.store.run = async (program, options) => {
    most = Math.max(most, ++now)
    const result = await run(program, options)
    now--
    return result
  }
  const ids = Array.from({ length: 50 }, (_, at) =>
    client.send('sendMessage', { chatId: CHAT, guid: BigInt(at), blob: new Uint8Array(100) }),
  )
  for (const id of ids) expect((await client.answerTo('sendMessage', id)).ok).toBe(true)
  expect(most).toBe(4)
})

test('subscriptions of one connection are bounded', async () => {
  const server = await start({ limits: { subscriptions: 1 } })
  await server.chat(6n, [{ number: 2, permissions: 0x10 }])
  const client = await server.login('tlv', 2)
  await client.ok('subscribe', { chatId: CHAT })
  expect(await client.refused('subscribe', { chatId: 6n })).toBe('rate limit')
})

test('closing: what was asked is answered and kept, last seen is written, everybody is ended', async () => {
  const server = await start({ clock: wallClock })
  const { mediator, store } = server
  const a = await server.login('tlv-push', 2)
  const b = await server.login('binary', 3)
  await a.ok('subscribe', { chatId: CHAT })
  await b.ok('subscribe', { chatId: CHAT })
  const ids = Array.from({ length: 30 }, (_, at) =>
    a.send('sendMessage', { chatId: CHAT, guid: BigInt(at), blob: new Uint8Array(10) }),
  )
  await a.until(() => a.frames.some(({ id }) => id === ids[0]))
  await Promise.all([mediator.close(), mediator.close()])
  await a.until(() => a.isClosed)
  await b.until(() => b.isClosed)
  const answered = ids.filter((id) => a.frames.some((frame) => frame.id === id && frame.status === 0))
  const { members, last } = await server.run(function* () {
    return { members: yield* call('members', CHAT), last: yield* call('lastMessageId', CHAT) }
  })
  expect(Number(last)).toBeGreaterThanOrEqual(answered.length)
  expect(members.filter(({ lastSeenSeconds }) => lastSeenSeconds > 0n)).toHaveLength(2)
  await expect(RawClient.connect(server.addressOf('tlv'), 'tlv', signerOf(1))).rejects.toThrow()
  await store.close()
})

test('closing does not wait for a client that does not read', async () => {
  const server = await start({ clock: wallClock })
  const slow = await server.login('tlv-push', 2)
  slow.pause()
  await server.mediator.close({ timeoutMs: 50 })
  expect(server.mediator.stats().connections).toBeLessThanOrEqual(1)
})

test('a half-closed client still gets its answers', async () => {
  const server = await start()
  const client = await server.login('tlv', 2)
  const ids = [1n, 2n, 3n].map((guid) => client.send('sendMessage', { chatId: CHAT, guid, blob: new Uint8Array(1) }))
  client.end()
  await client.until(() => client.isClosed)
  expect(client.frames.map(({ id }) => id)).toEqual(ids)
})
