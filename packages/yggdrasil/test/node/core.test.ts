import { describe, expect, test } from 'vitest'
import { addressForKey } from '../../src/address.js'
import { isYggdrasilError, type YggdrasilError } from '../../src/error.js'
import { keyId } from '../../src/key.js'
import type { StreamFailure } from '../../src/stream/types.js'
import { Mesh, type MeshNode } from './support/mesh.js'
import { PlainCore } from './support/plain.js'

const bytes = (text: string) => new TextEncoder().encode(text)
const text = (packet: Uint8Array) => new TextDecoder().decode(packet)

/** Three in a row, of which the ends see each other only through the middle. */
function line(mesh: Mesh): [MeshNode, MeshNode, MeshNode] {
  const [a, b, c] = [mesh.add(), mesh.add(), mesh.add()]
  mesh.connect(a, b, 5)
  mesh.connect(b, c, 5)
  return [a, b, c]
}

/** Collects the raw packets that a node gets. */
function collect(node: MeshNode): string[] {
  const got: string[] = []
  node.core.handleRaw((_, packet) => got.push(text(packet)))
  return got
}

function settled<Result>(): { readonly all: (Result | YggdrasilError)[]; readonly settle: Settling<Result> } {
  const all: (Result | YggdrasilError)[] = []
  return { all, settle: { resolve: (result) => void all.push(result), reject: (error) => void all.push(error) } }
}

interface Settling<Result> {
  resolve(result: Result): void
  reject(error: YggdrasilError): void
}

describe('raw packets', () => {
  test('the first one, written before there is any link, arrives', () => {
    const mesh = new Mesh(1)
    const [a, b, c] = [mesh.add(), mesh.add(), mesh.add()]
    const got = collect(c)
    mesh.send(a, c, bytes('early'))
    mesh.connect(a, b)
    mesh.connect(b, c)
    expect(mesh.runUntil(() => got.length > 0, 10_000)).toBeDefined()
    expect(got).toEqual(['early'])
  })

  test('in order, of any size, through a third node; from says who', () => {
    const mesh = new Mesh(2)
    const [a, , c] = line(mesh)
    const sizes: number[] = []
    const senders = new Set<string>()
    c.core.handleRaw((from, packet) => {
      sizes.push(packet.length)
      senders.add(keyId(from))
    })
    mesh.send(a, c, bytes('x'))
    mesh.run(3000)
    const sent = [1]
    for (const size of [0, 1, 100, 1000, 60_000, 65_535]) {
      mesh.send(a, c, new Uint8Array(size).fill(7))
      sent.push(size)
      mesh.run(50)
    }
    expect(sizes).toEqual(sent)
    expect([...senders]).toEqual([keyId(a.publicKey)])
    expect(() => mesh.send(a, c, new Uint8Array(65_536))).toThrowError(expect.objectContaining({ code: 'too-large' }))
  })

  test('to oneself', () => {
    const mesh = new Mesh(3)
    const a = mesh.add()
    const got = collect(a)
    mesh.send(a, a, bytes('me'))
    expect(got).toEqual([])
    mesh.run(1)
    expect(got).toEqual(['me'])
  })

  test('without a handler they are dropped, and a handler that throws is reported', () => {
    const mesh = new Mesh(4)
    const [a, , c] = line(mesh)
    mesh.run(3000)
    mesh.send(a, c, bytes('nobody'))
    mesh.run(1000)
    c.core.handleRaw(() => {
      throw new Error('of the application')
    })
    mesh.send(a, c, bytes('one'))
    mesh.run(1000)
    expect(c.errors.map(String)).toEqual(['Error: of the application'])
    const got = collect(c)
    mesh.send(a, c, bytes('two'))
    mesh.run(1000)
    expect(got).toEqual(['two'])
  })

  test('an answer from inside of the handler does not spoil what is handled', () => {
    const mesh = new Mesh(5)
    const [a, , c] = line(mesh)
    const got = collect(a)
    const seen: string[] = []
    c.core.handleRaw((from, packet) => {
      c.core.send(from, packet, c.nowMs)
      c.core.send(from, bytes('another'), c.nowMs)
      seen.push(text(packet))
    })
    mesh.send(a, c, bytes('first'))
    mesh.run(3000)
    mesh.send(a, c, bytes('second'))
    mesh.run(1000)
    expect(seen).toEqual(['first', 'second'])
    expect(got).toEqual(['first', 'another', 'second', 'another'])
  })
})

