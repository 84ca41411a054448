import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import path from 'node:path'
import { connect as connectTls, createServer as createTlsServer } from 'node:tls'
import { createSigner } from '@mimirjs/crypto'
import { steadyClock } from '@mimirjs/transport'
import { createRandom } from '@mimirjs/transport/testing'
import { describe, expect, it } from 'vitest'
import { DEFAULT_LIMITS } from '../../../src/limits.js'
import { isUsable } from '../../../src/links/native/addresses.js'
import { nodeCertificate, nodePrivateKey, pem } from '../../../src/links/native/certificate.js'
import { nativeDrivers } from '../../../src/links/native/index.js'
import { parsePeerUri } from '../../../src/links/uri.js'
import { PacketType } from '../../../src/wire/frame.js'
import { greetingOf } from '../memory.js'
import { errorOf, type LinkNode, trafficFrame } from '../support.js'
import { bothUp, cleanup, nativeNode, portOf, temporaryFolder } from './support.js'

const SCHEMES = ['tcp', 'tls', 'ws', 'unix'] as const

function listenUri(scheme: (typeof SCHEMES)[number]): string {
  return scheme === 'unix' ? `unix://${path.join(temporaryFolder(), 'ygg.sock')}` : `${scheme}://127.0.0.1:0`
}

/** Send frames of many sizes, heeding back-pressure, and compare what arrives. */
async function carries(from: LinkNode, to: LinkNode, count: number, seed: number): Promise<void> {
  const random = createRandom(seed)
  const bodies = Array.from({ length: count }, (_, at) => {
    const size = at % 50 === 0 ? 131_000 : Math.floor(random.next() ** 3 * 20_000)
    return new Uint8Array(size).fill(at)
  })
  const [link] = from.up()
  const before = to.frames().length
  for (const body of bodies) {
    const drains = from.told.filter(({ what }) => what === 'drained').length
    if (link?.write(trafficFrame(body)) === true) continue
    await expect
      .poll(() => from.told.filter(({ what }) => what === 'drained').length, { interval: 1 })
      .toBeGreaterThan(drains)
  }
  await expect.poll(() => to.frames().length - before, { timeout: 8000 }).toBe(count)
  const arrived = to.frames().slice(before)
  expect(arrived.every(({ body }, at) => Buffer.compare(body, bodies[at]!) === 0)).toBe(true)
}

