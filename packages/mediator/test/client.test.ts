import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createSigner, type SeedSigner } from '@mimirjs/crypto'
import { MediatorClient, Permissions } from '@mimirjs/mediator-client'
import { type StreamTransport, Transports } from '@mimirjs/transport'
import { createMemoryNetwork } from '@mimirjs/transport/memory'
import { tcp } from '@mimirjs/transport/tcp'
import { MEDIATOR_DIALECTS, type MediatorDialect, type MediatorPushes } from '@mimirjs/wire/mediator'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { createMediator, type Mediator } from '../src/index.js'
import { Keeper } from './support/keeper.js'

// The client of @mimirjs/mediator-client and this server, over real streams: every command in every dialect, a restart of
// the server, and members who catch up.

const NETWORKS: readonly [string, () => [StreamTransport, string]][] = [
  ['tcp', () => [tcp(), 'tcp://127.0.0.1:0']],
  ['memory', () => [createMemoryNetwork().streams, 'memory://mediator']],
]
const WAIT = { timeout: 8000, interval: 5 }
const mediatorKey = createSigner(new Uint8Array(32).fill(99))

function signerOf(fill: number): SeedSigner {
  return createSigner(new Uint8Array(32).fill(fill))
}

interface Place {
  readonly transport: StreamTransport
  readonly store: string
  readonly dialect: MediatorDialect
  /** With the port, once it is known. */
  address: string
}

