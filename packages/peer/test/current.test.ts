// What a session of the current generation does that older ones do not: on machines, without a network.
import { createRandom } from '@mimirjs/transport/testing'
import { encodeFrame, MessageType, type PeerFrame } from '@mimirjs/wire/peer'
import { describe, expect, test } from 'vitest'
import { GENERATIONS } from '../src/generations.js'
import { sessionTimers } from '../src/timers.js'
import type { CallFrame } from '../src/types.js'
import { concat, type Machine, message, readyPair } from './support/machine.js'
import { machineIn } from './support/vectors.js'

const bytesOf = (...frames: PeerFrame[]): Uint8Array => concat(frames.map((frame) => encodeFrame(frame, 'current')))
const ok = (id: bigint): PeerFrame => ({ type: 'ok', id })
const PONG = bytesOf({ type: 'pong' })
const HASH = 'ab'.repeat(32)
const ready = (options: object = {}): Promise<Machine> =>
  machineIn('initiator', 'ready', { generation: 'current', ...options })
const data = (guid: bigint, dataBytes = 100_000, messageType = 0) => {
  const { payload: _, ...rest } = message(guid)
  return { ...rest, messageType, dataBytes }
}

describe('the profile', () => {
  test('timers', () => {
    expect(sessionTimers(GENERATIONS.current)).toMatchObject({
      connectMs: 10_000,
      roleMs: 5_000,
      authMs: 15_000,
      pongMs: 7_000,
      idleMs: 600_000,
      dataAnswerMs: 60_000,
    })
    const { pingMs, pingJitterMs } = sessionTimers(GENERATIONS.current)
    expect(pingMs + pingJitterMs).toBe(50_000)
  })

  test('frames of one turn are one write', async () => {
    const machine = await ready()
    const before = machine.writes.length
    for (const guid of [1n, 2n, 3n]) machine.session.send(message(guid), machine.nowMs)
    await machine.output()
    expect(machine.writes.length - before).toBe(1)
  })

  test('bound challenges on both sides make a connection an extended one', async () => {
    const { initiator, acceptor } = await readyPair({ generation: 'current', challenges: { bound: true } })
    expect([initiator.session.extended, acceptor.session.extended]).toEqual([true, true])
    const plain = await readyPair({ generation: 'current' })
    expect([plain.initiator.session.extended, plain.acceptor.session.extended]).toEqual([false, false])
  })

  test('both sides know the same token, the acceptor before the initiator can', async () => {
    const { initiator, acceptor } = await readyPair({ generation: 'current' })
    expect(initiator.token).toHaveLength(32)
    expect(initiator.token).toEqual(acceptor.token)
    const early = await machineIn('acceptor', 'challenge2Answered', { generation: 'current' })
    expect(early.token).toHaveLength(32)
    const random = createRandom(8)
    const other = await readyPair({ generation: 'current', random: (byteLength) => random.bytes(byteLength) })
    expect(other.initiator.token).not.toEqual(initiator.token)
    expect((await readyPair({ generation: 'overlay' })).initiator.token).toBeUndefined()
  })
})

