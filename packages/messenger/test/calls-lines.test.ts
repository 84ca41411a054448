import { isPeerError, PeerError } from '@mimirjs/peer'
import { createClock } from '@mimirjs/transport/testing'
import { describe, expect, test } from 'vitest'
import type { CallFrame, CallLine } from '../src/calls/call-line.js'
import { Calls } from '../src/calls/calls.js'
import type { Call, MissedCall } from '../src/index.js'
import { isPending } from './support/calls.js'

const OFFER: CallFrame = { type: 'callOffer', mimeType: 'audio/aac', sampleRate: 44_100, channelCount: 1 }
const ACCEPT: CallFrame = { type: 'callAnswer', accepted: true, error: '' }
const decline = (error = ''): CallFrame => ({ type: 'callAnswer', accepted: false, error })
const HANG: CallFrame = { type: 'callHang' }
const PEER = 'b'.repeat(64)
const OTHER = 'c'.repeat(64)

/** One end of a connection, played by hand. */
class Line implements CallLine {
  closed = false
  callState: CallLine['callState'] = 'idle'
  readonly sent: CallFrame[] = []
  /** How PINGs are answered; by default at once. */
  probe = (): Promise<void> => Promise.resolve()
  refuses: PeerError | undefined
  readonly extended: boolean

  constructor({ extended = true }: { extended?: boolean } = {}) {
    this.extended = extended
  }

  sendCall(frame: CallFrame): boolean {
    if (this.refuses) throw this.refuses
    this.sent.push(frame)
    return true
  }

  get types(): string[] {
    return this.sent.map((frame) =>
      frame.type === 'callAnswer' ? (frame.accepted ? 'accept' : `decline ${frame.error}`.trim()) : frame.type,
    )
  }
}

function create({ publicKey = 'a'.repeat(64), maxCalls = 1 } = {}) {
  const clock = createClock()
  const lines: Line[] = []
  const incoming: Call[] = []
  const missed: MissedCall[] = []
  const dials: number[] = []
  const calls = new Calls({
    clock,
    generation: 'overlay',
    publicKey,
    maxCalls,
    lines: () => lines.filter(({ closed }) => !closed).reverse(),
    dial: async () => {
      dials.push(clock.nowMs())
      throw new PeerError('unreachable', 'nobody there')
    },
    isBlocked: (peer) => peer === OTHER,
    onCall: (call) => incoming.push(call) > 0,
    onMissed: (call) => missed.push(call),
  })
  const add = (line = new Line()): Line => {
    lines.push(line)
    calls.connected(PEER)
    return line
  }
  const end = (line: Line): void => {
    line.closed = true
    calls.lineClosed(PEER, line)
  }
  return { clock, calls, incoming, missed, dials, add, end }
}

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
}

describe('where the offer goes', () => {
  test('to the first connection that answers, and what was left of a call there is ended', async () => {
    const { calls, add } = create()
    const [mute, answering] = [add(), add()]
    mute.probe = () => new Promise(() => {})
    answering.callState = 'receiving'
    const call = await calls.call(PEER)
    expect([mute.types, answering.types]).toEqual([[], ['callHang', 'callOffer']])
    expect(call.media).toEqual({ mimeType: 'audio/aac', sampleRate: 44_100, channelCount: 1 })
  })

  test('to one that comes while the others stay silent', async () => {
    const { calls, add, dials } = create()
    add().probe = () => new Promise(() => {})
    const calling = calls.call(PEER)
    await settle()
    expect(await isPending(calling)).toBe(true)
    const line = add()
    expect((await calling).state).toBe('ringing')
    expect([line.types, dials]).toEqual([['callOffer'], []])
  })

  test('to the next when one ends in the moment of its answer', async () => {
    const { calls, add } = create()
    const [first, second] = [add(), add()]
    second.refuses = new PeerError('closed', 'closed')
    second.probe = async () => {
      second.closed = true
    }
    await calls.call(PEER)
    expect([first.types, second.types]).toEqual([['callOffer'], []])
  })

  test('nowhere, if it cannot be written: that is told at once', async () => {
    const { calls, add } = create()
    add().refuses = new PeerError('message', 'no such message')
    await expect(calls.call(PEER)).rejects.toMatchObject({
      code: 'call',
      message: /could not be written: no such message/,
    })
    expect(await calls.call(PEER).catch((error: unknown) => isPeerError((error as Error).cause))).toBe(true)
  })

  test('nobody is dialled all the time: the pauses double', async () => {
    const { calls, clock, dials } = create()
    const calling = calls.call(PEER)
    calling.catch(() => {})
    for (let ms = 0; ms < 30_000; ms += 100) {
      await settle()
      clock.advance(100)
    }
    await expect(calling).rejects.toMatchObject({ code: 'call' })
    expect(dials).toEqual([0, 500, 1_500, 3_500, 7_500, 15_500])
    await settle()
    clock.advance(60_000)
    await settle()
    expect([dials.length, clock.nextDueMs]).toEqual([6, undefined])
  })
})

