import type { RsaPrivateKey } from '@mimirjs/crypto/rsa'
import { createRandom } from '@mimirjs/transport/testing'
import { decodeLegacyFrame, encodeLegacyFrame } from '@mimirjs/wire/rendezvous'
import { describe, expect, test } from 'vitest'
import { Counters } from '../../src/server/counters.js'
import { Hub } from '../../src/server/hub.js'
import { createLegacyProfile } from '../../src/server/legacy/index.js'
import { DEFAULT_SERVER_LIMITS, type RendezvousServerLimits } from '../../src/server/limits.js'
import type { ServerClient, ServerSession } from '../../src/server/profile.js'
import type { RelayOutcome } from '../../src/server/types.js'
import { Client } from '../server/support.js'
import { alice, bob, old, pemOf, relayed, vectors } from './support/accounts.js'

interface Case {
  readonly name: string
  readonly frames: readonly string[]
}

/** A client's end of a connection to the server role alone. */
class Line implements ServerClient {
  readonly host = undefined
  /** What becomes of messages to it. */
  outcome: RelayOutcome = 'relayed'
  /** Whether its address is within its rate. */
  isInRate = true
  readonly got: string[] = []
  readonly session: ServerSession
  pings = 0
  isAuthenticated = false
  closed: number | undefined
  nowMs = 0

  constructor(hall: Hall) {
    this.session = hall.profile.open(this, 0)
  }

  send(text: string): void {
    this.got.push(text)
  }

  mayRelay(): boolean {
    return this.isInRate
  }

  relay(text: string): RelayOutcome {
    if (this.outcome === 'relayed') this.send(text)
    return this.outcome
  }

  ping(): void {
    this.pings++
  }

  close(code: number): void {
    if (this.closed !== undefined) return
    this.closed = code
    this.session.closed()
  }

  challenged(): void {}

  authenticated(): void {
    this.isAuthenticated = true
  }

  say(text: string): this {
    if (this.closed === undefined) this.session.received(text, this.nowMs)
    return this
  }

  /** As an honest client does. @param publicPem - for another spelling of the key */
  logIn(key: RsaPrivateKey, publicPem: string = pemOf(key)): this {
    this.say(encodeLegacyFrame({ type: 'auth', publicPem }))
    return this.say(encodeLegacyFrame({ type: 'auth-proof', decrypted: this.open(key) }))
  }

  /** The newest challenge, decrypted. */
  open(key: RsaPrivateKey): string {
    const frame = decodeLegacyFrame(this.got.at(-1) ?? '')
    if (frame.type !== 'prove-auth') throw new Error(`expected a challenge, got ${frame.type}`)
    return new TextDecoder().decode(key.decrypt(frame.encrypted))
  }
}

class Hall {
  readonly outcomes: string[] = []
  readonly profile

  constructor(limits: Partial<RendezvousServerLimits> = {}) {
    const random = createRandom(7)
    this.profile = createLegacyProfile({
      limits: { ...DEFAULT_SERVER_LIMITS, ...limits },
      randomBytes: (sizeBytes) => random.bytes(sizeBytes),
      relayed: (outcome) => this.outcomes.push(outcome),
    })
  }

  connect(): Line {
    return new Line(this)
  }

  member(key: RsaPrivateKey): Line {
    const line = this.connect().logIn(key)
    expect(line.isAuthenticated).toBe(true)
    line.got.length = 0
    return line
  }
}

const message = (more: object = {}) => ({
  type: 'signal',
  signal: { any: 1 },
  from: pemOf(alice),
  to: pemOf(bob),
  ...more,
})

describe('login', () => {
  test.each([
    ['in the normal form', pemOf(alice)],
    ['on one line', pemOf(alice).replaceAll('\r\n', '')],
  ])('with a key %s', (_, publicPem) => {
    const line = new Hall().connect()
    line.say(encodeLegacyFrame({ type: 'auth', publicPem }))
    expect(line.isAuthenticated).toBe(false)
    expect(line.open(alice)).toMatch(/^----PROOF----[0-9a-f]{32}$/)
    line.say(encodeLegacyFrame({ type: 'auth-proof', decrypted: line.open(alice) }))
    expect(line.isAuthenticated).toBe(true)
    expect(line.got.slice(1)).toEqual(['{"type":"authenticated"}'])
  })

  test('has ten seconds in all, which a challenge does not make more', () => {
    const { profile } = new Hall()
    const hub = new Hub(DEFAULT_SERVER_LIMITS, new Counters(), () => {})
    const client = new Client()
    const connection = hub.connect(client, { source: '192.0.2.1', host: undefined, profile }, 0)
    const auth = encodeLegacyFrame({ type: 'auth', publicPem: pemOf(alice) })
    connection.received(auth, auth.length, 9_000)
    hub.tick(9_999)
    expect([client.frames.length, client.closedWith]).toEqual([1, undefined])
    hub.tick(10_000)
    expect(client.closedWith).toBe(4408)
  })

  test('every challenge is another one, and good for one answer', () => {
    const hall = new Hall()
    const [first, second] = [hall.connect(), hall.connect()]
    for (const line of [first, second]) line.say(encodeLegacyFrame({ type: 'auth', publicPem: pemOf(alice) }))
    const answer = encodeLegacyFrame({ type: 'auth-proof', decrypted: first.open(alice) })
    expect(second.say(answer).closed).toBe(4401)
    expect(first.say(answer).isAuthenticated).toBe(true)
    expect(first.say(answer).closed).toBe(4400)
  })

  test.each(vectors<Case[]>('sequences/rendezvous-legacy-server.json'))(
    '$name: closed, and the others go on',
    ({ frames }) => {
      const hall = new Hall()
      const [sender, recipient, line] = [hall.member(alice), hall.member(bob), hall.connect()]
      for (const frame of frames) line.say(frame)
      expect(line.closed).toBeGreaterThanOrEqual(4400)
      expect(line.isAuthenticated).toBe(false)
      sender.say(relayed(alice, message()))
      expect(recipient.got).toHaveLength(1)
    },
  )

  test('keys that are refused are none', () => {
    for (const publicPem of ['', 'x', pemOf(alice).slice(0, 200), alice.exportPem()])
      expect(new Hall().connect().say(encodeLegacyFrame({ type: 'auth', publicPem })).closed).toBe(4400)
  })

  test('who logs in again ends the older connection, and gets what is relayed', () => {
    const hall = new Hall()
    const [sender, older] = [hall.member(alice), hall.member(bob)]
    const newer = hall.member(bob)
    expect([older.closed, newer.closed]).toEqual([4409, undefined])
    sender.say(relayed(alice, message()))
    expect([older.got.length, newer.got.length]).toEqual([0, 1])
  })

  test('a connection that is over is forgotten', () => {
    const hall = new Hall()
    const [sender, recipient] = [hall.member(alice), hall.member(bob)]
    recipient.close(1000)
    sender.say(relayed(alice, message()))
    expect(hall.outcomes).toEqual(['absent'])
    expect(sender.got).toEqual([])
  })
})

