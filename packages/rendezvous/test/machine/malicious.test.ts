import { fromHex } from '@mimirjs/wire'
import { decodeB64u, decodeEnvelope, EnvelopeKind, encodeB64u } from '@mimirjs/wire/rendezvous'
import { describe, expect, test } from 'vitest'
import { envelopeOf } from './support/envelopes.js'
import { a, b, c } from './support/identity.js'
import { linked, type Pair, pair, party } from './support/scene.js'
import { fpOf, sdpOf } from './support/sdp.js'
import { broken, type FakeServer } from './support/server.js'

type Relay = NonNullable<FakeServer['relay']>

/** What bad servers do with what they are given to relay. */
const BAD: Readonly<Record<string, (all: Pair) => Relay>> = {
  'drops everything': () => () => {},
  'delivers everything three times': () => (e, deliver) => {
    for (let copy = 0; copy < 3; copy++) deliver(e)
  },
  'delivers a broken copy first': () => (e, deliver) => {
    deliver(broken(e))
    deliver(e)
  },
  'delivers broken copies only': () => (e, deliver) => deliver(broken(e)),
  'delivers everything that it ever saw, each time': () => {
    const seen: string[] = []
    return (e, deliver) => {
      seen.push(e)
      for (const old of seen) deliver(old)
      for (const old of [...seen].reverse()) deliver(old)
    }
  },
  'delivers late, in another order': ({ world }) => {
    const held: string[] = []
    return (e, deliver) => {
      held.unshift(e)
      if (held.length % 3 === 0) world.later(() => held.splice(0).forEach(deliver))
    }
  },
  'puts its own certificate into descriptions': () => (e, deliver) => {
    const text = new TextDecoder('latin1').decode(decodeB64u(e))
    const swapped = text
      .replace(/"fp":"[0-9a-f]{64}"/, `"fp":"${'66'.repeat(32)}"`)
      .replace(/sha-256 [0-9A-F:]{95}/, `sha-256 ${Array(32).fill('66').join(':')}`)
    deliver(encodeB64u(Uint8Array.from(swapped, (character) => character.charCodeAt(0))))
  },
  'says that everything is from itself': () => (e, deliver) => {
    const bytes = decodeB64u(e)
    bytes.set(c.publicKey, 4)
    deliver(encodeB64u(bytes))
  },
  'sends everything back':
    ({ alice, bob }) =>
    (e, deliver) => {
      const from = decodeEnvelope(decodeB64u(e)).from
      const sender = [alice, bob].find(({ publicKey }) => publicKey.every((byte, at) => byte === from[at]))
      if (sender === undefined) throw new Error('from nobody')
      for (const server of sender.servers.values()) if (server.seen.includes(e)) server.deliver(sender, e)
      deliver(e)
    },
  'sends what it likes':
    ({ world }) =>
    (_, deliver) => {
      const body = { kind: EnvelopeKind.hangup } as const
      deliver(envelopeOf({ from: c, to: a, body, epoch: world.nowMs }))
      deliver(envelopeOf({ from: c, to: b, body, epoch: world.nowMs }))
      deliver(encodeB64u(new Uint8Array(170)))
    },
}

describe('one honest server is enough, whatever two others do', () => {
  test.each(Object.entries(BAD))('%s', (_, relayOf) => {
    for (const isGlare of [false, true]) {
      const all = pair(3)
      const { world, alice, bob, servers } = all
      for (const server of servers.slice(1)) server.relay = relayOf(all)
      bob.connect(alice)
      if (isGlare) alice.connect(bob)
      world.wait(6000)
      expect(bob.link).toMatchObject({ state: 'open', role: 'offerer' })
      expect(alice.link).toMatchObject({ state: 'open', role: 'answerer' })
      expect([alice.links.length, bob.links.length]).toEqual([1, 1])
      for (const one of [alice, bob]) expect(one.machine.attempts()).toHaveLength(1)
    }
  })

  test('the only honest one dies in the middle: another takes over', () => {
    const all = pair(2)
    const [first, second] = all.servers
    if (first === undefined || second === undefined) throw new Error('expected two servers')
    second.stop(1001)
    first.relay = (e, deliver) => {
      if (decodeEnvelope(decodeB64u(e)).kind === EnvelopeKind.offer) first.stop(1006)
      else deliver(e)
    }
    const attempt = all.bob.connect(all.alice)
    all.world.settle()
    expect(attempt.state).toBe('offering')
    second.isUp = true
    all.bob.machine.refresh(all.world.nowMs)
    all.alice.machine.refresh(all.world.nowMs)
    all.world.wait(5000)
    expect(attempt.state).toBe('open')
  })
})

