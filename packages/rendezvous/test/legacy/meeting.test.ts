// Ours and originals, through servers of both kinds: whoever begins, they meet, and talk both ways.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { alice, bob, old, pemOf } from './support/accounts.js'
import type { ServerRole } from './support/network.js'
import { OriginalServer } from './support/original-server.js'
import { ourServer, Scene } from './support/scene.js'

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

const roles: readonly (readonly [string, (scene: Scene) => ServerRole])[] = [
  ['the original server', () => new OriginalServer()],
  ['our server', ({ clock }) => ourServer(clock)],
]

describe.each(roles)('through %s', (_, role) => {
  test('ours reaches ours, who is asked first', async () => {
    const servers = [scene.serve(role(scene))]
    const a = scene.ours(alice, servers, { name: 'alice' })
    const b = scene.ours(bob, servers, { policy: () => 'ask', name: 'bob' })
    await scene.wait(0)
    const connecting = a.node.connect(b.pem)
    await scene.wait(1000)
    expect(b.node.prompts.map(({ person }) => person)).toEqual([
      { pem: a.pem, bits: 2048, isWeak: false, fingerprint: expect.stringMatching(/^([a-z2-7]{4}-){5}[a-z2-7]{4}$/) },
    ])
    expect(b.node.links).toEqual([])
    expect(scene.network.rtc.peers.size).toBe(1)
    const accepting = b.node.accept(a.pem)
    await scene.wait(1000)
    const [link, other] = await Promise.all([connecting, accepting])
    link.sendChat('hello')
    other.sendChat('hi é\u2028')
    await scene.wait(0)
    expect([a.chats, b.chats]).toEqual([['hi é\u2028'], ['hello']])
    expect([link.name, other.name]).toEqual(['bob', 'alice'])
    expect([link.person.pem, other.person.pem]).toEqual([b.pem, a.pem])
  })

  test('ours reaches the original', async () => {
    const servers = [scene.serve(role(scene))]
    const a = scene.ours(alice, servers, { name: 'alice' })
    const b = scene.original(old, servers)
    await scene.wait(0)
    const connecting = a.node.connect(b.pem)
    await scene.wait(2000)
    const link = await connecting
    expect(link.person).toMatchObject({ pem: pemOf(old), bits: 1024, isWeak: true })
    link.sendChat('hello')
    b.chat(a.pem, 'hi')
    await scene.wait(0)
    expect([a.chats, b.chats, b.names]).toEqual([['hi'], ['hello'], ['alice']])
    a.node.setName('Alice')
    await scene.wait(1000)
    expect(b.names).toEqual(['alice', 'Alice'])
  })

  test.each([
    ['at once', 0],
    ['after a minute', 60_000],
  ])('the original reaches ours, who says yes %s', async (_, pauseMs) => {
    const servers = [scene.serve(role(scene))]
    const a = scene.original(alice, servers)
    const b = scene.ours(bob, servers, { policy: () => 'ask' })
    await scene.wait(0)
    a.connect(b.pem)
    await scene.wait(pauseMs + 1000)
    const accepting = b.node.accept(a.pem)
    expect(await scene.until(() => b.link !== undefined, 180_000)).toBe(true)
    const link = await accepting
    link.sendChat('hello')
    a.chat(b.pem, 'hi')
    await scene.wait(0)
    expect([a.chats, b.chats]).toEqual([['hello'], ['hi']])
  })

  test('who has no candidate is understood all the same', async () => {
    const servers = [scene.serve(role(scene))]
    const got: string[] = []
    const b = scene.original(bob, servers)
    const { handle } = b
    b.handle = (frame, reply) => {
      got.push(JSON.stringify(frame.msg?.signal?.ice_candidates))
      handle.call(b, frame, reply)
    }
    const a = scene.ours(alice, servers)
    await scene.wait(0)
    scene.network.rtc.candidates = 0
    const connecting = a.node.connect(b.pem)
    await scene.wait(1000)
    expect(got).toEqual([undefined, '[{"candidate":"","sdpMid":"0","sdpMLineIndex":0},null]'])
    expect(b.peers.size).toBe(1)
    await a.node.close()
    await expect(connecting).rejects.toMatchObject({ code: 'closed' })
  })
})