describe('two offers', () => {
  const glare = async (publicKey: string, extended: boolean) => {
    const world = create({ publicKey })
    const [ours, theirs] = [world.add(new Line({ extended })), new Line({ extended })]
    const call = await world.calls.call(PEER)
    world.calls.heard(PEER, theirs, OFFER)
    return { ...world, ours, theirs, call }
  }

  test('on two connections: that of the smaller key stands', async () => {
    const smaller = await glare('a'.repeat(64), true)
    expect([smaller.ours.types, smaller.theirs.types, smaller.call.state]).toEqual([['callOffer'], [], 'ringing'])
    smaller.calls.heard(PEER, smaller.theirs, HANG)
    smaller.calls.heard(PEER, smaller.ours, ACCEPT)
    expect(smaller.call.state).toBe('talking')
    const larger = await glare('d'.repeat(64), true)
    expect(larger.ours.types).toEqual(['callOffer', 'callHang'])
    expect([larger.theirs.types, larger.call.state]).toEqual([['accept'], 'talking'])
  })

  test('on two connections of an original: theirs stands', async () => {
    const { ours, theirs, call } = await glare('a'.repeat(64), false)
    expect([ours.types, theirs.types, call.state]).toEqual([['callOffer', 'callHang'], ['accept'], 'talking'])
  })

  test('while we still look for a connection: theirs is taken', async () => {
    const { calls, clock, incoming } = create()
    const calling = calls.call(PEER)
    await settle()
    const line = new Line()
    calls.heard(PEER, line, OFFER)
    expect(await calling).toMatchObject({ state: 'talking', direction: 'outgoing' })
    expect([line.types, incoming, clock.nextDueMs]).toEqual([['accept'], [], undefined])
  })

  test('an offer while we talk on a call of ours is answered with busy', async () => {
    const { calls, add } = create()
    const [line, other] = [add(), new Line()]
    const call = await calls.call(PEER)
    calls.heard(PEER, line, ACCEPT)
    calls.heard(PEER, other, OFFER)
    expect([other.types, call.state]).toEqual([['decline busy'], 'talking'])
  })

  test('the caller on a new connection while the old one seems to live: the call moves', () => {
    const { calls, incoming } = create()
    const [old, fresh] = [new Line(), new Line()]
    calls.heard(PEER, old, OFFER)
    incoming[0]?.accept()
    calls.heard(PEER, fresh, OFFER)
    calls.heard(PEER, old, HANG)
    expect([old.types, fresh.types, incoming.length]).toEqual([['accept', 'callHang'], ['accept'], 1])
    expect(incoming[0]?.state).toBe('talking')
  })
})

