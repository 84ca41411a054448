// Real WebRTC between nodes of one process, signalled through real servers.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { createSigner } from '@mimirjs/crypto'
import { type Connection, Peer } from '@mimirjs/peer'
import { Transports } from '@mimirjs/transport'
import { afterEach, expect, test } from 'vitest'
import { testCertificate } from '../../../transport/test/support/certificate.js'
import { RendezvousNode, type RendezvousNodeOptions } from '../../src/index.js'
import { nodePlatform } from '../../src/node.js'
import { RendezvousServer } from '../../src/server.js'
import { OPEN_DOOR, Reader } from '../support/node-world.js'
import { Paths } from '../support/paths.js'

const closing: { close(): Promise<unknown> }[] = []
afterEach(async () => {
  for (const thing of closing.splice(0).reverse()) await thing.close()
})

function keep<Thing extends { close(): Promise<unknown> }>(thing: Thing): Thing {
  closing.push(thing)
  return thing
}

async function openServer(): Promise<RendezvousServer> {
  return keep(await RendezvousServer.open({ listen: 'ws://127.0.0.1:0' }))
}

async function online(
  fill: number,
  servers: readonly string[],
  options: Partial<RendezvousNodeOptions> = {},
): Promise<RendezvousNode> {
  const signer = createSigner(new Uint8Array(32).fill(fill))
  const all = { signer, servers, platform: nodePlatform(), ...OPEN_DOOR, ...options }
  const node = keep(await RendezvousNode.open(all))
  await expect.poll(() => node.servers().map(({ state }) => state)).toEqual(servers.map(() => 'ready'))
  return node
}

test('two nodes meet through three servers, one of which dies in the middle', async () => {
  const servers = [await openServer(), await openServer(), await openServer()]
  const urls = servers.map(({ address }) => address)
  const [ann, ben] = [await online(1, urls), await online(2, urls, { policy: () => 'ask' })]
  const heard: string[] = []
  ben.on('link', (link) => link.on('chat', ({ text }) => heard.push(text)))
  const connecting = ann.connect(ben.publicKey)
  await expect.poll(() => ben.knocks().length).toBe(1)
  await servers[0]?.close({ graceMs: 0 })
  ben.accept(ann.publicKey)
  const link = await connecting
  // Whatever becomes of servers, a link goes on.
  await Promise.all(servers.map((server) => server.close({ graceMs: 0 })))
  await link.sendChat('hello')
  expect([heard, link.role, ann.links(), ben.links().length]).toEqual([['hello'], 'offerer', [link], 1])
})

test('servers over TLS with a certificate of one’s own, and one under another name than was dialled', async () => {
  const tls = testCertificate()
  const names = [undefined, ['wss://rendezvous.example']] as const
  const opening = names.map((own) =>
    RendezvousServer.open({ listen: 'wss://127.0.0.1:0', tls, ...(own && { names: own }) }),
  )
  const servers = (await Promise.all(opening)).map(keep)
  const signer = createSigner(new Uint8Array(32).fill(1))
  const urls = servers.map(({ address }) => address.replace('127.0.0.1', 'localhost'))
  const node = keep(await RendezvousNode.open({ signer, servers: urls, platform: nodePlatform({ ca: tls.cert }) }))
  const states = (): string[] => node.servers().map(({ state, reason }) => reason ?? state)
  await expect.poll(states).toEqual(['ready', 'name-mismatch'])
})

test('new paths are found while bytes flow', async () => {
  const server = await openServer()
  const paths = new Paths(nodePlatform())
  const ann = await online(1, [server.address], { platform: paths })
  const ben = await online(2, [server.address])
  const taken: Reader[] = []
  await ben.streams.listen(ben.address, { onStream: (stream) => taken.push(new Reader(stream)) })
  const stream = await ann.streams.dial(ben.address)
  const states: boolean[] = []
  ann.links()[0]?.on('restarting', (isRestarting) => states.push(isRestarting))
  stream.start({ data() {}, end() {}, drain() {}, closed() {} })
  const before = paths.ufrag
  for (let sent = 0; sent < 32; sent++) {
    stream.write(new Uint8Array(65_536).fill(sent))
    if (sent === 3) paths.fail()
  }
  stream.end()
  await expect.poll(() => states).toEqual([true, false])
  await expect.poll(() => taken[0]?.hasEnded).toBe(true)
  expect(taken[0]?.bytes.length).toBe(32 * 65_536)
  expect(taken[0]?.stream.remotePublicKey).toEqual(ann.publicKey)
  expect(ann.links()[0]?.counters).toEqual({ streams: 1, sentBytes: 32 * 65_536, receivedBytes: 0 })
  expect(paths.ufrag).not.toBe(before)
})

test('a session of peers runs over it', async () => {
  const server = await openServer()
  const [ann, ben] = [await online(1, [server.address]), await online(2, [server.address])]
  const events: string[] = []
  const open = (node: RendezvousNode, fill: number, clientId: number): Peer =>
    keep(
      new Peer({
        signer: createSigner(new Uint8Array(32).fill(fill)),
        transports: new Transports([node.streams]),
        clientId,
        generation: 'current',
        onConnection: (connection: Connection) => ({
          message: (message) => {
            events.push(new TextDecoder().decode(message.payload))
            connection.acknowledge(message.guid)
          },
          acknowledged: (guid) => events.push(`has ${guid}`),
          closed() {},
        }),
      }),
    )
  const [first, second] = [open(ann, 1, 1), open(ben, 2, 2)]
  await second.listen(ben.address)
  const connection = await first.connect(ben.publicKey, [ben.address])
  const message = { replyTo: 0n, sendTimeMs: 1n, editTimeMs: 0n, messageType: 0 }
  connection.send({ ...message, guid: 7n, payload: new TextEncoder().encode('hello') })
  await expect.poll(() => events).toEqual(['hello', 'has 7'])
})

test('a process that has closed its node ends by itself, and the other side is told', async () => {
  const server = await openServer()
  const ben = await online(2, [server.address])
  const codes: string[] = []
  ben.on('link', (link) => link.on('closed', ({ code }) => codes.push(code)))
  const program = fileURLToPath(new URL('../support/visitor.ts', import.meta.url))
  const args = ['--conditions=mimir:source', '--import', import.meta.resolve('tsx'), program]
  const child = spawn(process.execPath, [...args, server.address, ben.address], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [code] = (await once(child, 'exit')) as unknown[]
  expect(code).toBe(0)
  await expect.poll(() => codes).toEqual(['bye'])
})
