import { createSigner } from '@mimirjs/crypto'
import { createClock, createRandom } from '@mimirjs/transport/testing'
import { describe, expect, it } from 'vitest'
import { YggdrasilError } from '../../src/error.js'
import { encodeGreeting } from '../../src/handshake.js'
import { Admissions, addressGroup } from '../../src/links/admissions.js'
import { Backoff } from '../../src/links/backoff.js'
import { type HandshakeOptions, LinkHandshake } from '../../src/links/handshake.js'
import { Heartbeat } from '../../src/links/heartbeat.js'
import { Liveness } from '../../src/links/liveness.js'
import { systemTurn, TurnQueue } from '../../src/links/turn.js'
import { encodeMetadata } from '../../src/wire/metadata.js'
import { altered } from './support.js'

const ours = createSigner(new Uint8Array(32).fill(1))
const theirs = createSigner(new Uint8Array(32).fill(2))
const NO_PASSWORD = new Uint8Array(0)
const sign = (message: Uint8Array): Uint8Array => theirs.sign(message)

function handshake(options: Partial<HandshakeOptions> = {}): LinkHandshake {
  return new LinkHandshake({
    publicKey: ours.publicKey,
    priority: 0,
    password: NO_PASSWORD,
    keys: [],
    incoming: false,
    allowedKeys: [],
    deadlineMs: 6000,
    ...options,
  })
}

function codeOf(work: () => void): string {
  try {
    work()
  } catch (error) {
    if (error instanceof YggdrasilError) return error.code
    throw error
  }
  return 'none'
}

describe('LinkHandshake', () => {
  const message = encodeGreeting({ publicKey: theirs.publicKey, priority: 7 }, NO_PASSWORD, sign)

  it('takes its message off the stream and not one byte more, however it is cut', () => {
    const frames = Uint8Array.of(1, 1, 2, 3)
    const stream = new Uint8Array([...message, ...frames])
    const random = createRandom(1)
    for (let round = 0; round < 50; round++) {
      const machine = handshake()
      let at = 0
      while (machine.result === undefined) {
        const chunk = stream.subarray(at, at + 1 + Math.floor(random.next() * (round === 0 ? 1 : 130)))
        const taken = machine.receive(chunk)
        if (machine.result === undefined) expect(taken).toBe(chunk.length)
        at += taken
      }
      expect(at).toBe(message.length)
      expect(machine.receive(frames)).toBe(0)
      expect(machine.result).toEqual({ publicKey: theirs.publicKey, priority: 7 })
    }
  })

  it('counts the higher priority of both sides', () => {
    for (const [own, both] of [
      [0, 7],
      [9, 9],
    ] as const) {
      const machine = handshake({ priority: own })
      machine.receive(message)
      expect(machine.result?.priority).toBe(both)
    }
  })

  it('skips fields that it does not know', () => {
    const extra = Uint8Array.of(0, 99, 0, 2, 5, 5)
    const body = message.subarray(6)
    const longer = new Uint8Array([...message.subarray(0, 4), 0, body.length + extra.length, ...extra, ...body])
    const machine = handshake()
    expect(machine.receive(longer)).toBe(longer.length)
    expect(machine.result?.publicKey).toEqual(theirs.publicKey)
  })

  it.each([
    ['another protocol', new TextEncoder().encode('HTTP/1.1 400 Bad Request\r\n'), {}, 'handshake'],
    ['a length below a signature', Uint8Array.of(0x6d, 0x65, 0x74, 0x61, 0, 63), {}, 'handshake'],
    ['a field that does not fit', altered(message, 9, 9), {}, 'handshake'],
    ['a forged signature', altered(message, 122, message[122]! ^ 1), {}, 'wrong-password'],
    ['another password', message, { password: Uint8Array.of(1) }, 'wrong-password'],
    ['another version', altered(message, 17, 6), {}, 'incompatible'],
    ['another major version', altered(message, 11, 1), {}, 'incompatible'],
    ['our own key', message, { publicKey: theirs.publicKey }, 'self'],
    ['a key that is not pinned', message, { keys: [ours.publicKey] }, 'pinned-key'],
    ['a key that may not connect', message, { incoming: true, allowedKeys: [ours.publicKey] }, 'not-allowed'],
    ['one of the pinned keys', message, { keys: [ours.publicKey, theirs.publicKey] }, 'none'],
    ['an allowed key', message, { incoming: true, allowedKeys: [theirs.publicKey] }, 'none'],
    ['a key to dial that need not be allowed', message, { allowedKeys: [ours.publicKey] }, 'none'],
  ])('judges %s', (_name, bytes, options, code) => {
    expect(codeOf(() => handshake(options).receive(bytes))).toBe(code)
  })

  it('asks for a key', () => {
    const nameless = encodeMetadata({ majorVersion: 0, minorVersion: 5, priority: 0, signature: new Uint8Array(64) })
    expect(codeOf(() => handshake().receive(nameless))).toBe('incompatible')
  })

  it('has to be done in time, to the millisecond', () => {
    const machine = handshake()
    machine.receive(message.subarray(0, 50))
    machine.tick(5999)
    expect(codeOf(() => machine.tick(6000))).toBe('timeout')
    const done = handshake()
    done.receive(message)
    done.tick(6000)
  })
})

