import { createSigner } from '@mimirjs/crypto'
import {
  decodeB64u,
  decodeBody,
  decodeEnvelope,
  EnvelopeKind,
  encodeB64u,
  encodeBody,
  encodeEnvelope,
} from '@mimirjs/wire/rendezvous'
import { expect, onTestFinished, test, vi } from 'vitest'
import { browserPlatform } from '../../src/browser.js'
import type { RendezvousState, ServerStatus } from '../../src/index.js'
import { RendezvousNode } from '../../src/index.js'
import { codeOf, NodeWorld, OPEN_DOOR } from '../support/node-world.js'

/** What kind an envelope is, from the text that servers see. */
function kindOf(envelope: string): number {
  return decodeEnvelope(decodeB64u(envelope)).kind
}

test('a server dies in the middle of it: the other one is enough', async () => {
  for (const kind of [EnvelopeKind.knock, EnvelopeKind.welcome, EnvelopeKind.offer, EnvelopeKind.answer]) {
    const world = new NodeWorld(2)
    const [first] = world.memory.servers
    const [ann, ben] = [await world.online(1), await world.online(2, OPEN_DOOR)]
    if (first !== undefined)
      first.relay = (envelope, deliver) => {
        if (kindOf(envelope) === kind) first.stop()
        else deliver(envelope)
      }
    await world.settled(ann.connect(ben.publicKey))
    expect(ann.servers().map(({ state }) => state)).toEqual(['waiting', 'ready'])
    first?.start()
    ann.refresh()
    await world.until(() => ann.servers().every(({ state }) => state === 'ready'), 'the server to be back')
  }
})

test('a server that changes fingerprints gets no connection, and keeps none from the honest one', async () => {
  const mallory = createSigner(new Uint8Array(32).fill(99))
  for (const servers of [1, 2]) {
    const world = new NodeWorld(servers)
    const [evil] = world.memory.servers
    const [ann, ben] = [await world.online(1), await world.online(2, OPEN_DOOR)]
    if (evil !== undefined)
      evil.relay = (text, deliver) => {
        const envelope = decodeEnvelope(decodeB64u(text))
        const { kind } = envelope
        if (kind !== EnvelopeKind.offer && kind !== EnvelopeKind.answer) return deliver(text)
        const body = decodeBody(kind, envelope.body)
        const fp = 'ab'.repeat(32)
        const sdp = body.sdp.replace(/sha-256 \S+/, `sha-256 ${(fp.match(/../g) ?? []).join(':')}`)
        const unsigned = { ...envelope, body: encodeBody({ ...body, sdp, fp }) }
        deliver(encodeB64u(encodeEnvelope({ ...unsigned, signature: mallory.sign(new Uint8Array(1)) as Uint8Array })))
      }
    const connecting = codeOf(world.settled(ann.connect(ben.publicKey), 10))
    expect(await connecting).toBe(servers === 1 ? 'timeout' : 'no failure')
    expect(ben.counters.signature).toBeGreaterThan(0)
    expect(ann.links()).toHaveLength(servers - 1)
  }
})

test('servers come and go, and are told of', async () => {
  const world = new NodeWorld(2)
  const [one = '', two = ''] = world.memory.urls
  const ann = await world.open(1, { servers: [] })
  const told: string[] = []
  ann.on('server', ({ url, state }: ServerStatus) => told.push(`${url} ${state}`))
  ann.addServer(one)
  ann.addServer(two)
  await world.until(() => ann.servers().every(({ state }) => state === 'ready'), 'the logins')
  expect(told).toEqual(expect.arrayContaining([`${one} ready`, `${two} ready`]))
  expect(ann.contact).toMatch(/^rdv1:[\w-]{43}\?s=wss%3A%2F%2Fmemory-1\.example&s=wss%3A%2F%2Fmemory-2\.example$/)
  expect(world.memory.servers.map(({ size }) => size)).toEqual([1, 1])
  expect([ann.removeServer(one), ann.removeServer(one)]).toEqual([true, false])
  expect(ann.servers().map(({ url }) => url)).toEqual([two])
  await world.until(() => world.memory.servers[0]?.size === 0, 'the server to be left')
  expect(() => ann.addServer('http://example.org')).toThrow(expect.objectContaining({ code: 'bad-server' }))
})

