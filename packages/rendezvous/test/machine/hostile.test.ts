import { createRandom } from '@mimirjs/transport/testing'
import { decodeB64u, encodeB64u, encodeLinkFrame } from '@mimirjs/wire/rendezvous'
import { describe, expect, test } from 'vitest'
import { DEFAULT_LIMITS } from '../../src/limits.js'
import { Receiver } from '../../src/machine/receiver.js'
import { ReplayTable, ReplayWindow } from '../../src/machine/replay.js'
import { requireState } from '../../src/machine/state.js'
import { codeOf } from './support/failure.js'
import { a } from './support/identity.js'
import { Party } from './support/party.js'
import { linked, pair } from './support/scene.js'
import { START_MS, World } from './support/world.js'

/** All envelopes and channel frames of a whole meeting with a message. */
function recording(): { readonly envelopes: readonly string[]; readonly frames: readonly string[] } {
  const { bob, alice, world, server } = linked()
  if (bob.link !== undefined) bob.machine.sendChat(bob.link, 'hello', world.nowMs)
  world.settle()
  return { envelopes: server.seen, frames: [...bob.channelTexts, ...alice.channelTexts] }
}

const { envelopes, frames } = recording()

describe('truncation at every offset', () => {
  test('of an envelope is refused, and changes nothing for the whole one', () => {
    const receiver = new Receiver({
      publicKey: a.publicKey,
      replays: new ReplayTable(DEFAULT_LIMITS, () => false),
      wallMs: (timeMs) => timeMs,
      policy: () => 'accept',
      onContactHeard: () => {},
    })
    let whole = 0
    for (const envelope of envelopes) {
      const bytes = decodeB64u(envelope)
      for (let length = 0; length < bytes.length; length++)
        expect(receiver.receive(bytes.slice(0, length), START_MS, () => true)).toBe('length')
      if (typeof receiver.receive(bytes, START_MS, () => true) !== 'string') whole += 1
    }
    // Those of bob: the knock and the offer.
    expect(whole).toBe(2)
  })

  test('of a frame of a server ends nothing but the use of that server', () => {
    for (const envelope of envelopes.slice(0, 1)) {
      const frame = encodeLinkFrame({ type: 'relayed-msg', e: envelope })
      for (let length = 0; length < frame.length; length++) {
        const { alice, server } = pair()
        server.say(alice, frame.slice(0, length))
        expect(alice.machine.servers()).toMatchObject([{ state: 'left', reason: 'malformed' }])
        expect(alice.machine.attempts()).toEqual([])
      }
    }
  })

  test('of a frame of a peer is counted, and the link stays', () => {
    const chat = frames.find((frame) => frame.includes('"chat"')) ?? ''
    for (let length = 0; length < chat.length; length++) {
      const { alice, world } = linked()
      alice.machine.channelText(alice.link?.connection ?? 0, chat.slice(0, length), world.nowMs)
      expect(alice.machine.counters['channel-frame']).toBe(1)
      expect(alice.link?.state).toBe('open')
      expect(alice.chats).toEqual([])
    }
  })

  test('of a bind ends the attempt', () => {
    const bind = frames.find((frame) => frame.includes('"bind"')) ?? ''
    for (let length = 0; length < bind.length; length += 7) {
      const { alice, bob, world } = pair()
      const { text } = bob.rtc
      bob.rtc.text = (number, frame) => text.call(bob.rtc, number, frame.slice(0, length))
      bob.connect(alice)
      world.settle()
      expect(alice.ended).toMatchObject([{ closeCode: 'bind' }])
    }
  })
})

test('one changed bit anywhere in an envelope is noticed', () => {
  const [knock = ''] = envelopes
  const bytes = decodeB64u(knock)
  for (let bit = 0; bit < bytes.length * 8; bit += 3) {
    const changed = bytes.slice()
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    const { alice, server } = pair()
    server.deliver(alice, encodeB64u(changed))
    expect(alice.machine.counters.ok).toBe(0)
    expect(alice.machine.attempts()).toEqual([])
  }
})

