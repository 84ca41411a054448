import { describe, expect, test } from 'vitest'
import { linked, pair } from './support/scene.js'

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

  test('meet at once when the one who goes on had knocked before the other was there', () => {
    const { server, world, alice, bob } = pair()
    server.relay = () => {}
    const attempt = bob.connect(alice)
    world.wait(1_000)
    server.relay = undefined
    alice.connect(bob)
    world.wait(1)
    expect(attempt).toMatchObject({ state: 'open', role: 'offerer' })
  })

  test('knocks of the other side make nobody knock all the time', () => {
    const { server, world, alice, bob } = pair()
    server.relay = () => {}
    bob.connect(alice)
    world.settle()
    const [said] = server.seen
    // What bob says is lost.
    server.relay = (e, deliver) => {
      if (e !== said) deliver(e)
    }
    for (let knock = 0; knock < 20; knock++) {
      const attempt = alice.connect(bob)
      world.wait(50)
      alice.machine.close(attempt, world.nowMs)
    }
    const copies = server.seen.filter((e) => e === said).length
    expect(copies).toBeGreaterThan(3)
    expect(copies).toBeLessThanOrEqual(6)
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
