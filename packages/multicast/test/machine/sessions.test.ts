import { describe, expect, test } from 'vitest'
import { MulticastMachine } from '../../src/machine/index.js'
import { codeOf } from '../address/support.js'
import { client, identity, server } from './support/identity.js'
import { bytesOf, idOf, initiationOf } from './support/packets.js'
import { confirmedPair, HELLO, JACK, openPair } from './support/pair.js'
import { Party, settle } from './support/party.js'

describe('opening a session', () => {
  test('it is opening, open with the response, and confirmed with the first data, on both sides', () => {
    const initiator = new Party(client)
    const responder = new Party(server, { reply: JACK })
    const session = initiator.connect(server.address)
    const states: string[] = []
    session.onOpen = () => states.push(session.state)
    expect(session).toMatchObject({ state: 'opening', role: 'initiator', received: 0, sent: 0 })
    expect(session.peer).toEqual(server.publicKey)
    expect(session.places).toEqual([server.place])
    settle(initiator, responder)
    expect(states).toEqual(['open'])
    // Nobody but the initiator knows yet that the response came.
    expect(responder.told).toEqual([])
    const request = initiator.request(session, HELLO)
    settle(initiator, responder)
    expect(request.answer).toBe(JACK)
    expect(session).toMatchObject({ state: 'confirmed', received: 1, sent: 1 })
    expect(responder.told).toEqual([expect.objectContaining({ state: 'confirmed', role: 'responder', received: 1 })])
    expect(responder.told[0]?.id).toEqual(session.id)
    expect(states).toEqual(['open'])
  })

  test('requests made before it is open wait', () => {
    const initiator = new Party(client)
    const responder = new Party(server, { reply: JACK })
    const session = initiator.connect(server.address)
    const text = bytesOf(HELLO)
    const answers: unknown[] = []
    initiator.machine.request(session, text, initiator.nowMs, (answer) => void answers.push(answer))
    text.fill(0)
    const second = initiator.request(session, 'second')
    settle(initiator, responder)
    expect(answers).toEqual([bytesOf(JACK)])
    expect(second.answer).toBe(JACK)
    expect(responder.messages.map((message) => message.text)).toEqual([HELLO, 'second'])
  })

  test('nobody answers: it fails once, with all that waited', () => {
    const initiator = new Party(client, { attempts: 2 })
    const session = initiator.connect(server.address)
    const requests = [initiator.request(session, '1'), initiator.request(session, '2')]
    initiator.wait(10_000)
    expect(requests.map(({ answer }) => answer)).toEqual([
      expect.objectContaining({ code: 'no-response', blame: 'timeout' }),
      expect.objectContaining({ code: 'no-response' }),
    ])
    expect(initiator.over).toEqual([{ session, error: expect.objectContaining({ code: 'no-response' }) }])
    expect(initiator.machine.deadlineMs).toBe(Number.POSITIVE_INFINITY)
    expect(initiator.receive(initiationOf(server, { id: session.id, dst: client.publicKey }))).toBe('drop:unknown-peer')
  })

  test('a machine that slept does not make up for all attempts at once', () => {
    const initiator = new Party(client)
    initiator.connect(server.address)
    initiator.take()
    initiator.nowMs += 3_600_000
    initiator.machine.advance(initiator.nowMs)
    expect(initiator.take()).toHaveLength(2)
    expect(initiator.machine.deadlineMs).toBe(initiator.nowMs + 2000)
  })

  test('one that is woken a little late keeps to the schedule', () => {
    const initiator = new Party(client)
    initiator.connect(server.address)
    const startMs = initiator.nowMs
    initiator.nowMs += 1900
    initiator.machine.advance(initiator.nowMs)
    expect(initiator.machine.deadlineMs).toBe(startMs + 3000)
  })

  test('the unit and the number of attempts are options', () => {
    const initiator = new Party(client, { unitMs: 10, attempts: 3 })
    const session = initiator.connect(server.address)
    initiator.wait(59)
    expect(session.state).toBe('opening')
    initiator.wait(1)
    expect(session.state).toBe('closed')
    expect(initiator.sent).toHaveLength(6)
  })

  test('both sides at once: two sessions, both good', () => {
    const one = new Party(client, { reply: 'from one', seed: 3 })
    const other = new Party(server, { reply: 'from other', seed: 4 })
    const sessions = [one.connect(server.address), other.connect(client.address)] as const
    settle(one, other)
    const requests = [one.request(sessions[0], '?'), other.request(sessions[1], '?')]
    settle(one, other)
    expect(requests.map(({ answer }) => answer)).toEqual(['from other', 'from one'])
    expect([one.machine.sessionCount, other.machine.sessionCount]).toEqual([2, 2])
  })

  test.each([
    ['bad-key', { ...server.address, publicKey: new Uint8Array(31) }],
    ['bad-key', { ...server.address, publicKey: client.publicKey }],
    ['bad-address', { ...server.address, group: new Uint8Array(16) }],
    ['bad-address', { ...server.address, group: new Uint8Array(4) }],
    ['bad-address', { ...server.address, port: 80 }],
    ['bad-address', { ...server.address, port: 65_536 }],
    ['bad-address', identity(2, '224.0.245.100', 1024).address],
  ] as const)('%s', (code, address) => {
    const party = new Party(client)
    expect(codeOf(() => party.connect(address))).toBe(code)
    expect(codeOf(() => party.machine.learn(address))).toBe(code)
    expect(party.machine).toMatchObject({ sessionCount: 0, peerCount: 0 })
  })

  test('IPv4 with IPv4', () => {
    const initiator = new Party(identity(1, '224.0.245.101', 1025))
    const responder = new Party(identity(2, '224.0.245.100', 1024), { reply: JACK })
    const request = initiator.request(initiator.connect(responder.identity.address), HELLO)
    settle(initiator, responder)
    expect(request.answer).toBe(JACK)
  })
})