describe('streams and datagrams', () => {
  test('a stream through a third node, beside raw packets and datagrams', () => {
    const mesh = new Mesh(6)
    const [a, , c] = line(mesh)
    const raw = collect(c)
    const datagrams: string[] = []
    c.core.stack.bindDatagrams(69, (_, data) => void datagrams.push(text(data)))
    c.core.stack.listen(42, (connection) => {
      connection.attach({
        data: (chunk) => void connection.write(chunk.slice()),
        end: () => connection.end(),
        drain() {},
        closed() {},
      })
    })
    mesh.run(2000)
    let echoed = ''
    let failure: StreamFailure | 'none' | undefined
    const connection = a.core.stack.connect(c.publicKey, 42, mesh.nowMs)
    connection.attach({
      opened: () => {
        connection.write(bytes('there and '))
        connection.write(bytes('back'))
        connection.end()
      },
      data: (chunk) => void (echoed += text(chunk)),
      end() {},
      drain() {},
      closed: (why) => (failure = why ?? 'none'),
    })
    a.core.stack.sendDatagram(c.publicKey, 69, bytes('datagram'), mesh.nowMs)
    a.plan()
    mesh.run(5000)
    a.core.stack.sendDatagram(c.publicKey, 69, bytes('another'), mesh.nowMs)
    mesh.send(a, c, bytes('raw'))
    mesh.run(1000)
    expect([echoed, failure]).toEqual(['there and back', 'none'])
    expect(raw).toEqual(['raw'])
    expect(datagrams).toContain('another')
  })

  test('ports that would be taken for raw packets are refused', () => {
    const { stack } = new Mesh(7).add().core
    for (const port of [256, 300, 511, 512, 767]) {
      expect(() => stack.listen(port, () => {})).toThrow(/port/)
      expect(() => stack.bindDatagrams(port, () => {})).toThrow(/port/)
    }
    expect([stack.listen(255, () => {}), stack.listen(768, () => {})]).toEqual([255, 768])
  })
})

describe('looking up', () => {
  test('a key, an address and a subnet lead to the node', () => {
    const mesh = new Mesh(8)
    const [a, , c] = line(mesh)
    mesh.run(2000)
    const { all, settle } = settled<Uint8Array>()
    const address = addressForKey(c.publicKey)
    const subnet = address.slice(0, 8)
    subnet[0] = 3
    for (const target of [c.publicKey, address, subnet]) {
      a.core.requests.lookup(target, mesh.nowMs, 5000, settle)
      a.plan()
      mesh.run(2000)
    }
    expect(all).toEqual([c.publicKey, c.publicKey, c.publicKey])
  })

  test('nobody answers: it ends in time, repeated until then; given up: at once', () => {
    const mesh = new Mesh(9)
    const [a, b] = line(mesh)
    mesh.run(2000)
    const { all, settle } = settled<Uint8Array>()
    const before = a.core.stats().counters['router.lookups'] ?? 0
    const stranger = new Mesh(1000).add()
    a.core.requests.lookup(stranger.publicKey, mesh.nowMs, 4500, settle)
    const giveUp = a.core.requests.lookup(
      b.publicKey.map((byte) => byte ^ 1),
      mesh.nowMs,
      60_000,
      settle,
    )
    a.plan()
    expect(a.core.stats().counters['node.requests']).toBe(2)
    mesh.run(4400)
    expect(all).toEqual([])
    mesh.run(200)
    expect(all.map((error) => isYggdrasilError(error) && error.code)).toEqual(['timeout'])
    expect((a.core.stats().counters['router.lookups'] ?? 0) - before).toBeGreaterThanOrEqual(4)
    giveUp(expect.objectContaining({ code: 'aborted' }) as YggdrasilError)
    expect(all.length).toBe(2)
    expect(a.core.stats().counters['node.requests']).toBe(0)
  })
})

