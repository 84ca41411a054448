import { encodeFrame, type PeerFrame } from '@mimirjs/wire/peer'
import { describe, expect, test } from 'vitest'
import { concat, type Machine, message, readFrames, readyPair } from './support/machine.js'
import { machineIn } from './support/vectors.js'

const bytesOf = (...frames: PeerFrame[]): Uint8Array => concat(frames.map((frame) => encodeFrame(frame, 'overlay')))
const ok = (id: bigint): PeerFrame => ({ type: 'ok', id })
const text = (guid: bigint, body?: string): PeerFrame => ({ type: 'text', ...message(guid, body) })
const send = (machine: Machine, ...guids: bigint[]): void => {
  for (const guid of guids) machine.session.send(message(guid), machine.nowMs)
}
const range = (from: number, to: number): bigint[] =>
  Array.from({ length: to - from + 1 }, (_, at) => BigInt(from + at))

describe('sending', () => {
  test('sixteen messages may wait for their OK', async () => {
    const machine = await machineIn('initiator', 'ready')
    send(machine, ...range(1, 16))
    expect(machine.session.window).toBe(0)
    expect(() => send(machine, 17n)).toThrow(expect.objectContaining({ code: 'window-full', blame: 'local' }))
    expect((await machine.frames()).map((frame) => frame.type === 'text' && frame.guid)).toEqual(range(1, 16))
    machine.receive(bytesOf(ok(3n), ok(1n), ok(2n)))
    expect(machine.session.window).toBe(3)
    expect(machine.of('writable')).toHaveLength(1)
    send(machine, 17n, 18n, 19n)
    machine.receive(bytesOf(...[...range(4, 19)].reverse().map(ok)))
    expect(machine.session.unacknowledged).toBe(0)
    expect(machine.of('acknowledged').map((event) => event.guid)).toEqual([3n, 1n, 2n, ...range(4, 19).reverse()])
    expect(machine.of('writable')).toHaveLength(2)
  })

  test('an OK counts once, and only for what was written here', async () => {
    const machine = await machineIn('initiator', 'ready')
    machine.receive(bytesOf(ok(1n), ok(0n), ok(-1n)))
    send(machine, 1n)
    machine.receive(bytesOf(ok(2n), ok(1n), ok(1n)))
    expect(machine.of('acknowledged').map((event) => event.guid)).toEqual([1n])
  })

  test('a guid is on its way once', async () => {
    const machine = await machineIn('initiator', 'ready')
    send(machine, 5n)
    expect(() => send(machine, 5n)).toThrow(expect.objectContaining({ code: 'duplicate-guid' }))
    machine.receive(bytesOf(ok(5n)))
    send(machine, 5n)
    expect(machine.session.unacknowledged).toBe(1)
  })

  test('what the other side was silent about may be written again on the same connection', async () => {
    const machine = await machineIn('initiator', 'ready', { generation: 'overlay' })
    send(machine, 5n)
    machine.advance(20_000)
    machine.receive(bytesOf({ type: 'pong' }))
    expect(machine.of('unanswered').map((event) => event.guid)).toEqual([5n])
    send(machine, 5n)
    expect(machine.session.unacknowledged).toBe(1)
    machine.receive(bytesOf(ok(5n), ok(5n)))
    expect(machine.of('acknowledged').map((event) => event.guid)).toEqual([5n])
  })

  test('an edit that comes before its text has its OK is handed out, too', async () => {
    const machine = await machineIn('initiator', 'ready')
    machine.receive(bytesOf(text(7n, 'one'), text(7n, 'one'), { ...text(7n, 'two'), editTimeMs: 5n } as PeerFrame))
    expect(machine.of('message')).toHaveLength(2)
    machine.session.acknowledge(7n)
    expect(await machine.frames()).toEqual([])
    machine.session.acknowledge(7n)
    machine.session.acknowledge(7n)
    expect(await machine.frames()).toEqual([ok(7n)])
  })

  test('classic: the frames of a turn are one write; a large payload goes by reference', async () => {
    const machine = await machineIn('initiator', 'ready')
    const before = machine.writes.length
    send(machine, 1n, 2n, 3n)
    await machine.output()
    expect(machine.writes.length - before).toBe(1)
    const payload = new Uint8Array(5000).fill(0x61)
    machine.session.send({ ...message(4n), payload }, machine.nowMs)
    const output = await machine.output()
    expect(machine.writes.at(-1)).toBe(payload)
    expect(readFrames(output)).toMatchObject([{ guid: 4n, payload }])
  })

  test('overlay: every frame is a write of its own, for readers that stall inside a header', async () => {
    const machine = await machineIn('initiator', 'ready', { generation: 'overlay' })
    const before = machine.writes.length
    send(machine, 1n, 2n, 3n)
    expect(machine.writes.length - before).toBe(3)
    for (const write of machine.writes.slice(before)) expect(readFrames(write)).toHaveLength(1)
  })

  test('a stream that does not drain closes the window', async () => {
    const machine = (await machineIn('initiator', 'ready')).throttle(1000)
    machine.session.send(message(1n, 'x'.repeat(2000)), machine.nowMs)
    await machine.output()
    expect(machine.session.window).toBe(0)
    expect(() => send(machine, 2n)).toThrow(expect.objectContaining({ code: 'window-full' }))
    machine.session.sendInfo({ timeSeconds: 1n, nickname: 'not now', info: '' })
    machine.receive(bytesOf(ok(1n)))
    expect(machine.of('acknowledged')).toHaveLength(1)
    expect(machine.of('writable'), 'the OK alone does not help').toHaveLength(0)
    machine.drain()
    expect(machine.of('writable')).toHaveLength(1)
    expect(machine.session.window).toBe(16)
    expect(await machine.output()).toHaveLength(0)
  })
})

