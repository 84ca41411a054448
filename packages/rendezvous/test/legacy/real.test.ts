// Real WebSockets, our real server, real WebRTC between two processes' worth of libwebrtc: ours and the model of the
// original, each way.
import { randomBytes } from '@mimirjs/crypto'
import { steadyClock } from '@mimirjs/transport'
import { afterEach, expect, test } from 'vitest'
import { type LegacyLink, LegacyNode } from '../../src/legacy/index.js'
import { nodePlatform } from '../../src/node.js'
import { RendezvousServer } from '../../src/server.js'
import { alice, bob, old, pemOf } from './support/accounts.js'
import { OriginalClient } from './support/original-client.js'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function serve(): Promise<RendezvousServer> {
  const server = await RendezvousServer.open({ listen: 'ws://127.0.0.1:0', legacy: true })
  closing.push(() => server.close({ graceMs: 100 }))
  return server
}

function ours(key: typeof alice, servers: readonly string[]): LegacyNode {
  const node = LegacyNode.open({ account: key, servers, platform: nodePlatform(), policy: () => 'accept', randomBytes })
  closing.push(() => node.close())
  return node
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20))
}

/** The next message. */
function chat(link: LegacyLink): Promise<string> {
  return new Promise((resolve) => link.on('chat', ({ text }) => resolve(text)))
}

test('two of ours, who begin at once, through two servers', async () => {
  const servers = [(await serve()).address, (await serve()).address]
  const [a, b] = [ours(alice, servers), ours(bob, servers)]
  await until(() => [...a.servers, ...b.servers].every(({ state }) => state === 'ready'))
  const [link, other] = await Promise.all([a.connect(b.publicPem), b.connect(a.publicPem)])
  const [toA, toB] = [chat(link), chat(other)]
  link.sendChat('hello')
  other.sendChat('hi')
  expect(await Promise.all([toA, toB])).toEqual(['hi', 'hello'])
  const over = new Promise((resolve) => other.on('closed', ({ reason }) => resolve(reason)))
  link.close()
  expect(await over).toBe('lost')
})

test.each(['ours', 'the original'] as const)('ours and the original; %s begins', async (who) => {
  const server = await serve()
  const a = ours(alice, [server.address])
  const original = new OriginalClient(old, nodePlatform(), steadyClock)
  closing.push(() => original.close())
  original.addServer(server.address)
  await until(() => server.stats().authenticated === 2)
  const opened = new Promise<LegacyLink>((resolve) => a.on('link', resolve))
  if (who === 'ours') void a.connect(original.pem)
  else original.connect(a.publicPem)
  const link = await opened
  expect(link.person).toMatchObject({ pem: pemOf(old), isWeak: true })
  const toA = chat(link)
  link.sendChat('hello')
  await until(() => original.peers.get(a.publicPem)?.isReady === true)
  original.chat(a.publicPem, 'hi')
  expect(await toA).toBe('hi')
  await until(() => original.chats.length === 1)
  expect(original.chats).toEqual(['hello'])
})

test('a server that was not asked for the weak protocol does not speak it', async () => {
  const server = await RendezvousServer.open({ listen: 'ws://127.0.0.1:0' })
  closing.push(() => server.close({ graceMs: 100 }))
  const a = ours(alice, [server.address])
  await until(() => a.servers[0]?.state === 'waiting')
  expect(server.stats()).toMatchObject({ accepted: 0, authenticated: 0 })
})
