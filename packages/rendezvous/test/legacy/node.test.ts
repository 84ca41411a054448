import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  DEFAULT_LEGACY_LIMITS,
  LEGACY_RISKS,
  type LegacyAccount,
  type LegacyLimits,
  LegacyNode,
  type LegacyNodeOptions,
} from '../../src/legacy/index.js'
import { alice, bob, old, pemOf } from './support/accounts.js'
import { OriginalServer } from './support/original-server.js'
import { Scene } from './support/scene.js'

/** By another name: a bundler would look for what is written before `import.meta.url`. */
const { url: here } = import.meta

let scene: Scene
beforeEach(() => {
  scene = new Scene()
})
afterEach(() => scene.close())

const open = (options: Partial<LegacyNodeOptions>) =>
  LegacyNode.open({ account: alice, platform: scene.network, clock: scene.clock, ...options })

describe('options', () => {
  test.each(['http://x', 'ws://user@x', 'ws://x#y', 'x', ''])('%j is no server', (url) => {
    expect(() => open({ servers: [url] })).toThrow(expect.objectContaining({ code: 'bad-server' }))
  })

  test.each([
    [{ nothing: 1 } as Partial<LegacyLimits>],
    [{ seen: 0 }],
    [{ seen: 1.5 }],
    [{ seen: 'x' } as unknown as Partial<LegacyLimits>],
  ])('limits %j are refused', (limits) => {
    expect(() => open({ limits })).toThrow(expect.objectContaining({ code: 'misuse' }))
  })

  test('a ninth server, and a name that is too long', () => {
    const servers = Array.from({ length: 9 }, (_, at) => `ws://s${at}`)
    expect(() => open({ servers })).toThrow(expect.objectContaining({ code: 'limit' }))
    expect(scene.clock.nextDueMs).toBeUndefined()
    expect(() => open({ name: 'x'.repeat(65) })).toThrow(expect.objectContaining({ code: 'too-large' }))
  })

  test('the application is told to tell its user', () => {
    expect(LEGACY_RISKS.join(' ')).toMatch(/SHA-1.*challenge/s)
    const warnings: object[] = []
    const logger = { debug() {}, info() {}, warn: (fields: object) => void warnings.push(fields), error() {} }
    void open({ account: old, logger }).close()
    expect(warnings).toEqual([{ bits: 1024 }])
  })
})

