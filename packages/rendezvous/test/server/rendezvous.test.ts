import { fromHex } from '@mimirjs/wire'
import { decodeB64u, encodeB64u, encodeLinkFrame } from '@mimirjs/wire/rendezvous'
import { describe, expect, test } from 'vitest'
import { DEFAULT_LIMITS } from '../../src/limits.js'
import { DEFAULT_SERVER_LIMITS } from '../../src/server/limits.js'
import { type Client, envelope, NAME, NOW_MS, person, proof, relay, serverWorld } from './support.js'

const ALICE = person(1)
const BOB = person(2)
const AUTH_ALICE = encodeLinkFrame({ type: 'auth', peer: ALICE.publicKey })
const error = (code: string): string => encodeLinkFrame({ type: 'error', code })

describe('login', () => {
  test('a key is challenged once, by the name and the time of the server, and let in for its signature', () => {
    const world = serverWorld()
    const client = world.connect()
    world.say(client, AUTH_ALICE)
    const nonce = new Uint8Array(32).fill(0x11)
    expect(client.taken()).toEqual([encodeLinkFrame({ type: 'prove-auth', nonce, name: NAME, ts: NOW_MS })])
    world.say(client, proof(ALICE, nonce, NAME))
    expect(client.taken()).toEqual([encodeLinkFrame({ type: 'authenticated', max: 32_768 })])
    expect(world.counters.logins).toBe(1)
    expect(world.hub.authenticatedSize).toBe(1)
  })

  test('a proof made for another server is refused: a challenge cannot be forwarded', () => {
    const world = serverWorld()
    const client = world.connect()
    world.say(client, AUTH_ALICE)
    world.say(client, proof(ALICE, new Uint8Array(32).fill(0x11), 'wss://other.example.org:18765'))
    expect(client.closedWith).toBe(4401)
    expect(world.counters.cut['not-authenticated']).toBe(1)
  })

  test.each([
    ['by another key', proof(BOB, new Uint8Array(32).fill(0x11), NAME)],
    ['of another nonce', proof(ALICE, new Uint8Array(32).fill(0x12), NAME)],
    ['of zeros', encodeLinkFrame({ type: 'auth-proof', cn: new Uint8Array(16), sig: new Uint8Array(64) })],
  ])('a proof %s is refused', (_name, text) => {
    const world = serverWorld()
    const client = world.connect()
    world.say(client, AUTH_ALICE)
    world.say(client, text)
    expect(client.closedWith).toBe(4401)
    expect(world.hub.authenticatedSize).toBe(0)
  })

  test('each of its names will do; it says the one that the client seems to have dialled, if any', () => {
    const names = ['wss://a.example', 'ws://127.0.0.1:18765']
    const world = serverWorld({ names })
    for (const name of names) world.logIn(ALICE, { name })
    const said = (host?: string): string | undefined => {
      const client = world.connect(host === undefined ? {} : { host })
      world.say(client, AUTH_ALICE)
      const frame = client.last
      return frame?.type === 'prove-auth' ? frame.name : 'no challenge'
    }
    expect(said('A.example')).toBe('wss://a.example')
    expect(said('127.0.0.1:18765')).toBe('ws://127.0.0.1:18765')
    expect(said('evil.example')).toBe(undefined)
    expect(said()).toBe(undefined)
  })

  test('keys that nobody can have are refused before anything is asked of them', () => {
    const keys = [
      new Uint8Array(32),
      fromHex(`01${'00'.repeat(31)}`),
      fromHex(`ed${'ff'.repeat(30)}7f`),
      // No point of the curve.
      fromHex(`02${'00'.repeat(31)}`),
    ]
    for (const peer of keys) {
      const world = serverWorld()
      const client = world.connect()
      world.say(client, encodeLinkFrame({ type: 'auth', peer }))
      expect([client.closedWith, client.frames]).toEqual([4400, []])
    }
  })

  test('a newer connection of a key takes its place, and the older one is told', () => {
    const world = serverWorld()
    const older = world.logIn(ALICE)
    const newer = world.logIn(ALICE)
    expect([older.taken(), older.closedWith]).toEqual([[error('replaced')], 4409])
    // The socket of the older one closes later: that must not take the place away.
    if (older.connection !== undefined) world.hub.gone(older.connection)
    world.say(world.logIn(BOB), relay(envelope({ from: BOB, to: ALICE.publicKey })))
    expect(newer.frames).toHaveLength(1)
    expect(world.hub.authenticatedSize).toBe(2)
  })
})

