// The messenger on an overlay of real nodes: everybody sees each other only through one in the middle.
import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createSigner } from '@mimirjs/crypto'
import { loadKeyFile } from '@mimirjs/crypto/keyfile'
import { describe, expect, test, vi } from 'vitest'
import type { MessengerEvents, MessengerOptions } from '../src/index.js'
import { addressOf, nodeKeyOf, Overlay, openPerson, startNode, talk, WAIT } from './support/overlay.js'
import { newFolder } from './support/world.js'

type OverlayEvent = MessengerEvents['overlay']

const NOBODY = `ygg://${'00'.repeat(31)}01:69`

describe('a node of its own', () => {
  test('has a key that is made once and kept, is where the messenger listens, and goes with it', async () => {
    const net = await Overlay.start()
    const folder = newFolder()
    const first = await net.person({}, folder)
    const address = await first.listen()
    expect(address).toBe(`ygg://${await nodeKeyOf(first)}:42`)
    expect(address).not.toContain(first.publicKey)
    const file = join(folder, 'node.key')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(addressOf(createSigner(loadKeyFile(file).seed))).toBe(address)
    await vi.waitFor(() => expect(net.middle.peers()).toMatchObject([{ state: 'up' }]), WAIT)
    await first.close()
    await vi.waitFor(() => expect(net.middle.peers()).toEqual([]), WAIT)

    const again = await net.person({}, folder)
    expect(await again.listen()).toBe(address)
  })

  test('that listens is one that others connect to', async () => {
    const ann = await openPerson(newFolder(), { overlay: { listen: ['tcp://127.0.0.1:0'] } })
    const peers = (await ann.health()).overlay!.listening
    expect(peers).toEqual([expect.stringMatching(/^tcp:\/\/127\.0\.0\.1:[1-9]\d*$/)])
    const events: OverlayEvent[] = []
    ann.on('overlay', (event) => events.push(event))
    const [ben, cat] = [
      await openPerson(newFolder(), { overlay: { peers } }),
      await openPerson(newFolder(), { overlay: { peers } }),
    ]
    ben.addAddress(cat.publicKey, await cat.listen())
    await talk(ben, cat, 'through Ann')
    const keys = [await nodeKeyOf(ben), await nodeKeyOf(cat)].sort()
    const [uri] = peers
    expect(events.map((event) => (event.state === 'up' ? event.publicKey : event.state)).sort()).toEqual(keys)
    for (const event of events) expect(event).toMatchObject({ uri, incoming: true })
    expect((await ann.health()).overlay).toMatchObject({ linksUp: 2, notReached: [] })
    // Before the way between them goes.
    await Promise.all([ben.close(), cat.close()])
  })

  test('reaches nobody for now: it opens all the same, says why, and goes on', async () => {
    const net = await Overlay.start()
    const [uri = ''] = net.peers
    await net.middle.close({ timeoutMs: 0 })
    const [ann, ben] = [await net.person(), await net.person()]
    const events: OverlayEvent[] = []
    const errors: Error[] = []
    ann.on('overlay', (event) => events.push(event)).on('error', (error) => errors.push(error))
    ann.addAddress(ben.publicKey, await ben.listen())
    const sent = await ann.send(ben.publicKey, 'when it is back')
    await vi.waitFor(
      async () => expect((await ann.health()).overlay).toMatchObject({ linksUp: 0, notReached: [{ uri }] }),
      WAIT,
    )
    const [{ reason } = { reason: '' }] = (await ann.health()).overlay!.notReached
    expect(reason).toContain(uri)

    const middle = await startNode({ listen: [uri] })
    for (const one of [ann, ben]) one.retryNow()
    await ann.whenDelivered(sent)
    await vi.waitFor(() => expect(events.at(-1)).toMatchObject({ uri, incoming: false, state: 'up' }), WAIT)
    expect((await ann.health()).overlay).toMatchObject({ linksUp: 1, notReached: [] })
    await middle.close({ timeoutMs: 0 })
    await vi.waitFor(() => expect(events.map(({ state }) => state)).toContain('down'), WAIT)
    await vi.waitFor(() => expect(events.at(-1)).toMatchObject({ uri, state: 'waiting' }), WAIT)
    expect(errors).toEqual([])
    await Promise.all([ann, ben].map((one) => one.close({ timeoutMs: 0 })))
  })
})

