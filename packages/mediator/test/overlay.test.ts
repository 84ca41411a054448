// A mediator and its clients on real nodes: all see each other only through one in the middle.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createSigner, type SeedSigner } from '@mimirjs/crypto'
import { MediatorClient } from '@mimirjs/mediator-client'
import { Transports } from '@mimirjs/transport'
import { toHex } from '@mimirjs/wire'
import type { MediatorPushes } from '@mimirjs/wire/mediator'
import type { Yggdrasil } from '@mimirjs/yggdrasil'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createMediator, type Mediator, type MediatorOptions } from '../src/index.js'
import { Keeper } from './support/keeper.js'
import { addressOf, Overlay } from './support/overlay.js'

const WAIT = { timeout: 15_000, interval: 5 }
const seedOf = (fill: number): Uint8Array => new Uint8Array(32).fill(fill)
const signerOf = (fill: number): SeedSigner => createSigner(seedOf(fill))
/** Of the mediator and of its node: one key, so that its name says where it is. */
const MEDIATOR = seedOf(99)
const mediatorKey = createSigner(MEDIATOR)
const place = `ygg://${toHex(mediatorKey.publicKey)}:42`

async function serve(node: Yggdrasil, options: Partial<MediatorOptions> = {}): Promise<Mediator> {
  const mediator = await createMediator({
    signer: mediatorKey,
    transports: new Transports([node.streams]),
    listen: ['ygg://[::]:42'],
    store: ':memory:',
    durability: 'process',
    ...options,
  })
  onTestFinished(() => mediator.close({ timeoutMs: 100 }))
  return mediator
}

function clientAt(node: Yggdrasil, signer: SeedSigner, address = place): MediatorClient {
  const client = new MediatorClient({
    signer,
    mediatorPublicKey: mediatorKey.publicKey,
    transports: new Transports([node.streams]),
    address,
    // A second that tests would wait for; everything else is as it is.
    timers: { retryMs: 20, maxRetryMs: 50, gapMs: 50 },
  })
  onTestFinished(() => client.close({ timeoutMs: 100 }))
  client.start()
  return client
}

async function connect(node: Yggdrasil, signer: SeedSigner): Promise<MediatorClient> {
  const client = clientAt(node, signer)
  await client.ready()
  return client
}

let guid = 1n
const messageFor = (chatId: bigint, text: string) => ({
  chatId,
  guid: guid++,
  timestampSeconds: BigInt(Math.floor(Date.now() / 1000)),
  blob: new TextEncoder().encode(text),
})

test('login, invite, subscribe, push: in tlv-push, which is what is spoken there', async () => {
  const net = await Overlay.start()
  const [server, here, there] = [await net.node(MEDIATOR), await net.node(), await net.node()]
  const mediator = await serve(server)
  expect(mediator.addresses).toEqual([place])
  const [ann, ben] = [await connect(here, signerOf(1)), await connect(there, signerOf(2))]
  expect(ann.dialect).toBe('tlv-push')
  const invites: MediatorPushes['gotInvite'][] = []
  ben.on('invite', (invite) => invites.push(invite))
  const chatId = await ann.createChat({ name: 'Room' })
  const annKeeps = new Keeper()
  ann.follow(chatId, annKeeps)
  await ann.sendInvite({ chatId, toPublicKey: signerOf(2).publicKey, data: new Uint8Array(92).fill(7) })
  await vi.waitFor(() => expect(invites).toMatchObject([{ chatId, name: 'Room', from: signerOf(1).publicKey }]), WAIT)
  await ben.respondToInvite(invites[0]!.inviteId, true)
  const benKeeps = new Keeper()
  ben.follow(chatId, benKeeps)
  await vi.waitFor(() => expect(benKeeps.readies).toBe(1), WAIT)
  for (const text of ['one', 'two', 'x'.repeat(300_000)]) await ann.sendMessage(messageFor(chatId, text))
  await ben.sendMessage(messageFor(chatId, 'three'))
  await vi.waitFor(() => expect(benKeeps.texts.slice(0, 2)).toEqual(['one', 'two']), WAIT)
  await vi.waitFor(() => expect(benKeeps.texts.at(2)).toHaveLength(300_000), WAIT)
  await vi.waitFor(() => expect(annKeeps.texts).toContain('three'), WAIT)
  expect([annKeeps.repeated, benKeeps.repeated]).toEqual([0, 0])
  expect(mediator.stats()).toMatchObject({ authenticated: 2 })
  await Promise.all([ann.close(), ben.close()])
  await vi.waitFor(() => expect(mediator.stats()).toMatchObject({ connections: 0 }), WAIT)
})

