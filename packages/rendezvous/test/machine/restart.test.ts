import { decodeB64u, decodeEnvelope, type EnvelopeBody, EnvelopeKind } from '@mimirjs/wire/rendezvous'
import { describe, expect, test } from 'vitest'
import type { Verdict } from '../../src/counters.js'
import { OwnAttempt } from '../../src/machine/attempt.js'
import { envelopeOf } from './support/envelopes.js'
import type { Party } from './support/party.js'
import { linked, type Pair } from './support/scene.js'
import { sdpOf } from './support/sdp.js'

function connectionOf(one: Party): number {
  return one.link?.connection ?? 0
}

/** The network changes under an open link: both sides notice. */
function disturb({ alice, bob, world }: Pair, state: 'disconnected' | 'failed'): void {
  for (const one of [alice, bob]) one.machine.connectionState(connectionOf(one), state, world.nowMs)
}

function kindsOf({ server }: Pair): number[] {
  return server.seen.map((e) => decodeEnvelope(decodeB64u(e)).kind)
}

describe('new paths for an open link', () => {
  test('are looked for at once when the connection failed, by the offerer, without a new bind', () => {
    const all = linked()
    const { alice, bob, world } = all
    const binds = bob.channelTexts.length
    disturb(all, 'failed')
    expect(bob.link?.isRestarting).toBe(true)
    world.settle()
    expect(kindsOf(all).slice(-2)).toEqual([EnvelopeKind.offer, EnvelopeKind.answer])
    for (const one of [alice, bob]) {
      expect(one.link).toMatchObject({ state: 'open', isRestarting: false })
      expect(one.restarts).toBe(2)
      expect(one.ended).toEqual([])
    }
    expect(bob.channelTexts).toHaveLength(binds)
  })

  test('are looked for after 5 s of disturbance, unless it passes', () => {
    const all = linked()
    const { bob, world } = all
    disturb(all, 'disconnected')
    world.wait(4999)
    expect(bob.restarts).toBe(0)
    bob.machine.connectionState(connectionOf(bob), 'connected', world.nowMs)
    world.wait(10_000)
    expect(bob.restarts).toBe(0)
    disturb(all, 'disconnected')
    world.wait(5000)
    expect(bob.restarts).toBe(2)
  })

  test('are looked for at once when the application says that the network is back', () => {
    const all = linked()
    disturb(all, 'disconnected')
    all.bob.machine.refresh(all.world.nowMs)
    all.world.settle()
    expect(all.bob.restarts).toBe(2)
  })

  test('can be looked for as often as needed', () => {
    const all = linked()
    for (let round = 1; round <= 5; round++) {
      disturb(all, 'failed')
      all.world.settle()
      expect(all.bob.restarts).toBe(2 * round)
      expect(all.alice.link?.isRestarting).toBe(false)
    }
  })

  test('can be looked for again although the last answer was lost', () => {
    const all = linked()
    const { alice, bob, world, server } = all
    server.relay = (e, deliver, to) => {
      if (to?.party === alice) deliver(e)
    }
    disturb(all, 'disconnected')
    world.wait(5000)
    bob.machine.connectionState(connectionOf(bob), 'connected', world.nowMs)
    alice.machine.connectionState(connectionOf(alice), 'connected', world.nowMs)
    world.wait(30_000)
    expect(bob.link).toMatchObject({ state: 'open', isRestarting: false })
    server.relay = undefined
    disturb(all, 'failed')
    world.settle()
    expect(bob.link).toMatchObject({ state: 'open', isRestarting: false })
    expect(bob.ended).toEqual([])
  })

  test('that are not found in 30 s lose the link', () => {
    const all = linked()
    all.server.relay = () => {}
    disturb(all, 'failed')
    all.world.wait(29_999)
    expect(all.bob.link?.isRestarting).toBe(true)
    all.world.wait(1)
    expect(all.bob.ended).toMatchObject([{ closeCode: 'lost', closeDetail: 'no new path' }])
  })

  test('are not looked for where the platform cannot: a failed connection is lost', () => {
    const all = linked(1, { bob: { canRestartIce: false } })
    disturb(all, 'disconnected')
    all.world.wait(10_000)
    expect(all.bob.link?.state).toBe('open')
    disturb(all, 'failed')
    expect(all.bob.ended).toMatchObject([{ closeCode: 'lost', closeDetail: 'no path' }])
  })

  test('an offer that cannot be made loses a link only when it is not connected', () => {
    const all = linked()
    const { bob, world } = all
    bob.rtc.isMute = true
    disturb(all, 'disconnected')
    world.wait(5000)
    bob.machine.connectionState(connectionOf(bob), 'connected', world.nowMs)
    bob.machine.describeFailed(connectionOf(bob), world.nowMs)
    expect(bob.link).toMatchObject({ state: 'open', isRestarting: false })
    disturb(all, 'failed')
    bob.machine.describeFailed(connectionOf(bob), world.nowMs)
    expect(bob.ended).toMatchObject([{ closeCode: 'lost' }])
  })
})