describe.each(SCHEMES)('%s', (scheme) => {
  it('carries frames of all sizes in both directions', async () => {
    const a = nativeNode()
    const b = nativeNode()
    const uri = await a.links.listen(`${listenUri(scheme)}?password=secret`)
    b.links.addPeer(`${uri}?password=secret&priority=9`)
    await bothUp(a, b)
    expect(b.history()).toBe('connecting handshaking unproven up')
    expect(a.up()[0]).toMatchObject({ publicKey: b.signer.publicKey, priority: 9, uri })
    await carries(a, b, 150, 1)
    await carries(b, a, 150, 2)
    await Promise.all([carries(a, b, 100, 3), carries(b, a, 100, 4)])
    expect([...a.downs(), ...b.downs()]).toEqual([])
  })

  it('refuses a wrong password on both sides', async () => {
    const a = nativeNode()
    const b = nativeNode()
    b.links.addPeer(`${await a.links.listen(`${listenUri(scheme)}?password=secret`)}?password=other`)
    await expect.poll(() => b.links.peers()[0]?.state).toBe('waiting')
    // Whoever is first to see it hangs up.
    expect(['wrong-password', 'handshake', 'link']).toContain(b.links.peers()[0]?.error?.code)
    expect([...a.told, ...b.told]).toEqual([])
  })

  it('refuses another key than the pinned one', async () => {
    const a = nativeNode()
    const b = nativeNode()
    const uri = await a.links.listen(listenUri(scheme))
    b.links.addPeer(`${uri}?key=${'07'.repeat(32)}`)
    await expect.poll(() => b.links.peers()[0]?.error?.code).toBe('pinned-key')
    expect(b.told).toEqual([])
  })

  it('keeps what comes before there is a reader', async () => {
    const a = nativeNode({ seed: 1 })
    const uri = parsePeerUri(await a.links.listen(listenUri(scheme)), 'dial')
    const driver = nativeDrivers({ seed: new Uint8Array(32), clock: steadyClock, limits: DEFAULT_LIMITS }).find(
      ({ schemes }) => schemes.includes(scheme),
    )
    const raw = await driver!.dial(uri, new AbortController().signal, 5000)
    // The listener greets at once: by the time that it answers somebody else, its greeting is here.
    const other = nativeNode()
    other.links.addPeer(uri.id)
    await expect.poll(() => other.up().length).toBe(1)
    const received: number[] = []
    let isClosed = false
    raw.start({ data: (chunk) => received.push(...chunk), drain: () => {}, closed: () => (isClosed = true) })
    await expect.poll(() => received).toEqual([...greetingOf(1)])
    raw.close()
    await expect.poll(() => isClosed).toBe(true)
  })

  it('comes back after the listener was away', async () => {
    const first = nativeNode({ seed: 1 })
    const b = nativeNode()
    const uri = await first.links.listen(listenUri(scheme))
    b.links.addPeer(uri)
    await bothUp(first, b)
    await first.links.close()
    await expect.poll(() => b.links.peers()[0]?.state).toBe('waiting')
    b.links.retryNow()
    await expect.poll(() => b.links.peers()[0]).toMatchObject({ state: 'waiting', failures: 2 })
    expect(['refused', 'unreachable']).toContain(b.links.peers()[0]?.error?.code)
    const second = nativeNode({ seed: 1 })
    await second.links.listen(uri)
    b.links.retryNow(uri)
    await bothUp(second, b)
    expect(b.links.peers()[0]).toMatchObject({ state: 'up', failures: 0 })
  })

  it('asks to wait when the other side does not read, and goes on when it does', async () => {
    const a = nativeNode()
    let isSlow = true
    const b = nativeNode({ onFrame: (_link, _type, body) => void (isSlow && body[0] === 1 && blockFor(30)) })
    const uri = await a.links.listen(listenUri(scheme))
    b.links.addPeer(uri)
    await bothUp(a, b)
    const [link] = a.up()
    const frame = trafficFrame(new Uint8Array(100_000).fill(1))
    let count = 1
    while (link?.write(frame) === true && count < 500) count++
    expect(count).toBeLessThan(500)
    isSlow = false
    await expect.poll(() => a.told.some(({ what }) => what === 'drained'), { timeout: 5000 }).toBe(true)
    await expect.poll(() => b.frames().length, { timeout: 5000 }).toBe(count)
  })
})

function blockFor(ms: number): void {
  const until = performance.now() + ms
  while (performance.now() < until);
}

