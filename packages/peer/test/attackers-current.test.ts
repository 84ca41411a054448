// What the current generation adds to attack: its own frames before anything is proven, streams that begin with a role,
// data streams of others, OKs on other connections (current protocol §2.3, §4, §6, §7), against a whole peer.
import { isPoint } from '@mimirjs/crypto'
import { createMemoryNetwork } from '@mimirjs/transport/memory'
import { tcp } from '@mimirjs/transport/tcp'
import { createClock } from '@mimirjs/transport/testing'
import { encodeDataFrame, encodeFrame, type PeerFrame } from '@mimirjs/wire/peer'
import { describe, expect, test } from 'vitest'
import { BENCHES, dataFrame } from './support/bench-by-hand.js'
import { ALICE_NODE, BOB_NODE } from './support/current.js'
import { alice, bob, eve } from './support/keys.js'
import { concat, Machine, message } from './support/machine.js'
import { addressOf, NodeNetwork } from './support/nodes.js'
import { dialByHand, OPEN_CONTROL, OPEN_DATA } from './support/original.js'
import { c1 } from './support/vectors.js'
import { WireEnd } from './support/wire-end.js'
import { Resident, say, turns } from './support/world.js'

const bytesOf = (...frames: PeerFrame[]): Uint8Array => concat(frames.map((frame) => encodeFrame(frame, 'current')))
const words = (text: string): Uint8Array => new TextEncoder().encode(text)
const hello = (publicKey: Uint8Array): PeerFrame => ({
  type: 'hello',
  version: 1,
  publicKey,
  receiver: bob.publicKey,
  clientId: 1,
})
const EVE_NODE: Uint8Array = new Uint8Array(32).fill(0xee)

describe('before anything is proven', () => {
  const forged: PeerFrame[] = [
    { type: 'contactRequest', message: 'please', nickname: 'alice', info: '' },
    { type: 'contactResponse', accepted: true },
    { type: 'fileRequest', guid: 1n, name: 'a', hash: '0'.repeat(64) },
    { type: 'fileRange', guid: 1n, offset: 0, maxBytes: 9, name: 'a', hash: '0'.repeat(64) },
    { type: 'streamWanted' },
    { type: 'ping' },
    { type: 'pong' },
    { type: 'infoRequest', timeSeconds: 0n },
    { type: 'unknown', code: 4242, size: 0 },
  ]
  test.each(forged)('$type in the name of alice reaches nobody', (frame) => {
    const steps = [hello(alice.publicKey), { type: 'challengeAnswer', signature: alice.sign(c1) } as const]
    for (let done = 0; done <= steps.length; done++) {
      const machine = new Machine({ role: 'acceptor', generation: 'current', challenge: c1 }).start()
      machine.receive(bytesOf(...steps.slice(0, done), frame))
      expect(machine.events, `after ${done} steps`).toEqual([{ type: 'closed', code: 'unexpected-type' }])
    }
  })

  test('an acceptor signs what an authenticated stranger asks for, and one that demands bound challenges does not', () => {
    const nodeKey = eve.publicKey
    expect(isPoint(nodeKey)).toBe(true)
    for (const requireBound of [false, true]) {
      const challenges = { requireBound: () => requireBound }
      const machine = new Machine({ role: 'acceptor', generation: 'current', challenge: c1, challenges }).start()
      machine.receive(bytesOf(hello(alice.publicKey), { type: 'challengeAnswer', signature: alice.sign(c1) }))
      machine.receive(bytesOf({ type: 'challenge2', data: nodeKey }))
      expect(machine.signatures).toBe(requireBound ? 0 : 1)
    }
  })
})