describe('the end of a session', () => {
  test('closed here: told once, requests fail, data are of an unknown session', () => {
    const { initiator, responder, session } = confirmedPair()
    const requests = ['1', '2'].map((text) => initiator.request(session, text))
    const [question] = initiator.takeBytes()
    initiator.machine.close(session, initiator.nowMs)
    initiator.machine.close(session, initiator.nowMs)
    expect(initiator.over).toEqual([{ session, error: undefined }])
    expect(requests.map(({ answer }) => answer)).toEqual([
      expect.objectContaining({ code: 'closed' }),
      expect.objectContaining({ code: 'closed' }),
    ])
    if (question !== undefined) responder.receive(question)
    expect(responder.takeBytes().map((bytes) => initiator.receive(bytes))).toEqual(['drop:unknown-session'])
    expect(codeOf(() => initiator.machine.send(session, bytesOf('x'), initiator.nowMs))).toBe('closed')
    expect(codeOf(() => initiator.machine.request(session, bytesOf('x'), initiator.nowMs, () => undefined))).toBe(
      'closed',
    )
    expect(initiator.machine.sessionCount).toBe(0)
    expect(initiator.machine.deadlineMs).toBe(Number.POSITIVE_INFINITY)
  })

  test('closed by who is told of it: its data are not delivered', () => {
    const { initiator, responder, session } = openPair()
    responder.onSession = (told) => responder.machine.close(told, responder.nowMs)
    initiator.request(session, HELLO)
    for (const bytes of initiator.takeBytes()) responder.receive(bytes)
    expect(responder.messages).toEqual([])
    expect(responder.sent).toEqual([])
    expect(responder.over).toHaveLength(1)
  })

  test('a late response to one that was closed is no request', () => {
    const initiator = new Party(client)
    initiator.machine.learn(server.address)
    const session = initiator.connect(server.address)
    initiator.machine.close(session, initiator.nowMs)
    initiator.take()
    expect(initiator.receive(initiationOf(server, { id: session.id, dst: client.publicKey }))).toBe('drop:replay')
    expect(initiator.sent).toEqual([])
  })

  test('before it is open nothing can be sent; a session of another machine is none', () => {
    const initiator = new Party(client)
    const session = initiator.connect(server.address)
    expect(codeOf(() => initiator.machine.send(session, bytesOf('x'), initiator.nowMs))).toBe('misuse')
    const foreign = { ...session, id: idOf(1) } as typeof session
    expect(codeOf(() => initiator.machine.send(foreign, bytesOf('x'), initiator.nowMs))).toBe('misuse')
  })
})

test('options that cannot be', () => {
  const { place, publicKey } = client
  const build = (options: object): unknown => new MulticastMachine(new Party(client), { place, publicKey, ...options })
  expect(codeOf(() => build({ unitMs: 0 }))).toBe('misuse')
  expect(codeOf(() => build({ attempts: 0 }))).toBe('misuse')
  expect(codeOf(() => build({ attempts: 1.5 }))).toBe('misuse')
  expect(codeOf(() => build({ limits: { sessions: 0 } }))).toBe('misuse')
})
