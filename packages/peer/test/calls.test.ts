import { encodeFrame, type PeerFrame } from '@mimirjs/wire/peer'
import { describe, expect, test } from 'vitest'
import { CALL_TABLE, type CallState, nextCallState } from '../src/call-table.js'
import type { CallFrame, Role } from '../src/types.js'
import { concat, type Machine, readyPair } from './support/machine.js'

const bytesOf = (...frames: PeerFrame[]): Uint8Array => concat(frames.map((frame) => encodeFrame(frame, 'overlay')))
const offer: CallFrame = { type: 'callOffer', mimeType: 'audio/aac', sampleRate: 44_100, channelCount: 1 }
const accept: CallFrame = { type: 'callAnswer', accepted: true, error: '' }
const decline: CallFrame = { type: 'callAnswer', accepted: false, error: '' }
const hang: CallFrame = { type: 'callHang' }
const packet: CallFrame = { type: 'callPacket', data: new Uint8Array(8) }
const PONG = bytesOf({ type: 'pong' })

describe('table', () => {
  test('no state is a dead end: every call can be hung up by both sides', () => {
    for (const state of ['calling', 'receiving', 'inCall'] satisfies CallState[]) {
      expect(nextCallState(state, 'send', hang)).toBe('idle')
      expect(nextCallState(state, 'receive', hang)).toBe('idle')
    }
    expect(Object.keys(CALL_TABLE)).toEqual(['idle', 'calling', 'receiving', 'inCall'])
  })

  test('a second offer, and what belongs to no call, means nothing', () => {
    for (const state of ['receiving', 'inCall'] as const) expect(nextCallState(state, 'receive', offer)).toBeUndefined()
    for (const frame of [accept, decline, hang, packet]) expect(nextCallState('idle', 'receive', frame)).toBeUndefined()
  })
})

describe('a call', () => {
  async function ringing(): Promise<{ caller: Machine; callee: Machine }> {
    const { initiator: caller, acceptor: callee } = await readyPair({ generation: 'overlay' })
    caller.session.sendCall(offer, caller.nowMs)
    callee.receive(await caller.output())
    return { caller, callee }
  }

  test('offer, accept, sound both ways, hang up', async () => {
    const { caller, callee } = await ringing()
    callee.session.sendCall(accept, callee.nowMs)
    caller.receive(await callee.output())
    for (const [from, to] of [
      [caller, callee],
      [callee, caller],
    ] as const) {
      from.session.sendCall(packet, from.nowMs)
      to.receive(await from.output())
    }
    caller.session.sendCall(hang, caller.nowMs)
    callee.receive(await caller.output())
    expect(caller.of('call').map((event) => event.frame)).toEqual(['callAnswer', 'callPacket'])
    expect(callee.of('call').map((event) => event.frame)).toEqual(['callOffer', 'callPacket', 'callHang'])
    expect([caller.session.callState, callee.session.callState]).toEqual(['idle', 'idle'])
  })

  test('both call at once: each may accept, and the other answer means nothing then', async () => {
    const { initiator, acceptor } = await readyPair({ generation: 'overlay' })
    const both = [initiator, acceptor] as const
    const exchange = async (): Promise<void> => {
      const [fromInitiator, fromAcceptor] = [await initiator.output(), await acceptor.output()]
      acceptor.receive(fromInitiator)
      initiator.receive(fromAcceptor)
    }
    for (const machine of both) machine.session.sendCall(offer, machine.nowMs)
    await exchange()
    expect(both.map(({ session }) => session.callState)).toEqual(['calling', 'calling'])
    for (const machine of both) machine.session.sendCall(accept, machine.nowMs)
    await exchange()
    expect(both.map(({ session }) => session.callState)).toEqual(['inCall', 'inCall'])
    for (const machine of both) expect(machine.of('call').map((event) => event.frame)).toEqual(['callOffer'])
  })

  test('declined', async () => {
    const { caller, callee } = await ringing()
    callee.session.sendCall(decline, callee.nowMs)
    caller.receive(await callee.output())
    expect([caller.session.callState, callee.session.callState]).toEqual(['idle', 'idle'])
    expect(() => callee.session.sendCall(packet, callee.nowMs)).toThrow(expect.objectContaining({ code: 'call-state' }))
  })

  test.each(['initiator', 'acceptor'] as const)('nobody answers for 60 s: %s ends it', async (role: Role) => {
    const { caller, callee } = await ringing()
    const machine = role === 'initiator' ? caller : callee
    for (let seconds = 1; seconds < 60; seconds++) machine.advance(1_000).receive(PONG)
    machine.advance(999)
    expect(machine.session.callState).not.toBe('idle')
    await machine.output()
    machine.advance(1)
    expect(machine.session.callState).toBe('idle')
    expect(machine.of('call').at(-1)).toEqual({ type: 'call', frame: 'callHang' })
    expect((await machine.frames()).map((frame) => frame.type)).toContain('callHang')
  })

  test('pings every 1.75 s, give or take a quarter', async () => {
    const { caller } = await ringing()
    for (let count = 0; count < 8; count++) {
      const waitMs = caller.session.nextDeadlineMs! - caller.nowMs
      expect(waitMs).toBeGreaterThanOrEqual(1_500)
      expect(waitMs).toBeLessThanOrEqual(2_000)
      caller.advance(waitMs)
      expect((await caller.frames()).map((frame) => frame.type)).toEqual(['ping'])
      caller.receive(PONG)
    }
  })

  test('in a call 3.5 s without a sign of life end the connection; our own sound is one', async () => {
    const { caller, callee } = await ringing()
    callee.session.sendCall(accept, callee.nowMs)
    caller.receive(await callee.output())
    caller.advance(3_000)
    caller.session.sendCall(packet, caller.nowMs)
    caller.advance(3_499)
    expect(caller.of('closed')).toEqual([])
    caller.advance(1)
    expect(caller.closedWith).toBe('timeout')
  })

  test('sound that cannot leave is dropped, not queued', async () => {
    const { caller, callee } = await ringing()
    callee.session.sendCall(accept, callee.nowMs)
    caller.receive(await callee.output())
    caller.throttle(1)
    const written = Array.from({ length: 50 }, () => caller.session.sendCall(packet, caller.nowMs))
    expect(written).toEqual([true, ...Array.from({ length: 49 }, () => false)])
    expect(await caller.frames()).toHaveLength(1)
    caller.drain()
    expect(await caller.output()).toHaveLength(0)
    expect(caller.session.sendCall(packet, caller.nowMs)).toBe(true)
  })

  test('classic knows no calls', async () => {
    const { initiator } = await readyPair({ generation: 'classic' })
    expect(() => initiator.session.sendCall(offer, 0)).toThrow(expect.objectContaining({ code: 'call-state' }))
    initiator.receive(bytesOf(offer))
    expect(initiator.of('call')).toEqual([])
    expect(initiator.session.state).toBe('ready')
  })
})