describe('contact and file requests', () => {
  test('there and back', async () => {
    const { initiator, acceptor } = await readyPair({ generation: 'current', challenges: { bound: true } })
    const range = { offset: 5_000_000_000, maxBytes: 1_000_000 }
    const file = { guid: 8n, name: 'a.txt', hash: HASH }
    initiator.session.sendContactRequest({ message: 'hi', nickname: 'a', info: '', avatar: new Uint8Array(300_000) })
    initiator.session.sendContactResponse(true)
    initiator.session.sendContactResponse(false)
    initiator.session.requestFile(file)
    initiator.session.requestFile({ ...file, range })
    acceptor.receive(await initiator.output())
    expect(acceptor.events.slice(1)).toEqual([
      { type: 'contactRequest', message: 'hi' },
      { type: 'contactResponse', accepted: true },
      { type: 'contactResponse', accepted: false },
      { type: 'fileRequest', request: { type: 'fileRequest', ...file } },
      { type: 'fileRequest', request: { type: 'fileRequest', ...file, range } },
    ])
    expect(await acceptor.output(), 'nothing is answered').toHaveLength(0)
  })

  test('a part of a file is asked only of those who understand it', async () => {
    const machine = await ready()
    const request = { guid: 8n, name: 'a.txt', hash: HASH, range: { offset: 1, maxBytes: 2 } }
    expect(() => machine.session.requestFile(request)).toThrow(expect.objectContaining({ code: 'unsupported' }))
    expect(await machine.output()).toHaveLength(0)
  })

  test.each(['classic', 'overlay'] as const)('%s has none of it, and says so', async (generation) => {
    const machine = await machineIn('initiator', 'ready', { generation })
    for (const [attempt, what] of [
      [() => machine.session.sendContactRequest({ message: '', nickname: '', info: '' }), 'contact requests'],
      [() => machine.session.sendContactResponse(true), 'contact requests'],
      [() => machine.session.requestFile({ guid: 1n, name: 'a', hash: HASH }), 'file requests'],
      [() => machine.session.beginData(data(1n)), 'data stream'],
    ] as const) {
      expect(attempt).toThrow(`generation ${generation} has no ${what}`)
      expect(attempt).toThrow(expect.objectContaining({ code: 'unsupported', blame: 'local' }))
    }
    machine.receive(
      bytesOf(
        { type: 'contactResponse', accepted: true },
        { type: 'streamWanted' },
        { type: 'fileRequest', guid: 1n, name: 'a', hash: HASH },
      ),
    )
    expect(machine.events.map(({ type }) => type)).toEqual(['ready'])
  })

  test('what cannot be written is the fault of the caller', async () => {
    const machine = await ready()
    const bad = expect.objectContaining({ code: 'message', blame: 'local' })
    expect(() => machine.session.requestFile({ guid: 1n, name: 'a', hash: 'no hash' })).toThrow(bad)
    const contact = { message: 'x'.repeat(16_385), nickname: '', info: '' }
    expect(() => machine.session.sendContactRequest(contact)).toThrow(bad)
    machine.session.sendContactRequest({ ...contact, message: 'x' })
    expect(await machine.frames()).toHaveLength(1)
  })

  test('a flood of contact frames is thinned', async () => {
    const machine = await ready()
    const flood = concat(
      Array.from({ length: 500 }, () => bytesOf({ type: 'contactRequest', message: 'm', nickname: '', info: '' })),
    )
    machine.receive(flood)
    expect(machine.of('contactRequest')).toHaveLength(8)
    machine.advance(10_000).receive(flood)
    expect(machine.of('contactRequest')).toHaveLength(16)
  })
})