describe('Liveness', () => {
  const timers = { readDeadlineMs: 10_000, keepAliveMs: 25_000, partialFrameMs: 30_000 }

  it('owes an answer to a frame of type 2 and up, unless something was written meanwhile', () => {
    const liveness = new Liveness(timers, 0)
    liveness.received(1)
    expect(liveness.batchEnd()).toBe(false)
    liveness.received(2)
    expect(liveness.batchEnd()).toBe(true)
    liveness.wrote(1, 0)
    expect(liveness.batchEnd()).toBe(false)
    liveness.received(9)
    liveness.wrote(3, 0)
    expect(liveness.batchEnd()).toBe(false)
    liveness.received(0)
    expect(liveness.batchEnd()).toBe(false)
  })

  it('waits for an answer from the first frame on that asks for one', () => {
    const liveness = new Liveness(timers, 0)
    liveness.wrote(1, 0)
    expect(liveness.due(10_000, false)).toBeUndefined()
    liveness.wrote(2, 1000)
    liveness.wrote(9, 5000)
    expect(liveness.due(10_999, false)).toBeUndefined()
    expect(liveness.due(11_000, false)).toBe('silent')
    liveness.received(1)
    expect(liveness.due(11_000, false)).toBeUndefined()
    expect(liveness.isAnswered).toBe(true)
  })

  it('judges nobody right after this process was asleep', () => {
    const liveness = new Liveness(timers, 0)
    liveness.wrote(2, 0)
    liveness.partial(0, 0)
    expect(liveness.due(60_000, true)).toBe('keepAlive')
    liveness.flushed(60_000)
    expect(liveness.due(60_000, true)).toBeUndefined()
    expect(liveness.due(61_000, false)).toBe('silent')
  })

  it('says that it lives after a long time without writing', () => {
    const liveness = new Liveness(timers, 0)
    expect(liveness.due(24_999, false)).toBeUndefined()
    expect(liveness.due(25_000, false)).toBe('keepAlive')
    liveness.flushed(25_000)
    expect(liveness.due(49_999, false)).toBeUndefined()
  })

  it('waits so long for the rest of a frame, and not longer because of crumbs', () => {
    const liveness = new Liveness(timers, 0)
    liveness.partial(3, 1000)
    liveness.flushed(20_000)
    liveness.partial(3, 20_000)
    expect(liveness.due(30_999, false)).toBeUndefined()
    expect(liveness.due(31_000, false)).toBe('stalled')
    // Another frame, another wait.
    liveness.partial(4, 30_000)
    expect(liveness.due(31_000, false)).toBeUndefined()
    liveness.partial(undefined, 32_000)
    liveness.flushed(80_000)
    expect(liveness.due(90_000, false)).toBeUndefined()
  })
})

describe('Backoff', () => {
  it('doubles from 2 s on, up to the longest pause, and begins anew after a success', () => {
    const backoff = new Backoff(60_000)
    const middle = 127.5
    const pauses = Array.from({ length: 40 }, () => backoff.failed(middle))
    expect(pauses.slice(0, 7)).toEqual([2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000])
    expect(backoff.failures).toBe(32)
    backoff.succeeded()
    expect(backoff.failed(middle)).toBe(2000)
  })

  it('spreads a fifth to both sides', () => {
    expect(new Backoff(60_000).failed(0)).toBe(1600)
    expect(new Backoff(60_000).failed(255)).toBe(2400)
  })
})

describe('Admissions', () => {
  const limits = { pendingHandshakes: 3, incomingLinks: 5, incomingLinksPerAddress: 2, handshakeMs: 6000 }
  const nothing = (): void => {}

  it('counts in all, of one address, and without a handshake', () => {
    const admissions = new Admissions(limits)
    const first = admissions.admit('192.0.2.1', nothing, 0)
    expect(admissions.admit('192.0.2.1', nothing, 0)).toBeDefined()
    expect(admissions.admit('192.0.2.1', nothing, 0)).toBeUndefined()
    const third = admissions.admit('192.0.2.2', nothing, 0)
    // Three without a handshake.
    expect(admissions.admit('192.0.2.3', nothing, 0)).toBeUndefined()
    first?.settle()
    third?.settle()
    expect(admissions.admit('192.0.2.3', nothing, 0)).toBeDefined()
    expect(admissions.admit('192.0.2.4', nothing, 0)).toBeDefined()
    // Five in all.
    expect(admissions.admit('192.0.2.5', nothing, 0)).toBeUndefined()
    expect([admissions.count, admissions.pending]).toEqual([5, 3])
    first?.release()
    first?.release()
    expect(admissions.count).toBe(4)
    expect(admissions.pending).toBe(3)
  })

  it('gives the place of an address back', () => {
    const admissions = new Admissions({ ...limits, pendingHandshakes: 100, incomingLinks: 100 })
    for (let round = 0; round < 10; round++) {
      const tickets = [admissions.admit('192.0.2.1', nothing, 0), admissions.admit('192.0.2.1', nothing, 0)]
      expect(tickets).toEqual([expect.anything(), expect.anything()])
      expect(admissions.admit('192.0.2.1', nothing, 0)).toBeUndefined()
      for (const ticket of tickets) ticket?.release()
    }
    expect(admissions.count).toBe(0)
  })

  it('cuts what takes too long, and only that', () => {
    const admissions = new Admissions(limits)
    const cut: string[] = []
    admissions.admit('192.0.2.1', () => cut.push('a'), 0)
    const done = admissions.admit('192.0.2.2', () => cut.push('b'), 1000)
    admissions.admit('192.0.2.3', () => cut.push('c'), 2000)
    done?.settle()
    admissions.tick(5999)
    expect(cut).toEqual([])
    admissions.tick(7999)
    expect(cut).toEqual(['a'])
    admissions.tick(8000)
    expect(cut).toEqual(['a', 'c'])
    expect(admissions.pending).toBe(0)
  })

  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::'],
    ['2001:db8:1:2::9', '2001:db8:1:2::'],
    ['fe80::1:2%eth0', 'fe80::1:2'],
    ['127.0.0.1', undefined],
    ['::ffff:127.0.0.2', undefined],
    ['::1', undefined],
    ['::2', '::'],
    ['somewhere', 'somewhere'],
  ])('counts %s as %s', (host, group) => {
    expect(addressGroup(host)).toBe(group)
  })
})