function newPlace(network: () => [StreamTransport, string], dialect: MediatorDialect): Place {
  const folder = mkdtempSync(path.join(tmpdir(), 'mimirjs-mediator-client-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const [transport, address] = network()
  return { transport, address, dialect, store: path.join(folder, 'mediator.sqlite') }
}

async function serve(place: Place): Promise<Mediator> {
  const { transport, store, address, dialect } = place
  const mediator = await createMediator({
    signer: mediatorKey,
    transports: new Transports([transport]),
    listen: [{ address, tlvDialect: dialect === 'tlv' ? 'tlv' : 'tlv-push' }],
    store,
    durability: 'process',
  })
  onTestFinished(() => mediator.close({ timeoutMs: 100 }))
  place.address = mediator.addresses[0] ?? ''
  return mediator
}

async function connect(place: Place, signer: SeedSigner): Promise<MediatorClient> {
  const client = new MediatorClient({
    signer,
    mediatorPublicKey: mediatorKey.publicKey,
    dialect: place.dialect,
    transports: new Transports([place.transport]),
    address: place.address,
    // A second that tests would wait for; everything else is as it is.
    timers: { retryMs: 20, maxRetryMs: 50, gapMs: 50 },
  })
  onTestFinished(() => client.close({ timeoutMs: 100 }))
  client.start()
  await client.ready()
  return client
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value)
let guid = 1n

function messageFor(chatId: bigint, value: string) {
  return { chatId, guid: guid++, timestampSeconds: BigInt(Math.floor(Date.now() / 1000)), blob: text(value) }
}

const cases = NETWORKS.flatMap(([name, network]) =>
  MEDIATOR_DIALECTS.map((dialect) => [name, dialect, network] as const),
)

describe.each(cases)('client and server over %s, dialect %s', (_, dialect, network) => {
  test('every command', async () => {
    const place = newPlace(network, dialect)
    await serve(place)
    const [ann, ben, cat] = await Promise.all([1, 2, 3].map((fill) => connect(place, signerOf(fill))))
    if (ann === undefined || ben === undefined || cat === undefined) return expect.fail('three clients')
    const [annKey, benKey, catKey] = [1, 2, 3].map((fill) => signerOf(fill).publicKey)
    if (annKey === undefined || benKey === undefined || catKey === undefined) return expect.fail('three keys')
    const invites: MediatorPushes['gotInvite'][] = []
    ben.on('invite', (invite) => invites.push(invite))

    await ann.ping()
    const chatId = await ann.createChat({ name: 'Room', description: 'of three', avatar: text('picture') })
    expect(await ann.getUserChats()).toEqual([chatId])
    const annKeeps = new Keeper()
    const following = ann.follow(chatId, annKeeps)
    await vi.waitFor(() => expect(annKeeps.readies).toBe(1), WAIT)

    const data = new Uint8Array(92).fill(7)
    await ann.sendInvite({ chatId, toPublicKey: benKey, data })
    await vi.waitFor(() => expect(invites.length).toBe(1), WAIT)
    expect(invites[0]).toMatchObject({ chatId, from: annKey, name: 'Room', description: 'of three', data })
    await expect(ann.sendInvite({ chatId, toPublicKey: benKey, data })).rejects.toMatchObject({ code: 'exists' })
    await expect(cat.respondToInvite(invites[0]!.inviteId, true)).rejects.toMatchObject({ code: 'forbidden' })
    await ben.respondToInvite(invites[0]!.inviteId, true)
    await expect(ben.respondToInvite(invites[0]!.inviteId, true)).rejects.toMatchObject({ code: 'not-found' })
    await vi.waitFor(() => expect(annKeeps.systemEvents).toEqual(['userAdded']), WAIT)

    const benKeeps = new Keeper()
    ben.follow(chatId, benKeeps)
    await vi.waitFor(() => expect(benKeeps.readies).toBe(1), WAIT)
    await ben.updateMemberInfo({ chatId, timestampSeconds: 1_700_000_000n, info: text('ben') })
    await vi.waitFor(() => expect(annKeeps.infos.map(({ publicKey }) => publicKey)).toContainEqual(benKey), WAIT)
    const infos = await ann.getMembersInfo(chatId)
    expect(infos.find(({ info }) => info.length > 0)).toEqual({
      publicKey: benKey,
      info: text('ben'),
      timestampSeconds: 1_700_000_000n,
    })

    const hello = messageFor(chatId, 'hello')
    const sent = await ann.sendMessage(hello)
    following.sent(sent.messageId)
    expect(sent.guid).toBe(hello.guid)
    expect(await ann.sendMessage(hello)).toEqual(sent)
    await vi.waitFor(() => expect(benKeeps.texts).toEqual(['hello']), WAIT)
    expect(await ben.getLastMessageId(chatId)).toBe(sent.messageId)
    const [received] = await ben.getMessagesSince({ chatId, sinceId: sent.messageId - 1n, limit: 5 })
    expect(received).toMatchObject({ messageId: sent.messageId, guid: hello.guid, author: annKey, blob: text('hello') })
    expect(received?.timestampSeconds).toBe(dialect === 'binary' ? undefined : hello.timestampSeconds)
    await ann.deleteMessage({ chatId, messageId: sent.messageId, guid: sent.guid })
    expect(await ben.getMessagesSince({ chatId, sinceId: 0n, limit: 500 })).not.toContainEqual(received)
    await expect(cat.sendMessage(messageFor(chatId, 'no'))).rejects.toMatchObject({ code: 'not-member' })
    await expect(cat.subscribe(chatId)).rejects.toMatchObject({ code: 'not-member' })

    await ann.addUser(chatId, catKey)
    expect((await ann.getMembers(chatId)).map(({ permissions }) => permissions).sort((a, b) => a - b)).toEqual([
      ...[0x10, 0x10, 0x90],
    ])
    expect(new Permissions((await ann.getMembers(chatId))[0]!.permissions).canPost).toBe(true)
    await expect(ben.deleteUser(chatId, catKey)).rejects.toMatchObject({ code: 'forbidden' })
    if (dialect === 'binary') {
      await expect(ann.changeMemberStatus(chatId, catKey, 0x08)).rejects.toMatchObject({ code: 'unsupported' })
      await expect(ann.updateChatInfo({ chatId, name: 'Other' })).rejects.toMatchObject({ code: 'unsupported' })
    } else {
      await ann.changeMemberStatus(chatId, catKey, Permissions.of('user', 'readOnly'))
      await expect(cat.subscribe(chatId)).rejects.toMatchObject({ code: 'read-only' })
      await ann.updateChatInfo({ chatId, name: 'Other' })
      await vi.waitFor(() => expect(benKeeps.systemEvents).toContain('chatInfoChanged'), WAIT)
      await vi.waitFor(() => expect(benKeeps.systemEvents).toContain('permsChanged'), WAIT)
      await vi.waitFor(() => expect(benKeeps.systemEvents).toContain('messageDeleted'), WAIT)
      await vi.waitFor(() => expect(annKeeps.events.map(({ event }) => event)).toContain('memberOnline'), WAIT)
    }
    await ann.deleteUser(chatId, catKey)
    await vi.waitFor(() => expect(benKeeps.systemEvents).toContain('userBanned'), WAIT)
    await vi.waitFor(() => expect(benKeeps.memberList.length).toBe(2), WAIT)
    await ben.leaveChat(chatId)
    expect(await ben.getUserChats()).toEqual([])
    await expect(ann.leaveChat(chatId)).rejects.toMatchObject({ code: 'forbidden' })
    await expect(ben.deleteChat(chatId)).rejects.toMatchObject({ code: 'forbidden' })
    await ann.deleteChat(chatId)
    await expect(ann.deleteChat(chatId)).rejects.toMatchObject({ code: 'not-found' })
    expect([annKeeps.repeated, benKeeps.repeated]).toEqual([0, 0])
  })

  test('the server is restarted: members come back, catch up, and lose nothing', async () => {
    const place = newPlace(network, dialect)
    let mediator = await serve(place)
    const [ann, ben] = [await connect(place, signerOf(1)), await connect(place, signerOf(2))]
    const chatId = await ann.createChat({ name: 'Room' })
    await ann.addUser(chatId, signerOf(2).publicKey)
    const keeper = new Keeper()
    const following = ben.follow(chatId, keeper)
    await vi.waitFor(() => expect(keeper.readies).toBe(1), WAIT)
    const texts: string[] = []
    const send = async (count: number): Promise<void> => {
      const batch = Array.from({ length: count }, () => messageFor(chatId, `text ${texts.push('') - 1}`))
      await Promise.all(batch.map((message) => ann.sendMessage(message)))
    }
    await send(20)
    await mediator.close({ timeoutMs: 100 })
    await vi.waitFor(() => expect([ann.state.state, ben.state.state]).not.toContain('up'), WAIT)
    mediator = await serve(place)
    await ann.ready()
    await send(30)
    await vi.waitFor(() => expect(keeper.readies).toBe(2), WAIT)

    // While nobody listens more comes than one page holds.
    following.stop()
    await ben.close()
    await send(120)
    const again = await connect(place, signerOf(2))
    again.follow(chatId, keeper)
    await vi.waitFor(() => expect(keeper.texts.length).toBe(170), WAIT)
    expect(keeper.texts).toEqual(texts.map((_value, index) => `text ${index}`))
    const last = await ann.getLastMessageId(chatId)
    await vi.waitFor(() => expect(keeper.syncedTo).toBe(last), WAIT)
    expect(keeper.repeated).toBe(0)
  })
})
