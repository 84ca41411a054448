// pim-legacy on the WebRTC of a real browser: ours with ours, and ours with a model of the original client. The server
// is in memory.
import { type LegacyLink, LegacyNode } from '@mimirjs/rendezvous/legacy'
import { steadyClock } from '@mimirjs/transport'
import { afterEach, expect, test } from 'vitest'
import { browserPlatform } from '../../../packages/rendezvous/src/browser.js'
import { alice, bob, old, pemOf } from '../../../packages/rendezvous/test/legacy/support/accounts.js'
import { Network } from '../../../packages/rendezvous/test/legacy/support/network.js'
import { OriginalClient } from '../../../packages/rendezvous/test/legacy/support/original-client.js'
import { OriginalServer } from '../../../packages/rendezvous/test/legacy/support/original-server.js'

const URL = 'ws://127.0.0.1:18765'
const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

/** Sockets in memory, WebRTC of the browser. */
function createPlatform(): ReturnType<typeof browserPlatform> {
  const network = new Network(steadyClock)
  network.servers.set(URL, new OriginalServer())
  return { ...browserPlatform(), webSocket: (url) => network.webSocket(url) }
}

function ours(account: typeof alice, platform: ReturnType<typeof createPlatform>): LegacyNode {
  const node = LegacyNode.open({ account, servers: [URL], platform, policy: () => 'accept' })
  closing.push(() => node.close())
  return node
}

/** The next message. */
function chat(link: LegacyLink): Promise<string> {
  return new Promise((resolve) => link.on('chat', ({ text }) => resolve(text)))
}

test('two of ours, who begin at once', async () => {
  const platform = createPlatform()
  const [a, b] = [ours(alice, platform), ours(bob, platform)]
  await expect.poll(() => [a, b].map(({ servers }) => servers[0]?.state)).toEqual(['ready', 'ready'])
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
  const platform = createPlatform()
  const a = ours(alice, platform)
  const original = new OriginalClient(old, platform, steadyClock)
  closing.push(() => original.close())
  original.addServer(URL)
  await expect.poll(() => [a.servers[0]?.state, original.answered.length]).toEqual(['ready', 1])
  const opened = new Promise<LegacyLink>((resolve) => a.on('link', resolve))
  if (who === 'ours') void a.connect(pemOf(old))
  else original.connect(a.publicPem)
  const link = await opened
  const toA = chat(link)
  link.sendChat('hello')
  await expect.poll(() => original.peers.get(a.publicPem)?.isReady, { timeout: 20_000 }).toBe(true)
  original.chat(a.publicPem, 'hi')
  expect(await toA).toBe('hi')
  await expect.poll(() => original.chats).toEqual(['hello'])
})

test('a candidate without a text is taken', async () => {
  const { createPeerConnection } = browserPlatform()
  const open = () => createPeerConnection({ iceServers: [], iceTransportPolicy: 'all' })
  const [peer, other] = [await open(), await open()]
  peer.createDataChannel('data', { ordered: true, protocol: '' })
  await other.setRemoteDescription(await peer.createOffer())
  await other.addIceCandidate({ candidate: '', sdpMid: '0', sdpMLineIndex: 0 })
  peer.close()
  other.close()
})
