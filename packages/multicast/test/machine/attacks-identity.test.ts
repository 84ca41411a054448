import { fromHex, toHex } from '@mimirjs/wire'
import { describe, expect, test } from 'vitest'
import { parseGroup } from '../../src/address/index.js'
import type { Place } from '../../src/machine/index.js'
import { codeOf } from '../address/support.js'
import { client, server, stranger } from './support/identity.js'
import { dataOf, declarationOf, idOf, initiationOf, nonceOf } from './support/packets.js'
import { ask, confirmedPair, HELLO, JACK, openPair } from './support/pair.js'
import { Party } from './support/party.js'

const p = 2n ** 255n - 19n

function littleEndian(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, at) => Number((value >> BigInt(8 * at)) & 0xffn))
}

/** The seven points that give everybody the same secret, and the same with the top bit set, which X25519 ignores. */
const LOW_ORDER = [
  ...[0n, 1n, p - 1n, p, p + 1n].map(littleEndian),
  fromHex('e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800'),
  fromHex('5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157'),
].flatMap((point) => [point, withTopBit(point)])

describe('6: an ephemeral key that gives everybody the same secret', () => {
  test.each(LOW_ORDER.map((point) => [toHex(point), point] as const))('hardened: %s', (_, sessionKey) => {
    const responder = new Party(server)
    responder.receive(declarationOf(client))
    const request = initiationOf(client, { id: idOf(1), dst: server.publicKey, sessionKey })
    expect(responder.receive(request)).toBe('drop:low-order')
    expect(responder.machine.sessionCount).toBe(0)
    expect(responder.sent).toEqual([])

    const initiator = new Party(client)
    const { id } = initiator.connect(server.address)
    expect(initiator.receive(initiationOf(server, { id, dst: client.publicKey, sessionKey }))).toBe('drop:low-order')
  })

  test('original: it is answered; the data that end the original program are a drop here', () => {
    const responder = new Party(server, { mode: 'original' })
    responder.receive(declarationOf(client))
    const request = initiationOf(client, { id: idOf(1), dst: server.publicKey, sessionKey: new Uint8Array(32) })
    expect(responder.receive(request)).toBe('respond')
    expect(responder.sent).toHaveLength(1)
    expect(responder.receive(dataOf(new Uint8Array(32), idOf(1), nonceOf(0), new Uint8Array(3)))).toBe('drop:tag')
  })
})

describe('7: a declaration has no time and no destination', () => {
  const old = { group: parseGroup('ff1e::01d'), port: 1030 }
  const older = { group: parseGroup('ff1e::01de'), port: 1031 }

  test('hardened: who replays an old one diverts no answer', () => {
    const { initiator, responder } = twoParties()
    responder.receive(declarationOf(client, old))
    const [declaration, initiation] = opening(initiator)
    responder.receive(declaration)
    responder.receive(declarationOf(client, old))
    expect(responder.receive(initiation)).toBe('respond')
    expect(portsOf(responder)).toEqual([old.port, client.place.port])
  })

  test('hardened: it does not touch sessions that there are', () => {
    const pair = confirmedPair()
    pair.responder.receive(declarationOf(client, old))
    pair.responder.receive(declarationOf(client, older))
    pair.initiator.request(pair.session, 'still there?')
    for (const bytes of pair.initiator.takeBytes()) pair.responder.receive(bytes)
    expect(portsOf(pair.responder)).toEqual([client.place.port])
  })

  test('hardened: no number of declarations takes away what the user said', () => {
    const { initiator, responder } = twoParties()
    responder.machine.learn(client.address)
    for (const place of [old, older, { ...old, port: 1040 }]) responder.receive(declarationOf(client, place))
    const [, initiation] = opening(initiator)
    responder.receive(initiation)
    expect(portsOf(responder)).toEqual([1040, older.port, client.place.port])
  })

  test('hardened: nobody declares for another key', () => {
    const responder = new Party(server)
    const forged = declarationOf(stranger)
    forged.set(client.publicKey, 19)
    expect(responder.receive(forged)).toBe('drop:signature')
    expect(responder.machine.peerCount).toBe(0)
  })

  test('original: the last one has all answers', () => {
    const { initiator, responder } = twoParties('original')
    const [declaration, initiation] = opening(initiator)
    responder.receive(declaration)
    responder.receive(declarationOf(client, old))
    responder.receive(initiation)
    expect(portsOf(responder)).toEqual([old.port])
  })
})

describe('8: any address can be declared', () => {
  const targets: [string, Partial<Place>][] = [
    ['unicast IPv6', { group: fromHex('20010db8000000000000000000000001') }],
    ['unicast IPv4', { group: fromHex('00000000000000000000ffffc0000201') }],
    ['nothing', { group: new Uint8Array(16) }],
    ['all nodes of the link', { group: fromHex('ff020000000000000000000000000001') }],
    ['local scope', { group: fromHex('ff120000000000000000000000000001') }],
    ['the other family', { group: fromHex('00000000000000000000ffffe000f565') }],
    ['a privileged port', { port: 53 }],
    ['no port', { port: 0 }],
  ]

  test.each(targets)('hardened: %s', (_, place) => {
    const responder = new Party(server)
    expect(responder.receive(declarationOf(client, place))).toBe('drop:address')
    expect(responder.receive(initiationOf(client, { id: idOf(1), dst: server.publicKey }))).toBe('drop:unknown-peer')
    expect(responder.sent).toEqual([])
  })

  test.each(targets.slice(0, -1))('original: %s is sent a response', (_, place) => {
    const responder = new Party(server, { mode: 'original' })
    expect(responder.receive(declarationOf(client, place))).toBe('register')
    expect(responder.receive(initiationOf(client, { id: idOf(1), dst: server.publicKey }))).toBe('respond')
    expect(responder.sent.map(({ to }) => to)).toEqual([expect.objectContaining(place)])
  })

  test('narrower scopes when the user wants them', () => {
    const responder = new Party(server, { extraScopes: true })
    expect(responder.receive(declarationOf(client, { group: fromHex('ff120000000000000000000000000001') }))).toBe(
      'register',
    )
  })
})

