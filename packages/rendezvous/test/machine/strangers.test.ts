import { EnvelopeKind } from '@mimirjs/wire/rendezvous'
import { describe, expect, test } from 'vitest'
import { displayFingerprint, type PolicyAnswer } from '../../src/machine/index.js'
import { envelopeOf } from './support/envelopes.js'
import { codeOf } from './support/failure.js'
import { a, b, oneOfMany } from './support/identity.js'
import { linked, pair, party, scene } from './support/scene.js'

const asks = { policy: (): PolicyAnswer => 'ask' }

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