describe('the message on the data stream', () => {
  test('one at a time, beside the window of the control stream', async () => {
    const machine = await ready()
    expect([machine.session.window, machine.session.dataWindow]).toEqual([16, 1])
    machine.session.beginData(data(1n))
    expect([machine.session.window, machine.session.dataWindow, machine.session.unacknowledged]).toEqual([16, 0, 1])
    expect(() => machine.session.beginData(data(2n))).toThrow(expect.objectContaining({ code: 'window-full' }))
    machine.session.delivery?.dataWritten(machine.nowMs)
    machine.receive(bytesOf(ok(1n), ok(1n)))
    expect(machine.events.slice(1).map(({ type }) => type)).toEqual([
      'dataSettled',
      'acknowledged',
      'writable',
      'strayOk',
    ])
    expect(machine.of('dataSettled')).toEqual([{ type: 'dataSettled', isDelivered: true }])
    expect(machine.session.dataWindow).toBe(1)
  })

  test('an OK that comes before the last byte counts, and frees nothing', async () => {
    const machine = await ready()
    machine.session.beginData(data(1n))
    machine.receive(bytesOf(ok(1n)))
    expect(machine.of('acknowledged')).toHaveLength(1)
    expect([machine.session.dataWindow, machine.session.unacknowledged]).toEqual([0, 0])
    machine.session.delivery?.dataWritten(machine.nowMs)
    expect(machine.session.dataWindow).toBe(1)
    expect(machine.of('acknowledged')).toHaveLength(1)
  })

  test('a file has the guid of its announcement: two OKs, in that order', async () => {
    const machine = await ready()
    machine.session.send(message(5n), machine.nowMs)
    expect(() => machine.session.beginData(data(5n))).toThrow(expect.objectContaining({ code: 'duplicate-guid' }))
    machine.session.beginData(data(5n, 100, MessageType.fileResponse))
    machine.session.delivery?.dataWritten(machine.nowMs)
    machine.receive(bytesOf(ok(5n)))
    expect([machine.session.window, machine.session.dataWindow]).toEqual([16, 0])
    machine.receive(bytesOf(ok(5n)))
    expect(machine.session.dataWindow).toBe(1)
    expect(machine.of('acknowledged').map(({ guid }) => guid)).toEqual([5n, 5n])
  })

  test('a message and a file that came under one guid are acknowledged one after the other', async () => {
    const machine = await ready()
    machine.receive(bytesOf({ type: 'text', ...message(5n) }))
    machine.session.fileEnded(5n)
    machine.session.acknowledge(5n)
    machine.session.acknowledge(5n)
    machine.session.acknowledge(5n)
    expect(await machine.frames()).toEqual([ok(5n), ok(5n)])
  })

  test('60 s without OK while PONGs come: unanswered; a late OK still counts', async () => {
    const machine = await ready({ timers: { pingMs: 1e9, pingJitterMs: 0 } })
    machine.session.beginData(data(1n))
    machine.advance(300_000)
    expect(await machine.output(), 'it is not written yet').toHaveLength(0)
    machine.session.delivery?.dataWritten(machine.nowMs)
    machine.advance(59_999)
    expect(await machine.output()).toHaveLength(0)
    machine.advance(1)
    expect(await machine.frames()).toEqual([{ type: 'ping' }])
    machine.advance(6_999).receive(PONG)
    expect(machine.events.slice(1).map(({ type }) => type)).toEqual(['pong', 'dataSettled', 'unanswered', 'writable'])
    expect(machine.of('dataSettled')).toEqual([{ type: 'dataSettled', isDelivered: false }])
    expect(machine.session.dataWindow).toBe(1)
    machine.receive(bytesOf(ok(1n)))
    expect(machine.of('acknowledged')).toHaveLength(1)
    expect(machine.of('closed')).toEqual([])
  })

  test('no PONG either: dead', async () => {
    const machine = await ready({ timers: { pingMs: 1e9, pingJitterMs: 0 } })
    machine.session.beginData(data(1n, 60_000))
    machine.session.delivery?.dataWritten(machine.nowMs)
    machine.advance(66_999)
    expect(machine.of('closed')).toEqual([])
    machine.advance(1)
    expect(machine.of('closed')).toEqual([{ type: 'closed', code: 'timeout' }])
  })

  test('the PONG of a PING from before says nothing about it', async () => {
    const machine = await ready({ timers: { pingMs: 59_000, pingJitterMs: 0 } })
    machine.session.beginData(data(1n))
    machine.session.delivery?.dataWritten(machine.nowMs)
    machine.advance(59_000)
    expect(await machine.frames()).toEqual([{ type: 'ping' }])
    machine.advance(3_000).receive(PONG)
    expect(machine.of('unanswered')).toEqual([])
    machine.advance(0)
    expect(await machine.frames()).toEqual([{ type: 'ping' }])
    machine.receive(PONG)
    expect(machine.of('unanswered')).toHaveLength(1)
  })

  test('a slow link has the time that its buffers take', async () => {
    const machine = await ready({ timers: { pingMs: 1e9, pingJitterMs: 0 } })
    machine.session.beginData(data(1n, 16_000_000))
    machine.session.delivery?.dataWritten(machine.nowMs)
    machine.advance(255_999)
    expect(await machine.output()).toHaveLength(0)
    machine.advance(1)
    expect(await machine.frames()).toEqual([{ type: 'ping' }])
  })

  test('its bytes are signs of life, and it holds the idle end off', async () => {
    const machine = await ready({ timers: { pingJitterMs: 0 } })
    for (let count = 0; count < 20; count++) {
      machine.advance(44_000)
      machine.session.dataHeard(machine.nowMs)
    }
    expect(await machine.output(), 'nothing had to be asked').toHaveLength(0)
    const quiet = await ready({ timers: { pingMs: 1e9, pingJitterMs: 0 } })
    quiet.session.beginData(data(1n))
    quiet.advance(700_000)
    expect(quiet.of('closed')).toEqual([])
    quiet.session.delivery?.dataFailed()
    quiet.session.dataIsIn = true
    quiet.advance(700_000)
    expect(quiet.of('closed')).toEqual([])
    quiet.session.dataIsIn = false
    quiet.advance(0)
    expect(quiet.of('closed')).toEqual([{ type: 'closed', code: undefined }])
  })

  test('what we write puts the idle end off, PING and PONG do not', async () => {
    const machine = await ready({ timers: { pingMs: 1e9, pingJitterMs: 0 } })
    machine.advance(500_000).receive(bytesOf({ type: 'ping' }))
    machine.session.requestInfo(0n)
    machine.advance(599_999)
    expect(machine.of('closed')).toEqual([])
    machine.advance(1)
    expect(machine.of('closed')).toEqual([{ type: 'closed', code: undefined }])
  })

  test('while the network takes what we write, a PONG may be late', async () => {
    const machine = await ready({ timers: { pingMs: 45_000, pingJitterMs: 0 } })
    machine.session.beginData(data(1n, 10_000_000))
    machine.advance(45_000)
    expect(await machine.frames()).toEqual([{ type: 'ping' }])
    for (let count = 0; count < 10; count++) {
      machine.advance(6_000)
      machine.session.dataMoved(machine.nowMs)
    }
    expect(machine.of('closed')).toEqual([])
    machine.advance(7_000 + 32_000)
    expect(machine.of('closed')).toEqual([{ type: 'closed', code: 'timeout' }])
  })
})

