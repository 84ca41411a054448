import { describe, expect, test } from 'vitest'
import { DEFAULT_LIMITS } from '../../src/limits.js'
import { SignatureGate } from '../../src/machine/signature-gate.js'
import { client, server, someone } from './support/identity.js'
import { bytesOf, declarationOf, flipped, idOf, initiationOf, secretOf } from './support/packets.js'
import { confirmedPair, HELLO, JACK, openPair } from './support/pair.js'
import { Party, START_MS, settle } from './support/party.js'

const NO_RATES = {
  signaturesPerSourcePerSecond: Number.POSITIVE_INFINITY,
  signaturesPerSourceBurst: Number.POSITIVE_INFINITY,
  signaturesPerSecond: Number.POSITIVE_INFINITY,
  responsesPerPeerPerSecond: Number.POSITIVE_INFINITY,
}

describe('signatures', () => {
  const forged = flipped(declarationOf(client), 60)

  test('of one source: 40 at once, then 20 a second', () => {
    const party = new Party(server)
    const checked = (datagrams: number, source?: string): number => {
      const before = party.machine.counters['drop:signature']
      for (let sent = 0; sent < datagrams; sent++) party.receive(forged, source)
      return party.machine.counters['drop:signature'] - before
    }
    expect(checked(100)).toBe(40)
    party.wait(1000)
    expect(checked(100)).toBe(20)
    expect(checked(100, '192.0.2.8')).toBe(40)
    expect(party.machine.counters['drop:rate']).toBe(200)
  })

  test('of all sources: 200 a second, however many there are', () => {
    const party = new Party(server)
    for (let sent = 0; sent < 1000; sent++) party.receive(forged, `198.51.100.${sent}`)
    expect(party.machine.counters['drop:signature']).toBe(200)
  })

  test('sources are forgotten when there are too many', () => {
    const gate = new SignatureGate({ ...DEFAULT_LIMITS, ...NO_RATES, sources: 50 })
    for (let source = 0; source < 1000; source++) gate.take(`${source}`, START_MS, false)
    expect(gate.sourceCount).toBe(50)
  })

  test('a flood of strangers does not keep us from opening sessions', () => {
    const initiator = new Party(client)
    const responder = new Party(server)
    const session = initiator.connect(server.address)
    for (let sent = 0; sent < 1000; sent++) initiator.receive(flipped(declarationOf(server), 60), `198.51.100.${sent}`)
    settle(initiator, responder)
    expect(session.state).toBe('open')
  })

  test('of what looks like a response to us as well', () => {
    const initiator = new Party(client)
    const { id } = initiator.connect(server.address)
    const verdicts = Array.from({ length: 100 }, (_, number) =>
      initiator.receive(
        flipped(initiationOf(server, { id, dst: client.publicKey, secret: secretOf(number + 1) }), 120),
      ),
    )
    expect(verdicts.filter((verdict) => verdict === 'drop:signature')).toHaveLength(40)
    expect(verdicts.filter((verdict) => verdict === 'drop:rate')).toHaveLength(60)
  })

  test('what was checked before is not checked again', () => {
    const party = new Party(server)
    const declaration = declarationOf(client)
    for (let sent = 0; sent < 1000; sent++) expect(party.receive(declaration)).toBe('register')
    expect(party.receive(declarationOf(someone(1)))).toBe('register')
  })
})

describe('what is sent because of others', () => {
  test('five responses a second to one peer', () => {
    const party = new Party(server, { limits: { sessionsPerPeer: 1000, halfOpenPerPeer: 1000 } })
    party.receive(declarationOf(client))
    const verdicts = Array.from({ length: 20 }, (_, number) =>
      party.receive(initiationOf(client, { id: idOf(number), dst: server.publicKey })),
    )
    expect(verdicts.filter((verdict) => verdict === 'respond')).toHaveLength(5)
    expect(party.sent).toHaveLength(5)
    party.wait(1000)
    party.take()
    for (let number = 0; number < 20; number++)
      party.receive(initiationOf(client, { id: idOf(100 + number), dst: server.publicKey }))
    expect(party.sent).toHaveLength(5)
  })

  test('a hundred repeats a second in one session, and one more when it may be', () => {
    const { responder, question } = confirmedPair()
    for (let sent = 0; sent < 1000; sent++) responder.receive(question)
    expect(responder.take()).toHaveLength(100)
    expect(responder.machine.counters.repeat).toBe(101)
    expect(responder.machine.counters['drop:rate']).toBe(899)
    responder.wait(10)
    expect(responder.take()).toHaveLength(1)
    responder.wait(1000)
    expect(responder.sent).toEqual([])
  })

  test('nothing for what is dropped', () => {
    const { responder, session, question } = confirmedPair()
    for (let at = 0; at < 1000; at++) {
      const bytes = flipped(question, 17 + (at % (question.length - 17)), at % 8)
      expect(responder.receive(bytes)).toMatch(/^drop:/)
    }
    expect(responder.sent).toEqual([])
    expect(session.state).toBe('confirmed')
  })
})