describe('a data stream in the name of somebody else', () => {
  test('of somebody who only claims to be alice is never hers', async () => {
    const net = new NodeNetwork()
    const clock = createClock()
    const b = new Resident(bob, [net.node(BOB_NODE)], { generation: 'current', clock })
    await b.peer.listen(addressOf(BOB_NODE))
    const control = await WireEnd.dial(net.node(EVE_NODE), addressOf(BOB_NODE))
    control.write(OPEN_CONTROL, bytesOf(hello(alice.publicKey)))
    await control.take('challenge')
    const data = await WireEnd.dial(net.node(EVE_NODE), addressOf(BOB_NODE))
    data.write(OPEN_DATA, encodeDataFrame(dataFrame(1n, words('I am alice'))))
    await turns(5)
    expect(b.received).toEqual([])
    clock.advance(15_100)
    await control.until(() => control.closed)
    await data.until(() => data.closed)
    expect(b.received).toEqual([])
    expect(b.connections).toEqual([])
    await b.peer.close()
  })

  test('from a node without a connection to the node of alice is nobody’s, while she is connected', async () => {
    const net = new NodeNetwork()
    const b = new Resident(bob, [net.node(BOB_NODE)], { generation: 'current' })
    await b.peer.listen(addressOf(BOB_NODE))
    const { control } = await dialByHand(net.node(ALICE_NODE), addressOf(BOB_NODE), alice, bob.publicKey)
    await b.until(() => b.connections.length === 1)
    const forged = await WireEnd.dial(net.node(EVE_NODE), addressOf(BOB_NODE))
    forged.write(OPEN_DATA, encodeDataFrame(dataFrame(1n, words('I am alice'))))
    await forged.until(() => forged.closed)
    expect(forged.error).toMatchObject({ code: 'reset' })
    expect(b.received).toEqual([])
    control.stream.abort()
    await b.peer.close()
  })

  test.each([
    ['memory', 'memory://bob', () => createMemoryNetwork().streams],
    ['tcp', 'tcp://127.0.0.1:0', () => tcp()],
  ] as const)(
    '%s: a token opens its own connection and no other, and none after its end',
    async (_, listen, makeNet) => {
      const net = makeNet()
      const b = new Resident(bob, [net], { generation: 'current' })
      const from: Uint8Array[] = []
      b.handlers = (connection) => ({
        message({ guid }) {
          from.push(connection.remotePublicKey)
          connection.acknowledge(guid)
          b.changed()
        },
      })
      const { address } = await b.peer.listen(listen)
      const hers = await dialByHand(net, address, alice, bob.publicKey)
      const theirs = await dialByHand(net, address, eve, bob.publicKey)
      await b.until(() => b.connections.length === 2)
      const open = async (token: Uint8Array): Promise<WireEnd> => {
        const end = await WireEnd.dial(net, address)
        return end.write(OPEN_DATA, token, encodeDataFrame(dataFrame(1n, words('who am I?'))))
      }
      const data = await open(theirs.token)
      await b.until(() => from.length === 1)
      expect(from).toEqual([eve.publicKey])
      // With all that Eve knows: both public keys, her own words, and how a token is made.
      for (const at of [0, 15, 31]) {
        const guess = theirs.token.map((byte, index) => (index === at ? byte ^ 1 : byte))
        const end = await open(guess)
        await end.until(() => end.closed)
      }
      theirs.control.stream.abort()
      await b.until(() => b.ended.length === 1)
      const late = await open(theirs.token)
      await late.until(() => late.closed)
      expect(from).toHaveLength(1)
      expect(hers.control.closed).toBe(false)
      data.stream.abort()
      hers.control.stream.abort()
      await b.peer.close()
    },
  )
})

describe.each(BENCHES)('OK, $name', ({ make }) => {
  test('for what was never sent counts for nothing, and twice counts once', async () => {
    const { b, shaken, connection, close } = await make()
    say(connection, 5n, 'for alice')
    await shaken.control.take('text')
    for (const id of [0n, 6n, -5n, 2n ** 63n - 1n]) shaken.control.frame({ type: 'ok', id })
    shaken.control.frame({ type: 'ping' })
    await shaken.control.take('pong')
    expect(b.acknowledged).toEqual([])
    shaken.control.frame({ type: 'ok', id: 5n }, { type: 'ok', id: 5n })
    await b.until(() => b.acknowledged.length > 0)
    await turns()
    expect(b.acknowledged).toEqual([5n])
    await close()
  })
})

test('OK: what alice was sent is not delivered by eve, nor by alice to what eve was sent', async () => {
  const net = createMemoryNetwork().streams
  const b = new Resident(bob, [net], { generation: 'current' })
  await b.peer.listen('memory://bob')
  const hers = await dialByHand(net, 'memory://bob', alice, bob.publicKey)
  const theirs = await dialByHand(net, 'memory://bob', eve, bob.publicKey)
  await b.until(() => b.connections.length === 2)
  const [toAlice, toEve] = b.connections as [(typeof b.connections)[0], (typeof b.connections)[0]]
  say(toAlice, 5n, 'for alice')
  say(toEve, 6n, 'for eve')
  theirs.control.frame({ type: 'ok', id: 5n })
  hers.control.frame({ type: 'ok', id: 6n })
  await turns(5)
  expect(b.acknowledged).toEqual([])
  expect([toAlice.window, toEve.window]).toEqual([15, 15])
  const again = await dialByHand(net, 'memory://bob', alice, bob.publicKey)
  again.control.frame({ type: 'ok', id: 5n })
  await b.until(() => b.acknowledged.length === 1)
  for (const { control } of [hers, theirs, again]) control.stream.abort()
  await b.peer.close()
})