describe('Heartbeat', () => {
  it('beats once a second while it is wanted', () => {
    const clock = createClock()
    const beats: number[] = []
    const heartbeat = new Heartbeat(clock, (nowMs) => beats.push(nowMs) < 3)
    heartbeat.want()
    heartbeat.want()
    clock.advance(10_000)
    expect(beats).toEqual([1000, 2000, 3000])
    expect(clock.nextDueMs).toBeUndefined()
    heartbeat.want()
    heartbeat.stop()
    clock.advance(10_000)
    expect(beats.length).toBe(3)
  })

  it('notices that the process was asleep, but never twice in a row: a tab that is held back beats late every time', () => {
    const clock = createClock()
    let lateMs = 0
    const slow = { nowMs: () => clock.nowMs() + lateMs, schedule: clock.schedule.bind(clock) }
    const asleep: boolean[] = []
    const heartbeat = new Heartbeat(slow, (_nowMs, wasAsleep) => asleep.push(wasAsleep) < 100)
    heartbeat.want()
    clock.advance(1000)
    for (let beat = 0; beat < 3; beat++) {
      lateMs += 60_000
      clock.advance(1000)
    }
    clock.advance(1000)
    expect(asleep).toEqual([false, true, false, false, false])
    heartbeat.stop()
  })
})

describe('TurnQueue', () => {
  it('flushes everybody before anybody proceeds', () => {
    const log: string[] = []
    const turns: (() => void)[] = []
    const queue = new TurnQueue(
      (callback) => turns.push(callback),
      () => {},
    )
    const again = { flush: () => log.push('flush again'), proceed: () => log.push('proceed again') }
    for (const name of ['a', 'b']) {
      queue.add({
        flush: () => log.push(`flush ${name}`),
        proceed: () => {
          log.push(`proceed ${name}`)
          if (name === 'a') queue.add(again)
        },
      })
    }
    expect(turns.length).toBe(1)
    turns[0]?.()
    expect(log).toEqual(['flush a', 'flush b', 'proceed a', 'proceed b'])
    expect(turns.length).toBe(2)
    turns[1]?.()
    expect(log.slice(4)).toEqual(['flush again', 'proceed again'])
  })

  it('tells what one throws, and goes on with the others', () => {
    const log: string[] = []
    const turns: (() => void)[] = []
    const queue = new TurnQueue(
      (callback) => turns.push(callback),
      (error) => log.push(String(error)),
    )
    const fail = (what: string) => {
      throw new RangeError(what)
    }
    queue.add({ flush: () => fail('flush'), proceed: () => fail('proceed') })
    queue.add({ flush: () => log.push('flushed'), proceed: () => log.push('proceeded') })
    turns[0]?.()
    expect(log).toEqual(['RangeError: flush', 'flushed', 'RangeError: proceed', 'proceeded'])
  })
})

describe('systemTurn', () => {
  it('calls back once each, in order, with setImmediate or a MessageChannel', async () => {
    const channels: { readonly port1: { close(): void } }[] = []
    class Channel extends MessageChannel {
      constructor() {
        super()
        channels.push(this)
      }
    }
    const withChannel = systemTurn({ MessageChannel: Channel } as unknown as Parameters<typeof systemTurn>[0])
    for (const nextTurn of [systemTurn(), withChannel]) {
      const log: number[] = []
      await new Promise<void>((resolve) => {
        nextTurn(() => log.push(1))
        nextTurn(() => {
          log.push(2)
          resolve()
        })
        log.push(0)
      })
      expect(log).toEqual([0, 1, 2])
    }
    for (const { port1 } of channels) port1.close()
  })

  it('says what is missing', () => {
    expect(() => systemTurn({})).toThrow(/setImmediate or MessageChannel/)
  })
})
