// One person, or one server, that sends without end: what is held stays as small as it was.
import { decodeLegacyFrame, encodeLegacyMessage } from '@mimirjs/wire/rendezvous'
import { expect, test } from 'vitest'
import { DEFAULT_LEGACY_LIMITS, type LegacyLimits } from '../../src/legacy/limits.js'
import { LegacyMachine } from '../../src/legacy/machine/machine.js'
import type { LegacyHost } from '../../src/legacy/types.js'
import { alice, bob, old, pemOf, relayed } from './support/accounts.js'

/** A host that only notes what it was told. */
function quietHost(open: Set<number>, policy: 'accept' | 'ask'): LegacyHost {
  return {
    openServer() {},
    closeServer() {},
    sendText() {},
    serverChanged() {},
    decrypt() {},
    sign() {},
    makeOffer: (connection) => void open.add(connection),
    makeAnswer: (connection) => void open.add(connection),
    applyAnswer() {},
    closeConnection: (connection) => void open.delete(connection),
    policy: () => policy,
    incoming() {},
    missed() {},
    opened() {},
    closed() {},
    chat() {},
    shared() {},
  }
}

/** A machine with one server that it has logged in at. */
function loggedIn(
  policy: 'accept' | 'ask',
  limits: Partial<LegacyLimits> = {},
): {
  machine: LegacyMachine
  open: Set<number>
  receive(text: string, nowMs: number): void
} {
  const open = new Set<number>()
  const machine = new LegacyMachine({
    ownPem: pemOf(alice),
    limits: { ...DEFAULT_LEGACY_LIMITS, ...limits },
    host: quietHost(open, policy),
    random: () => 0.5,
  })
  const server = machine.addServer('ws://x', 0)
  machine.serverOpened(server, 0)
  machine.serverText(server, '{"type":"prove-auth","encrypted":"x"}', 0)
  machine.decrypted(server, new TextEncoder().encode('----PROOF----00112233445566778899aabbccddeeff'), 0)
  machine.serverText(server, '{"type":"authenticated"}', 0)
  expect(machine.hasReadyServer).toBe(true)
  return { machine, open, receive: (text, nowMs) => machine.serverText(server, text, nowMs) }
}

function offer(key: typeof alice, number: number): string {
  const fingerprint = Array.from({ length: 32 }, () => 'AB').join(':')
  const media = 'm=application 9 UDP/DTLS/SCTP webrtc-datachannel'
  const sdp = ['v=0', `s=${number}`, media, `a=fingerprint:sha-256 ${fingerprint}`, 'a=setup:actpass', ''].join('\r\n')
  const description = { type: 'offer', sdp } as const
  const [from, to] = [pemOf(key), pemOf(alice)]
  const text = encodeLegacyMessage({ type: 'signal', from, to, description, candidates: [{ candidate: 'x' }] })
  return relayed(key, JSON.parse(text) as object, 'relayed-msg')
}

test('one person who offers without end has one connection, and a few a minute', () => {
  const { machine, open, receive } = loggedIn('accept')
  let most = 0
  let made = 0
  for (let number = 0; number < 600; number++) {
    const before = new Set(open)
    receive(offer(old, number), 100 * number)
    machine.tick(100 * number)
    most = Math.max(most, open.size)
    made += [...open].filter((connection) => !before.has(connection)).length
  }
  expect(most).toBe(1)
  expect(made).toBeLessThan(30)
  expect(machine.sizes).toMatchObject({ peers: 1, connections: 1 })
  machine.tick(1_000_000)
  expect(machine.sizes).toMatchObject({ peers: 0, connections: 0 })
  expect(open.size).toBe(0)
})

test('what is remembered has an end', () => {
  const { machine, receive } = loggedIn('ask', { seen: 10, prompts: 1, messagesBurst: 1000 })
  for (let number = 0; number < 40; number++) receive(offer(old, number), number)
  receive(offer(bob, 0), 50)
  expect(machine.sizes).toEqual({ peers: 0, connections: 0, seen: 10, prompts: 1 })
  expect(machine.counters.policy).toBe(1)
})

test('what is not signed as it says leaves no trace', () => {
  const { machine, receive } = loggedIn('ask')
  for (let number = 0; number < 20; number++)
    receive(offer(old, number).replace('"signature":"', '"signature":"x'), number)
  expect(machine.counters.signature).toBe(20)
  expect(machine.sizes).toEqual({ peers: 0, connections: 0, seen: 0, prompts: 0 })
})

test('a server that relays without end is not listened to for long', () => {
  const { machine, receive } = loggedIn('accept')
  const text = offer(old, 1)
  for (let number = 0; number < 10_000; number++) receive(text, 1)
  expect(machine.counters).toMatchObject({ accepted: 1, repeat: 99, rate: 9900 })
})

test('more people than there is room for are turned away, and again let in later', () => {
  const { machine, receive } = loggedIn('accept', { people: 1 })
  receive(offer(old, 1), 1)
  receive(offer(bob, 1), 2)
  expect(machine.counters).toMatchObject({ accepted: 1, limit: 1 })
  expect(() => machine.connect(pemOf(bob), 3)).toThrow(expect.objectContaining({ code: 'limit' }))
  machine.tick(100_000)
  receive(offer(bob, 2), 100_001)
  expect(machine.counters).toMatchObject({ accepted: 2, limit: 1 })
})

test('frames cut off anywhere are no frames, and cost a server its place', () => {
  const text = offer(old, 1)
  for (let length = 0; length < text.length; length += 13) {
    expect(() => decodeLegacyFrame(text.slice(0, length))).toThrow(expect.objectContaining({ name: 'WireError' }))
  }
  const { machine, receive } = loggedIn('accept')
  for (let length = 0; length < 21; length++) receive(text.slice(0, length), 1)
  expect(machine.servers).toMatchObject([{ state: 'left', reason: 'malformed' }])
})