describe('relaying', () => {
  test('the text and its signature go on as they came', () => {
    const hall = new Hall()
    const [sender, recipient] = [hall.member(alice), hall.member(bob)]
    const text = relayed(alice, message({ b: 1, a: '\u2028é' }))
    sender.say(text)
    const [got] = recipient.got.map(decodeLegacyFrame)
    expect(got).toEqual({ ...decodeLegacyFrame(text), type: 'relayed-msg' })
    expect(recipient.got[0]).toMatch(/^\{"type":"relayed-msg","signature":/)
  })

  test('nobody speaks for another', () => {
    const hall = new Hall()
    const [sender, recipient] = [hall.member(old), hall.member(bob)]
    sender.say(relayed(alice, message()))
    expect(hall.outcomes).toEqual(['from'])
    expect(recipient.got).toEqual([])
    expect(sender.closed).toBeUndefined()
  })

  test.each([
    ['no people', { type: 'signal' }],
    ['no type', { from: 'x', to: 'y' }],
    ['people that are no texts', { type: 'signal', from: 7, to: {} }],
    ['what grows when it is printed', message({ numbers: 'X' })],
  ])('a message with %s goes nowhere', (_, content) => {
    const hall = new Hall()
    const sender = hall.member(alice)
    hall.member(bob)
    // Numbers such as 1e20 have more digits when they are printed: here more than a frame holds.
    const numbers = Array.from({ length: 5_000 }, () => '1e20').join()
    sender.say(`{"type":"relay-msg","msg":${JSON.stringify(content).replace('"X"', `[${numbers}]`)},"signature":""}`)
    expect(hall.outcomes).toEqual(['envelope'])
    expect(sender.closed).toBeUndefined()
  })

  test('whoever sends without end is slowed, then ended', () => {
    const hall = new Hall({ refusals: 10 })
    const [sender, recipient] = [hall.member(alice), hall.member(bob)]
    for (let count = 0; count < 200; count++) sender.say(relayed(alice, message({ count })))
    expect(recipient.got).toHaveLength(40)
    expect(hall.outcomes.filter((outcome) => outcome === 'rate')).toHaveLength(11)
    expect(sender.closed).toBe(4429)
  })

  test.each(['slow', 'crowded'] as const)('of a recipient that is %s the sender learns nothing', (outcome) => {
    const hall = new Hall()
    const [sender, recipient] = [hall.member(alice), hall.member(bob)]
    recipient.outcome = outcome
    sender.say(relayed(alice, message()))
    expect([hall.outcomes, recipient.got, sender.got]).toEqual([[outcome], [], []])
  })

  test('from an address above its rate nothing is taken, and nobody there is ended for it', () => {
    const hall = new Hall({ refusals: 1 })
    const [sender, recipient] = [hall.member(alice), hall.member(bob)]
    sender.isInRate = false
    for (let count = 0; count < 2; count++) sender.say(relayed(alice, message({ count })))
    expect([hall.outcomes, recipient.got, sender.closed]).toEqual([['rate', 'rate'], [], undefined])
  })

  test('the first dialect has one wrapper for both ways; whoever never spoke gets that of the sender', () => {
    const hall = new Hall()
    const [first, second] = [hall.member(alice), hall.member(bob)]
    const back = { type: 'connect-from', to: pemOf(alice), desc: {}, from: pemOf(bob) }
    first.say(relayed(alice, message(), 'peer-msg'))
    expect(second.got.map((text) => decodeLegacyFrame(text).type)).toEqual(['peer-msg'])
    second.say(relayed(bob, back))
    expect(first.got.map((text) => decodeLegacyFrame(text).type)).toEqual(['peer-msg'])
    first.say(relayed(alice, message({ again: 1 }), 'peer-msg'))
    expect(second.got.map((text) => decodeLegacyFrame(text).type)).toEqual(['peer-msg', 'relayed-msg'])
  })

  test('unknown frames are passed over, but not without end', () => {
    const line = new Hall().member(alice)
    for (let count = 0; count < 20; count++) line.say('{"type":"presence"}')
    expect(line.closed).toBeUndefined()
    expect(line.say('{"type":"presence"}').closed).toBe(4400)
  })

  test('silence is broken by a ping of the WebSocket', () => {
    const line = new Hall().member(alice)
    line.session.ask(0)
    expect(line.pings).toBe(1)
  })
})