describe('listening', () => {
  it.each(['tcp', 'tls', 'ws'] as const)('says that a port is taken: %s', async (scheme) => {
    const a = nativeNode()
    const uri = await a.links.listen(`${scheme}://127.0.0.1:0`)
    const error = await errorOf(() => a.links.listen(uri))
    expect(error.code).toBe('address-in-use')
    expect(error.message).toMatch(/choose another one, or stop the program that has it/)
  })

  it('says that an address is none of this machine', async () => {
    const a = nativeNode()
    expect((await errorOf(() => a.links.listen('tcp://192.0.2.1:0'))).code).toBe('unreachable')
  })

  it('takes a socket file over that a killed program has left, and no other', async () => {
    const a = nativeNode()
    const file = path.join(temporaryFolder(), 'ygg.sock')
    // A listener that is closed without a trace takes its file along: so it is made in another process.
    const { status } = await import('node:child_process').then(({ spawnSync }) => {
      const program = `require('node:net').createServer().listen(${JSON.stringify(file)}, () => process.kill(process.pid, 'SIGKILL'))`
      return spawnSync(process.execPath, ['-e', program])
    })
    expect(status).toBeNull()
    expect(await a.links.listen(`unix://${file}`)).toBe(`unix://${file}`)
    const b = nativeNode()
    expect((await errorOf(() => b.links.listen(`unix://${file}`))).code).toBe('address-in-use')
    const plain = path.join(temporaryFolder(), 'file')
    writeFileSync(plain, 'not a socket')
    expect((await errorOf(() => b.links.listen(`unix://${plain}`))).code).toBe('address-in-use')
  })

  it('takes every address of this machine when no host is given', async () => {
    const a = nativeNode()
    const uri = await a.links.listen('tcp://:0')
    const b = nativeNode()
    b.links.addPeer(`tcp://127.0.0.1:${portOf(uri)}`)
    await bothUp(a, b)
  })
})

describe('dialling', () => {
  it('tries the addresses of a host one after the other', async () => {
    const a = nativeNode()
    const uri = await a.links.listen('tcp://127.0.0.1:0')
    const b = nativeNode()
    b.links.addPeer(`tcp://localhost:${portOf(uri)}`)
    await bothUp(a, b)
  })

  it.each([
    ['tcp://127.0.0.1:1', 'refused', /nobody listens there/],
    ['tls://127.0.0.1:1', 'refused', /nobody listens there/],
    ['ws://127.0.0.1:1/path', 'refused', /nobody listens there/],
    ['unix:///nowhere/at/all.sock', 'unreachable', /check the name/],
    ['tcp://nowhere.invalid:1', 'unreachable', /check the name/],
    ['tcp://0.0.0.0:9', 'unreachable', /unspecified and multicast/],
    ['tls://[ff02::1]:9', 'unreachable', /unspecified and multicast/],
  ])('says why it fails: %s', async (uri, code, message) => {
    const a = nativeNode()
    a.links.addPeer(uri)
    await expect.poll(() => a.links.peers()[0]?.state, { timeout: 8000 }).toBe('waiting')
    expect(a.links.peers()[0]?.error).toMatchObject({ code, message: expect.stringMatching(message) })
  })

  it.each(['tls', 'ws', 'wss'])('gives up when nothing answers: %s', async (scheme) => {
    const silent = createServer(() => {})
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    cleanup(() => silent.close())
    const { port } = silent.address() as { port: number }
    const a = nativeNode({ limits: { dialMs: 200 } })
    a.links.addPeer(`${scheme}://127.0.0.1:${port}`)
    await expect.poll(() => a.links.peers()[0]?.state).toBe('waiting')
    expect(['timeout', 'handshake']).toContain(a.links.peers()[0]?.error?.code)
    // And at once when it is removed.
    const b = nativeNode()
    b.links.addPeer(`${scheme}://127.0.0.1:${port}`)
    await expect.poll(() => b.links.peers()[0]?.state).toBe('connecting')
    b.links.removePeer(`${scheme}://127.0.0.1:${port}`)
    await b.links.close()
  })

  it.each([
    ['tls', 'tcp'],
    ['tcp', 'tls'],
    ['ws', 'tcp'],
    ['tcp', 'ws'],
    ['ws', 'tls'],
    ['tls', 'ws'],
    ['wss', 'tcp'],
  ])('says that the other side speaks something else: %s to %s', async (ours, theirs) => {
    const a = nativeNode()
    const b = nativeNode()
    const uri = await a.links.listen(`${theirs}://127.0.0.1:0`)
    b.links.addPeer(`${ours}://127.0.0.1:${portOf(uri)}`)
    await expect.poll(() => b.links.peers()[0]?.state, { timeout: 8000 }).toBe('waiting')
    expect(b.links.peers()[0]?.error).toMatchObject({ code: 'handshake' })
    // And the listener goes on.
    b.links.addPeer(uri)
    await bothUp(a, b)
  })

  it.each([
    ['192.0.2.1', true],
    ['2001:db8::1', true],
    ['fe80::1%eth0', true],
    ['::1', true],
    ['0.0.0.0', false],
    ['::', false],
    ['224.0.0.1', false],
    ['239.255.255.250', false],
    ['240.0.0.1', true],
    ['ff05::1', false],
    ['::ffff:224.0.0.1', false],
    ['::ffff:0.0.0.0', false],
    ['::ffff:192.0.2.1', true],
    ['nonsense', false],
  ])('takes %s for an address: %s', (address, expected) => {
    expect(isUsable(address)).toBe(expected)
  })
})

