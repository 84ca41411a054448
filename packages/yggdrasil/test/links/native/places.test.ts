import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import path from 'node:path'
import { connect as connectTls, createServer as createTlsServer } from 'node:tls'
import { createSigner } from '@mimirjs/crypto'
import { describe, expect, it } from 'vitest'
import { isUsable } from '../../../src/links/native/addresses.js'
import { nodeCertificate, nodePrivateKey, pem } from '../../../src/links/native/certificate.js'
import { PacketType } from '../../../src/wire/frame.js'
import { errorOf } from '../support.js'
import { bothUp, carries, cleanup, nativeNode, portOf, temporaryFolder } from './support.js'

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
    const program = `require('node:net').createServer().listen(${JSON.stringify(file)}, () => process.kill(process.pid, 'SIGKILL'))`
    expect(spawnSync(process.execPath, ['-e', program]).signal).toBe('SIGKILL')
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
