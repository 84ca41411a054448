import { EnvelopeKind } from '@mimirjs/wire/rendezvous'
import { describe, expect, test } from 'vitest'
import { displayFingerprint, type PolicyAnswer } from '../../src/machine/index.js'
import { envelopeOf } from './support/envelopes.js'
import { a, b, c, oneOfMany } from './support/identity.js'
import { linked, pair, party, scene } from './support/scene.js'
import { codeOf } from './support/vectors.js'

const asks = { policy: (): PolicyAnswer => 'ask' }

describe('two contacts', () => {
  test('meet: one knocks, the other welcomes, and both prove on the channel who they are', () => {
    const { alice, bob } = linked()
    expect(bob.link).toMatchObject({ role: 'offerer', state: 'open', peer: alice.publicKey })
    expect(alice.link).toMatchObject({ role: 'answerer', state: 'open', peer: bob.publicKey })
    expect(alice.link?.sid).toEqual(bob.link?.sid)
    expect(alice.links).toHaveLength(1)
    expect(alice.knocked).toEqual([])
    for (const one of [alice, bob]) expect(one.channelTexts[0]).toMatch(/^\{"type":"bind"/)
  })

  test('whoever is met already is not called again', () => {
    const { alice, bob, server, world } = linked()
    const before = server.seen.length
    expect(bob.connect(alice)).toBe(bob.link)
    expect(alice.connect(bob)).toBe(alice.link)
    world.settle()
    expect(server.seen).toHaveLength(before)
  })

  test('meet as one attempt when both call at once', () => {
    const all = pair()
    const [ofAlice, ofBob] = [all.alice.connect(all.bob), all.bob.connect(all.alice)]
    all.world.settle()
    expect(ofAlice).toMatchObject({ state: 'open', role: 'answerer' })
    expect(ofBob).toMatchObject({ state: 'open', role: 'offerer' })
    expect(all.alice.machine.attempts()).toEqual([ofAlice])
    expect(all.bob.machine.attempts()).toEqual([ofBob])
  })

  test('meet although the first copy of everything is lost', () => {
    const { server, world, alice, bob } = pair()
    server.relay = (e, deliver) => {
      if (server.seen.indexOf(e) < server.seen.length - 1) deliver(e)
    }
    const attempt = bob.connect(alice)
    world.wait(19_999)
    expect(attempt.state).toBe('offering')
    world.wait(1)
    expect(attempt.state).toBe('open')
  })

  test('repeats are the very same bytes, and end when the other side goes on or the knock is void', () => {
    const { server, world, alice, bob } = pair()
    server.relay = () => {}
    const attempt = bob.connect(alice)
    world.wait(119_999)
    expect(server.seen).toHaveLength(24)
    expect(new Set(server.seen).size).toBe(1)
    expect(attempt.state).toBe('knocking')
    world.wait(1)
    expect(attempt).toMatchObject({ state: 'closed', closeCode: 'no-answer' })
    world.wait(60_000)
    expect(server.seen).toHaveLength(24)
    expect(bob.ended).toEqual([attempt])
  })

  test('signatures that take their time change no order', () => {
    const { world, alice, bob } = pair(2, { alice: { isSignerSlow: true }, bob: { isSignerSlow: true } })
    for (let round = 0; round < 50; round++) {
      world.settle()
      alice.signAll()
      bob.signAll()
      if (round === 10) bob.connect(alice)
    }
    expect(bob.link?.state).toBe('open')
    expect(alice.link?.state).toBe('open')
  })

  test('a signer that fails ends the attempt and tells', () => {
    const { alice, bob } = pair()
    bob.isSignerBroken = true
    expect(bob.connect(alice)).toMatchObject({
      state: 'closed',
      closeCode: 'failed',
      closeDetail: 'the signer did not sign',
    })
  })
})

describe('somebody unknown', () => {
  test('is asked about, and nothing at all is sent to him before', () => {
    const { world, alice, bob } = pair(1, { alice: asks, bob: { name: 'Bob' } })
    const before = alice.sent.length
    const attempt = bob.connect(alice)
    world.settle()
    expect(alice.knocked).toEqual([
      {
        publicKey: bob.publicKey,
        fingerprint: displayFingerprint(bob.publicKey),
        name: 'Bob',
        expiresMs: world.nowMs + 120_000,
      },
    ])
    expect(alice.machine.knocks()).toEqual(alice.knocked)
    expect(alice.machine.attempts()).toEqual([])
    world.wait(29_000)
    expect(alice.sent).toHaveLength(before)
    expect(alice.rtc.connections.size).toBe(0)
    alice.machine.accept(bob.publicKey, world.nowMs)
    world.settle()
    expect(attempt.state).toBe('open')
    expect(alice.over).toEqual([{ publicKey: bob.publicKey, isMissed: false }])
  })

  test('is let in by calling him', () => {
    const { world, alice, bob } = pair(1, { alice: asks })
    bob.connect(alice)
    world.settle()
    const attempt = alice.connect(bob)
    world.settle()
    expect(attempt).toMatchObject({ state: 'open', role: 'answerer' })
  })

  test('who is declined hears nothing, unless the user wants', () => {
    for (const tell of [undefined, 'user'] as const) {
      const { world, alice, bob } = pair(1, { alice: asks })
      const attempt = bob.connect(alice)
      world.settle()
      expect(alice.machine.decline(bob.publicKey, { tell }, world.nowMs)).toBe(true)
      world.settle()
      expect(attempt.state).toBe(tell === undefined ? 'knocking' : 'closed')
      if (tell !== undefined) expect(attempt).toMatchObject({ closeCode: 'declined', closeDetail: 'user' })
      expect(alice.over).toEqual([{ publicKey: bob.publicKey, isMissed: false }])
      expect(alice.machine.knocks()).toEqual([])
      expect(codeOf(() => alice.machine.accept(bob.publicKey, world.nowMs))).toBe('misuse')
    }
  })

  test('who is blocked is not heard any more, whatever he sends', () => {
    const { world, alice, bob } = linked(1, { alice: asks, bob: asks })
    alice.machine.accept(bob.publicKey, world.nowMs)
    world.settle()
    alice.machine.block(bob.publicKey, world.nowMs)
    world.settle()
    expect(alice.ended).toMatchObject([{ closeCode: 'blocked' }])
    expect(bob.ended).toMatchObject([{ closeCode: 'lost' }])
    bob.connect(alice)
    world.settle()
    expect(alice.machine.counters.blocked).toBe(1)
    expect(alice.machine.knocks()).toEqual([])
    expect(codeOf(() => alice.connect(bob))).toBe('misuse')
    alice.machine.unblock(bob.publicKey)
    expect(alice.connect(bob).state).toBe('knocking')
  })

  test('who is ignored by the policy is let in when we call him', () => {
    const { world, alice, bob } = pair(1, { alice: { policy: () => 'ignore' } })
    bob.connect(alice)
    world.settle()
    expect(alice.machine.counters.blocked).toBe(1)
    const attempt = alice.connect(bob)
    world.wait(5000)
    expect(attempt.state).toBe('open')
  })

  test('who was turned away is met at once when we call him while he still knocks', () => {
    const { world, alice, bob } = pair(1, { alice: asks })
    const ofBob = bob.connect(alice)
    world.settle()
    alice.machine.decline(bob.publicKey, {}, world.nowMs)
    world.wait(60_000)
    const attempt = alice.connect(bob)
    world.settle()
    expect(attempt).toMatchObject({ state: 'open', role: 'answerer' })
    expect(ofBob).toMatchObject({ state: 'open', role: 'offerer' })
  })

  test('who was turned away and gave up is called as anybody else', () => {
    const { world, alice, bob } = pair(1, { alice: asks })
    const ofBob = bob.connect(alice)
    world.settle()
    alice.machine.decline(bob.publicKey, {}, world.nowMs)
    bob.machine.close(ofBob, world.nowMs)
    world.settle()
    expect(alice.connect(bob)).toMatchObject({ state: 'knocking', role: 'offerer' })
    world.settle()
    expect(alice.link?.state).toBe('open')
  })

  test('is missed when nobody answers, and when he gives up', () => {
    const { world, alice, bob } = pair(1, { alice: asks })
    bob.connect(alice)
    world.wait(120_000)
    expect(alice.over).toEqual([{ publicKey: bob.publicKey, isMissed: true }])
    world.wait(1000)
    const again = bob.connect(alice)
    world.settle()
    expect(alice.machine.knocks()).toHaveLength(1)
    bob.machine.close(again, world.nowMs)
    world.settle()
    expect(alice.over).toHaveLength(2)
    expect(alice.over.at(-1)?.isMissed).toBe(true)
    expect(alice.ended).toEqual([])
  })

  test('is asked about once in 30 s and three times in an hour', () => {
    const { world, alice, bob } = pair(1, { alice: asks })
    const knock = (): void => {
      bob.machine.close(bob.connect(alice), world.nowMs)
      world.settle()
    }
    knock()
    world.wait(29_000)
    knock()
    expect(alice.knocked).toHaveLength(1)
    world.wait(1000)
    knock()
    world.wait(30_000)
    knock()
    expect(alice.knocked).toHaveLength(3)
    world.wait(30_000)
    knock()
    expect(alice.knocked).toHaveLength(3)
    expect(alice.machine.counters.prompt).toBe(2)
    world.wait(3_600_000)
    knock()
    expect(alice.knocked).toHaveLength(4)
  })

  test('a refusal counts as a question', () => {
    const { world, alice, bob } = pair(1, { alice: asks })
    bob.connect(alice)
    world.wait(29_000)
    alice.machine.decline(bob.publicKey, { tell: 'user' }, world.nowMs)
    world.settle()
    world.wait(2000)
    bob.connect(alice)
    world.settle()
    expect(alice.machine.knocks()).toEqual([])
  })

  test('eight are asked about at once, and no more', () => {
    const all = scene()
    const alice = party(all, a, asks)
    for (let at = 0; at < 12; at++) party(all, oneOfMany(at)).connect(alice)
    all.world.settle()
    expect(alice.machine.knocks()).toHaveLength(8)
    expect(alice.machine.counters.prompt).toBe(4)
  })

  test('a knock that was void on arrival is missed at once', () => {
    const { world, alice, bob, server } = pair(1, { alice: asks })
    const { nowMs } = world
    const body = { kind: EnvelopeKind.knock }
    server.deliver(alice, envelopeOf({ from: b, to: a, body, epoch: nowMs, expMs: nowMs - 1 }))
    expect(alice.machine.knocks()).toEqual([])
    expect(alice.over).toEqual([{ publicKey: bob.publicKey, isMissed: true }])
  })
})

describe('beginning anew', () => {
  const knock = { kind: EnvelopeKind.knock, name: 'again' } as const

  test('a newer knock replaces the one at the prompt, without another question', () => {
    const { world, alice, bob, server } = pair(1, { alice: asks })
    bob.connect(alice)
    world.settle()
    const sid = new Uint8Array(16).fill(9)
    const { nowMs } = world
    server.deliver(alice, envelopeOf({ from: b, to: a, body: knock, sid, epoch: nowMs, ctr: 5, expMs: nowMs + 9000 }))
    expect(alice.knocked).toHaveLength(2)
    expect(alice.machine.knocks()).toMatchObject([{ name: 'again', expiresMs: nowMs + 9000 }])
    // An older one that arrives late does not bring the old question back.
    server.deliver(alice, envelopeOf({ from: b, to: a, body: knock, sid: new Uint8Array(16), epoch: nowMs, ctr: 4 }))
    expect(alice.knocked).toHaveLength(2)
    expect(alice.machine.counters.state).toBe(1)
    expect(alice.machine.accept(b.publicKey, nowMs).sid).toEqual(sid)
  })

  test('a newer knock is welcomed anew while the offer is awaited', () => {
    const { world, alice, bob, server } = pair()
    server.relay = (e, deliver, to) => {
      if (to?.party === alice) deliver(e)
    }
    bob.connect(alice)
    world.settle()
    expect(alice.machine.attempts()).toMatchObject([{ state: 'waiting' }])
    const before = server.seen.length
    const sid = new Uint8Array(16).fill(9)
    server.deliver(alice, envelopeOf({ from: b, to: a, body: knock, sid, epoch: world.nowMs, ctr: 5 }))
    world.settle()
    expect(server.seen).toHaveLength(before + 1)
    expect(alice.machine.attempts()).toMatchObject([{ state: 'waiting', sid }])
  })

  test('only a new instance of the other side interrupts what is under way', () => {
    const { world, alice, bob, server } = pair()
    alice.rtc.isBlocked = true
    bob.rtc.isBlocked = true
    bob.connect(alice)
    world.settle()
    const [attempt] = alice.machine.attempts()
    expect(attempt?.state).toBe('answering')
    const sid = new Uint8Array(16).fill(9)
    const { nowMs } = world
    server.deliver(alice, envelopeOf({ from: b, to: a, body: knock, sid, epoch: nowMs, ctr: 50 }))
    expect(attempt?.state).toBe('answering')
    server.deliver(alice, envelopeOf({ from: b, to: a, body: knock, sid, epoch: nowMs + 1 }))
    expect(attempt).toMatchObject({ state: 'waiting', sid, connection: undefined })
    expect(alice.rtc.closed).toHaveLength(1)
    expect(alice.ended).toEqual([])
  })

  test('a caller who comes back after he was killed is let in beside the link that is dead, which then ends', () => {
    const all = linked(1, { alice: asks, bob: asks })
    const { world, alice, bob } = all
    alice.machine.accept(bob.publicKey, world.nowMs)
    world.settle()
    const old = alice.link
    bob.vanish()
    world.wait(5000)
    const reborn = party(all, b, { label: 'reborn' })
    const attempt = reborn.connect(alice)
    world.settle()
    expect(attempt.state).toBe('open')
    // His user was asked once: the consent still holds.
    expect(alice.knocked).toHaveLength(1)
    expect(old).toMatchObject({ state: 'closed', closeCode: 'replaced' })
    expect(alice.machine.attempts()).toMatchObject([{ state: 'open', sid: attempt.sid }])
  })
})

describe('time', () => {
  test.each([
    ['no offer', 'waiting', 30_000, 'timeout', (sent: number): boolean => sent > 2],
    ['no answer', 'offering', 30_000, 'timeout', (sent: number): boolean => sent > 3],
  ] as const)('%s: %s is over after %i ms as %s', (_, state, afterMs, code, isLost) => {
    const { world, alice, bob, server } = pair()
    const kinds: number[] = []
    server.relay = (e, deliver) => {
      if (!kinds.includes(e.length)) kinds.push(e.length)
      if (!isLost(kinds.indexOf(e.length) + 1)) deliver(e)
    }
    bob.connect(alice)
    world.settle()
    const one = state === 'waiting' ? alice : bob
    const [attempt] = one.machine.attempts()
    expect(attempt?.state).toBe(state)
    world.wait(afterMs - 1)
    expect(attempt?.state).toBe(state)
    world.wait(1)
    expect(attempt).toMatchObject({ state: 'closed', closeCode: code })
  })

  test('no path: both give up after 30 s', () => {
    const { world, alice, bob } = pair()
    bob.rtc.isBlocked = true
    const attempt = bob.connect(alice)
    world.settle()
    expect(attempt.state).toBe('connecting')
    world.wait(30_000)
    expect(attempt).toMatchObject({ state: 'closed', closeCode: 'failed' })
    expect(alice.ended).toMatchObject([{ closeCode: expect.stringMatching(/failed|hangup/) as string }])
    expect(alice.machine.nextDeadlineMs).toBeLessThan(world.nowMs + 60_000)
    expect(alice.machine.attempts()).toEqual([])
  })

  test('the caller who gives up tells, and the other side gives up at once', () => {
    const { world, alice, bob } = pair()
    bob.rtc.isMute = true
    const attempt = bob.connect(alice)
    world.settle()
    expect(attempt.state).toBe('offering')
    bob.machine.close(attempt, world.nowMs, 'enough')
    world.settle()
    expect(alice.ended).toMatchObject([{ closeCode: 'hangup', closeDetail: 'closed' }])
    expect(bob.ended).toMatchObject([{ closeCode: 'closed', closeDetail: 'enough' }])
  })

  test('WebRTC that fails ends the attempt, on both sides', () => {
    const { world, alice, bob } = pair()
    bob.rtc.isMute = true
    const attempt = bob.connect(alice)
    world.settle()
    bob.machine.describeFailed(attempt.connection ?? 0, world.nowMs, 'createOffer: no')
    world.settle()
    expect(attempt).toMatchObject({ closeCode: 'failed', closeDetail: 'createOffer: no' })
    expect(alice.ended).toMatchObject([{ closeCode: 'hangup' }])
  })

  test('a description of our own that nobody would take is not sent', () => {
    const { world, alice, bob } = pair()
    bob.rtc.isMute = true
    const attempt = bob.connect(alice)
    world.settle()
    bob.machine.described(attempt.connection ?? 0, 'v=0\r\nm=audio 9 RTP 0\r\n', world.nowMs)
    expect(attempt).toMatchObject({ closeCode: 'failed', closeDetail: 'own description: fp-format' })
  })
})

describe('candidates', () => {
  const host = (at: number) => ({ candidate: `candidate:${at} 1 udp 1 192.0.2.1 ${5000 + at} typ host`, sdpMid: '0' })

  test('that come late are sent together, applied after their description, and at most 64', () => {
    const { world, alice, bob } = pair()
    bob.rtc.isBlocked = true
    const attempt = bob.connect(alice)
    world.settle()
    const sent = bob.sent.length
    for (let at = 0; at < 5; at++) bob.machine.localCandidates(attempt.connection ?? 0, [host(at)], false, world.nowMs)
    world.wait(199)
    expect(bob.sent).toHaveLength(sent)
    world.wait(1)
    expect(bob.sent).toHaveLength(sent + 1)
    expect(alice.rtc.candidates.map(({ c }) => c.length)).toEqual([5])
    const many = Array.from({ length: 100 }, (_, at) => host(at))
    bob.machine.localCandidates(attempt.connection ?? 0, many, true, world.nowMs)
    world.settle()
    expect(alice.rtc.candidates.flatMap(({ c }) => c)).toHaveLength(64)
    expect(alice.rtc.candidates.at(-1)?.isEnd).toBe(true)
    expect(alice.machine.counters.limit).toBe(0)
  })

  test('that overtake their description wait for it', () => {
    const { world, alice, bob, server } = pair()
    bob.rtc.isBlocked = true
    const held: (() => void)[] = []
    server.relay = (e, deliver, to) => {
      // The offer, the longest of all, is late.
      if (to?.party === alice && e.length > 600 && held.length === 0) held.push(() => deliver(e))
      else deliver(e)
    }
    const attempt = bob.connect(alice)
    world.settle()
    bob.machine.localCandidates(attempt.connection ?? 0, [host(1)], true, world.nowMs)
    world.settle()
    expect(alice.rtc.candidates).toEqual([])
    for (const deliver of held) deliver()
    expect(alice.rtc.candidates).toMatchObject([{ c: [host(1)], isEnd: true }])
  })

  test('of a description that is not ours to have are dropped', () => {
    const { world, alice, bob, server } = pair()
    bob.rtc.isBlocked = true
    bob.connect(alice)
    world.settle()
    const [attempt] = alice.machine.attempts()
    const body = { kind: EnvelopeKind.candidates, re: new Uint8Array(32), c: [host(1)], end: false } as const
    const { sid } = attempt ?? {}
    server.deliver(alice, envelopeOf({ from: b, to: a, body, ...(sid && { sid }), epoch: world.nowMs, ctr: 77 }))
    expect(alice.machine.counters.state).toBe(1)
    expect(alice.rtc.candidates).toEqual([])
  })
})

describe('ceilings', () => {
  test('attempts of ours, and links', () => {
    const all = scene()
    const one = party(all, a)
    for (let at = 0; at < 16; at++) one.connect(oneOfMany(at))
    expect(codeOf(() => one.connect(oneOfMany(16)))).toBe('limit')
    one.connect(oneOfMany(3))
    const two = party(all, b, { limits: { links: 1 } })
    two.connect(party(all, c))
    all.world.settle()
    expect(codeOf(() => two.connect(a))).toBe('limit')
  })

  test('whoever finds no room is told so, a few times', () => {
    const all = scene()
    const alice = party(all, a, { limits: { incomingAttempts: 2 } })
    const callers = Array.from({ length: 12 }, (_, at) => party(all, oneOfMany(at)))
    for (const caller of callers) {
      caller.rtc.isMute = true
      caller.connect(alice)
    }
    all.world.settle()
    const busy = callers.filter(({ ended }) => ended[0]?.closeDetail === 'busy')
    expect(busy).toHaveLength(5)
    expect(alice.machine.attempts()).toHaveLength(2)
    expect(alice.machine.counters.limit).toBe(10)
  })

  test.each([
    ['our own key', a.publicKey],
    ['a key of small order', new Uint8Array(32)],
    ['too few bytes', new Uint8Array(31)],
  ])('%s is nobody to meet', (_, publicKey) => {
    const one = party(scene(), a)
    expect(codeOf(() => one.connect({ publicKey }))).toBe('bad-key')
  })
})

test('the end of a node is told to everybody, and leaves nothing behind', () => {
  const all = linked()
  const { world, alice, bob } = all
  const carol = party(all, c, asks)
  bob.connect(carol)
  world.settle()
  bob.machine.closeAll(world.nowMs)
  world.settle()
  expect(alice.ended).toMatchObject([{ closeCode: 'bye', closeDetail: 'closed' }])
  expect(bob.ended).toHaveLength(2)
  expect(bob.machine.servers()).toEqual([])
  expect(bob.machine.nextDeadlineMs).toBe(Number.POSITIVE_INFINITY)
})