const OTHER_FP = 'cd'.repeat(32)
/** What no description of ours has. */
const SOUND = 'm=audio 9 UDP/TLS/RTP/SAVPF 0\r\n'

function fpOf(one: Party): string {
  return one.rtc.connections.get(connectionOf(one))?.fp ?? ''
}

/** What the machine of this one knows of its link. */
function insideOf(one: Party): OwnAttempt {
  if (one.link instanceof OwnAttempt) return one.link
  throw new Error('expected a link')
}

/** Something about their link, signed by the other side. */
function deliver({ alice, bob, server, world }: Pair, to: Party, body: EnvelopeBody, ctr = 100): void {
  const from = to === alice ? bob : alice
  const { sid } = insideOf(to)
  server.deliver(to, envelopeOf({ from: from.signer, to, body, sid, epoch: world.nowMs, ctr }))
}

describe('an offer of new paths is taken', () => {
  const offer = (re: Uint8Array, fp: string, sdp = sdpOf(fp, 'actpass', 'x.1')): EnvelopeBody => ({
    kind: EnvelopeKind.offer,
    sdp,
    fp,
    re,
  })

  test.each<[string, Verdict, (re: Uint8Array, fp: string) => EnvelopeBody]>([
    ['for another answer than that in force', 'state', (_, fp) => offer(new Uint8Array(32), fp)],
    ['with another certificate', 'fingerprint', (re) => offer(re, OTHER_FP)],
    ['with sound in it', 'media', (re, fp) => offer(re, fp, sdpOf(fp, 'actpass', 'x.1') + SOUND)],
  ])('not %s', (_, verdict, offerOf) => {
    const all = linked()
    const { alice, bob } = all
    deliver(all, alice, offerOf(insideOf(alice).answerId ?? new Uint8Array(0), fpOf(bob)))
    expect(alice.machine.counters[verdict]).toBe(1)
    expect(alice.link).toMatchObject({ state: 'open', isRestarting: false })
  })

  test('not from the answerer', () => {
    const all = linked()
    const { alice, bob } = all
    deliver(all, bob, offer(insideOf(bob).answerId ?? new Uint8Array(0), fpOf(alice)))
    expect(bob.machine.counters.state).toBe(1)
  })

  test('not made with another certificate of our own', () => {
    const all = linked()
    const { bob, world } = all
    bob.rtc.isMute = true
    disturb(all, 'failed')
    bob.machine.described(connectionOf(bob), sdpOf(OTHER_FP, 'actpass', 'x.1'), world.nowMs)
    expect(bob.ended).toMatchObject([{ closeCode: 'failed', closeDetail: 'own description: fingerprint' }])
  })
})

