import { createSigner } from '@mimirjs/crypto'
import { type ByteStream, Transports } from '@mimirjs/transport'
import { afterEach, describe, expect, test } from 'vitest'
import { formatKey } from '../../src/key.js'
import { Nodes, until } from './support/nodes.js'

const nodes = new Nodes()
afterEach(() => nodes.close())

const bytes = (text: string) => new TextEncoder().encode(text)
const text = (chunk: Uint8Array) => new TextDecoder().decode(chunk)

/** Sends back what comes, and the end too. */
function echo(stream: ByteStream): void {
  stream.start({
    data: (chunk) => void stream.write(chunk.slice()),
    end: () => stream.end(),
    drain() {},
    closed() {},
  })
}

/** Write, end, and read to the end. */
function exchange(stream: ByteStream, content: Uint8Array): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = []
    stream.start({
      data: (chunk) => void chunks.push(chunk.slice()),
      end() {},
      drain() {},
      closed: (error) => {
        if (error === undefined) resolve(Uint8Array.from(chunks.flatMap((chunk) => [...chunk])))
        else reject(error)
      },
    })
    stream.write(content)
    stream.end()
  })
}

describe('three nodes over tcp, the middle one forwards', () => {
  test('a stream', async () => {
    const [a, , c] = await nodes.line()
    const listener = await c.listen(42, { onStream: echo })
    expect(listener.address).toBe(`ygg://${formatKey(c.publicKey)}:42`)
    const stream = await a.openStream(c.publicKey, 42)
    expect(stream.remotePublicKey).toEqual(c.publicKey)
    const content = Uint8Array.from({ length: 300_000 }, (_, at) => at % 251)
    expect(await exchange(stream, content)).toEqual(content)
    await listener.close()
    await expect(a.openStream(formatKey(c.publicKey), 42)).rejects.toMatchObject({ code: 'refused' })
  })

  test('the same by its address, through the registry of transports', async () => {
    const [a, , c] = await nodes.line()
    await new Transports([c.streams]).listen('ygg://[::]:42', { onStream: echo })
    const stream = await new Transports([a.streams]).dial(`ygg://${formatKey(c.publicKey)}:42`)
    expect(text(await exchange(stream, bytes('hello')))).toBe('hello')
  })

  test('raw packets', async () => {
    const [a, middle, c] = await nodes.line()
    const got: string[] = []
    c.receive((from, packet) => {
      got.push(text(packet))
      c.send(from, bytes(`${text(packet)}, too`))
    })
    const answers: string[] = []
    a.receive((_, packet) => void answers.push(text(packet)))
    a.send(c.publicKey, bytes('one'))
    await until(() => answers.length === 1)
    for (let count = 0; count < 100; count++) a.send(formatKey(c.publicKey), bytes(`${count}`))
    await until(() => answers.length === 101)
    expect(got).toEqual(['one', ...Array.from({ length: 100 }, (_, at) => `${at}`)])
    expect(answers[100]).toBe('99, too')
    expect(middle.stats().counters['router.forwarded']).toBeGreaterThan(200)
    expect(middle.stats().sessions).toBe(0)
  })

  test('a key that nobody can have is refused, whatever it is for', async () => {
    const node = await nodes.start()
    const notPoints = [new Uint8Array(32).fill(2), '02'.repeat(32)]
    const wrong = [new Uint8Array(31), new Uint8Array(33), new Uint8Array(32), 'zz', undefined, 32, ...notPoints]
    for (const key of wrong as string[]) {
      expect(() => node.send(key, bytes('x'))).toThrowError(expect.objectContaining({ code: 'bad-key' }))
      await expect(node.openStream(key, 1)).rejects.toMatchObject({ code: 'bad-address' })
      await expect(node.lookup(key)).rejects.toMatchObject({ code: 'bad-key' })
      await expect(node.ping(key)).rejects.toMatchObject({ code: 'bad-key' })
    }
    expect(node.stats().openings).toBe(0)
  })

  test('one handler for raw packets at a time', async () => {
    const node = await nodes.start()
    const off = node.receive(() => {})
    expect(() => node.receive(() => {})).toThrowError(expect.objectContaining({ code: 'misuse' }))
    off()
    const got: string[] = []
    node.receive((_, packet) => void got.push(text(packet)))
    off()
    node.send(node.publicKey, bytes('to myself'))
    await until(() => got.length === 1)
    expect(got).toEqual(['to myself'])
  })

  test('datagrams, answered to where they came from', async () => {
    const [a, , c] = await nodes.line()
    const server = c.datagrams(69)
    server.start({ message: (content, from) => server.send(bytes(`${text(content)}?`), from), closed() {} })
    const client = a.datagrams(69)
    const got: string[] = []
    client.start({ message: (content) => void got.push(text(content)), closed() {} })
    const peer = client.peer(`ygg://${formatKey(c.publicKey)}:69`)
    client.send(bytes('anybody'), peer)
    await until(() => got.length > 0)
    expect(got).toEqual(['anybody?'])
  })

  test('looking up and pinging', async () => {
    const [a, middle, c] = await nodes.line()
    expect(await a.lookup(c.address)).toEqual(c.publicKey)
    expect(await a.lookup(c.subnet)).toEqual(c.publicKey)
    expect(await a.lookup(c.publicKey)).toEqual(c.publicKey)
    expect(await a.lookup(a.address)).toEqual(a.publicKey)
    for (const key of [c.publicKey, formatKey(middle.publicKey)]) {
      const { rttMs, attempts } = await a.ping(key)
      expect(rttMs).toBeGreaterThan(0)
      expect(attempts).toBeGreaterThanOrEqual(1)
    }
    await expect(a.ping(a.publicKey)).rejects.toMatchObject({ code: 'self' })
    await expect(a.ping(new Uint8Array(32))).rejects.toMatchObject({ code: 'bad-key' })
    await expect(a.ping('ab')).rejects.toMatchObject({ code: 'bad-key' })
    await expect(a.lookup('fe80::1')).rejects.toMatchObject({ code: 'bad-key' })
    const nobody = createSigner(new Uint8Array(32).fill(200)).publicKey
    await expect(a.ping(nobody, { timeoutMs: 50 })).rejects.toMatchObject({ code: 'timeout' })
    const abort = new AbortController()
    const waiting = a.lookup('200:1234::1', { signal: abort.signal })
    abort.abort(new Error('enough'))
    await expect(waiting).rejects.toMatchObject({ code: 'aborted', cause: new Error('enough') })
    await expect(a.ping(c.publicKey, { signal: abort.signal })).rejects.toMatchObject({ code: 'aborted' })
  })

  test('what it says of itself', async () => {
    const [a, middle, c] = await nodes.line()
    await a.ping(c.publicKey)
    expect(a.address).toMatch(/^2[0-9a-f]*:/)
    expect(a.subnet).toMatch(/^3[0-9a-f]*:.*::\/64$/)
    expect(a.peers()).toMatchObject([
      { uri: middle.listenAddresses[0], state: 'up', incoming: false, publicKey: middle.publicKey, onTree: true },
    ])
    expect(middle.peers().filter(({ incoming, state }) => incoming && state === 'up').length).toBe(2)
    expect(a.tree().root).toEqual(c.tree().root)
    expect(a.sessions()).toMatchObject([{ publicKey: c.publicKey }])
    expect(a.paths()).toMatchObject([{ publicKey: c.publicKey, broken: false }])
    expect(a.stats()).toMatchObject({ sessions: 1, openings: 0, paths: 1, links: 1 })
    expect(Object.values(a.stats().counters).every(Number.isFinite)).toBe(true)
  })
})