describe('bad servers alone', () => {
  test.each(Object.entries(BAD))('%s: no wrong connection, and no attempt without an end', (_, relayOf) => {
    const all = pair(2)
    const { world, alice, bob, servers } = all
    for (const server of servers) server.relay = relayOf(all)
    const attempt = bob.connect(alice)
    world.wait(121_000)
    for (const one of [alice, bob]) {
      for (const { peer } of one.links) expect([alice.publicKey, bob.publicKey]).toContainEqual(peer)
      for (const { state } of one.machine.attempts()) expect(state).toBe('open')
    }
    expect(['open', 'closed']).toContain(attempt.state)
  })

  test('an old offer, replayed to a new instance with the stored counters, is nothing', () => {
    const all = linked()
    const { world, alice, server } = all
    const state = alice.machine.state()
    expect(state.contacts).toHaveLength(1)
    alice.vanish()
    world.wait(10_000)
    const reborn = party(all, a, { state, label: 'reborn' })
    for (const e of server.seen) server.deliver(reborn, e)
    expect(reborn.machine.attempts()).toEqual([])
    expect(reborn.machine.counters.replay + reborn.machine.counters.to).toBe(server.seen.length)
    expect(reborn.machine.state().epoch).toBeGreaterThan(state.epoch)
  })

  test('the same without them leads to an attempt at most, which ends', () => {
    const all = linked()
    const { world, alice, bob, server } = all
    alice.vanish()
    bob.vanish()
    world.wait(1000)
    const reborn = party(all, a, { label: 'reborn' })
    const ofBob = server.seen.filter((e) => decodeEnvelope(decodeB64u(e)).from[0] === bob.publicKey[0])
    for (const e of ofBob) server.deliver(reborn, e)
    world.settle()
    expect(reborn.machine.attempts()).toMatchObject([{ state: 'waiting' }])
    world.wait(30_000)
    expect(reborn.machine.attempts()).toEqual([])
    expect(reborn.links).toEqual([])
  })

  test('a description of somebody else, signed by him, is not taken for the one that is awaited', () => {
    const all = pair()
    const { world, alice, bob, server } = all
    const carol = party(all, c)
    bob.rtc.isMute = true
    carol.rtc.isMute = true
    const attempt = bob.connect(alice)
    world.settle()
    const { sid } = attempt
    const fp = '66'.repeat(32)
    const offer = { kind: EnvelopeKind.offer, sdp: 'v=0\r\n', fp, re: new Uint8Array(32) } as const
    server.deliver(alice, envelopeOf({ from: c, to: a, body: offer, sid, epoch: world.nowMs }))
    const hangup = { kind: EnvelopeKind.hangup } as const
    server.deliver(alice, envelopeOf({ from: c, to: a, body: hangup, sid, epoch: world.nowMs, ctr: 1 }))
    expect(alice.machine.counters.state).toBe(2)
    expect(alice.machine.attempts()).toMatchObject([{ state: 'waiting', peer: bob.publicKey }])
  })

  test('a signed description whose SDP names another certificate is not applied', () => {
    const all = pair()
    const { world, alice, bob, server } = all
    bob.rtc.isMute = true
    const attempt = bob.connect(alice)
    world.settle()
    const { welcomeId } = attempt as unknown as { readonly welcomeId: Uint8Array }
    const sdp = sdpOf('67'.repeat(32), 'actpass', 'x.1')
    const offer = { kind: EnvelopeKind.offer, sdp, fp: '66'.repeat(32), re: welcomeId } as const
    const parts = { from: b, to: a, sid: attempt.sid, epoch: world.nowMs }
    server.deliver(alice, envelopeOf({ ...parts, body: offer, ctr: 10 }))
    expect(alice.machine.counters.fingerprint).toBe(1)
    expect(alice.rtc.connections.size).toBe(0)
  })
})

describe('a server that breaks the rules', () => {
  test('by relaying what no honest one relays is left, and the others stay', () => {
    const all = pair(2)
    const [bad, good] = all.servers
    for (let at = 0; at <= 20; at++) bad?.deliver(all.alice, encodeB64u(new Uint8Array(170)))
    expect(all.alice.machine.servers()).toMatchObject([{ state: 'left', reason: 'forged' }, { state: 'ready' }])
    expect(good?.url).toBe(all.alice.machine.servers()[1]?.url)
  })

  test('wrong signatures are nobody’s fault who relays: anybody can have them relayed to drive us off a server', () => {
    const { world, alice, server } = pair()
    const good = envelopeOf({ from: c, to: a, body: { kind: EnvelopeKind.hangup }, epoch: world.nowMs })
    for (let at = 0; at < 100; at++) server.deliver(alice, broken(good))
    expect(alice.machine.counters.signature).toBe(100)
    expect(alice.machine.servers()).toMatchObject([{ state: 'ready' }])
  })

  test('by types that nobody knows is left after 20', () => {
    const { alice, server } = pair()
    for (let at = 0; at < 20; at++) server.say(alice, '{"type":"something-new"}')
    expect(alice.machine.servers()).toMatchObject([{ state: 'ready' }])
    server.say(alice, '{"type":"something-new"}')
    expect(alice.machine.servers()).toMatchObject([{ state: 'left', reason: 'malformed' }])
  })
})

test('the bad server of these tests does put its own certificate into the description', () => {
  const all = pair()
  const swapped: string[] = []
  const relay = BAD['puts its own certificate into descriptions']?.(all)
  all.server.relay = (e, deliver, to) => {
    if (decodeEnvelope(decodeB64u(e)).kind === EnvelopeKind.offer) relay?.(e, (copy) => swapped.push(copy), to)
    else deliver(e)
  }
  all.bob.connect(all.alice)
  all.world.settle()
  const { body } = decodeEnvelope(decodeB64u(swapped[0] ?? ''))
  const { sdp, fp } = JSON.parse(new TextDecoder().decode(body)) as { readonly sdp: string; readonly fp: string }
  expect(fpOf(sdp)).toBe('66'.repeat(32))
  expect(fromHex(fp)).toEqual(new Uint8Array(32).fill(0x66))
})