describe('asking', () => {
  test('a ping takes the time there and back, and nothing needs to be enabled', () => {
    const mesh = new Mesh(10)
    const [a, , c] = line(mesh)
    mesh.run(2000)
    const { all, settle } = settled<{ rttMs: number; attempts: number }>()
    a.core.requests.ping(c.publicKey, mesh.nowMs, 10_000, settle)
    a.plan()
    mesh.run(5000)
    a.core.requests.ping(c.publicKey, mesh.nowMs, 10_000, settle)
    a.plan()
    mesh.run(1000)
    expect(all.length).toBe(2)
    expect(all[1]).toEqual({ rttMs: 20, attempts: 1 })
  })

  test('so many requests at one time', () => {
    const mesh = new Mesh(11)
    const a = mesh.add({ limits: { requests: 3 } })
    const { settle } = settled<{ rttMs: number; attempts: number }>()
    const b = mesh.add()
    for (let count = 0; count < 3; count++) a.core.requests.ping(b.publicKey, mesh.nowMs, 1000, settle)
    expect(() => a.core.requests.ping(b.publicKey, mesh.nowMs, 1000, settle)).toThrowError(
      expect.objectContaining({ code: 'flood' }),
    )
  })

  test('node information is told when there is some, once in ten seconds', () => {
    const mesh = new Mesh(12)
    const other = mesh.addOther<PlainCore>((node) => new PlainCore(node))
    const [b, silent] = [mesh.add({ nodeInfo: { name: 'b' } }), mesh.add()]
    mesh.connect(other, b)
    mesh.connect(b, silent)
    mesh.run(2000)
    const ask = (node: MeshNode) => {
      other.core.send(node.publicKey, Uint8Array.of(2, 1), mesh.nowMs)
      other.plan()
      mesh.run(2000)
    }
    ask(b)
    ask(silent)
    ask(b)
    expect(other.core.payloads.map(text)).toEqual(['\u0002\u0002{"name":"b"}'])
    mesh.run(8000)
    ask(b)
    expect(other.core.payloads.length).toBe(2)
  })
})

describe('what another implementation may say inside of a session', () => {
  test('any payloads: none is answered with more than it cost, none is kept, and streams go on', () => {
    const mesh = new Mesh(13)
    const other = mesh.addOther<PlainCore>((node) => new PlainCore(node))
    const [node, friend] = [mesh.add({ nodeInfo: { name: 'x' } }), mesh.add()]
    mesh.connect(other, node)
    mesh.connect(node, friend)
    node.core.handleRaw(() => {})
    node.core.stack.listen(42, (connection) => connection.attach({ data() {}, end() {}, drain() {}, closed() {} }))
    mesh.run(2000)
    const { random } = mesh
    for (let round = 0; round < 3000; round++) {
      const payload = random.bytes(random.integer(60))
      // Half of them look like packets of streams to the port that is open.
      if (payload.length >= 16 && random.chance(0.5)) payload.set([0xc0, random.integer(4), 0, 42], 0)
      if (payload.length >= 2 && random.chance(0.2)) payload.set([random.integer(4), random.integer(4)])
      other.core.send(node.publicKey, payload, mesh.nowMs)
      if (round % 10 === 0) mesh.run(10)
    }
    other.plan()
    mesh.run(10_000)
    expect(node.errors).toEqual([])
    const stats = node.core.stats()
    expect(stats.sessions).toBe(1)
    expect(stats.counters['node.nodeInfoAsked']).toBeLessThanOrEqual(1)
    expect(stats.counters['stream.connections']).toBeLessThanOrEqual(64)
    let opened = false
    friend.core.stack.connect(node.publicKey, 42, mesh.nowMs).attach({
      opened: () => (opened = true),
      data() {},
      end() {},
      drain() {},
      closed() {},
    })
    friend.plan()
    expect(mesh.runUntil(() => opened, 5000)).toBeDefined()
    mesh.run(120_000)
    expect(node.core.stats().sessions).toBe(0)
  })
})