describe('peers', () => {
  test('come and go, and are told', async () => {
    const listening = await nodes.start({ listen: ['tcp://127.0.0.1:0'] })
    const [uri = ''] = listening.listenAddresses
    const events: string[] = []
    const node = await nodes.start({ transit: true })
    node.on('peerUp', ({ publicKey, incoming }) => {
      events.push(`up ${formatKey(publicKey) === formatKey(listening.publicKey)} ${incoming}`)
    })
    node.on('peerDown', () => void events.push('down'))
    node.on('peerRetry', ({ retryInMs }) => void events.push(`retry ${retryInMs !== undefined && retryInMs > 1000}`))
    const incoming: string[] = []
    listening.on('peerUp', (event) => void incoming.push(`up ${event.incoming}`))
    listening.on('peerDown', () => void incoming.push('down'))
    node.addPeer(uri)
    expect(() => node.addPeer(uri)).toThrowError(expect.objectContaining({ code: 'duplicate' }))
    await node.online()
    await until(() => events.length === 1 && incoming.length === 1)
    expect(node.removePeer(uri)).toBe(true)
    expect(node.removePeer(uri)).toBe(false)
    await until(() => events.length === 2 && incoming.length === 2)
    expect(events).toEqual(['up true false', 'down'])
    expect(incoming).toEqual(['up true', 'down'])
    expect(node.peers()).toEqual([])
  })

  test('one that cannot be reached is tried again, at once when asked, until it is removed', async () => {
    const gone = await nodes.start({ listen: ['tcp://127.0.0.1:0'] })
    const [uri = ''] = gone.listenAddresses
    await gone.close()
    const node = await nodes.start({ peers: [uri] })
    const retries: number[] = []
    node.on('peerRetry', ({ error, failures }) => {
      expect(error.code).toBe('refused')
      retries.push(failures)
    })
    await until(() => retries.length === 1)
    expect(node.peers()).toMatchObject([{ uri, state: 'waiting', failures: 1, error: { code: 'refused' } }])
    node.retryNow()
    await until(() => retries.length === 2)
    node.retryNow(uri)
    await until(() => retries.length === 3)
    expect(retries).toEqual([1, 2, 3])
    await expect(node.online({ timeoutMs: 20 })).rejects.toMatchObject({ code: 'timeout' })
    node.removePeer(uri)
    expect(node.peers()).toEqual([])
  })

  test('the listener starts anew: the link and what went through it come back', async () => {
    const seed = new Uint8Array(32).fill(77)
    const first = await nodes.start({ seed, listen: ['tcp://127.0.0.1:0'] })
    const listen = [...first.listenAddresses]
    const node = await nodes.start({ peers: listen })
    await node.ping(first.publicKey)
    await first.close()
    await until(() => node.peers().every(({ state }) => state !== 'up'))
    const second = await nodes.start({ seed, listen })
    node.retryNow()
    await node.ping(second.publicKey)
    expect(second.publicKey).toEqual(first.publicKey)
  })

  test('a leaf is connected to one, and to the next when that fails; what goes on above goes on', async () => {
    const core = await nodes.start({ listen: ['tcp://127.0.0.1:0'] })
    const doors = await Promise.all(
      [1, 2].map(() => nodes.start({ listen: ['tcp://127.0.0.1:0'], peers: [...core.listenAddresses] })),
    )
    const peers = doors.flatMap(({ listenAddresses }) => listenAddresses)
    const leaf = await nodes.start({ peers })
    await leaf.online()
    expect(leaf.peers().map(({ state }) => state)).toEqual(['up', 'standby'])
    expect(doors.map((door) => door.peers().filter(({ incoming }) => incoming).length)).toEqual([1, 0])
    const retries: string[] = []
    leaf.on('peerRetry', ({ uri }) => void retries.push(uri))
    await core.ping(leaf.publicKey)
    await doors[0]?.close()
    await until(() => leaf.peers().some(({ uri, state }) => uri === peers[1] && state === 'up'))
    await until(() => retries.length > 0)
    expect(retries[0]).toBe(peers[0])
    expect(leaf.peers().map(({ state }) => state)).toEqual(['up', 'standby'])
    await core.ping(leaf.publicKey)
  })
})
