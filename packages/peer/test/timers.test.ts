import { encodeFrame, type PeerFrame } from '@mimirjs/wire/peer'
import { describe, expect, test } from 'vitest'
import { GENERATIONS } from '../src/generations.js'
import { sessionTimers } from '../src/timers.js'
import { concat, Machine, message } from './support/machine.js'
import { machineIn } from './support/vectors.js'

const bytesOf = (...frames: PeerFrame[]): Uint8Array => concat(frames.map((frame) => encodeFrame(frame, 'overlay')))
const text = (guid: bigint): PeerFrame => ({ type: 'text', ...message(guid) })
const PONG = bytesOf({ type: 'pong' })
const PING = bytesOf({ type: 'ping' })
const NO_PINGS = { pingMs: 1e9, pingJitterMs: 0 }

/** Nothing one millisecond before, everything at the very moment. */
function expectEndAfter(machine: Machine, ms: number, code: string | undefined): void {
  machine.advance(ms - 1)
  expect(machine.of('closed'), `${ms - 1} ms`).toEqual([])
  machine.advance(1)
  expect(machine.of('closed'), `${ms} ms`).toEqual([{ type: 'closed', code }])
}

describe('defaults', () => {
  test('per generation', () => {
    expect(sessionTimers(GENERATIONS.classic)).toMatchObject({ connectMs: 3_000, idleMs: 120_000, stallMs: 120_000 })
    expect(sessionTimers(GENERATIONS.overlay)).toMatchObject({ connectMs: 5_000, idleMs: 600_000, stallMs: 600_000 })
    expect(sessionTimers(GENERATIONS.overlay, { idleMs: 7 })).toMatchObject({ idleMs: 7, stallMs: 7 })
    expect(sessionTimers(GENERATIONS.overlay, { idleMs: 7, stallMs: 8 })).toMatchObject({ idleMs: 7, stallMs: 8 })
  })
})

describe('before READY', () => {
  test('HELLO without an answer: 5 s', () => {
    expectEndAfter(new Machine({ role: 'initiator' }).start(), 5_000, 'timeout')
  })

  test.each(['challengeAnswered', 'challenge2Sent'] as const)('initiator in %s: 15 s in all', async (state) => {
    expectEndAfter(await machineIn('initiator', state), 15_000, 'timeout')
  })

  test.each(['waitHello', 'challengeSent', 'peerVerified', 'challenge2Answered'] as const)(
    'acceptor in %s: 15 s in all',
    async (state) => expectEndAfter(await machineIn('acceptor', state), 15_000, 'timeout'),
  )

  test('a signer that takes too long', async () => {
    const machine = await machineIn('initiator', 'signing', { signLater: true })
    expectEndAfter(machine, 15_000, 'timeout')
    machine.sign()
    expect(machine.session.state).toBe('closed')
  })

  test('frames that lead nowhere do not buy time', async () => {
    const machine = await machineIn('acceptor', 'challengeSent')
    machine.advance(14_000).receive(PING)
    expectEndAfter(machine, 1_000, 'timeout')
  })
})

describe('classic', () => {
  test('an orderly end after 120 s without a frame', async () => {
    const machine = await machineIn('initiator', 'ready')
    machine.advance(100_000).receive(PING)
    expectEndAfter(machine, 120_000, undefined)
    expect(
      (await machine.frames()).map((frame) => frame.type),
      'and no PING of ours',
    ).toEqual(['pong'])
  })

  test('no OK and nothing received for 20 s: dead, never refused', async () => {
    const machine = await machineIn('initiator', 'ready')
    machine.session.send(message(1n), machine.nowMs)
    expectEndAfter(machine, 20_000, 'timeout')
    expect(machine.error).toMatchObject({ blame: 'timeout' })
    expect(machine.of('unanswered')).toEqual([])
  })

  test('whatever arrives shows that the other side lives', async () => {
    const machine = await machineIn('initiator', 'ready')
    machine.session.send(message(1n), machine.nowMs)
    for (let count = 0; count < 10; count++) machine.advance(19_999).receive(PING)
    machine.advance(19_999).receive(bytesOf(text(5n)).subarray(0, 3))
    expectEndAfter(machine, 20_000, 'timeout')
  })

  test('what is unacknowledged holds the idle end off', async () => {
    const machine = await machineIn('initiator', 'ready')
    machine.session.send(message(1n), machine.nowMs)
    // The first byte of a frame that never becomes whole: bytes, but no frame.
    for (let count = 0; count < 14; count++) machine.advance(10_000).receive(Uint8Array.of(0))
    expect(machine.of('closed')).toEqual([])
  })

  test('the 20 s do not run while our own write is being flushed', async () => {
    const machine = (await machineIn('initiator', 'ready')).throttle(100)
    machine.session.send(message(1n, 'x'.repeat(200)), machine.nowMs)
    await machine.output()
    machine.advance(100_000).drain()
    expectEndAfter(machine, 20_000, 'timeout')
  })

  test('a write that never drains ends too', async () => {
    const machine = (await machineIn('initiator', 'ready', { timers: { stallMs: 60_000 } })).throttle(100)
    machine.session.send(message(1n, 'x'.repeat(200)), machine.nowMs)
    await machine.output()
    expectEndAfter(machine, 60_000, 'timeout')
  })

  test('while we do not read, silence says nothing', async () => {
    const machine = await machineIn('acceptor', 'ready', { limits: { inboundMessages: 1 } })
    machine.session.send(message(1n), machine.nowMs)
    machine.receive(bytesOf(text(9n)))
    expect(machine.session.isPaused).toBe(true)
    machine.advance(100_000)
    machine.session.acknowledge(9n)
    machine.session.resumed(machine.nowMs)
    expectEndAfter(machine, 20_000, 'timeout')
  })
})

