import { createRandom } from '@mimirjs/transport/testing'
import { describe, expect, test } from 'vitest'
import type { Verdict } from '../../src/counters.js'
import { client, server, stranger } from './support/identity.js'
import { declarationOf, flipped, idOf, initiationOf } from './support/packets.js'
import { confirmedPair, HELLO, openPair } from './support/pair.js'
import { Party } from './support/party.js'

/** So that rates hide nothing. */
const limits = {
  signaturesPerSourcePerSecond: Number.POSITIVE_INFINITY,
  signaturesPerSourceBurst: Number.POSITIVE_INFINITY,
  signaturesPerSecond: Number.POSITIVE_INFINITY,
  repeatsPerSessionPerSecond: Number.POSITIVE_INFINITY,
}

interface Genuine {
  readonly party: Party
  readonly bytes: Uint8Array
  readonly verdict: Verdict
  /** What the same bytes are a second later. */
  readonly again: Verdict
}

/** One of each type, for a machine that takes it. */
const packets: [string, () => Genuine][] = [
  [
    'an address declaration',
    () => {
      const party = new Party(server, { limits })
      return { party, bytes: declarationOf(client), verdict: 'register', again: 'register' }
    },
  ],
  [
    'a session initiation',
    () => {
      const party = new Party(server, { limits })
      party.receive(declarationOf(client))
      const bytes = initiationOf(client, { id: idOf(1), dst: server.publicKey })
      return { party, bytes, verdict: 'respond', again: 'resend' }
    },
  ],
  [
    'a response',
    () => {
      const party = new Party(client, { limits })
      const { id } = party.connect(server.address)
      party.take()
      const bytes = initiationOf(server, { id, dst: client.publicKey })
      return { party, bytes, verdict: 'open', again: 'drop:duplicate' }
    },
  ],
  [
    'the first data of a session',
    () => {
      const { initiator, responder, session } = openPair({ limits })
      initiator.request(session, HELLO)
      const [bytes] = initiator.takeBytes()
      return { party: responder, bytes: bytes ?? new Uint8Array(0), verdict: 'deliver', again: 'repeat' }
    },
  ],
  [
    'data that were answered',
    () => {
      const { responder, question } = confirmedPair({ limits })
      return { party: responder, bytes: question, verdict: 'repeat', again: 'repeat' }
    },
  ],
]

describe.each(packets)('%s', (_, make) => {
  test('cut at every offset it is dropped without a trace', () => {
    const { party, bytes, verdict } = make()
    for (let end = 0; end < bytes.length; end++) {
      expect(party.receive(bytes.subarray(0, end)), `${end} bytes`).toMatch(/^drop:/)
      expect(party.sent).toEqual([])
    }
    expect(party.receive(bytes)).toBe(verdict)
  })

  test('with one bit changed, whichever it is, it is dropped without a trace', () => {
    const { party, bytes, verdict } = make()
    const { sessionCount, peerCount } = party.machine
    for (let at = 0; at < bytes.length; at++) {
      expect(party.receive(flipped(bytes, at, at % 8)), `byte ${at}`).toMatch(/^drop:/)
    }
    expect(party.sent).toEqual([])
    expect(party.machine).toMatchObject({ sessionCount, peerCount })
    expect(party.receive(bytes)).toBe(verdict)
  })

  test('changed at random, and longer, it is dropped or what it was', () => {
    const random = createRandom(7)
    const { party, bytes, verdict } = make()
    const { sessionCount, peerCount } = party.machine
    for (let round = 0; round < 300; round++) {
      const changed = Uint8Array.from([...bytes, ...random.bytes(random.integer(3))])
      for (let changes = 1 + random.integer(8); changes > 0; changes--)
        changed[random.integer(changed.length)] = random.integer(256)
      if (changed.length === bytes.length && changed.every((byte, at) => byte === bytes[at])) continue
      expect(party.receive(changed)).toMatch(/^drop:/)
    }
    expect(party.machine).toMatchObject({ sessionCount, peerCount })
    expect(party.receive(bytes)).toBe(verdict)
  })

  test('it is not changed by being read', () => {
    const { party, bytes } = make()
    const before = bytes.slice()
    party.receive(bytes)
    expect(bytes).toEqual(before)
  })

  test('what is kept of it is a copy', () => {
    const { party, bytes, again } = make()
    const copy = bytes.slice()
    party.receive(bytes)
    bytes.fill(0xee)
    party.wait(1000)
    expect(party.receive(copy)).toBe(again)
  })
})

test('a declared place is a copy', () => {
  const party = new Party(server)
  const declaration = declarationOf(client)
  party.receive(declaration)
  declaration.fill(0xee)
  party.receive(initiationOf(client, { id: idOf(1), dst: server.publicKey }))
  expect(party.sent.map(({ to }) => [...to.group])).toEqual([[...client.place.group]])
})

describe('bytes of nobody', () => {
  test('nothing is sent, nothing is kept', () => {
    const random = createRandom(3)
    const party = new Party(server)
    party.receive(declarationOf(stranger))
    for (let round = 0; round < 3000; round++) {
      const bytes = random.bytes(random.integer(200))
      if (bytes.length > 0) bytes[0] = random.integer(4)
      expect(party.receive(bytes)).toMatch(/^drop:/)
    }
    expect(party.sent).toEqual([])
    expect(party.machine.sessionCount).toBe(0)
    expect(party.machine.peerCount).toBe(1)
  })

  test('everything is counted', () => {
    const party = new Party(server)
    const verdicts = [new Uint8Array(0), Uint8Array.of(7), Uint8Array.of(0), declarationOf(client)].map((bytes) =>
      party.receive(bytes),
    )
    expect(verdicts).toEqual(['drop:empty', 'drop:type', 'drop:length', 'register'])
    const counted = Object.entries(party.machine.counters).filter(([, count]) => count > 0)
    expect(Object.fromEntries(counted)).toEqual({ 'drop:empty': 1, 'drop:type': 1, 'drop:length': 1, register: 1 })
  })
})