test('somebody else at the address is no mediator: the network proves who it is', async () => {
  const net = await Overlay.start()
  const [other, here] = [await net.node(), await net.node()]
  await serve(other)
  const client = clientAt(here, signerOf(1), addressOf(other))
  await expect(client.ready()).rejects.toMatchObject({ code: 'wrong-mediator' })
  expect(client.state).toMatchObject({ state: 'stopped' })
})

test('limits count by node key', async () => {
  const net = await Overlay.start()
  const [server, here, there] = [await net.node(MEDIATOR), await net.node(), await net.node()]
  await serve(server, { limits: { connectionsPerSource: 1 } })
  await connect(here, signerOf(1))
  const second = clientAt(here, signerOf(2))
  await vi.waitFor(() => expect(second.state).toMatchObject({ state: 'waiting' }), WAIT)
  await connect(there, signerOf(3))
})

test("a member's node falls silent: it comes back under its key, takes the place of itself, and has all it missed", async () => {
  const net = await Overlay.start()
  const [server, here] = [await net.node(MEDIATOR), await net.node()]
  const mediator = await serve(server)
  const cut: string[] = []
  mediator.on('cut', ({ reason }) => cut.push(reason))
  const { node: dying, link } = await net.nodeBehindLink(seedOf(3))
  const [ann, ben] = [await connect(here, signerOf(1)), await connect(dying, signerOf(2))]
  const chatId = await ann.createChat({ name: 'Room' })
  await ann.addUser(chatId, signerOf(2).publicKey)
  const keeper = new Keeper()
  ben.follow(chatId, keeper)
  await vi.waitFor(() => expect(keeper.readies).toBe(1), WAIT)
  await ann.sendMessage(messageFor(chatId, '0'))
  await vi.waitFor(() => expect(keeper.texts).toEqual(['0']), WAIT)

  // No word of its end gets out.
  link.freeze()
  await Promise.all([ben.close({ timeoutMs: 0 }), dying.close({ timeoutMs: 0 })])
  await link.close()
  for (let i = 1; i <= 150; i++) await ann.sendMessage(messageFor(chatId, `${i}`))
  expect(mediator.stats()).toMatchObject({ connections: 2 })

  const again = await connect(await net.node(seedOf(3)), signerOf(2))
  again.follow(chatId, keeper)
  await vi.waitFor(() => expect(keeper.texts).toHaveLength(151), WAIT)
  expect(keeper.texts).toEqual(Array.from({ length: 151 }, (_, i) => `${i}`))
  expect(keeper.repeated).toBe(0)
  await vi.waitFor(() => expect(cut).toContain('replaced'), WAIT)
})

test('the node of the mediator is started anew: members come back, and lose nothing', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'mimirjs-mediator-overlay-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const store = path.join(folder, 'mediator.sqlite')
  const net = await Overlay.start()
  const [here, there, server] = [await net.node(), await net.node(), await net.node(MEDIATOR)]
  const first = await serve(server, { store })
  const [ann, ben] = [await connect(here, signerOf(1)), await connect(there, signerOf(2))]
  const chatId = await ann.createChat({ name: 'Room' })
  await ann.addUser(chatId, signerOf(2).publicKey)
  const keeper = new Keeper()
  ben.follow(chatId, keeper)
  await vi.waitFor(() => expect(keeper.readies).toBe(1), WAIT)
  await ann.sendMessage(messageFor(chatId, 'before'))
  await first.close({ timeoutMs: 0 })
  await server.close({ timeoutMs: 0 })
  await vi.waitFor(() => expect([ann.state.state, ben.state.state]).not.toContain('up'), WAIT)

  await serve(await net.node(MEDIATOR), { store })
  await ann.ready()
  await ann.sendMessage(messageFor(chatId, 'after'))
  await vi.waitFor(() => expect(keeper.texts).toEqual(['before', 'after']), WAIT)
  expect(keeper.repeated).toBe(0)
})