describe('connect', () => {
  test('whom: any spelling of a key, but no other text, and not ourselves', async () => {
    const a = scene.ours(alice, [])
    for (const pem of ['', 'x', a.pem]) await expect(a.node.connect(pem)).rejects.toMatchObject({ code: 'bad-key' })
    const aborting = new AbortController()
    const connecting = a.node.connect(pemOf(bob).replaceAll('\r\n', ''), { signal: aborting.signal })
    aborting.abort(new Error('enough'))
    await expect(connecting).rejects.toMatchObject({
      code: 'aborted',
      cause: expect.objectContaining({ message: 'enough' }),
    })
    await expect(a.node.connect(pemOf(bob), { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'aborted' })
    await a.node.close()
    await expect(a.node.connect(pemOf(bob))).rejects.toMatchObject({ code: 'closed' })
  })

  test('given up: nothing goes on, until somebody else wants it', async () => {
    const servers = [scene.serve(new OriginalServer())]
    const a = scene.ours(alice, servers)
    await scene.wait(0)
    const [first, second] = [new AbortController(), new AbortController()]
    const both = [first, second].map(({ signal }) => a.node.connect(pemOf(bob), { signal }))
    await scene.wait(0)
    first.abort()
    await expect(both[0]).rejects.toMatchObject({ code: 'aborted' })
    expect(scene.network.rtc.open).toBe(1)
    second.abort()
    await expect(both[1]).rejects.toMatchObject({ code: 'aborted' })
    expect(scene.network.rtc.open).toBe(0)
    await scene.wait(600_000)
    expect(scene.network.rtc.peers.size).toBe(1)
  })

  test('an open link is given again', async () => {
    const servers = [scene.serve(new OriginalServer())]
    const [a, b] = [scene.ours(alice, servers), scene.ours(bob, servers)]
    await scene.wait(0)
    const connecting = a.node.connect(b.pem)
    await scene.wait(1000)
    expect(await a.node.connect(b.pem)).toBe(await connecting)
    expect(() => a.link?.sendChat('x'.repeat(8193))).toThrow(expect.objectContaining({ code: 'too-large' }))
  })

  test('declining what was wanted here ends it here', async () => {
    const a = scene.ours(alice, [scene.serve(new OriginalServer())])
    await scene.wait(0)
    const connecting = a.node.connect(pemOf(bob))
    a.node.decline(pemOf(bob))
    await expect(connecting).rejects.toMatchObject({ code: 'declined' })
    expect(scene.network.rtc.open).toBe(0)
  })

  test('a runtime without WebRTC fails again and again, and says nothing wrong', async () => {
    const a = scene.ours(alice, [scene.serve(new OriginalServer())])
    scene.network.createPeerConnection = () => Promise.reject(new Error('no WebRTC'))
    await scene.wait(0)
    const aborting = new AbortController()
    const connecting = a.node.connect(pemOf(bob), { signal: aborting.signal })
    await scene.wait(600_000)
    aborting.abort()
    await expect(connecting).rejects.toMatchObject({ code: 'aborted' })
  })
})

describe('the key', () => {
  test('may be far away, and may fail', async () => {
    let isBroken = false
    const far: LegacyAccount = {
      publicKey: alice.publicKey,
      async signSha1(message) {
        await Promise.resolve()
        if (isBroken) throw new Error('the key is gone')
        return alice.signSha1(message)
      },
      async decrypt(ciphertext) {
        await Promise.resolve()
        return alice.decrypt(ciphertext)
      },
    }
    const servers = [scene.serve(new OriginalServer())]
    const b = scene.ours(bob, servers)
    const node = open({ account: far, servers, policy: () => 'accept' })
    const errors: unknown[] = []
    node.on('error', (error) => errors.push(error))
    await scene.wait(0)
    isBroken = true
    const connecting = node.connect(b.pem)
    await scene.wait(200)
    expect(errors).toEqual([new Error('the key is gone')])
    isBroken = false
    await scene.wait(5000)
    expect((await connecting).isOpen).toBe(true)
    await node.close()
  })

  test('that cannot decrypt looks like a challenge that is none', async () => {
    const url = scene.serve(new OriginalServer())
    const broken: LegacyAccount = {
      publicKey: alice.publicKey,
      signSha1: (message) => alice.signSha1(message),
      decrypt: () => Promise.reject(new Error('the key is gone')),
    }
    const node = open({ account: broken, servers: [url] })
    await scene.wait(2000)
    expect(node.servers).toEqual([{ url, state: 'left', reason: 'challenge' }])
    await node.close()
  })
})

test('what throws outside is told of, and ends nothing', async () => {
  const servers = [scene.serve(new OriginalServer())]
  const a = scene.ours(alice, servers)
  const errors: unknown[] = []
  a.node.on('error', (error) => errors.push(error))
  scene.network.webSocket = () => {
    throw new Error('not allowed here')
  }
  a.node.addServer('ws://other')
  await scene.wait(10_000)
  expect(errors.length).toBeGreaterThan(1)
  expect(a.node.servers.map(({ state }) => state)).toEqual(['ready', 'waiting'])
  a.node.removeServer('ws://other')
  expect(a.node.servers).toHaveLength(1)
})

test('closing leaves nothing', async () => {
  const servers = [scene.serve(new OriginalServer())]
  const [a, b] = [scene.ours(alice, servers), scene.ours(bob, servers)]
  await scene.wait(0)
  const connecting = a.node.connect(b.pem)
  await scene.wait(1000)
  const link = await connecting
  const waiting = a.node.connect(pemOf(old))
  await Promise.all([a.node.close(), b.node.close(), a.node.close()])
  await expect(waiting).rejects.toMatchObject({ code: 'closed' })
  expect(link.closeReason).toBe('closed')
  await scene.wait(0)
  expect([scene.network.sockets.size, scene.network.rtc.open]).toEqual([0, 0])
  // Only the timers of the WebRTC of the tests are left.
  await scene.wait(1000)
  expect(scene.clock.nextDueMs).toBeUndefined()
})

test('the limits are those of the document', () => {
  const text = readFileSync(new URL('../../../../docs/protocol/rendezvous-legacy.md', here), 'utf8')
  const rows = [...text.matchAll(/^\| `(\w+)` +\| ([\d,]+) +\|/gm)]
  const written = rows.map(([, name, value]) => [name, Number(value?.replaceAll(',', ''))] as const)
  expect(Object.fromEntries(written)).toEqual(DEFAULT_LEGACY_LIMITS)
})
