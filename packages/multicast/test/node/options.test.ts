import { createClock } from '@mimirjs/transport/testing'
import { expect, test } from 'vitest'
import { formatGroup } from '../../src/address/index.js'
import { MulticastNode, type MulticastNodeOptions } from '../../src/index.js'
import { createMulticastMemory } from '../../src/testing/index.js'
import { failure, openNode, signer } from './support.js'

const GROUP = Uint8Array.from([0xff, 0x1e, ...new Array<number>(13).fill(0), 7])

test.each([
  ['ipv6', /^mp2p:\/\/[0-9a-f]{64}@\[ff1e:[0-9a-f:]+\]:1024$/],
  ['prefix6', /^mp2p:\/\/[0-9a-f]{64}@\[ff3e:40:2001:db8:[0-9a-f:]+\]:1024$/],
  ['ipv4', /^mp2p:\/\/[0-9a-f]{64}@224\.0\.2[0-9]{2}\.[0-9]+:1024$/],
  ['ff1e::7', /@\[ff1e::7\]:1024$/],
  ['224.1.224.3', /@224\.1\.224\.3:1024$/],
  [GROUP, /@\[ff1e::7\]:1024$/],
] as const)('a group of the kind or text %s', async (group, shown) => {
  const node = await openNode(createMulticastMemory(), 1, { group })
  expect(node.address).toMatch(shown)
})

test.each<[string, Partial<MulticastNodeOptions> | Record<string, unknown>, string]>([
  ['a unicast group', { group: '192.0.2.1' }, 'bad-address'],
  ['a group of another range', { group: 'ff02::1' }, 'bad-address'],
  ['no group', { group: 'ipv5' }, 'bad-address'],
  ['bytes that are no group', { group: new Uint8Array(16) }, 'bad-address'],
  ['too few bytes', { group: new Uint8Array(4) }, 'bad-address'],
  ['a privileged port', { port: 1023 }, 'bad-address'],
  ['a port above all', { port: 65_536 }, 'bad-address'],
  ['a broken port', { port: 1024.5 }, 'bad-address'],
  ['a mode that is none', { mode: 'soft' }, 'misuse'],
  ['a policy that is none', { policy: 'toString' }, 'misuse'],
  ['a misspelt option', { grop: 'ipv4' }, 'misuse'],
  ['a misspelt limit', { limits: { peer: 1 } }, 'misuse'],
  ['a limit that is no number', { limits: { peers: Number.NaN } }, 'misuse'],
  ['a misspelt limit of streams', { streamLimits: { stream: 1 } }, 'misuse'],
  ['a limit of streams that is none', { streamLimits: { streams: 0 } }, 'misuse'],
  ['half an attempt', { attempts: 1.5 }, 'misuse'],
  ['a negative delay', { joinDelayMs: -1 }, 'misuse'],
  ['a unit of nothing', { unitMs: 0 }, 'misuse'],
  ['no attempt', { attempts: 0 }, 'misuse'],
  ['no signer', { signer: undefined }, 'misuse'],
  ['no network', { network: undefined }, 'misuse'],
  ['half a key', { signer: { publicKey: new Uint8Array(31), sign: () => new Uint8Array(64) } }, 'bad-key'],
  ['a group that is a number', { group: 7 }, 'misuse'],
  ['an interface that is a number', { interface: 5 }, 'misuse'],
  ['a network without open', { network: {} }, 'misuse'],
  ['a network of null', { network: null }, 'misuse'],
  ['a signer that cannot sign', { signer: { publicKey: new Uint8Array(32) } }, 'misuse'],
  ['a signal that has fired', { signal: AbortSignal.abort() }, 'aborted'],
])('%s is refused, and nothing is left open', async (_, options, code) => {
  const memory = createMulticastMemory()
  const opening = MulticastNode.open({
    signer: signer(1),
    network: memory.network(),
    ...options,
  } as MulticastNodeOptions)
  const error = await failure(opening)
  expect(error).toMatchObject({ name: 'MulticastError', code })
  expect(error.message.length).toBeGreaterThan(20)
  expect(memory.sockets).toBe(0)
})