describe('an answer of new paths is taken', () => {
  const answer = (re: Uint8Array, fp: string, sdp = sdpOf(fp, 'active', 'x.1')): EnvelopeBody => ({
    kind: EnvelopeKind.answer,
    sdp,
    fp,
    re,
  })

  /** The offer of new paths is there, and its answer is still to be made. */
  function offered(): Pair & { readonly offerId: Uint8Array } {
    const all = linked()
    all.alice.rtc.isMute = true
    disturb(all, 'failed')
    all.world.settle()
    return { ...all, offerId: insideOf(all.bob).restart?.offerId ?? new Uint8Array(0) }
  }

  test.each<[string, Verdict, (re: Uint8Array, fp: string) => EnvelopeBody]>([
    ['for another offer', 'state', (_, fp) => answer(new Uint8Array(32), fp)],
    ['with another certificate', 'fingerprint', (re) => answer(re, OTHER_FP)],
    ['with sound in it', 'media', (re, fp) => answer(re, fp, sdpOf(fp, 'active', 'x.1') + SOUND)],
  ])('not %s', (_, verdict, answerOf) => {
    const all = offered()
    const { alice, bob, offerId } = all
    deliver(all, bob, answerOf(offerId, fpOf(alice)))
    expect(bob.machine.counters[verdict]).toBe(1)
    expect(insideOf(bob).restart).toMatchObject({ isAnswered: false })
  })

  test('once, and only while new paths are looked for', () => {
    const all = offered()
    const { alice, bob, offerId, world } = all
    for (const ctr of [100, 101]) deliver(all, bob, answer(offerId, fpOf(alice)), ctr)
    expect(bob.machine.counters).toMatchObject({ ok: 3, state: 1 })
    bob.machine.connectionState(connectionOf(bob), 'connected', world.nowMs)
    deliver(all, bob, answer(offerId, fpOf(alice)), 102)
    expect(bob.machine.counters.state).toBe(2)
  })

  test('not when a server kept it until the next are looked for', () => {
    const all = linked()
    const { alice, bob, server, world } = all
    const kept: (() => void)[] = []
    server.relay = (e, deliverNow) => {
      if (decodeEnvelope(decodeB64u(e)).kind === EnvelopeKind.answer) kept.push(() => deliverNow(e))
      else deliverNow(e)
    }
    disturb(all, 'failed')
    world.settle()
    for (const one of [alice, bob]) one.machine.connectionState(connectionOf(one), 'connected', world.nowMs)
    world.wait(30_000)
    expect(bob.link).toMatchObject({ state: 'open', isRestarting: false })
    alice.rtc.isMute = true
    disturb(all, 'failed')
    world.settle()
    for (const deliverNow of kept) deliverNow()
    expect(bob.machine.counters.state).toBe(1)
    expect(insideOf(bob).restart).toMatchObject({ isAnswered: false })
  })
})

describe('candidates of new paths', () => {
  const host = (at: number) => ({ candidate: `candidate:${at} 1 udp 1 192.0.2.1 ${5000 + at} typ host`, sdpMid: '0' })

  test.each<['offerer' | 'answerer', EnvelopeBody['kind']]>([
    ['offerer', EnvelopeKind.offer],
    ['answerer', EnvelopeKind.answer],
  ])('of the %s are applied, whether they come before their description or after it', (role, kind) => {
    const all = linked()
    const { alice, bob, server, world } = all
    const [one, other] = role === 'offerer' ? [bob, alice] : [alice, bob]
    const late: (() => void)[] = []
    server.relay = (e, deliverNow) => {
      if (decodeEnvelope(decodeB64u(e)).kind === kind) late.push(() => deliverNow(e))
      else deliverNow(e)
    }
    disturb(all, 'failed')
    world.settle()
    const connection = connectionOf(one)
    one.machine.localCandidates(connection, [host(1)], false, world.nowMs)
    world.wait(200)
    expect(other.rtc.candidates).toEqual([])
    for (const deliverNow of late) deliverNow()
    one.machine.localCandidates(connection, [host(2)], true, world.nowMs)
    world.settle()
    expect(other.rtc.candidates.map(({ c }) => c)).toEqual([[host(1)], [host(2)]])
    expect(bob.link).toMatchObject({ state: 'open', isRestarting: false })
  })
})
