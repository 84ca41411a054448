import { describe, expect, test } from 'vitest'
import { DEFAULT_LIMITS } from '../../src/limits.js'
import type { Session } from '../../src/machine/session.js'
import { client, server, someone } from './support/identity.js'
import {
  bytesOf,
  dataOf,
  declarationOf,
  idOf,
  initiationOf,
  keyOf,
  nonceOf,
  secretOf,
  textOf,
} from './support/packets.js'
import { ask, confirmedPair, HELLO, JACK, openPair } from './support/pair.js'
import { Party } from './support/party.js'

// The weaknesses of multicast protocol §13 that show with time and numbers.

describe('10: nothing ever ends', () => {
  test('hardened: a session that was never used goes after a minute of silence', () => {
    const { responder, initiation } = openPair()
    responder.wait(59_000)
    expect(responder.receive(initiation)).toBe('resend')
    responder.wait(59_999)
    expect(responder.machine.sessionCount).toBe(1)
    responder.wait(1)
    expect(responder.machine.sessionCount).toBe(0)
    expect(responder.machine.deadlineMs).toBe(Number.POSITIVE_INFINITY)
    // Nobody was told of it, so nobody is told of its end.
    expect(responder.over).toEqual([])
    expect(responder.receive(initiation)).toBe('drop:replay')
  })

  test('hardened: one that was used goes ten minutes after the last data, on both sides', () => {
    const pair = confirmedPair()
    const { initiator, responder, session } = pair
    for (const party of [initiator, responder]) party.wait(599_000)
    expect(ask(pair, 'still there?')).toBe(JACK)
    for (const party of [initiator, responder]) party.wait(599_999)
    expect(session.state).toBe('confirmed')
    for (const party of [initiator, responder]) party.wait(1)
    expect(session.state).toBe('closed')
    expect([...initiator.over, ...responder.over].map(({ error }) => error)).toEqual([undefined, undefined])
    expect(responder.machine.sessionCount + initiator.machine.sessionCount).toBe(0)
  })

  test('hardened: it is over when its time is up, although nobody woke the machine', () => {
    const { initiator, responder, session, question } = confirmedPair()
    responder.nowMs += 600_000
    expect(responder.receive(question)).toBe('drop:unknown-session')
    initiator.nowMs += 600_000
    expect(() => initiator.machine.send(session, bytesOf('x'), initiator.nowMs)).toThrow(/closed/)
  })

  test('hardened: data that come again keep it alive for a day at most', () => {
    const { responder, question } = confirmedPair()
    const startMs = responder.nowMs
    while (responder.receive(question) === 'repeat') responder.wait(500_000)
    const livedMs = responder.nowMs - startMs
    expect(livedMs).toBeGreaterThan(86_400_000)
    expect(livedMs).toBeLessThanOrEqual(86_400_000 + 600_000 + 500_000)
    expect(responder.machine.sessionCount).toBe(0)
  })

  test('original: everything stays', () => {
    const { responder } = openPair({ mode: 'original' })
    responder.wait(10 * 86_400_000)
    expect(responder.machine.sessionCount).toBe(1)
    expect(responder.machine.deadlineMs).toBe(Number.POSITIVE_INFINITY)
  })
})

describe('11: whoever comes is remembered for ever', () => {
  const limits = { peers: 3, sessions: 5, signaturesPerSourceBurst: 10_000, signaturesPerSecond: 10_000 }

  test.each(['hardened', 'original'] as const)('%s: peers and sessions are bounded', (mode) => {
    const responder = new Party(server, { mode, limits })
    for (let number = 0; number < 40; number++) {
      const guest = someone(number)
      expect(responder.receive(declarationOf(guest))).toBe('register')
      const request = initiationOf(guest, { id: idOf(number), dst: server.publicKey, secret: secretOf(number + 1) })
      expect(responder.receive(request)).toBe('respond')
      expect(responder.machine.peerCount).toBeLessThanOrEqual(3)
      expect(responder.machine.sessionCount).toBeLessThanOrEqual(5)
      responder.wait(1001)
    }
    // The last ones are served.
    expect(responder.sent).toHaveLength(40)
  })
})