test('smaller scopes on request', async () => {
  const memory = createMulticastMemory()
  expect((await failure(openNode(memory, 1, { group: '239.1.2.3' }))).message).toContain('extraScopes')
  const a = await openNode(memory, 1, { group: '239.1.2.3', extraScopes: true })
  const b = await openNode(memory, 2, { group: '239.1.2.4', extraScopes: true, policy: 'anybody' })
  expect((await a.connect(b.address)).state).toBe('open')
})

test('peers of the other family, and addresses that are none, are refused at once', async () => {
  const memory = createMulticastMemory()
  const [a, b] = [await openNode(memory, 1), await openNode(memory, 2, { group: 'ipv6' })]
  expect((await failure(a.connect(b.address))).message).toMatch(/family/)
  expect(() => a.addPeer(b.address)).toThrow(expect.objectContaining({ code: 'bad-address' }))
  expect((await failure(a.connect('mp2p://x@224.0.224.1:1024'))).code).toBe('bad-key')
  expect((await failure(a.connect('224.0.224.1:1024'))).code).toBe('bad-address')
  expect((await failure(a.connect(a.address))).code).toBe('bad-key')
})

test('an address in parts is as good as its text', async () => {
  const memory = createMulticastMemory()
  const a = await openNode(memory, 1)
  const b = await openNode(memory, 2, { group: '224.0.224.9', policy: 'anybody' })
  const group = Uint8Array.from([...new Array<number>(10).fill(0), 0xff, 0xff, 224, 0, 224, 9])
  expect(formatGroup(group)).toBe('224.0.224.9')
  const session = await a.connect({ publicKey: b.publicKey, group, port: 1024 })
  expect(session.address).toBe(b.address)
})

test('the first packet leaves a second after joining, and later ones at once', async () => {
  const clock = createClock(1_000_000)
  const memory = createMulticastMemory({ clock })
  const b = await openNode(memory, 2, { clock, policy: 'anybody' })
  const a = await openNode(memory, 1, { clock, joinDelayMs: undefined })
  const opening = a.connect(b.address)
  clock.advance(999)
  await Promise.resolve()
  expect(memory.sent).toBe(0)
  clock.advance(1)
  await expect.poll(() => memory.sent).toBe(2)
  clock.advance(0)
  clock.advance(0)
  await opening
  const again = a.connect(b.address)
  await expect.poll(() => memory.sent).toBe(5)
  clock.advance(0)
  clock.advance(0)
  await again
})

test('a port that the system chooses is the one that is declared', async () => {
  const memory = createMulticastMemory()
  const a = await openNode(memory, 1, { port: 0 })
  const b = await openNode(memory, 2, { port: 0, policy: 'anybody' })
  expect(b.address).not.toMatch(/:0$/)
  b.answer((payload) => payload)
  expect(await (await a.connect(b.address)).request(Uint8Array.of(1))).toEqual(Uint8Array.of(1))
})

test.each([undefined, null, 'ipv4', 7])('opening with %s in place of options says what is needed', async (options) => {
  const error = await failure(MulticastNode.open(options as unknown as MulticastNodeOptions))
  expect(error).toMatchObject({ name: 'MulticastError', code: 'misuse' })
  expect(error.message).toMatch(/signer and network/)
})

test.each([
  ['group', { group: 7 }],
  ['interface', { interface: 5 }],
  ['network', { network: {} }],
])('an option of the wrong kind is named: %s', async (name, options) => {
  const error = await failure(openNode(createMulticastMemory(), 1, options as unknown as Partial<MulticastNodeOptions>))
  expect(error.message).toMatch(new RegExp(`^${name}: expected .* got `))
})

test('calls with nothing, or with something else, name what they expect', async () => {
  const node = await openNode(createMulticastMemory(), 1)
  for (const given of [undefined, null, 7, {}, { publicKey: new Uint8Array(32), group: 'x', port: 1024 }]) {
    const error = await failure(node.connect(given as never))
    expect(error).toMatchObject({ name: 'MulticastError', code: 'bad-address' })
    expect(error.message).toContain('mp2p://KEY@[group]:port')
    expect(() => node.addPeer(given as never)).toThrow(expect.objectContaining({ code: 'bad-address' }))
  }
  expect(await failure(node.join(7 as never))).toMatchObject({ name: 'MulticastError', code: 'misuse' })
  expect(() => node.answer('hi' as never)).toThrow(expect.objectContaining({ code: 'misuse' }))
})
