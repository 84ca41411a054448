import { EnvelopeKind } from '@mimirjs/wire/rendezvous'
import { describe, expect, test } from 'vitest'
import { DEFAULT_LIMITS, limitsOf } from '../../src/limits.js'
import { Core } from '../../src/machine/core.js'
import { DismissedKnocks } from '../../src/machine/dismissed-knocks.js'
import { isSmallerKey } from '../../src/machine/keys.js'
import { Prompts } from '../../src/machine/prompts.js'
import type { Received } from '../../src/machine/receiver.js'
import { envelopeOf } from './support/envelopes.js'
import { a, c, oneOfMany } from './support/identity.js'
import { Party } from './support/party.js'
import { pair, party, scene } from './support/scene.js'
import { World } from './support/world.js'

const knock = { kind: EnvelopeKind.knock } as const

describe('floods', () => {
  test('of strangers that knock: the user sees eight, and tables stay as they are', () => {
    const all = scene()
    const limits = { senders: 16, promptKeys: 16, signaturesPerServerBurst: 10_000 }
    const alice = party(all, a, { policy: () => 'ask', limits })
    const { nowMs } = all.world
    for (let at = 0; at < 200; at++)
      all.server.deliver(alice, envelopeOf({ from: oneOfMany(at), to: a, body: knock, epoch: nowMs }))
    expect(alice.machine.knocks()).toHaveLength(8)
    expect(alice.machine.counters).toMatchObject({ ok: 8, prompt: 192 })
    // Whoever is being asked about is not forgotten among the others: his copies are copies.
    all.server.deliver(alice, envelopeOf({ from: oneOfMany(0), to: a, body: knock, epoch: nowMs }))
    expect(alice.machine.counters.replay).toBe(1)
    all.world.wait(181_000)
    expect(alice.machine.knocks()).toEqual([])
  })

  test('of new envelopes through one server: no more signatures than it may have, and another server has its own', () => {
    const all = scene(2)
    const alice = party(all, a, {
      policy: () => 'ask',
      limits: { signaturesPerServerBurst: 20, signaturesPerServerPerSecond: 10 },
    })
    const [bad, good] = all.servers
    const { nowMs } = all.world
    const body = { kind: EnvelopeKind.hangup } as const
    for (let ctr = 0; ctr < 100; ctr++) bad?.deliver(alice, envelopeOf({ from: c, to: a, body, epoch: nowMs, ctr }))
    expect(alice.machine.counters).toMatchObject({ state: 20, rate: 80 })
    // What was not looked at is not marked either: it can still come through the other.
    good?.deliver(alice, envelopeOf({ from: c, to: a, body, epoch: nowMs, ctr: 99 }))
    expect(alice.machine.counters.state).toBe(21)
    all.world.wait(1000)
    for (let ctr = 30; ctr < 60; ctr++) bad?.deliver(alice, envelopeOf({ from: c, to: a, body, epoch: nowMs, ctr }))
    expect(alice.machine.counters.state).toBe(31)
  })

  test('of frames of any kind: the server is left, and the others stay', () => {
    const all = pair(2)
    const [bad] = all.servers
    for (let at = 0; at < 2100; at++) bad?.say(all.alice, '{"type":"pong","n":1}')
    expect(all.alice.machine.servers()).toMatchObject([{ state: 'left', reason: 'flood' }, { state: 'ready' }])
    expect(all.alice.closedSockets.at(-1)?.code).toBe(4429)
  })

  test('of what strangers have relayed: it is dropped unread, and the server stays', () => {
    const all = pair()
    const { alice, bob, server, world } = all
    const { counters } = alice.machine
    const forged = envelopeOf({ from: c, to: a, body: knock, epoch: world.nowMs }).replace(/.{10}$/, 'A'.repeat(10))
    for (let at = 0; at < 5000; at++) server.deliver(alice, forged)
    expect(counters.signature + counters.rate).toBe(5000)
    expect(alice.machine.servers()).toMatchObject([{ state: 'ready' }])
    // It says something itself, and is heard; and when the flood is over, so is everybody else.
    server.say(alice, '{"type":"ping","n":7}')
    world.wait(5_000)
    bob.connect(alice)
    world.settle()
    expect(alice.links).toHaveLength(1)
  })

  test('of knocks that are let in: not more at once than there is room, and ours can still go out', () => {
    const all = scene()
    const alice = party(all, a, { limits: { signaturesPerServerBurst: 10_000 } })
    const { nowMs } = all.world
    for (let at = 0; at < 100; at++)
      all.server.deliver(alice, envelopeOf({ from: oneOfMany(at), to: a, body: knock, epoch: nowMs }))
    expect(alice.machine.attempts()).toHaveLength(12)
    expect(alice.machine.counters.limit).toBe(88)
    expect(alice.connect(c).state).toBe('knocking')
    all.world.wait(30_000)
    expect(alice.machine.attempts()).toHaveLength(1)
  })

  test('of one who is let in and knocks all the time: a welcome now and then, and others come in', () => {
    const all = scene()
    const alice = party(all, a)
    const { world, server } = all
    const welcomes = () => alice.machine.counters.ok
    for (let at = 0; at < 60; at++) {
      const sid = new Uint8Array(16).fill(at)
      server.deliver(alice, envelopeOf({ from: c, to: a, body: knock, sid, epoch: world.nowMs, ctr: at }))
    }
    expect([welcomes(), alice.machine.counters.limit]).toEqual([12, 48])
    expect(alice.machine.attempts()).toHaveLength(1)
    server.deliver(alice, envelopeOf({ from: oneOfMany(1), to: a, body: knock, epoch: world.nowMs }))
    expect(welcomes()).toBe(13)
    // It makes no difference that they start anew each time.
    for (let at = 0; at < 60; at++) {
      world.wait(510)
      const sid = new Uint8Array(16).fill(100 + at)
      server.deliver(alice, envelopeOf({ from: c, to: a, body: knock, sid, epoch: world.nowMs }))
    }
    expect(welcomes()).toBe(13 + 6)
  })

  test('of many who are let in: all together get fewer welcomes than servers let us send', () => {
    const all = scene()
    const alice = party(all, a, {
      limits: { attempts: 1000, incomingAttempts: 1000, signaturesPerServerBurst: 10_000 },
    })
    const { nowMs } = all.world
    for (let at = 0; at < 100; at++)
      all.server.deliver(alice, envelopeOf({ from: oneOfMany(at), to: a, body: knock, epoch: nowMs }))
    expect(alice.machine.counters).toMatchObject({ ok: 24, limit: 76 })
  })

  test('of honest people who all come at once: those for whom it is not the time yet come in when they knock again', () => {
    const all = scene()
    const alice = party(all, a, { limits: { attempts: 100, incomingAttempts: 100 } })
    const others = Array.from({ length: 40 }, (_, at) => party(all, oneOfMany(at)))
    for (const one of others) one.connect(alice)
    all.world.settle()
    expect(alice.machine.counters.limit).toBe(16)
    all.world.wait(15_000)
    expect(others.map(({ link }) => link?.state)).toEqual(others.map(() => 'open'))
  })

  test('of one who comes again and again: he is called all the same', () => {
    const limits = { welcomesPerKeyPerMinute: 1 }
    const { alice, bob, world } = pair(1, { alice: { limits }, bob: { limits } })
    const [smaller, greater] = isSmallerKey(alice.publicKey, bob.publicKey) ? [alice, bob] : [bob, alice]
    const lost = smaller.connect(greater)
    world.settle()
    smaller.machine.close(lost, world.nowMs)
    world.settle()
    smaller.connect(greater)
    world.settle()
    expect([greater.machine.counters.limit, greater.machine.attempts()]).toEqual([1, []])
    greater.connect(smaller)
    world.wait(5_000)
    expect([greater.link?.state, smaller.link?.state]).toEqual(['open', 'open'])
  })

  test('of candidates: 64 for one description', () => {
    const all = pair()
    const { alice, bob, server, world } = all
    bob.rtc.isBlocked = true
    const attempt = bob.connect(alice)
    world.settle()
    const { offerId } = attempt as unknown as { readonly offerId: Uint8Array }
    for (let ctr = 100; ctr < 200; ctr++) {
      const body = { kind: EnvelopeKind.candidates, re: offerId, c: [{ candidate: 'x' }], end: false } as const
      const { sid } = attempt
      server.deliver(alice, envelopeOf({ from: bob.signer, to: a, body, sid, epoch: world.nowMs, ctr }))
    }
    expect(alice.rtc.candidates).toHaveLength(64)
    expect(alice.machine.counters.limit).toBe(36)
  })
})

