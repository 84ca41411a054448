import { decodeB64u, decodeEnvelope, EnvelopeKind } from '@mimirjs/wire/rendezvous'
import { describe, expect, test } from 'vitest'
import { envelopeOf } from './support/envelopes.js'
import { a, b } from './support/identity.js'
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

describe('an offer of new paths is taken', () => {
  const answerIdOf = (all: Pair): Uint8Array => {
    const attempt = all.alice.link as unknown as { readonly answerId: Uint8Array }
    return attempt.answerId
  }
  const fpOfBob = ({ bob }: Pair): string => bob.rtc.connections.get(connectionOf(bob))?.fp ?? ''

  test.each([
    ['for another answer than that in force', 'state', (all: Pair) => ({ fp: fpOfBob(all), re: new Uint8Array(32) })],
    ['with another certificate', 'fingerprint', (all: Pair) => ({ fp: 'cd'.repeat(32), re: answerIdOf(all) })],
  ] as const)('not %s', (_, verdict, partsOf) => {
    const all = linked()
    const { alice, server, world } = all
    const { fp, re } = partsOf(all)
    const body = { kind: EnvelopeKind.offer, sdp: sdpOf(fp, 'actpass', 'x.1'), fp, re } as const
    const sid = alice.link?.sid ?? new Uint8Array(16)
    server.deliver(alice, envelopeOf({ from: b, to: a, body, sid, epoch: world.nowMs, ctr: 100 }))
    expect(alice.machine.counters[verdict]).toBe(1)
    expect(alice.link).toMatchObject({ state: 'open', isRestarting: false })
  })

  test('not from the answerer', () => {
    const all = linked()
    const { bob, server, world } = all
    const fp = 'ab'.repeat(32)
    const body = { kind: EnvelopeKind.offer, sdp: sdpOf(fp, 'actpass', 'x.1'), fp, re: answerIdOf(all) } as const
    const sid = bob.link?.sid ?? new Uint8Array(16)
    server.deliver(bob, envelopeOf({ from: a, to: b, body, sid, epoch: world.nowMs, ctr: 100 }))
    expect(bob.machine.counters.state).toBe(1)
  })
})