test('a node that the program runs is used, and left as it was', async () => {
  const net = await Overlay.start()
  const node = await net.node()
  const ann = await openPerson(newFolder(), { overlay: node })
  const ben = await net.person()
  expect(await ann.listen()).toBe(addressOf(node))
  ben.addAddress(ann.publicKey, addressOf(node))
  await talk(ben, ann, 'hello')
  await ann.close()
  await expect(net.middle.openStream(node.publicKey, 42)).rejects.toMatchObject({ code: 'refused' })
  const listener = await node.listen(42, { onStream: (stream) => stream.abort() })
  expect(listener.address).toBe(addressOf(node))
})

test('what becomes of its links is told; one that leads to itself is let be', async () => {
  const node = await startNode({ listen: ['tcp://127.0.0.1:0'] })
  const ann = await openPerson(newFolder(), { overlay: node })
  const stopped = new Promise<OverlayEvent>((resolve) => {
    ann.on('overlay', (event) => event.state === 'stopped' && resolve(event))
  })
  const [uri = ''] = node.listenAddresses
  node.addPeer(uri)
  expect(await stopped).toMatchObject({ uri, incoming: false, reason: expect.stringContaining('leads back') as string })
  expect((await ann.health()).overlay).toMatchObject({ linksUp: 0, notReached: [{ uri }] })
})

describe('what cannot be is one error, and leaves nothing behind', () => {
  const cases: readonly [string, MessengerOptions, string, string][] = [
    ['a peer that is no URI', { overlay: { peers: ['example.org'] } }, 'overlay', 'scheme://host:port'],
    ['a peer of a strange scheme', { overlay: { peers: ['ftp://example.org:1?password=secret'] } }, 'overlay', 'ftp'],
    [
      'the same peer twice',
      { overlay: { peers: ['tcp://127.0.0.1:1', 'tcp://127.0.0.1:1'] } },
      'overlay',
      '127.0.0.1:1',
    ],
    ['no way in or out', { overlay: {} }, 'overlay', 'expected peers'],
    ['a tracker on the overlay without it', { trackers: [NOBODY] }, 'bad-content', 'option overlay'],
    [
      'trackers of both kinds',
      { overlay: { peers: ['tcp://127.0.0.1:1'] }, trackers: ['udp://127.0.0.1:5050', NOBODY] },
      'bad-content',
      'all ygg://',
    ],
    [
      'a mediator that is none',
      { overlay: { peers: ['tcp://127.0.0.1:1'] }, mediators: [{ publicKey: 'x', address: 'y' }] },
      'bad-content',
      'publicKey of a mediator',
    ],
  ]
  test.each(cases)('%s', async (_, options, code, why) => {
    const folder = newFolder()
    const opening = openPerson(folder, options)
    await expect(opening).rejects.toMatchObject({ name: 'MessengerError', code })
    await expect(opening).rejects.toThrow(why)
    await expect(opening).rejects.not.toThrow('secret')
    // The folder is free again.
    await (await openPerson(folder, {})).close()
  })

  test('a port that is taken', async () => {
    const net = await Overlay.start()
    const [listen = ''] = net.peers
    const opening = openPerson(newFolder(), { overlay: { listen: [listen] } })
    await expect(opening).rejects.toMatchObject({ code: 'overlay', cause: { code: 'address-in-use' } })
  })

  test('a key file that is none', async () => {
    const folder = newFolder()
    writeFileSync(join(folder, 'node.key'), 'short')
    const opening = openPerson(folder, { overlay: { peers: ['tcp://127.0.0.1:1'] } })
    await expect(opening).rejects.toMatchObject({ code: 'overlay' })
    await expect(opening).rejects.toThrow('node.key')
  })

  test('a node that was up already does not stay', async () => {
    const net = await Overlay.start()
    const port = await freePort()
    const listen = [`tcp://127.0.0.1:${port}`]
    const overlay = { peers: net.peers, listen }
    await expect(openPerson(newFolder(), { overlay, trackers: ['udp://127.0.0.1:9', NOBODY] })).rejects.toThrow('all')
    await startNode({ listen })
    await expect.poll(() => net.middle.peers(), WAIT).toEqual([])
  })
})

async function freePort(): Promise<number> {
  const node = await startNode({ listen: ['tcp://127.0.0.1:0'] })
  const { port } = new URL(node.listenAddresses[0]!.replace('tcp:', 'http:'))
  await node.close({ timeoutMs: 0 })
  return Number(port)
}