describe('tables that strangers fill', () => {
  test('counters of senders: as many as the limit says', () => {
    const host = new Party(new World(), a)
    const core = new Core(host, { publicKey: a.publicKey, nowMs: 0, limits: { senders: 8, contacts: 4 } })
    for (let at = 0; at < 100; at++) {
      core.replays.mark(`stranger ${at}`, 1, 0, false)
      core.replays.mark(`contact ${at}`, 1, 0, true)
    }
    expect(core.replays.size).toBe(12)
    expect(core.replays.contacts().map(([name]) => name)).toEqual([96, 97, 98, 99].map((at) => `contact ${at}`))
  })

  test('counters of recipients: as many as the limit says, and none is used twice', () => {
    const host = new Party(new World(), a)
    const core = new Core(host, { publicKey: a.publicKey, nowMs: 0, limits: { recipients: 4 } })
    const used = new Set<string>()
    for (let round = 0; round < 200; round++) {
      const to = oneOfMany((round * 7) % 11).publicKey
      const letter = core.outbox.write(to, new Uint8Array(16), knock, 1, 0)
      const text = `${to.join()} ${new DataView(letter.bytes.buffer).getUint32(92)}`
      expect(used.has(text)).toBe(false)
      used.add(text)
    }
    expect(core.outbox.recipientCount).toBe(4)
  })

  test('questions, and knocks that nobody answered', () => {
    const limits = limitsOf({ promptKeys: 8 })
    const prompts = new Prompts(limits)
    const dismissed = new DismissedKnocks(limits)
    for (let at = 0; at < 100; at++) {
      prompts.take(`stranger ${at}`, at)
      prompts.refused(`stranger ${at}`, at)
      dismissed.add({ name: `stranger ${at}`, endMs: 1000 } as Received)
    }
    expect(prompts.size).toBe(8)
    expect(dismissed.size).toBe(8)
    expect(dismissed.take('stranger 99', 1000)).toBeUndefined()
  })

  test('blocked keys', () => {
    const one = new Party(new World(), a, { limits: { blocked: 2 } })
    for (const at of [1, 2, 1]) one.machine.block(oneOfMany(at).publicKey, 0)
    expect(() => one.machine.block(oneOfMany(3).publicKey, 0)).toThrow('blocked')
  })
})

test('limits: defaults, and what is refused', () => {
  expect(limitsOf()).toEqual(DEFAULT_LIMITS)
  expect(limitsOf({ links: undefined, prompts: 0 } as object)).toEqual({ ...DEFAULT_LIMITS, prompts: 0 })
  for (const bad of [{ links: 0 }, { links: 1.5 }, { links: Number.NaN }, { knockMs: 120_001 }, { nothing: 1 }])
    expect(() => limitsOf(bad as object)).toThrow(/limits\./)
})