test('a URL that the platform does not dial, and a runtime without WebSocket, are told as such', async () => {
  const world = new NodeWorld()
  const ann = await world.open(1, { servers: ['wss://elsewhere.example'] })
  await world.until(() => ann.servers()[0]?.state === 'waiting', 'the failure')
  expect(ann.servers()).toMatchObject([{ reason: 'unsupported' }])

  vi.stubGlobal('WebSocket', undefined)
  onTestFinished(() => void vi.unstubAllGlobals())
  const ben = await world.open(2, { platform: browserPlatform() })
  await world.until(() => ben.servers()[0]?.state === 'waiting', 'the failure')
  expect(ben.servers()).toMatchObject([{ reason: 'unsupported' }])
})

test('the epoch is stored before any server is dialled, and grows; what changes is stored', async () => {
  const world = new NodeWorld()
  const saved: RendezvousState[] = []
  /** How many were logged in at each save. */
  const sizes: unknown[] = []
  const state = {
    load: async () => saved.at(-1),
    save: async (value: RendezvousState) => {
      sizes.push(world.memory.servers[0]?.size)
      saved.push(JSON.parse(JSON.stringify(value)) as RendezvousState)
    },
  }
  const ann = await world.online(1, { ...OPEN_DOOR, state })
  expect(saved).toHaveLength(1)
  const ben = await world.online(2)
  await world.settled(ben.connect(ann.publicKey))
  await world.settled(ann.close())
  expect([saved.length, sizes[0]]).toEqual([2, 0])
  expect(saved[1]?.contacts).toMatchObject([[expect.stringMatching(/^[0-9a-f]{64}$/), expect.any(Number), 1]])
  const { epoch = 0 } = saved[1] ?? {}
  const again = await world.open(1, { servers: [], state: { ...state, save: async (value) => void saved.push(value) } })
  expect(saved[2]?.epoch).toBeGreaterThan(epoch)
  await again.close()
})

test('a state that cannot be stored or read fails the opening; later it is reported', async () => {
  const world = new NodeWorld()
  const full = new Error('disk full')
  const broken = { load: async () => undefined, save: async () => await Promise.reject(full) }
  await expect(world.open(1, { state: broken })).rejects.toBe(full)
  const unreadable = { load: async () => ({ epoch: 'x' }) as unknown as RendezvousState, save: async () => {} }
  expect(await codeOf(world.open(1, { state: unreadable }))).toBe('bad-state')

  let isBroken = false
  const save = async (): Promise<void> => {
    if (isBroken) throw full
  }
  const ann = await world.online(1, { ...OPEN_DOOR, state: { load: async () => undefined, save } })
  isBroken = true
  const ben = await world.online(2)
  await world.settled(ben.connect(ann.publicKey))
  await world.until(() => world.errors.includes(full), 'the report')
})

test('options that cannot be are refused with what was expected', async () => {
  const world = new NodeWorld()
  const signer = createSigner(new Uint8Array(32).fill(1))
  const { platform } = world.memory
  const bad: [object, string, string][] = [
    [{ platform }, 'misuse', 'signer'],
    [{ signer }, 'misuse', 'platform'],
    [{ signer, platform, server: [] }, 'misuse', '"server"'],
    [{ signer, platform, policy: 'accept' }, 'misuse', 'policy'],
    [{ signer, platform, limits: { links: 0 } }, 'misuse', 'links'],
    [{ signer, platform, servers: ['ws://example.org'] }, 'bad-server', 'wss'],
    [{ signer: { ...signer, publicKey: new Uint8Array(31), sign: signer.sign }, platform }, 'bad-key', '32'],
    [{ signer: { publicKey: new Uint8Array(32), sign: signer.sign }, platform }, 'bad-key', 'Ed25519'],
  ]
  for (const [options, code, word] of bad) {
    const opening = RendezvousNode.open(options as Parameters<typeof RendezvousNode.open>[0])
    await expect(opening).rejects.toMatchObject({ code, message: expect.stringContaining(word) })
  }
})