describe('floods after the handshake', () => {
  test.each([
    ['PING', { type: 'ping' }],
    ['call offers in a call', { type: 'callOffer', mimeType: 'a', sampleRate: 1, channelCount: 1 }],
  ] as const)('%s, without reading the answers: the connection is left, memory stays bounded', async (_, frame) => {
    const net = createMemoryNetwork({ highWaterMarkBytes: 16_384 }).streams
    const b = new Resident(bob, [net], { generation: 'current' })
    await b.peer.listen('memory://bob')
    const { control } = await dialByHand(net, 'memory://bob', alice, bob.publicKey)
    control.frame(frame)
    await turns()
    control.stream.pause()
    const many = concat(Array.from({ length: 1_000 }, () => encodeFrame(frame, 'current')))
    for (let round = 0; round < 200 && b.ended.length === 0; round++) {
      control.stream.write(many.slice())
      await turns(2)
    }
    expect(b.ended).toMatchObject([{ code: 'slow-reader', blame: 'remote' }])
    control.stream.abort()
    await b.peer.close()
  })

  test('contact requests and answers: a few in ten seconds get through', async () => {
    const clock = createClock()
    const net = createMemoryNetwork().streams
    const b = new Resident(bob, [net], { generation: 'current', clock })
    let requests = 0
    let responses = 0
    b.handlers = () => ({ contactRequest: () => void requests++, contactResponse: () => void responses++ })
    await b.peer.listen('memory://bob')
    const { control } = await dialByHand(net, 'memory://bob', alice, bob.publicKey)
    for (let round = 0; round < 1_000; round++) {
      control.frame({ type: 'contactRequest', message: `${round}`, nickname: '', info: '' })
      control.frame({ type: 'contactResponse', accepted: true })
    }
    control.frame({ type: 'ping' })
    await control.take('pong')
    expect(requests + responses).toBeLessThanOrEqual(8)
    clock.advance(10_000)
    control.frame({ type: 'contactRequest', message: 'later', nickname: '', info: '' })
    control.frame({ type: 'ping' })
    await control.take('pong')
    expect(requests + responses).toBeLessThanOrEqual(9)
    control.stream.abort()
    await b.peer.close()
  })

  test('messages that are never acknowledged by us stop the reading, not the process', async () => {
    const net = createMemoryNetwork({ highWaterMarkBytes: 16_384 }).streams
    const b = new Resident(bob, [net], { generation: 'current', limits: { inboundMessages: 10 } })
    let arrived = 0
    b.handlers = () => ({ message: () => void arrived++ })
    await b.peer.listen('memory://bob')
    const { control } = await dialByHand(net, 'memory://bob', alice, bob.publicKey)
    for (let guid = 1n; guid <= 1_000n; guid++) control.frame({ type: 'text', ...message(guid, 'x'.repeat(1_000)) })
    await turns(50)
    expect(arrived).toBeGreaterThanOrEqual(10)
    expect(arrived, 'and what was in the chunk in hand').toBeLessThan(100)
    control.stream.abort()
    await b.peer.close()
  })
})

test('lengths that promise too much are refused at the field, in every frame of the generation', async () => {
  const net = createMemoryNetwork().streams
  const b = new Resident(bob, [net], { generation: 'current' })
  await b.peer.listen('memory://bob')
  const at = (frame: PeerFrame, offset: number, value: number): Uint8Array => {
    const bytes = encodeFrame(frame, 'current').slice(0, offset + 4)
    new DataView(bytes.buffer).setInt32(offset, value)
    return bytes
  }
  const request: PeerFrame = { type: 'contactRequest', message: '', nickname: '', info: '' }
  const wanted: PeerFrame = { type: 'fileRequest', guid: 1n, name: '', hash: '0'.repeat(64) }
  const bad = [
    ...[16, 20, 24].flatMap((offset) => [at(request, offset, 16_385), at(request, offset, -1)]),
    at(request, 28, 16 * 1_048_576 + 1),
    at(request, 28, -1),
    at(wanted, 24, 1_025),
    at(wanted, 24, -1),
    at(wanted, 28, 65),
    at({ type: 'infoResponse', timeSeconds: 0n, nickname: '', info: '' }, 24, 0x7fff_ffff),
    at({ type: 'text', ...message(1n) }, 16, 65_537),
    at({ type: 'callPacket', data: new Uint8Array(4) }, 16, 65_537),
  ]
  for (const [index, bytes] of bad.entries()) {
    const { control } = await dialByHand(net, 'memory://bob', alice, bob.publicKey)
    control.write(bytes)
    await control.until(() => control.closed)
    expect(b.ended[index], `case ${index}`).toMatchObject({ code: 'length', blame: 'remote' })
  }
  expect(b.received).toEqual([])
  await b.peer.close()
})
