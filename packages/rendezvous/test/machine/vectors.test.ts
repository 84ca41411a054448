import { fromHex, toHex } from '@mimirjs/wire'
import { decodeB64u, decodeEnvelope, decodeLinkFrame, encodeB64u, encodeLinkFrame } from '@mimirjs/wire/rendezvous'
import { describe, expect, test } from 'vitest'
import { DEFAULT_LIMITS } from '../../src/limits.js'
import { isSmallerKey } from '../../src/machine/keys.js'
import { Receiver } from '../../src/machine/receiver.js'
import { ReplayTable } from '../../src/machine/replay.js'
import { a, b } from './support/identity.js'
import { Party } from './support/party.js'
import { FakeServer } from './support/server.js'
import { vectors } from './support/vectors.js'
import { World } from './support/world.js'

interface Sequence {
  readonly name: string
  readonly receiver: string
  readonly steps: readonly {
    readonly note?: string
    readonly atMs: number
    readonly hex: string
    readonly verdict: string
  }[]
}

/** When the clock of the machine began to count: dates are not judged by it. */
const BEGAN_MS = 1_690_000_000_000

describe('envelopes are judged as the vectors say, in their order', () => {
  test.each(vectors<Sequence>('sequences/rendezvous-receive.json'))('$name', ({ receiver, steps }) => {
    const one = new Receiver({
      publicKey: fromHex(receiver),
      replays: new ReplayTable(DEFAULT_LIMITS, () => false),
      wallMs: (timeMs) => timeMs + BEGAN_MS,
      policy: () => 'ask',
      onContactHeard: () => {},
    })
    for (const { note, atMs, hex, verdict } of steps) {
      const result = one.receive(fromHex(hex), atMs - BEGAN_MS, () => true)
      expect(typeof result === 'string' ? result : 'ok', note).toBe(verdict)
    }
  })
})

describe('who makes the offer', () => {
  test.each(vectors<{ name: string; a: string; b: string; offerer: string }>('sequences/rendezvous-glare.json'))(
    '$name',
    ({ a: one, b: other, offerer }) => {
      expect(isSmallerKey(fromHex(one), fromHex(other)) ? one : other).toBe(offerer)
      expect(isSmallerKey(fromHex(other), fromHex(one)) ? other : one).toBe(offerer)
    },
  )
})

interface GlareExchange {
  readonly name: string
  readonly knockOfA: string
  readonly knockOfB: string
  readonly welcome: string
  readonly sid: string
}

/** When the parties of the vectors started, and when they knock. */
const EPOCH_MS = 1_699_999_995_000
const NOW_MS = 1_700_000_000_000

function start(signer: typeof a, name: string, sid: string): { party: Party; server: FakeServer; world: World } {
  const world = new World()
  world.nowMs = EPOCH_MS
  const server = new FakeServer(world, 'wss://rdv.example.org:18765')
  server.relay = () => {}
  const party = new Party(world, signer, {
    name,
    random: [new Uint8Array(16), fromHex(sid)],
    policy: () => 'ask',
  }).join(server)
  world.settle()
  world.nowMs = NOW_MS
  return { party, server, world }
}

describe('both knock at once', () => {
  const [exchange] = vectors<GlareExchange>('sequences/rendezvous-glare-exchange.json')
  if (exchange === undefined) throw new Error('the vector is missing')

  test('the larger key answers with the very bytes of the vector, and its user is not asked', () => {
    const { party, server, world } = start(a, 'Alice', 'a1'.repeat(16))
    const attempt = party.connect(b)
    world.settle()
    expect(server.seen.map((e) => toHex(decodeB64u(e)))).toContain(exchange.knockOfA)
    server.deliver(party, encodeB64u(fromHex(exchange.knockOfB)))
    world.settle()
    expect(toHex(decodeB64u(server.seen.at(-1) ?? ''))).toBe(exchange.welcome)
    expect(toHex(attempt.sid)).toBe(exchange.sid)
    expect(attempt).toMatchObject({ role: 'answerer', state: 'waiting' })
    expect(party.knocked).toEqual([])
  })

  test('the smaller key ignores the knock, and offers when its own is answered', () => {
    const { party, server, world } = start(b, 'Bob', exchange.sid)
    const attempt = party.connect(a)
    world.settle()
    expect(toHex(decodeB64u(server.seen.at(-1) ?? ''))).toBe(exchange.knockOfB)
    server.deliver(party, encodeB64u(fromHex(exchange.knockOfA)))
    expect(party.machine.counters.state).toBe(1)
    expect(attempt).toMatchObject({ role: 'offerer', state: 'knocking' })
    server.deliver(party, encodeB64u(fromHex(exchange.welcome)))
    world.settle()
    expect(attempt).toMatchObject({ role: 'offerer', state: 'offering' })
    expect(decodeEnvelope(decodeB64u(server.seen.at(-1) ?? '')).kind).toBe(3)
  })
})

interface ServerSequence {
  readonly name: string
  readonly serverName: string
  readonly nowMs: number
  readonly steps: readonly {
    readonly connection: number
    readonly in: string
    readonly out: readonly { readonly connection: number; readonly frame?: string }[]
  }[]
}

test("the client's side of the server sequence: it says what the vector says to what the server says", () => {
  const [sequence] = vectors<ServerSequence>('sequences/rendezvous-server.json')
  const proofs = vectors<{ cn: string; publicKey: string; isValid: boolean }>('crypto/rendezvous-auth-proofs.json')
  if (sequence === undefined) throw new Error('the vector is missing')
  let logins = 0
  for (const signer of [a, b]) {
    const world = new World()
    const cn = proofs.find(({ publicKey, isValid }) => isValid && publicKey === toHex(signer.publicKey))?.cn ?? ''
    world.nowMs = sequence.nowMs
    const party = new Party(world, signer, { random: [fromHex(cn)] })
    party.machine.addServer(`${sequence.serverName}/`, world.nowMs)
    party.machine.socketOpened(1, 'rendezvous.1', world.nowMs)
    const auth = encodeLinkFrame({ type: 'auth', peer: signer.publicKey })
    const at = sequence.steps.findIndex((step) => step.in === auth)
    const { connection } = sequence.steps[at] ?? { connection: 0 }
    expect(party.sent.map(({ text }) => text)).toEqual([auth])
    for (const step of sequence.steps.slice(at)) {
      if (step.connection === connection && decodeLinkFrame(step.in).type === 'auth-proof') {
        expect(party.sent.at(-1)?.text).toBe(step.in)
        logins += 1
      }
      for (const { connection: to, frame } of step.out)
        if (to === connection && frame !== undefined) party.machine.socketText(1, frame, world.nowMs)
    }
    expect(party.machine.servers()).toMatchObject([{ state: 'ready', clockOffsetMs: 0 }])
    expect(party.closedSockets).toEqual([])
  }
  expect(logins).toBe(2)
})