describe('receiving', () => {
  test('OK when the application says so, and not before', async () => {
    const machine = await machineIn('acceptor', 'ready')
    machine.receive(bytesOf(text(1n), text(2n)))
    expect(await machine.output()).toHaveLength(0)
    machine.session.acknowledge(2n)
    machine.session.acknowledge(1n)
    machine.session.acknowledge(1n)
    machine.session.acknowledge(7n)
    expect(await machine.frames()).toEqual([ok(2n), ok(1n)])
  })

  test('OKs that one chunk causes are one write', async () => {
    const machine = await machineIn('acceptor', 'ready', { acknowledge: true })
    const before = machine.writes.length
    machine.receive(bytesOf(...range(1, 60).map((guid) => text(guid))))
    expect(machine.writes.length - before, 'and not a turn later').toBe(1)
    expect(await machine.frames()).toEqual(range(1, 60).map(ok))
  })

  test('a message repeated while the first is being stored is one message and one OK', async () => {
    const machine = await machineIn('acceptor', 'ready')
    machine.receive(bytesOf(text(1n), text(1n)))
    expect(machine.of('message')).toHaveLength(1)
    machine.session.acknowledge(1n)
    expect(await machine.frames()).toEqual([ok(1n)])
    machine.receive(bytesOf(text(1n)))
    expect(machine.of('message'), 'whoever repeats it later missed the OK').toHaveLength(2)
  })

  test('reading pauses while the application has too much in hand', async () => {
    const limits = { inboundMessages: 3, inboundBytes: 1000 }
    const machine = await machineIn('acceptor', 'ready', { limits })
    machine.receive(bytesOf(text(1n), text(2n)))
    expect(machine.session.isPaused).toBe(false)
    machine.receive(bytesOf(text(3n)))
    expect(machine.session.isPaused).toBe(true)
    machine.session.refuse(1n)
    expect(machine.session.isPaused).toBe(false)
    machine.receive(bytesOf(text(4n, 'x'.repeat(1000))))
    expect(machine.session.isPaused).toBe(true)
    machine.session.acknowledge(4n)
    machine.session.acknowledge(2n)
    machine.session.acknowledge(1n)
    expect(machine.session.isPaused).toBe(false)
    expect(await machine.frames(), 'what was refused has no OK').toEqual([ok(4n), ok(2n)])
  })

  test('a side that asks and never reads is left, at a bounded price', async () => {
    const machine = (await machineIn('acceptor', 'ready', { limits: { queuedBytes: 1600 } })).throttle(1)
    const ping = bytesOf({ type: 'ping' })
    machine.receive(ping)
    let pings = 0
    while (machine.session.state === 'ready') {
      machine.receive(ping)
      pings++
    }
    expect(pings, 'the first PONG went out, a hundred more waited').toBe(101)
    expect(machine.error).toMatchObject({ code: 'slow-reader', blame: 'remote' })
  })

  test('answers that waited leave in order when the stream drains', async () => {
    const machine = (await machineIn('acceptor', 'ready', { acknowledge: true })).throttle(1)
    machine.receive(bytesOf(text(1n)))
    machine.receive(bytesOf(text(2n), { type: 'ping' }, text(3n)))
    expect(await machine.frames()).toEqual([ok(1n)])
    machine.drain()
    expect(await machine.frames()).toEqual([ok(2n), { type: 'pong' }, ok(3n)])
  })

  test('both directions at once', async () => {
    const { initiator, acceptor } = await readyPair({ acknowledge: true })
    send(initiator, ...range(1, 16))
    send(acceptor, ...range(1, 16))
    acceptor.receive(await initiator.output())
    initiator.receive(await acceptor.output())
    acceptor.receive(await initiator.output())
    for (const machine of [initiator, acceptor]) {
      expect(machine.of('message').map((event) => event.guid)).toEqual(range(1, 16))
      expect(machine.of('acknowledged').map((event) => event.guid)).toEqual(range(1, 16))
    }
  })
})