describe('what comes on a line', () => {
  test('counts on the line of the call only, and from whom it is with only', async () => {
    const { calls, add, incoming } = create()
    const [line, stray] = [add(), new Line()]
    const call = await calls.call(PEER)
    for (const frame of [HANG, ACCEPT, decline(), { type: 'callPacket', data: new Uint8Array(1) }] as const) {
      calls.heard(PEER, stray, frame)
      calls.heard(OTHER, line, frame)
    }
    calls.lineClosed(PEER, stray)
    expect([call.state, call.stats.received, incoming]).toEqual(['ringing', 0, []])
    calls.heard(PEER, line, ACCEPT)
    calls.heard(PEER, line, decline())
    expect(call.state).toBe('talking')
  })

  test('busy, as our own kind says it', async () => {
    const { calls, add } = create()
    const line = add()
    const call = await calls.call(PEER)
    calls.heard(PEER, line, decline('busy'))
    expect(await call.ended).toEqual({ reason: 'busy' })
    const again = await calls.call(PEER)
    calls.heard(PEER, line, decline('no time'))
    expect(await again.ended).toEqual({ reason: 'declined' })
  })

  test('originals are told nothing but no', () => {
    const { calls, missed } = create()
    const original = new Line({ extended: false })
    calls.heard('d'.repeat(64), new Line(), OFFER)
    calls.heard(PEER, original, OFFER)
    expect([original.types, missed]).toEqual([['decline'], [{ peer: PEER, at: new Date(0) }]])
  })

  test('as many calls as allowed', async () => {
    const { calls, add, incoming } = create({ maxCalls: 2 })
    add()
    const call = await calls.call('d'.repeat(64))
    calls.heard(PEER, new Line(), OFFER)
    expect(incoming).toHaveLength(1)
    await expect(calls.call('e'.repeat(64))).rejects.toMatchObject({ code: 'call' })
    call.hangUp()
    expect((await calls.call('e'.repeat(64))).state).toBe('ringing')
  })

  test('an answer that the connection refuses ends the call', async () => {
    const { calls, incoming } = create()
    const line = new Line()
    calls.heard(PEER, line, OFFER)
    line.refuses = new PeerError('call-state', 'idle')
    incoming[0]?.accept()
    expect(await incoming[0]?.ended).toEqual({ reason: 'failed' })
  })
})

describe('a line is lost', () => {
  const lost = async (extended: boolean) => {
    const world = create()
    const line = world.add(new Line({ extended }))
    const call = await world.calls.call(PEER)
    world.calls.heard(PEER, line, ACCEPT)
    world.end(line)
    const next = world.add(new Line({ extended }))
    await settle()
    expect([next.types, call.state]).toEqual([['callOffer'], 'talking'])
    return { ...world, call, next }
  }

  test('our own kind joins within 5 s, or the call is lost', async () => {
    const { clock, call, next } = await lost(true)
    clock.advance(4_999)
    expect(call.state).toBe('talking')
    clock.advance(1)
    expect(await call.ended).toEqual({ reason: 'lost' })
    expect(next.types).toEqual(['callOffer', 'callHang'])
  })

  test('on an original a person answers again, and has as long as for the first time', async () => {
    const { calls, clock, call, next } = await lost(false)
    clock.advance(59_999)
    expect([call.state, call.send(new Uint8Array(1))]).toEqual(['talking', false])
    calls.heard(PEER, next, ACCEPT)
    clock.advance(100_000)
    expect([call.state, call.send(new Uint8Array(1))]).toEqual(['talking', true])
  })

  test('again and again: each time it is replaced, and no timer is left in the end', async () => {
    const { calls, clock, call, next, add, end } = await lost(true)
    calls.heard(PEER, next, ACCEPT)
    let line = next
    for (let round = 0; round < 10; round++) {
      end(line)
      line = add()
      await settle()
      calls.heard(PEER, line, ACCEPT)
    }
    expect([call.state, clock.nextDueMs]).toEqual(['talking', undefined])
    call.hangUp()
    expect([line.types, clock.nextDueMs]).toEqual([['callOffer', 'callHang'], undefined])
  })

  test('whoever hung up meanwhile declines the caller that comes back: once, and for 5 s', () => {
    for (const [waitMs, types] of [
      [4_999, ['decline']],
      [5_000, []],
    ] as const) {
      const { calls, clock, incoming, end } = create()
      const [first, second, third] = [new Line(), new Line(), new Line()]
      calls.heard(PEER, first, OFFER)
      incoming[0]?.accept()
      end(first)
      incoming[0]?.hangUp()
      clock.advance(waitMs)
      calls.heard(PEER, second, OFFER)
      expect(second.types).toEqual(types)
      if (types.length > 0) calls.heard(PEER, third, OFFER)
      expect(incoming.map(({ state }) => state)).toEqual(['ended', 'ringing'])
      calls.close()
      expect(clock.nextDueMs).toBeUndefined()
    }
  })
})