describe('12: who gets a key later reads what was recorded', () => {
  test('ephemeral secrets and session keys are overwritten', () => {
    const { initiator, responder, session } = confirmedPair()
    const secrets = [...initiator.given, ...responder.given].filter(({ length }) => length === 32)
    expect(secrets).toHaveLength(2)
    expect(secrets.every((secret) => secret.every((byte) => byte === 0))).toBe(true)
    const keys = [session, ...responder.told].map((one) => (one as Session).candidates[0]?.key)
    expect(keys.every((key) => key?.some((byte) => byte !== 0))).toBe(true)
    initiator.machine.close(session, initiator.nowMs)
    responder.wait(600_000)
    expect(keys.every((key) => key?.every((byte) => byte === 0))).toBe(true)
  })

  test('so is what an opening held that came to nothing', () => {
    const initiator = new Party(client)
    initiator.connect(server.address)
    initiator.wait(210_000)
    const [secret] = initiator.given.filter(({ length }) => length === 32)
    expect(secret?.every((byte) => byte === 0)).toBe(true)
  })
})

describe('13: random nonces under one key', () => {
  test('a session closes when it has had 65536 messages', () => {
    expect(DEFAULT_LIMITS.messagesPerSession).toBe(65_536)
  })

  test('hardened: who sends more is told, and so is who receives more', () => {
    const limits = { messagesPerSession: 3 }
    const sender = openPair({}, { limits })
    const send = (): void => sender.initiator.machine.send(sender.session, bytesOf('x'), sender.initiator.nowMs)
    for (let sent = 0; sent < 3; sent++) send()
    expect(send).toThrow(/all its messages/)
    expect(sender.session.state).toBe('closed')
    expect(sender.initiator.over.map(({ error }) => error?.code)).toEqual(['limit'])

    const receiver = openPair({ limits })
    for (let sent = 0; sent < 4; sent++)
      receiver.initiator.machine.send(receiver.session, bytesOf('x'), receiver.initiator.nowMs)
    const verdicts = receiver.initiator.takeBytes().map((bytes) => receiver.responder.receive(bytes))
    expect(verdicts).toEqual(['deliver', 'deliver', 'deliver', 'drop:unknown-session'])
    // The last one has its answer.
    expect(receiver.responder.sent).toHaveLength(3)
    expect(receiver.responder.over.map(({ error }) => error?.code)).toEqual(['limit'])
  })

  test('a random source that repeats itself is not used', () => {
    const script = [idOf(1), secretOf(3), nonceOf(1), new Uint8Array(24).fill(1), new Uint8Array(48).fill(1)]
    const { initiator, session } = openPair({}, { random: script })
    const send = (): void => initiator.machine.send(session, bytesOf('x'), initiator.nowMs)
    send()
    send()
    initiator.take()
    expect(send).toThrow(/same nonces again/)
    expect(initiator.sent).toEqual([])
  })
})

describe('14: who talks to whom is in the clear', () => {
  test('but not what is said', () => {
    const { declaration, initiation, response, question, answer } = confirmedPair()
    for (const packet of [declaration, initiation, response, question, answer]) {
      expect(textOf(packet)).not.toContain(HELLO)
      expect(textOf(packet)).not.toContain(JACK)
    }
    // As long as what was said: this is known, and documented.
    expect(question.length - HELLO.length).toBe(45)
  })
})

describe('what a listener can do with what it has recorded, after the responder was restarted', () => {
  test('it makes as many sessions that nobody can use as it has initiations, and the peer itself is served', () => {
    const responder = new Party(server, { reply: JACK })
    responder.receive(declarationOf(client))
    const recorded = Array.from({ length: 30 }, (_, number) =>
      initiationOf(client, { id: idOf(100 + number), dst: server.publicKey, secret: secretOf(100 + number) }),
    )
    for (const initiation of recorded) {
      responder.receive(initiation)
      responder.wait(100)
    }
    expect(responder.machine.sessionCount).toBe(DEFAULT_LIMITS.halfOpenPerPeer)
    responder.wait(1000)
    responder.take()
    expect(responder.receive(initiationOf(client, { id: idOf(1), dst: server.publicKey }))).toBe('respond')
    const [response] = responder.takeBytes()
    if (response === undefined) throw new Error('there was no response')
    for (const initiation of recorded) responder.receive(initiation)
    expect(responder.machine.sessionCount).toBe(DEFAULT_LIMITS.halfOpenPerPeer)
    const key = keyOf(secretOf(3), response)
    expect(responder.receive(dataOf(key, idOf(1), nonceOf(0), bytesOf(HELLO)))).toBe('deliver')
  })

  test('a response replayed as a request comes to nothing', () => {
    const initiator = new Party(client)
    const responder = new Party(server)
    const { response } = openPair()
    initiator.receive(declarationOf(server))
    responder.receive(declarationOf(client))
    expect(initiator.receive(response)).toBe('respond')
    expect(initiator.takeBytes().map((bytes) => responder.receive(bytes))).toEqual(['respond'])
    expect(responder.takeBytes().map((bytes) => initiator.receive(bytes))).toEqual(['drop:session-id'])
    expect(initiator.sent).toEqual([])
  })
})