describe('frames out of order', () => {
  const KNOCK = relay(envelope({ from: ALICE, to: BOB.publicKey }))
  const PROOF = proof(ALICE, new Uint8Array(32).fill(0x11), NAME)
  test.each([
    ['relaying at once', [KNOCK], 4401],
    ['relaying while challenged', [AUTH_ALICE, KNOCK], 4401],
    ['a proof of nothing', [PROOF], 4400],
    ['auth twice', [AUTH_ALICE, AUTH_ALICE], 4400],
    ['auth once more after the login', [AUTH_ALICE, PROOF, AUTH_ALICE], 4400],
    ['a proof once more', [AUTH_ALICE, PROOF, PROOF], 4400],
    ['a proof without members', ['{"type":"auth-proof"}'], 4400],
    ['null', ['null'], 4400],
    ['no JSON', ['{'], 4400],
    ['an array', ['[]'], 4400],
    ['no type', ['{}'], 4400],
    ['another version', ['{"type":"auth","v":2,"peer":"iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w"}'], 4400],
    ['a key that is none', ['{"type":"auth","v":1,"peer":"x"}'], 4400],
    ['an envelope that is no base64url', [AUTH_ALICE, PROOF, '{"type":"relay-msg","e":"!"}'], 4400],
    ['what only a server says', ['{"type":"authenticated"}'], 4400],
    ['a ping without number', ['{"type":"ping"}'], 4400],
  ])('%s: closed', (_name, frames, code) => {
    const world = serverWorld()
    const client = world.connect()
    for (const text of frames.slice(0, -1)) world.say(client, text)
    expect(client.closedWith).toBe(undefined)
    world.say(client, frames.at(-1) ?? '')
    expect(client.closedWith).toBe(code)
    world.say(client, AUTH_ALICE)
    expect(world.counters.frames).toBe(frames.length)
  })

  test('unknown types are ignored, but not for ever', () => {
    const world = serverWorld()
    const client = world.connect()
    for (let count = 0; count < 20; count++) world.say(client, '{"type":"something-new"}')
    expect([client.closedWith, client.frames]).toEqual([undefined, []])
    world.say(client, '{"type":"something-new"}')
    expect(client.closedWith).toBe(4400)
  })

  test('a ping is answered in every state, a pong never', () => {
    const world = serverWorld()
    const client = world.connect()
    world.say(client, '{"type":"ping","n":3}')
    world.say(client, '{"type":"pong","n":9}')
    expect(client.frames).toEqual(['{"type":"pong","n":3}'])
  })
})