describe('both begin at once', () => {
  test('two originals never meet: what the tie-break is for', async () => {
    const servers = [scene.serve(new OriginalServer())]
    const [a, b] = [scene.original(alice, servers), scene.original(bob, servers)]
    await scene.wait(0)
    a.connect(b.pem)
    b.connect(a.pem)
    await scene.wait(40_000)
    expect([a.peers.get(b.pem)?.isReady, b.peers.get(a.pem)?.isReady]).toEqual([false, false])
    expect(a.uncaught).toContain('Error: wrong state: stable')
  })

  test('two of ours meet in one go', async () => {
    const servers = [scene.serve(new OriginalServer())]
    const [a, b] = [scene.ours(alice, servers), scene.ours(bob, servers)]
    await scene.wait(0)
    const links = Promise.all([a.node.connect(b.pem), b.node.connect(a.pem)])
    await scene.wait(1000)
    await links
    expect([a.links.length, b.links.length]).toEqual([1, 1])
    expect([a.node.counters.glare, b.node.counters.glare]).toEqual([0, 1])
    // The offer of the larger key is given up.
    expect(scene.network.rtc.open).toBe(2)
  })

  test.each([
    ['smaller', bob, alice],
    ['larger', alice, bob],
  ])('ours with the %s key meets the original in one go', async (_, ourKey, theirKey) => {
    const servers = [scene.serve(new OriginalServer()), scene.serve(ourServer(scene.clock))]
    const [a, b] = [scene.ours(ourKey, servers), scene.original(theirKey, servers)]
    await scene.wait(0)
    const connecting = a.node.connect(b.pem)
    b.connect(a.pem)
    await scene.wait(1500)
    const link = await connecting
    link.sendChat('hello')
    b.chat(a.pem, 'hi')
    await scene.wait(0)
    expect([a.chats, b.chats]).toEqual([['hi'], ['hello']])
  })
})

describe('again', () => {
  test('who was not there is reached when they come', async () => {
    const servers = [scene.serve(new OriginalServer())]
    const a = scene.ours(alice, servers)
    const connecting = a.node.connect(pemOf(bob))
    await scene.wait(100_000)
    expect(scene.network.rtc.open).toBeLessThanOrEqual(1)
    const b = scene.ours(bob, servers)
    expect(await scene.until(() => a.link !== undefined, 300_000)).toBe(true)
    await connecting
    expect(b.links).toHaveLength(1)
  })

  test('an offer that nobody was there to hear is said again when it crosses one of theirs', async () => {
    const servers = [scene.serve(new OriginalServer())]
    const a = scene.ours(bob, servers)
    await scene.wait(0)
    const connecting = a.node.connect(pemOf(alice))
    await scene.wait(5000)
    const b = scene.ours(alice, servers)
    await scene.wait(0)
    const other = b.node.connect(a.pem)
    await scene.wait(1000)
    expect(a.node.counters.glare).toBe(1)
    expect([a.links.length, b.links.length]).toEqual([1, 1])
    await Promise.all([connecting, other])
  })

  test.each([0, 1])('whoever closes only a channel has ended the link, %s', async (index) => {
    const servers = [scene.serve(new OriginalServer())]
    const [a, b] = [scene.ours(alice, servers), scene.ours(bob, servers)]
    await scene.wait(0)
    const connecting = a.node.connect(b.pem)
    await scene.wait(1000)
    const link = await connecting
    const peer = [...scene.network.rtc.peers.values()][index]
    for (const channel of peer?.own ?? []) channel.shut()
    await scene.wait(0)
    expect(link.closeReason).toBe('lost')
    expect(b.links[0]?.closeReason).toBe('lost')
  })

  test('who comes back with the same key takes the place of the link that was', async () => {
    const servers = [scene.serve(new OriginalServer())]
    const a = scene.ours(alice, servers)
    const first = scene.ours(bob, servers)
    await scene.wait(0)
    const connecting = a.node.connect(first.pem)
    await scene.wait(1000)
    const link = await connecting
    const second = scene.ours(bob, servers)
    await scene.wait(0)
    const again = second.node.connect(a.pem)
    await scene.wait(1000)
    await again
    expect(link.closeReason).toBe('replaced')
    expect(a.node.links).toHaveLength(1)
    expect(() => link.sendChat('too late')).toThrow(expect.objectContaining({ code: 'closed' }))
  })

  test('a link that breaks is told of, and can be made again', async () => {
    const servers = [scene.serve(new OriginalServer())]
    const [a, b] = [scene.ours(alice, servers), scene.ours(bob, servers)]
    await scene.wait(0)
    const connecting = a.node.connect(b.pem)
    await scene.wait(1000)
    await connecting
    b.link?.close()
    await scene.wait(10_000)
    expect(a.links[0]?.closeReason).toBe('lost')
    expect(b.links[0]?.closeReason).toBe('closed')
    const again = b.node.connect(a.pem)
    await scene.wait(1000)
    expect((await again).isOpen).toBe(true)
    expect(scene.network.rtc.open).toBe(2)
  })

  test('a server that went away is tried again; one server of several is enough', async () => {
    const [first, second] = [scene.serve(new OriginalServer()), scene.serve(ourServer(scene.clock))]
    const [a, b] = [scene.ours(alice, [first, second]), scene.ours(bob, [first, second])]
    await scene.wait(0)
    const role = scene.network.servers.get(first) as ServerRole
    scene.network.servers.delete(first)
    scene.network.cut(first)
    const connecting = a.node.connect(b.pem)
    await scene.wait(1000)
    await connecting
    expect(a.node.servers.map(({ state }) => state)).toEqual([expect.stringMatching(/waiting|connecting/), 'ready'])
    scene.network.servers.set(first, role)
    expect(await scene.until(() => a.node.servers.every(({ state }) => state === 'ready'), 120_000)).toBe(true)
  })
})