describe('TLS', () => {
  const seed = new Uint8Array(32).fill(3)
  const credentials = {
    key: pem('PRIVATE KEY', nodePrivateKey(seed)),
    cert: pem('CERTIFICATE', nodeCertificate(createSigner(seed))),
  }

  it('shows the certificate of the node, in version 1.3 only, and asks for none', async () => {
    const a = nativeNode()
    const uri = await a.links.listen('tls://127.0.0.1:0')
    const socket = connectTls({ port: portOf(uri), host: '127.0.0.1', rejectUnauthorized: false })
    cleanup(() => socket.destroy())
    await new Promise((resolve) => socket.once('secureConnect', resolve))
    expect(socket.getProtocol()).toBe('TLSv1.3')
    expect(socket.alpnProtocol).toBe(false)
    expect(socket.getPeerCertificate().subject.CN).toBe(Buffer.from(a.signer.publicKey).toString('hex'))
    const old = connectTls({ port: portOf(uri), host: '127.0.0.1', rejectUnauthorized: false, maxVersion: 'TLSv1.2' })
    cleanup(() => old.destroy())
    const refused = await new Promise((resolve) => old.once('error', resolve))
    expect(refused).toMatchObject({ code: expect.stringMatching(/SSL/) })
  })

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('dials %s, with a server name only when there is one', async (version) => {
    const names: (string | false | undefined)[] = []
    const server = createTlsServer({ ...credentials, maxVersion: version }, (socket) => {
      names.push((socket as { servername?: string | false }).servername)
      socket.on('error', () => {})
      socket.write('nonsense')
      expect(socket.getProtocol()).toBe(version)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    cleanup(() => server.close())
    const { port } = server.address() as { port: number }
    const a = nativeNode()
    for (const place of ['127.0.0.1', 'localhost', '127.0.0.1']) {
      a.links.addPeer(`tls://${place}:${port}${names.length === 2 ? '?sni=front.example' : ''}`)
      await expect.poll(() => a.links.peers()[0]?.error?.code, { timeout: 8000 }).toBe('handshake')
      a.links.removePeer(`tls://${place}:${port}`)
    }
    expect(names).toEqual([false, 'localhost', 'front.example'])
  })

  it('carries a WebSocket through a reverse proxy', async () => {
    const a = nativeNode()
    const uri = await a.links.listen('ws://127.0.0.1:0')
    const { connect } = await import('node:net')
    const proxy = createTlsServer(credentials, (outside) => {
      const inside = connect({ port: portOf(uri), host: '127.0.0.1' })
      outside.pipe(inside).pipe(outside)
      for (const socket of [inside, outside]) {
        socket.on('error', () => {})
        socket.on('close', () => void [inside.destroy(), outside.destroy()])
      }
    })
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
    cleanup(() => proxy.close())
    const b = nativeNode()
    b.links.addPeer(`wss://localhost:${(proxy.address() as { port: number }).port}/some/path?token=1&password=`)
    await bothUp(a, b)
    await carries(a, b, 60, 5)
    await carries(b, a, 60, 6)
    expect(b.frames()[0]?.type).toBe(PacketType.traffic)
  })
})
