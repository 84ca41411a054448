// The group of discovery on real sockets, several on one host and one port: IPv4 groups on loopback.
import { createSigner, generateSeed } from '@mimirjs/crypto'
import { toHex } from '@mimirjs/wire'
import { expect, onTestFinished, test, vi } from 'vitest'
import { Discovery, formatMulticastAddress, MulticastError } from '../../src/index.js'
import { multicastUdp } from '../../src/udp.js'
import { declare, groupOf } from './support/declarations.js'

const WAIT = { timeout: 10_000, interval: 5 }
/** Other tests of this machine are on the usual one. */
const port = 20_000 + Math.floor(Math.random() * 10_000)

async function open(last: number | undefined, interfaceName = 'lo'): Promise<{ key: string; discovery: Discovery }> {
  const signer = createSigner(generateSeed())
  const place = last === undefined ? undefined : { publicKey: signer.publicKey, group: groupOf(last), port: 2_000 }
  const discovery = await Discovery.open({
    network: multicastUdp(),
    signer,
    address: place && formatMulticastAddress(place),
    interface: interfaceName,
    port,
  })
  onTestFinished(() => discovery.close())
  return { key: toHex(signer.publicKey), discovery }
}

function keysSeenBy({ discovery }: { readonly discovery: Discovery }): Set<string> {
  return new Set(discovery.people().map(({ publicKey }) => toHex(publicKey)))
}

test('several on one host and port hear each other, by name of the interface or by its address', async () => {
  const [ann, ben, listener] = [await open(1), await open(2, '127.0.0.1'), await open(undefined)]
  expect([ann, ben].map(({ discovery }) => discovery.interfaceName)).toEqual(['lo', 'lo'])
  await vi.waitFor(() => {
    expect(keysSeenBy(ann)).toContain(ben.key)
    expect(keysSeenBy(ben)).toContain(ann.key)
  }, WAIT)
  const cat = await open(3)
  await vi.waitFor(() => expect([...keysSeenBy(cat)]).toEqual(expect.arrayContaining([ann.key, ben.key])), WAIT)
  expect(keysSeenBy(listener)).toContain(cat.key)
  expect(keysSeenBy(ann)).not.toContain(listener.key)
  expect(ann.discovery.people()[0]?.from).toBe('127.0.0.1')
})

test('junk on the wire is counted and let be', async () => {
  const ann = await open(4)
  const socket = await multicastUdp().open({ groups: [groupOf(99)], port: 0, interface: 'lo' })
  onTestFinished(() => socket.close())
  const to = socket.peer(`udp://239.255.109.50:${port}`)
  const stranger = createSigner(generateSeed())
  const forged = declare(stranger)
  forged[60]! ^= 1
  socket.send(Uint8Array.of(1, 2, 3), to)
  socket.send(forged, to)
  socket.send(declare(stranger), to)
  await vi.waitFor(() => expect(keysSeenBy(ann)).toContain(toHex(stranger.publicKey)), WAIT)
  expect(ann.discovery.counters).toMatchObject({ 'drop:length': 1, 'drop:signature': 1 })
})

test('an interface that is not there is one error, which names those that are', async () => {
  const opening = open(5, 'nowhere0')
  await expect(opening).rejects.toBeInstanceOf(MulticastError)
  await expect(opening).rejects.toMatchObject({
    code: 'bad-interface',
    message: expect.stringContaining('lo') as string,
  })
})