describe('overlay', () => {
  const ready = (options: object = {}): Promise<Machine> =>
    machineIn('initiator', 'ready', { generation: 'overlay', ...options })

  test('PING every 45 s, give or take 5', async () => {
    const machine = await ready()
    const gapsMs: number[] = []
    for (let count = 0; count < 12; count++) {
      const dueMs = machine.session.nextDeadlineMs!
      gapsMs.push(dueMs - machine.nowMs)
      machine.advance(dueMs - machine.nowMs)
      expect(await machine.frames()).toEqual([{ type: 'ping' }])
      machine.receive(PONG)
    }
    for (const gapMs of gapsMs) {
      expect(gapMs).toBeGreaterThanOrEqual(40_000)
      expect(gapMs).toBeLessThanOrEqual(50_000)
    }
    expect(new Set(gapsMs).size).toBeGreaterThan(6)
  })

  test('no PONG for 7 s: dead', async () => {
    const machine = await ready({ timers: { pingJitterMs: 0 } })
    machine.advance(45_000)
    expect(await machine.frames()).toEqual([{ type: 'ping' }])
    expectEndAfter(machine, 7_000, 'timeout')
  })

  test('the 7 s run anew while bytes arrive, and after our own write was flushed', async () => {
    const machine = (await ready({ timers: { pingJitterMs: 0 } })).throttle(200)
    machine.advance(45_000)
    machine.session.send(message(1n, 'x'.repeat(200)), machine.nowMs)
    machine.advance(60_000).drain()
    machine.advance(6_999).receive(Uint8Array.of(0))
    expectEndAfter(machine, 7_000, 'timeout')
  })

  test('an orderly end after 600 s; PING and PONG do not count', async () => {
    const machine = await ready({ timers: NO_PINGS })
    machine.advance(300_000).receive(PING, PONG)
    expectEndAfter(machine, 300_000, undefined)
  })

  test('no OK for 20 s: PING; a PONG then means refused for now', async () => {
    const machine = await ready()
    machine.session.send(message(1n), machine.nowMs)
    machine.session.send(message(2n), machine.nowMs)
    machine.advance(10_000)
    machine.session.send(message(3n), machine.nowMs)
    expect((await machine.frames()).length).toBe(3)
    machine.receive(bytesOf({ type: 'ok', id: 2n }))
    machine.advance(9_999)
    expect(await machine.output()).toHaveLength(0)
    machine.advance(1)
    expect(await machine.frames()).toEqual([{ type: 'ping' }])
    machine.advance(6_999).receive(PONG)
    expect(machine.of('unanswered')).toEqual([{ type: 'unanswered', guid: 1n }])
    expect(machine.session.unacknowledged, 'it left the window, the younger one is still in it').toBe(1)
    machine.receive(bytesOf({ type: 'ok', id: 1n }))
    expect(
      machine.of('acknowledged').map((event) => event.guid),
      'a late OK still counts',
    ).toEqual([2n, 1n])
    machine.advance(3_001)
    machine.receive(PONG)
    expect(machine.of('unanswered')).toHaveLength(2)
    expect(machine.of('closed')).toEqual([])
  })

  test('no OK for 20 s and no PONG in 7: dead', async () => {
    const machine = await ready()
    machine.session.send(message(1n), machine.nowMs)
    expectEndAfter(machine, 27_000, 'timeout')
    expect(machine.of('unanswered')).toEqual([])
  })

  test('the PONG of an earlier PING refuses nothing', async () => {
    const machine = await ready({ timers: { pingMs: 19_000, pingJitterMs: 0 } })
    machine.session.send(message(1n), machine.nowMs)
    machine.advance(19_000)
    expect(await machine.frames()).toHaveLength(2)
    machine.advance(2_000).receive(PONG)
    expect(machine.of('unanswered')).toEqual([])
    machine.advance(0)
    expect(await machine.frames()).toEqual([{ type: 'ping' }])
    machine.receive(PONG)
    expect(machine.of('unanswered')).toHaveLength(1)
  })

  test('a full window of refused messages opens again, and old refusals are forgotten', async () => {
    const machine = await ready({ limits: { unansweredMessages: 20 } })
    for (let round = 0; round < 2; round++) {
      for (let at = 1; at <= 16; at++) machine.session.send(message(BigInt(round * 16 + at)), machine.nowMs)
      expect(machine.session.window).toBe(0)
      machine.advance(20_000).receive(PONG)
      expect(machine.session.window).toBe(16)
    }
    expect(machine.of('writable')).toHaveLength(2)
    machine.receive(bytesOf(...Array.from({ length: 32 }, (_, at): PeerFrame => ({ type: 'ok', id: BigInt(at + 1) }))))
    expect(machine.of('acknowledged').map((event) => event.guid)).toEqual(
      Array.from({ length: 20 }, (_, at) => BigInt(at + 13)),
    )
  })
})