describe('OK on another connection', () => {
  test('is passed on if it is not ours, and counts where it is owed', async () => {
    const [one, other] = [await ready(), await ready()]
    one.session.send(message(1n), one.nowMs)
    one.session.beginData(data(2n))
    one.session.delivery?.dataWritten(one.nowMs)
    other.receive(bytesOf(ok(1n), ok(2n), ok(0n), ok(9n)))
    expect(other.of('acknowledged')).toEqual([])
    expect(
      other.of('strayOk').map(({ guid }) => guid),
      '0 is nobody',
    ).toEqual([1n, 2n, 9n])
    expect([1n, 2n, 9n, 1n].map((guid) => one.session.acknowledgedElsewhere(guid))).toEqual([true, true, false, false])
    expect(one.of('acknowledged').map(({ guid }) => guid)).toEqual([1n, 2n])
    expect([one.session.window, one.session.dataWindow]).toEqual([16, 1])
  })

  test('it opens a full window', async () => {
    const machine = await ready()
    for (let guid = 1n; guid <= 16n; guid++) machine.session.send(message(guid), machine.nowMs)
    machine.session.acknowledgedElsewhere(3n)
    expect(machine.of('writable')).toHaveLength(1)
  })

  test('older generations do not know that', async () => {
    const machine = await machineIn('initiator', 'ready', { generation: 'overlay' })
    machine.receive(bytesOf(ok(9n)))
    expect(machine.of('strayOk')).toEqual([])
  })
})

describe('probe', () => {
  test('a PING at once, and word of its PONG', async () => {
    const machine = await ready()
    machine.session.probe(machine.nowMs)
    machine.session.probe(machine.nowMs)
    expect(await machine.frames(), 'one for all who ask').toEqual([{ type: 'ping' }])
    machine.advance(6_999).receive(PONG, PONG)
    expect(machine.of('pong')).toHaveLength(1)
    machine.session.probe(machine.nowMs)
    expect(await machine.frames()).toEqual([{ type: 'ping' }])
  })

  test('7 s of silence end the connection', async () => {
    const machine = await ready()
    machine.session.probe(machine.nowMs)
    machine.advance(6_999)
    expect(machine.of('closed')).toEqual([])
    machine.advance(1)
    expect(machine.of('closed')).toEqual([{ type: 'closed', code: 'timeout' }])
  })

  test('also when our own writes are stuck, which is how a network ends that is gone', async () => {
    const machine = (await ready()).throttle(100)
    machine.session.send(message(1n, 'x'.repeat(200)), machine.nowMs)
    await machine.output()
    machine.advance(60_000)
    expect(machine.of('closed')).toEqual([])
    machine.session.probe(machine.nowMs)
    machine.advance(7_000)
    expect(machine.of('closed')).toEqual([{ type: 'closed', code: 'timeout' }])
  })

  test('classic has no PONG', async () => {
    const machine = await machineIn('initiator', 'ready')
    expect(() => machine.session.probe(machine.nowMs)).toThrow(expect.objectContaining({ code: 'unsupported' }))
  })
})

describe('calls', () => {
  const offer: CallFrame = { type: 'callOffer', mimeType: 'audio/aac', sampleRate: 44_100, channelCount: 1 }
  const declined: PeerFrame = { type: 'callAnswer', accepted: false, error: '' }

  test('whoever is in a call declines another offer, and goes on talking', async () => {
    const machine = await ready()
    machine.receive(bytesOf(offer))
    machine.session.sendCall({ type: 'callAnswer', accepted: true, error: '' }, machine.nowMs)
    await machine.output()
    machine.receive(bytesOf(offer, { type: 'callPacket', data: Uint8Array.of(1) }))
    expect(await machine.frames()).toEqual([declined])
    expect(machine.session.callState).toBe('inCall')
    expect(machine.of('call').map(({ frame }) => frame)).toEqual(['callOffer', 'callPacket'])
  })

  test('older generations stay silent', async () => {
    const machine = await machineIn('initiator', 'ready', { generation: 'overlay' })
    machine.receive(bytesOf(offer, offer))
    expect(await machine.output()).toHaveLength(0)
  })

  test('sound outside a call is nothing', async () => {
    const machine = await ready()
    machine.receive(bytesOf({ type: 'callPacket', data: Uint8Array.of(1) }))
    expect(machine.of('call')).toEqual([])
  })
})