describe('tables', () => {
  test('peers: who has no session goes first, then who was heard longest ago; who was learned stays', () => {
    const party = new Party(server, { limits: { ...NO_RATES, peers: 3 } })
    const [learned, used, idle, last, next] = [0, 1, 2, 3, 4].map(someone)
    if (!learned || !used || !idle || !last || !next) throw new Error('nobody')
    party.machine.learn(learned.address)
    const declare = (one: typeof used): void => {
      party.wait(10)
      party.receive(declarationOf(one))
    }
    const initiate = (one: typeof used, fill: number): unknown =>
      party.receive(initiationOf(one, { id: idOf(fill), dst: server.publicKey }))
    declare(used)
    expect(initiate(used, 1)).toBe('respond')
    declare(idle)
    declare(last)
    expect(party.machine.peerCount).toBe(3)
    expect(initiate(idle, 2)).toBe('drop:unknown-peer')
    expect(initiate(last, 3)).toBe('respond')
    declare(next)
    expect(party.machine.peerCount).toBe(3)
    expect(initiate(used, 4)).toBe('drop:unknown-peer')
    expect(initiate(learned, 5)).toBe('respond')
    // The session of who went is still there.
    expect(party.machine.sessionCount).toBe(3)
  })

  test('peers: who declares again was heard', () => {
    const party = new Party(server, { limits: { ...NO_RATES, peers: 2 } })
    const [first, second, third] = [0, 1, 2].map(someone)
    if (!first || !second || !third) throw new Error('nobody')
    for (const one of [first, second, first, third]) {
      party.receive(declarationOf(one))
      party.wait(10)
    }
    const initiate = (one: typeof first, fill: number): unknown =>
      party.receive(initiationOf(one, { id: idOf(fill), dst: server.publicKey }))
    expect([second, first, third].map(initiate)).toEqual(['drop:unknown-peer', 'respond', 'respond'])
  })

  test('peers: who opens a session was heard', () => {
    const party = new Party(server, { limits: { ...NO_RATES, peers: 2, halfOpenMs: 50 } })
    const [first, second, third] = [0, 1, 2].map(someone)
    if (!first || !second || !third) throw new Error('nobody')
    const initiate = (one: typeof first, fill: number): unknown =>
      party.receive(initiationOf(one, { id: idOf(fill), dst: server.publicKey }))
    for (const one of [first, second]) {
      party.receive(declarationOf(one))
      party.wait(10)
    }
    initiate(first, 1)
    party.wait(100)
    expect(party.machine.sessionCount).toBe(0)
    party.receive(declarationOf(third))
    expect(initiate(second, 2)).toBe('drop:unknown-peer')
    expect(initiate(first, 3)).toBe('respond')
  })

  test('half-open sessions of one peer: the oldest goes, unless it was made just now', () => {
    const party = new Party(server, { limits: { ...NO_RATES, halfOpenPerPeer: 2 } })
    party.receive(declarationOf(client))
    const [first, second, third] = [1, 2, 3].map((fill) =>
      initiationOf(client, { id: idOf(fill), dst: server.publicKey }),
    )
    if (!first || !second || !third) throw new Error('nothing')
    party.receive(first)
    party.wait(1100)
    party.receive(second)
    expect(party.machine.sessionCount).toBe(2)
    party.wait(900)
    // That it is repeated does not make it younger.
    expect(party.receive(first)).toBe('resend')
    party.wait(200)
    expect(party.receive(third)).toBe('respond')
    expect(party.receive(second)).toBe('resend')
    expect(party.receive(first)).toBe('drop:replay')
    party.wait(900)
    const [fourth, fifth] = [4, 5].map((fill) => initiationOf(client, { id: idOf(fill), dst: server.publicKey }))
    if (!fourth || !fifth) throw new Error('nothing')
    expect(party.receive(fourth)).toBe('respond')
    expect(party.receive(fifth)).toBe('drop:limit')
  })

  test('peers that were all learned leave no room', () => {
    const party = new Party(server, { limits: { peers: 2 } })
    for (const number of [0, 1]) party.machine.learn(someone(number).address)
    expect(() => party.machine.learn(someone(2).address)).toThrow(/at most 2 peers/)
    expect(party.receive(declarationOf(client))).toBe('drop:policy')
    party.machine.forget(someone(0).publicKey)
    expect(party.receive(declarationOf(client))).toBe('register')
  })

  test('sessions of one peer: at most eight, and what it uses stays', () => {
    const responder = new Party(server, { reply: JACK, limits: NO_RATES })
    const initiator = new Party(client, { limits: NO_RATES })
    const kept = initiator.connect(server.address)
    settle(initiator, responder)
    for (let number = 0; number < 30; number++) {
      for (const party of [initiator, responder]) party.wait(1001)
      const session = initiator.connect(server.address)
      settle(initiator, responder)
      for (const used of [session, kept]) expect(initiator.request(used, HELLO)).toBeDefined()
      settle(initiator, responder)
      expect(responder.machine.sessionCount).toBeLessThanOrEqual(8)
    }
    expect(responder.over).toHaveLength(responder.told.length - 8)
    expect(responder.over.every(({ error }) => error?.code === 'limit')).toBe(true)
    expect(responder.over.some(({ session }) => `${session.id}` === `${kept.id}`)).toBe(false)
  })

  test('sessions in all: those that strangers did not use go first, and ours stay', () => {
    const party = new Party(server, { limits: { ...NO_RATES, sessions: 4 } })
    const ours = party.connect(client.address)
    for (let number = 0; number < 20; number++) {
      const guest = someone(number)
      party.receive(declarationOf(guest))
      const request = { id: idOf(number), dst: server.publicKey, secret: secretOf(number + 1) }
      expect(party.receive(initiationOf(guest, request))).toBe('respond')
      party.wait(1001)
      expect(party.machine.sessionCount).toBeLessThanOrEqual(4)
    }
    expect(ours.state).toBe('opening')
    const more = [0, 1, 2].map(() => party.connect(client.address))
    expect(more.map(({ state }) => state)).toEqual(['opening', 'opening', 'opening'])
    expect(() => party.connect(client.address)).toThrow(/at most 4 sessions/)
    const guest = someone(50)
    party.receive(declarationOf(guest))
    expect(party.receive(initiationOf(guest, { id: idOf(99), dst: server.publicKey }))).toBe('drop:limit')
  })

  test('strangers who keep every session in use keep us from opening none: the longest idle one goes', () => {
    const party = new Party(server, { reply: JACK, limits: { ...NO_RATES, sessions: 4 } })
    const strangers = [0, 1, 2, 3].map((number) => new Party(someone(number), { seed: number + 2 }))
    const theirs = strangers.map((stranger) => {
      party.wait(1)
      const session = stranger.connect(server.address)
      settle(stranger, party)
      expect(stranger.request(session, HELLO)).toBeDefined()
      settle(stranger, party)
      return session
    })
    expect(party.machine.sessionCount).toBe(4)
    expect(party.connect(client.address).state).toBe('opening')
    expect(party.over.map(({ session }) => `${session.id}`)).toEqual([`${theirs[0]?.id}`])
  })

  test('finished sessions: the oldest is forgotten', () => {
    const party = new Party(server, { limits: { ...NO_RATES, finished: 2, halfOpenMs: 1000 } })
    party.receive(declarationOf(client))
    const initiations = [1, 2, 3].map((fill) => initiationOf(client, { id: idOf(fill), dst: server.publicKey }))
    for (const initiation of initiations) {
      party.receive(initiation)
      party.wait(1000)
    }
    expect(party.machine.sessionCount).toBe(0)
    expect(initiations.reverse().map((bytes) => party.receive(bytes))).toEqual([
      'drop:replay',
      'drop:replay',
      'respond',
    ])
  })

  test('memory for nonces: the session that holds most is closed', () => {
    const responder = new Party(server, { limits: { ...NO_RATES, nonceBytes: 40_000 } })
    const initiator = new Party(client)
    const [modest, greedy] = [initiator.connect(server.address), initiator.connect(server.address)]
    settle(initiator, responder)
    initiator.machine.send(modest, bytesOf('x'), initiator.nowMs)
    for (let sent = 0; sent < 4000; sent++) {
      initiator.machine.send(greedy, bytesOf('x'), initiator.nowMs)
      settle(initiator, responder)
      expect(responder.machine.nonceBytes).toBeLessThanOrEqual(40_000)
    }
    expect(responder.over.map(({ session }) => `${session.id}`)).toEqual([`${greedy.id}`])
    expect(responder.over.map(({ error }) => error?.code)).toEqual(['limit'])
    expect(responder.machine.sessionCount).toBe(1)
  })

  test('requests that wait', () => {
    const { initiator, session } = openPair({}, { limits: { queuedRequests: 2 } })
    for (let number = 0; number < 3; number++) initiator.request(session, HELLO)
    expect(() => initiator.request(session, HELLO)).toThrow(/at most 2 requests/)
    expect(initiator.sent).toHaveLength(1)
  })

  test('two thousand sessions, and what is left of them', () => {
    const many = { ...NO_RATES, sessions: 5000, peers: 5000, sessionsPerPeer: 5000, halfOpenPerPeer: 5000 }
    const responder = new Party(server, { reply: JACK, limits: many })
    const initiator = new Party(client, { limits: many })
    const sessions = Array.from({ length: 2000 }, () => {
      const session = initiator.connect(server.address)
      settle(initiator, responder)
      initiator.request(session, HELLO)
      settle(initiator, responder)
      return session
    })
    expect(sessions.every(({ state }) => state === 'confirmed')).toBe(true)
    expect(responder.machine.sessionCount).toBe(2000)
    // 16 nonces of 8 bytes each, until a session says more.
    expect(responder.machine.nonceBytes).toBe(2000 * 128)
    for (const party of [initiator, responder]) party.wait(600_000)
    for (const { machine } of [initiator, responder]) {
      expect(machine).toMatchObject({ sessionCount: 0, nonceBytes: 0, deadlineMs: Number.POSITIVE_INFINITY })
    }
  })
})