describe('9: surplus bytes are accepted, and no signature covers them', () => {
  const longer = (bytes: Uint8Array): Uint8Array => Uint8Array.from([...bytes, 0])

  test('hardened: the sizes are exact', () => {
    const responder = new Party(server)
    expect(responder.receive(longer(declarationOf(client)))).toBe('drop:length')
    responder.receive(declarationOf(client))
    const initiation = initiationOf(client, { id: idOf(1), dst: server.publicKey })
    expect(responder.receive(longer(initiation))).toBe('drop:length')
    const { initiator, responder: other, session } = openPair()
    initiator.machine.send(session, new Uint8Array(1), initiator.nowMs)
    const [data] = initiator.takeBytes()
    if (data === undefined) throw new Error('nothing was sent')
    expect(other.receive(longer(data))).toBe('drop:tag')
    expect(other.receive(new Uint8Array(1501).fill(2))).toBe('drop:length')
  })

  test('original: they are ignored', () => {
    const responder = new Party(server, { mode: 'original' })
    expect(responder.receive(longer(declarationOf(client)))).toBe('register')
    const initiation = initiationOf(client, { id: idOf(1), dst: server.publicKey })
    expect(responder.receive(longer(initiation))).toBe('respond')
  })
})

describe('15: a public key under which anybody can sign', () => {
  const keys = [0n, 1n, p - 1n, p, p + 1n].map(littleEndian).flatMap((key) => [key, withTopBit(key)])
  const orderEight = [
    fromHex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'),
    fromHex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'),
  ].flatMap((key) => [key, withTopBit(key)])

  test.each([...keys, ...orderEight].map((key) => [toHex(key), key] as const))('hardened: %s', (_, publicKey) => {
    const responder = new Party(server)
    expect(responder.receive(forgedBy(publicKey))).toBe('drop:key')
    const address = { publicKey, ...client.place }
    expect(codeOf(() => responder.machine.learn(address))).toBe('bad-key')
    expect(codeOf(() => responder.machine.connect(address, responder.nowMs))).toBe('bad-key')
  })

  test('original: nobody signed this, and it is registered', () => {
    const responder = new Party(server, { mode: 'original' })
    expect(responder.receive(forgedBy(littleEndian(1n)))).toBe('register')
  })

  /** The neutral element as R and zero as S: right for every message, if the key is the neutral element as well. */
  function forgedBy(publicKey: Uint8Array): Uint8Array {
    const bytes = declarationOf(client)
    bytes.set(publicKey, 19)
    bytes.fill(0, 51)
    bytes[51] = 1
    return bytes
  }
})

describe('16: the first packet that is not the expected one ends the client', () => {
  test('hardened: it waits on for the right one', () => {
    const { initiator, responder } = twoParties()
    const session = initiator.connect(server.address)
    const sent = initiator.takeBytes()
    const { id } = session
    const junk: [string, Uint8Array][] = [
      ['drop:empty', new Uint8Array(0)],
      ['drop:type', Uint8Array.of(9, 9)],
      ['drop:length', Uint8Array.of(1)],
      ['drop:self', sent[0] ?? new Uint8Array(0)],
      ['drop:self', sent[1] ?? new Uint8Array(0)],
      ['drop:unknown-session', dataOf(new Uint8Array(32), id, nonceOf(0), new Uint8Array(9))],
      ['drop:destination', initiationOf(server, { id, dst: stranger.publicKey })],
      ['drop:unknown-peer', initiationOf(server, { id: idOf(4), dst: client.publicKey })],
      ['drop:unknown-peer', initiationOf(stranger, { id, dst: client.publicKey })],
    ]
    for (const [verdict, bytes] of junk) expect(initiator.receive(bytes)).toBe(verdict)
    const unsigned = initiationOf(server, { id, dst: client.publicKey })
    unsigned[113] = (unsigned[113] as number) ^ 1
    expect(initiator.receive(unsigned)).toBe('drop:signature')
    for (const bytes of sent) responder.receive(bytes)
    const pair = { initiator, responder, session }
    for (const bytes of responder.takeBytes()) expect(initiator.receive(bytes)).toBe('open')
    expect(initiator.receive(Uint8Array.of(9))).toBe('drop:type')
    expect(ask(pair, HELLO)).toBe(JACK)
  })

  test('original: a response with the id of another session is taken', () => {
    const initiator = new Party(client, { mode: 'original' })
    const session = initiator.connect(server.address)
    expect(initiator.receive(initiationOf(server, { id: idOf(4), dst: client.publicKey }))).toBe('open')
    expect(session.state).toBe('open')
  })
})

function twoParties(mode: 'hardened' | 'original' = 'hardened'): { initiator: Party; responder: Party } {
  return { initiator: new Party(client), responder: new Party(server, { reply: JACK, mode }) }
}

function opening(initiator: Party): [Uint8Array, Uint8Array] {
  initiator.connect(server.address)
  const [declaration, initiation] = initiator.takeBytes()
  if (declaration === undefined || initiation === undefined) throw new Error('nothing was sent')
  return [declaration, initiation]
}

function portsOf(party: Party): number[] {
  return party.take().map(({ to }) => to.port)
}

function withTopBit(bytes: Uint8Array): Uint8Array {
  const changed = bytes.slice()
  changed[31] = (changed[31] as number) | 0x80
  return changed
}
