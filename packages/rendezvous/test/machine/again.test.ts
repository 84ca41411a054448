import { EnvelopeKind } from '@mimirjs/wire/rendezvous'
import { describe, expect, test } from 'vitest'
import type { PolicyAnswer } from '../../src/machine/index.js'
import { envelopeOf } from './support/envelopes.js'
import { a, b } from './support/identity.js'
import { linked, pair, party } from './support/scene.js'

const asks = { policy: (): PolicyAnswer => 'ask' }

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

  test('an attempt beside an open link ends alone', () => {
    const { world, alice, bob, server } = linked()
    const old = alice.link
    const sid = new Uint8Array(16).fill(9)
    server.deliver(alice, envelopeOf({ from: b, to: a, body: knock, sid, epoch: world.nowMs + 1 }))
    expect(alice.machine.attempts()).toMatchObject([{ state: 'waiting', sid }, { state: 'open' }])
    world.wait(30_000)
    expect(alice.ended).toMatchObject([{ closeCode: 'timeout', sid }])
    expect(alice.link).toBe(old)
    expect(bob.connect(alice)).toBe(bob.link)
  })

  test('a knock under a sid that is in use is nothing', () => {
    const { world, alice, server } = linked()
    const sid = alice.link?.sid ?? new Uint8Array(16)
    server.deliver(alice, envelopeOf({ from: b, to: a, body: knock, sid, epoch: world.nowMs + 1 }))
    expect(alice.machine.attempts()).toMatchObject([{ state: 'open' }])
    expect(alice.machine.counters.state).toBe(1)
  })
})
