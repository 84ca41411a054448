import { decodeB64u, decodeEnvelope, EnvelopeKind } from '@mimirjs/wire/rendezvous'
import { describe, expect, test } from 'vitest'
import { OwnAttempt } from '../../src/machine/attempt.js'
import type { PolicyAnswer } from '../../src/machine/index.js'
import { envelopeOf } from './support/envelopes.js'
import { codeOf } from './support/failure.js'
import { a, b, c, oneOfMany } from './support/identity.js'
import type { Party } from './support/party.js'
import { linked, pair, party, scene } from './support/scene.js'
import { sdpOf } from './support/sdp.js'

const asks = { policy: (): PolicyAnswer => 'ask' }

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

  test('that came early, for a description that is not the one, are dropped', () => {
    const { world, alice, bob, server } = pair()
    bob.rtc.isMute = true
    const attempt = bob.connect(alice)
    world.settle()
    const { sid } = attempt
    const body = { kind: EnvelopeKind.candidates, re: new Uint8Array(32), c: [host(1)], end: false } as const
    server.deliver(alice, envelopeOf({ from: b, to: a, body, sid, epoch: world.nowMs, ctr: 77 }))
    expect(alice.machine.counters.ok).toBe(2)
    bob.machine.described(attempt.connection ?? 0, sdpOf('ab'.repeat(32), 'actpass', 'bob.9'), world.nowMs)
    world.settle()
    expect(alice.machine.attempts()).toMatchObject([{ state: 'answering' }])
    expect(alice.rtc.candidates).toEqual([])
  })

  test('cost as much when there are none in an envelope', () => {
    const { world, alice, bob, server } = pair()
    bob.rtc.isBlocked = true
    const attempt = bob.connect(alice)
    world.settle()
    const re = (attempt instanceof OwnAttempt ? attempt.offerId : undefined) ?? new Uint8Array(0)
    const body = { kind: EnvelopeKind.candidates, re, c: [], end: false } as const
    for (let ctr = 100; ctr < 165; ctr++)
      server.deliver(alice, envelopeOf({ from: b, to: a, body, sid: attempt.sid, epoch: world.nowMs, ctr }))
    expect(alice.rtc.candidates).toHaveLength(64)
    expect(alice.machine.counters.limit).toBe(1)
  })

  test.each([
    ['text', { candidate: 'x'.repeat(1025) }],
    ['sdpMid', { sdpMid: 'x'.repeat(17) }],
    ['sdpMLineIndex', { sdpMLineIndex: 1 }],
    ['usernameFragment', { usernameFragment: 'x'.repeat(257) }],
  ])('of ours are not sent with a %s that nobody would take', (_, part) => {
    const { world, alice, bob } = pair()
    bob.rtc.isBlocked = true
    const attempt = bob.connect(alice)
    world.settle()
    bob.machine.localCandidates(attempt.connection ?? 0, [{ ...host(1), ...part }, host(2)], true, world.nowMs)
    world.settle()
    expect(alice.rtc.candidates).toMatchObject([{ c: [host(2)], isEnd: true }])
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

  test('a caller finds no room where there are as many links as fit, unless one of them is his', () => {
    const all = linked(1, { alice: { limits: { links: 1 } } })
    const { world, alice, bob } = all
    const attempt = party(all, c).connect(alice)
    world.settle()
    expect(attempt).toMatchObject({ closeCode: 'declined', closeDetail: 'busy' })
    expect(alice.machine.counters.limit).toBe(1)
    bob.vanish()
    world.wait(1000)
    const reborn = party(all, b, { label: 'reborn' })
    reborn.connect(alice)
    world.settle()
    expect(reborn.link?.state).toBe('open')
  })

  test('the user lets in no more than there is room for, and the others later', () => {
    const all = scene()
    const alice = party(all, a, { ...asks, limits: { attempts: 1 } })
    const [one, other] = [party(all, c), party(all, oneOfMany(1))]
    for (const caller of [one, other]) {
      caller.rtc.isMute = true
      caller.connect(alice)
    }
    all.world.settle()
    const accept = (caller: Party) => codeOf(() => alice.machine.accept(caller.publicKey, all.world.nowMs))
    expect([accept(one), accept(other)]).toEqual([undefined, 'limit'])
    expect(alice.machine.knocks()).toMatchObject([{ publicKey: other.publicKey }])
    all.world.wait(30_000)
    expect(accept(other)).toBeUndefined()
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

describe('what a peer may get wrong', () => {
  const fp = 'ab'.repeat(32)

  test('a welcome or a decline for another knock is nothing', () => {
    const { world, alice, bob, server } = pair()
    server.relay = () => {}
    const attempt = bob.connect(alice)
    world.settle()
    const { sid } = attempt
    for (const [ctr, kind] of [EnvelopeKind.welcome, EnvelopeKind.decline].entries()) {
      const body = { kind, re: new Uint8Array(32) }
      server.deliver(bob, envelopeOf({ from: a, to: b, body, sid, epoch: world.nowMs, ctr }))
    }
    expect(bob.machine.counters.state).toBe(2)
    expect(attempt.state).toBe('knocking')
  })

  test.each([
    ['for another offer', 'state', (): Uint8Array => new Uint8Array(32), sdpOf(fp, 'active', 'x.1')],
    ['that offers', 'setup', (offerId: Uint8Array) => offerId, sdpOf(fp, 'actpass', 'x.1')],
    [
      'with another certificate in it',
      'fingerprint',
      (offerId: Uint8Array) => offerId,
      sdpOf('cd'.repeat(32), 'active', 'x'),
    ],
  ] as const)('an answer %s is nothing', (_, verdict, reOf, sdp) => {
    const { world, alice, bob, server } = pair()
    alice.rtc.isMute = true
    const attempt = bob.connect(alice)
    world.settle()
    expect(attempt.state).toBe('offering')
    const { offerId } = attempt as unknown as { readonly offerId: Uint8Array }
    const body = { kind: EnvelopeKind.answer, sdp, fp, re: reOf(offerId) } as const
    server.deliver(bob, envelopeOf({ from: a, to: b, body, sid: attempt.sid, epoch: world.nowMs, ctr: 77 }))
    expect(bob.machine.counters[verdict]).toBe(1)
    expect(attempt.state).toBe('offering')
  })
})

describe('signatures', () => {
  test('are made one after the other', () => {
    const all = scene()
    const one = party(all, a)
    one.isSignerSlow = true
    for (let at = 0; at < 3; at++) one.connect(oneOfMany(at))
    for (let at = 0; at < 3; at++) {
      expect(one.unsigned).toHaveLength(1)
      one.signAll()
    }
    all.world.settle()
    expect(one.unsigned).toEqual([])
    expect(all.server.seen).toHaveLength(3)
  })

  test('that come too late send nothing of an attempt that is over', () => {
    const { world, alice, bob, server } = pair()
    bob.isSignerSlow = true
    bob.machine.close(bob.connect(alice), world.nowMs)
    for (let round = 0; round < 3; round++) bob.signAll()
    world.settle()
    expect(server.seen.map((e) => decodeEnvelope(decodeB64u(e)).kind)).toEqual([EnvelopeKind.hangup])
  })
})