describe('what a host may get wrong', () => {
  test('numbers that are over, or never were, change nothing', () => {
    const { alice, world } = linked()
    const { machine } = alice
    const { nowMs } = world
    for (const number of [0, 2, 99]) {
      machine.described(number, '', nowMs)
      machine.describeFailed(number, nowMs)
      machine.localCandidates(number, [], true, nowMs)
      machine.channelOpen(number, undefined, nowMs)
      machine.channelText(number, 'null', nowMs)
      machine.channelClosed(number, nowMs)
      machine.connectionState(number, 'failed', nowMs)
      machine.channelBinary(number, new Uint8Array(1), nowMs)
      expect(machine.heard(number, nowMs)).toBe(false)
      machine.socketOpened(number + 1, '', nowMs)
      machine.socketText(number + 2, '', nowMs)
    }
    expect(alice.link?.state).toBe('open')
    expect(machine.servers()).toMatchObject([{ state: 'ready' }])
  })

  test('a description that nobody asked for, or a second one, is not sent', () => {
    const { alice, bob, world, server } = linked()
    const before = server.seen.length
    bob.machine.described(bob.link?.connection ?? 0, 'v=0', world.nowMs)
    bob.machine.channelOpen(bob.link?.connection ?? 0, undefined, world.nowMs)
    world.settle()
    expect(server.seen).toHaveLength(before)
    expect(alice.link?.state).toBe('open')
    expect(bob.link?.state).toBe('open')
  })

  test('a signature that is answered twice counts once', () => {
    const { alice, bob, world, server } = pair(1, { bob: { isSignerSlow: true } })
    world.settle()
    for (let round = 0; round < 20; round++) {
      for (const { message, done } of bob.unsigned.splice(0)) {
        const signature = bob.signer.sign(message)
        done(signature, world.nowMs)
        done(signature, world.nowMs)
      }
      world.settle()
      if (round === 3) bob.connect(alice)
    }
    expect(bob.link?.state).toBe('open')
    expect(bob.channelTexts.filter((text) => text.includes('"bind"'))).toHaveLength(1)
    expect(new Set(server.seen).size).toBe(server.seen.length)
  })
})

describe('what is stored', () => {
  test('survives as JSON, and the next epoch is greater whatever the clock says', () => {
    const { alice } = linked()
    const state = JSON.parse(JSON.stringify(alice.machine.state())) as ReturnType<typeof alice.machine.state>
    const next = new Party(new World(), a, { state, nowMs: 1000 })
    expect(next.machine.state()).toEqual({ ...state, epoch: state.epoch + 1 })
    expect(alice.stateChanges).toBeGreaterThan(0)
  })

  test.each([
    [{ epoch: -1, contacts: [] }],
    [{ epoch: 1.5, contacts: [] }],
    [{ epoch: 1 }],
    [{ epoch: 1, contacts: [['zz', 1, 1]] }],
    [{ epoch: 1, contacts: [['00'.repeat(32), 1, 2 ** 32]] }],
    [{ epoch: 1, contacts: [7] }],
  ])('%j is refused', (state) => {
    expect(codeOf(() => requireState(state as never))).toBe('bad-state')
  })

  test('lets nothing pass that was had before, in or out of order', () => {
    const table = new ReplayTable(DEFAULT_LIMITS, () => false, [['b', 5, 200]])
    for (let ctr = 0; ctr <= 200; ctr++) expect(table.check('b', 5, ctr)).toBe(ctr <= 72 ? 'old' : 'replay')
    expect(table.check('b', 4, 201)).toBe('stale-epoch')
    expect(table.check('b', 5, 201)).toBeUndefined()
  })
})

test('the window is a set of the last 128 counters: compared with one that remembers everything', () => {
  const random = createRandom(5)
  const window = new ReplayWindow(0, 1000, false)
  const seen = new Set([1000])
  let highest = 1000
  for (let round = 0; round < 5000; round++) {
    const ctr = Math.max(0, highest - 140 + random.integer(145) + (random.integer(50) === 0 ? random.integer(300) : 0))
    const expected = ctr <= highest - 128 ? 'old' : seen.has(ctr) ? 'replay' : undefined
    expect(window.check(0, ctr)).toBe(expected)
    if (expected !== undefined) continue
    window.mark(0, ctr)
    seen.add(ctr)
    highest = Math.max(highest, ctr)
  }
  expect(highest).toBeGreaterThan(3000)
})