describe('relaying', () => {
  test('an envelope is handed on unchanged, to its recipient alone; nothing is said of who is not there', () => {
    const world = serverWorld()
    const [alice, bob, carol] = [world.logIn(ALICE), world.logIn(BOB), world.logIn(person(3))]
    const e = envelope({ from: ALICE, to: BOB.publicKey, bodyBytes: 16_384 })
    world.say(alice, relay(e))
    world.say(alice, relay(envelope({ from: ALICE, to: person(4).publicKey })))
    expect(bob.frames).toEqual([encodeLinkFrame({ type: 'relayed-msg', e })])
    expect([alice.frames, carol.frames]).toEqual([[], []])
    expect(world.counters.envelopes).toMatchObject({ relayed: 1, absent: 1 })
  })

  test('only what comes from the key that logged in', () => {
    const world = serverWorld()
    const [alice, bob] = [world.logIn(ALICE), world.logIn(BOB)]
    world.say(alice, relay(envelope({ from: person(3), to: BOB.publicKey })))
    expect([alice.frames, bob.frames]).toEqual([[error('from')], []])
  })

  test('what has expired, or lives too long, to the millisecond', () => {
    const world = serverWorld()
    const [alice, bob] = [world.logIn(ALICE), world.logIn(BOB)]
    const says = (expMs: number): unknown => {
      world.say(alice, relay(envelope({ from: ALICE, to: BOB.publicKey, expMs })))
      return [alice.taken(), bob.taken().length]
    }
    expect(says(NOW_MS - 60_000)).toEqual([[error('expired')], 0])
    expect(says(NOW_MS - 59_999)).toEqual([[], 1])
    expect(says(NOW_MS + 180_000)).toEqual([[], 1])
    expect(says(NOW_MS + 180_001)).toEqual([[error('expired')], 0])
    expect(world.counters.envelopes).toMatchObject({ relayed: 2, expired: 2 })
  })

  test('what is no envelope: every header that a receiver would drop', () => {
    const world = serverWorld()
    const [alice, bob] = [world.logIn(ALICE), world.logIn(BOB)]
    const good = decodeB64u(envelope({ from: ALICE, to: BOB.publicKey }))
    const bad = [
      [0, 2],
      [1, 0],
      [1, 8],
      [2, 1],
      [3, 1],
      [105, 1],
    ].map(([at = 0, value = 0]) => Uint8Array.from(good, (byte, index) => (index === at ? value : byte)))
    const toSelf = good.slice()
    toSelf.set(ALICE.publicKey, 36)
    for (const bytes of [...bad, toSelf]) {
      world.say(alice, relay(encodeB64u(bytes)))
      expect(alice.taken()).toEqual([error('envelope')])
    }
    expect(bob.frames).toEqual([])
  })

  test('ten a second after a burst of forty, whatever connection they come over; who goes on is cut', () => {
    const world = serverWorld()
    const bob = world.logIn(BOB)
    const e = relay(envelope({ from: ALICE, to: BOB.publicKey }))
    const alice = world.logIn(ALICE)
    for (let count = 0; count < 45; count++) world.say(alice, e)
    expect(bob.taken()).toHaveLength(40)
    expect(alice.taken()).toEqual(Array.from({ length: 5 }, () => error('rate')))
    const again = world.logIn(ALICE)
    world.say(again, e)
    expect(again.taken()).toEqual([error('rate')])
    world.nowMs += 1_000
    for (let count = 0; count < 111; count++) world.say(again, e)
    expect(bob.taken()).toHaveLength(10)
    expect(again.closedWith).toBe(4429)
    expect(world.counters.envelopes.rate).toBe(5 + 1 + 101)
  })

  test('a reader that does not read gets nothing more, and the sender does not learn it', () => {
    const world = serverWorld({ limits: { queueBytes: 1_000 } })
    const [alice, bob] = [world.logIn(ALICE), world.logIn(BOB)]
    const e = envelope({ from: ALICE, to: BOB.publicKey })
    const fitsBytes = 1_000 - encodeLinkFrame({ type: 'relayed-msg', e }).length
    bob.bufferedBytes = fitsBytes + 1
    world.say(alice, relay(e))
    expect([alice.frames, bob.frames, world.counters.envelopes.slow]).toEqual([[], [], 1])
    bob.bufferedBytes = fitsBytes
    world.say(alice, relay(e))
    expect(bob.frames).toHaveLength(1)
  })

  test('one recipient gets so many, from however many keys and addresses, and no sender learns it', () => {
    const world = serverWorld({ limits: { envelopesPerRecipientPerSecond: 5, envelopesPerRecipientBurst: 20 } })
    const [bob, carol] = [world.logIn(BOB), world.logIn(person(3))]
    const strangers = [4, 5, 6, 7].map((number) => {
      const from = person(number)
      return { from, client: world.logIn(from, { source: `192.0.2.${number}` }) }
    })
    const flood = (): void => {
      for (const { from, client } of strangers)
        for (let count = 0; count < 10; count++) world.say(client, relay(envelope({ from, to: BOB.publicKey })))
    }
    flood()
    expect(bob.taken()).toHaveLength(20)
    expect(world.counters.envelopes).toMatchObject({ relayed: 20, crowded: 20 })
    world.nowMs += 1_000
    flood()
    expect(bob.taken()).toHaveLength(5)
    expect(strangers.flatMap(({ client }) => client.frames)).toEqual([])
    expect([bob.closedWith, ...strangers.map(({ client }) => client.closedWith)]).toEqual(Array.from({ length: 5 }))
    for (const { from, client } of strangers) world.say(client, relay(envelope({ from, to: person(3).publicKey })))
    expect(carol.frames).toHaveLength(4)
  })

  test('one address sends so many, whatever keys come and go; keys above their own rate take nothing of it', () => {
    const limits = { envelopesPerAddressPerSecond: 5, envelopesPerAddressBurst: 100 }
    const world = serverWorld({ limits: { ...limits, refusals: 1_000 } })
    const bob = world.logIn(BOB, { source: '192.0.2.2' })
    const burst = (number: number, count: number): Client => {
      const from = person(number)
      const client = world.logIn(from)
      for (let sent = 0; sent < count; sent++) world.say(client, relay(envelope({ from, to: BOB.publicKey })))
      return client
    }
    burst(3, 500)
    burst(4, 40)
    expect(bob.taken()).toHaveLength(80)
    expect(burst(5, 40).taken()).toEqual(Array.from({ length: 20 }, () => error('rate')))
    expect(bob.taken()).toHaveLength(20)
    world.nowMs += 1_000
    burst(6, 40)
    expect(bob.taken()).toHaveLength(5)
    const elsewhere = world.logIn(person(7), { source: '192.0.2.7' })
    world.say(elsewhere, relay(envelope({ from: person(7), to: BOB.publicKey })))
    expect(bob.frames).toHaveLength(1)
  })

  test('nobody is ended for what others of his address send', () => {
    const world = serverWorld({
      limits: { envelopesPerAddressPerSecond: 1, envelopesPerAddressBurst: 1, refusals: 10 },
    })
    const from = person(3)
    const client = world.logIn(from)
    for (let sent = 0; sent < 40; sent++) world.say(client, relay(envelope({ from, to: BOB.publicKey })))
    expect(client.taken()).toHaveLength(39)
    expect(client.closedWith).toBeUndefined()
  })

  test('by default no address uses up what a recipient gets, and no recipient gets what it would leave us for', () => {
    const server = DEFAULT_SERVER_LIMITS
    expect(2 * server.envelopesPerAddressPerSecond).toBeLessThanOrEqual(server.envelopesPerRecipientPerSecond)
    expect(2 * server.envelopesPerAddressBurst).toBeLessThanOrEqual(server.envelopesPerRecipientBurst)
    expect(2 * server.envelopesPerRecipientPerSecond).toBeLessThanOrEqual(DEFAULT_LIMITS.serverFramesPerSecond)
    expect(2 * server.envelopesPerRecipientBurst).toBeLessThanOrEqual(DEFAULT_LIMITS.serverFramesBurst)
  })
})
