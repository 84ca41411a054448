import { fromHex, toHex } from '@mimirjs/wire'
import { encodeFrame, type PeerFrame } from '@mimirjs/wire/peer'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PeerError } from '../src/error.js'
import type { Role } from '../src/types.js'
import { alice, bob, eve } from './support/keys.js'
import { concat, converse, Machine, message, readFrames, readyPair } from './support/machine.js'
import { handshakeFrames, machineIn } from './support/vectors.js'

const bytesOf = (...frames: PeerFrame[]): Uint8Array => concat(frames.map((frame) => encodeFrame(frame, 'overlay')))
const text = (guid: bigint, body?: string): PeerFrame => ({ type: 'text', ...message(guid, body) })

describe('handshake', () => {
  test('both sides become READY with the proven key of the other', async () => {
    const { initiator, acceptor } = await readyPair()
    expect(initiator.of('ready')).toEqual([{ type: 'ready', publicKey: bob.publicKey }])
    expect(acceptor.of('ready')).toEqual([{ type: 'ready', publicKey: alice.publicKey }])
    expect(acceptor.session.remoteClientId).toBe(0x1a2b3c4d)
    expect(initiator.session.remoteClientId).toBeUndefined()
  })

  test('each side signs once, and its challenge is forgotten afterwards', async () => {
    const { initiator, acceptor } = await readyPair()
    expect([initiator.signatures, acceptor.signatures]).toEqual([1, 1])
    expect([initiator.context.issued.size, acceptor.context.issued.size]).toEqual([0, 0])
  })

  test('a signer that answers later', async () => {
    const frames = handshakeFrames
    const machine = new Machine({ role: 'initiator', signLater: true }).start()
    machine.receive(fromHex(frames[1]!.hex))
    expect(machine.session.state).toBe('signing')
    machine.receive(bytesOf({ type: 'ping' }))
    expect((await machine.frames()).map((frame) => frame.type)).toEqual(['hello', 'pong'])
    machine.sign()
    expect(toHex(await machine.output())).toBe(frames[2]!.hex)
    expect(machine.session.state).toBe('challengeAnswered')
    machine.sign()
    expect(await machine.output()).toHaveLength(0)
  })

  test('an OK that comes before we have signed is refused', async () => {
    const machine = new Machine({ role: 'initiator', signLater: true }).start()
    machine.receive(fromHex(handshakeFrames[1]!.hex), bytesOf({ type: 'ok', id: 0n }))
    expect(machine.closedWith).toBe('unexpected-type')
    machine.sign()
    expect(machine.session.state).toBe('closed')
  })

  test('a signature of the wrong length is the fault of the signer', () => {
    const machine = new Machine({ role: 'initiator', signLater: true }).start()
    machine.receive(fromHex(handshakeFrames[1]!.hex))
    machine.session.signed(new Uint8Array(63), machine.nowMs)
    expect(machine.error).toMatchObject({ code: 'signer', blame: 'local' })
  })

  test('the policy is asked before anything is signed', async () => {
    const asked: Uint8Array[] = []
    const mayProve = (publicKey: Uint8Array): PeerError => {
      asked.push(publicKey)
      return new PeerError('refused', 'no')
    }
    const acceptor = new Machine({ role: 'acceptor', mayProve }).start()
    const initiator = new Machine({ role: 'initiator' }).start()
    await converse(initiator, acceptor)
    expect(asked).toEqual([alice.publicKey])
    expect(acceptor.signatures).toBe(0)
    expect(acceptor.closedWith).toBe('refused')
  })

  test('an identity under which everybody can sign is no identity', () => {
    const machine = new Machine({ role: 'acceptor' }).start()
    const publicKey = new Uint8Array(32)
    publicKey[0] = 1
    machine.receive(bytesOf({ type: 'hello', version: 1, publicKey, receiver: bob.publicKey, clientId: 1 }))
    expect(machine.closedWith).toBe('key')
  })

  test('a claimed key that is no point', async () => {
    const machine = new Machine({ role: 'acceptor' }).start()
    const publicKey = new Uint8Array(32)
    publicKey[0] = 2
    machine.receive(bytesOf({ type: 'hello', version: 1, publicKey, receiver: bob.publicKey, clientId: 1 }))
    machine.receive(bytesOf({ type: 'challengeAnswer', signature: new Uint8Array(64) }))
    expect(machine.closedWith).toBe('key')
  })

  test.each(['initiator', 'acceptor'] as const)('%s answers PING in every state', async (role: Role) => {
    const states = {
      initiator: ['helloSent', 'challengeAnswered', 'challenge2Sent', 'ready'],
      acceptor: ['waitHello', 'challengeSent', 'peerVerified', 'challenge2Answered', 'ready'],
    } as const
    for (const state of states[role]) {
      const machine = await machineIn(role, state)
      machine.receive(bytesOf({ type: 'ping' }, { type: 'pong' }))
      expect(await machine.frames(), state).toEqual([{ type: 'pong' }])
      expect(machine.session.state).toBe(state)
    }
  })

  test('budgets before READY: frames', async () => {
    const machine = await machineIn('acceptor', 'challengeSent')
    for (let count = 0; count < 15; count++) machine.receive(bytesOf({ type: 'ping' }))
    expect(machine.session.state).toBe('challengeSent')
    machine.receive(bytesOf({ type: 'ping' }))
    expect(machine.error).toMatchObject({ code: 'limit', blame: 'remote' })
  })

  test('budgets before READY: bytes', async () => {
    const machine = await machineIn('acceptor', 'waitHello', { limits: { handshakeFrames: 1000 } })
    for (let count = 0; count < 256; count++) machine.receive(bytesOf({ type: 'ping' }))
    expect(machine.session.state).toBe('waitHello')
    machine.receive(Uint8Array.of(0))
    expect(machine.closedWith).toBe('limit')
  })

  test('what follows the last frame of the handshake in the same chunk counts for READY', async () => {
    const machine = await machineIn('acceptor', 'challenge2Answered')
    machine.receive(bytesOf({ type: 'ok', id: 0n }, text(5n, 'x'.repeat(20_000))))
    expect(machine.of('message').map((event) => event.payload.length)).toEqual([20_000])
  })

  test('an INFO_REQUEST that comes early is answered when READY', async () => {
    const machine = await machineIn('initiator', 'challengeAnswered')
    machine.receive(bytesOf({ type: 'infoRequest', timeSeconds: 77n }))
    expect(machine.events).toEqual([])
    const frames = handshakeFrames
    machine.receive(fromHex(frames[3]!.hex), bytesOf({ type: 'infoRequest', timeSeconds: 78n }))
    machine.session.close()
    expect(machine.of('infoRequest')).toEqual([])
  })

  test('nothing can be written before READY', async () => {
    const machine = await machineIn('acceptor', 'peerVerified', { generation: 'overlay' })
    for (const attempt of [
      () => machine.session.send(message(1n), machine.nowMs),
      () => machine.session.requestInfo(0n),
      () => machine.session.sendInfo({ timeSeconds: 0n, nickname: '', info: '' }),
      () => machine.session.sendCall({ type: 'callHang' }, machine.nowMs),
    ]) {
      expect(attempt).toThrow(expect.objectContaining({ code: 'closed', blame: 'local' }))
    }
    machine.session.acknowledge(1n)
    expect(await machine.output()).toHaveLength(0)
  })
})

describe('the address in HELLO', () => {
  const ipv6 = (...first: number[]): Uint8Array => Uint8Array.from({ length: 16 }, (_, at) => first[at] ?? at)
  const hello = (address: Uint8Array): Uint8Array =>
    bytesOf({ type: 'hello', version: 1, publicKey: alice.publicKey, receiver: bob.publicKey, clientId: 1, address })

  test('classic: sent behind a 0x03 address only', async () => {
    for (const [first, length] of [
      [3, 116],
      [2, 96],
    ] as const) {
      const channel = { localAddress: ipv6(first), remoteAddress: ipv6(2) }
      const machine = new Machine({ role: 'initiator', channel }).start()
      expect(await machine.output()).toHaveLength(length)
    }
    const channel = { localAddress: ipv6(3), remoteAddress: ipv6(2) }
    expect(await new Machine({ role: 'initiator', channel, generation: 'overlay' }).start().output()).toHaveLength(96)
  })

  test('classic: it has to be of the /64 that the connection comes from', () => {
    const channel = { localAddress: ipv6(2), remoteAddress: ipv6(2, 9, 9, 9) }
    const near = new Machine({ role: 'acceptor', channel }).start().receive(hello(ipv6(3, 9, 9, 9)))
    expect(near.session.state).toBe('challengeSent')
    const far = new Machine({ role: 'acceptor', channel }).start().receive(hello(ipv6(3, 9, 9, 8)))
    expect(far.closedWith).toBe('address')
    const unknown = new Machine({ role: 'acceptor' }).start().receive(hello(ipv6(3, 9, 9, 9)))
    expect(unknown.closedWith).toBe('address')
  })

  test('overlay: its content is of no interest', () => {
    const machine = new Machine({ role: 'acceptor', generation: 'overlay' }).start().receive(hello(eve.publicKey))
    expect(machine.session.state).toBe('challengeSent')
  })
})

describe('READY', () => {
  test('a whole conversation, cut at random, gives the same events', async () => {
    const frames = [
      text(1n, 'one'),
      { type: 'ping' } as const,
      { type: 'unknown', code: 4242, size: 0 } as const,
      text(-9n, 'x'.repeat(5000)),
      { type: 'infoRequest', timeSeconds: 5n } as const,
      { type: 'ok', id: 0n } as const,
      text(3n, ''),
    ]
    const bytes = bytesOf(...frames)
    const whole = (await machineIn('acceptor', 'ready', { acknowledge: true })).receive(bytes)
    const answers = await whole.output()
    expect(whole.of('message').map((event) => event.guid)).toEqual([1n, -9n, 3n])
    expect(readFrames(answers).map((frame) => frame.type)).toEqual(['ok', 'pong', 'ok', 'ok'])
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(bytes.length), { maxLength: 40 }), async (cuts) => {
        const machine = await machineIn('acceptor', 'ready', { acknowledge: true })
        let at = 0
        for (const cut of [...cuts.sort((a, b) => a - b), bytes.length]) {
          machine.receive(bytes.slice(at, cut))
          at = cut
        }
        expect(machine.events).toEqual(whole.events)
        expect(await machine.output()).toEqual(answers)
      }),
      { seed: 1, numRuns: 40 },
    )
  })

  test('the stream ends at every offset of a message', async () => {
    const bytes = bytesOf(text(1n, 'some text'), { type: 'ping' })
    for (let length = 0; length <= bytes.length; length++) {
      const machine = await machineIn('initiator', 'ready')
      machine.receive(bytes.slice(0, length))
      machine.session.endOfStream()
      const border = length === 0 || length === bytes.length || length === bytes.length - 16
      expect(machine.events.at(-1), `after ${length} bytes`).toEqual({
        type: 'closed',
        code: border ? undefined : 'truncated',
      })
    }
  })

  test('the profile: asked for once, answered once', async () => {
    const machine = await machineIn('initiator', 'ready')
    const info = bytesOf({ type: 'infoResponse', timeSeconds: 9n, nickname: 'bob', info: '' })
    machine.receive(info)
    expect(machine.of('info'), 'not asked for').toEqual([])
    machine.session.requestInfo(3n)
    machine.session.requestInfo(4n)
    expect(await machine.frames()).toEqual([{ type: 'infoRequest', timeSeconds: 3n }])
    machine.receive(info, info)
    expect(machine.of('info')).toEqual([{ type: 'info', nickname: 'bob' }])
    machine.session.sendInfo({ timeSeconds: 1n, nickname: 'alice', info: 'about' })
    expect(await machine.frames()).toMatchObject([{ type: 'infoResponse', nickname: 'alice', info: 'about' }])
  })

  test('a flood of requests for the profile is handed out once a second', async () => {
    const machine = await machineIn('initiator', 'ready')
    const flood = concat(Array.from({ length: 2_000 }, () => bytesOf({ type: 'infoRequest', timeSeconds: 0n })))
    machine.receive(flood).advance(999).receive(flood)
    expect(machine.of('infoRequest')).toHaveLength(1)
    machine.advance(1).receive(flood)
    expect(machine.of('infoRequest')).toHaveLength(2)
  })

  test('a frame that is too large to be written is the fault of the caller', async () => {
    const machine = await machineIn('initiator', 'ready')
    const large = { ...message(1n), payload: new Uint8Array(1_048_577) }
    for (const bad of [large, message(0n), { ...message(2n), messageType: 2 ** 40 }]) {
      expect(() => machine.session.send(bad, machine.nowMs)).toThrow(expect.objectContaining({ code: 'message' }))
    }
    expect(machine.session.unacknowledged).toBe(0)
    machine.session.send(message(3n), machine.nowMs)
    expect(await machine.frames()).toMatchObject([{ guid: 3n }])
  })

  test('closed is announced once, and nothing happens afterwards', async () => {
    const machine = await machineIn('initiator', 'ready')
    machine.session.close()
    machine.session.fail(new PeerError('internal', 'late'))
    machine.session.endOfStream()
    machine.session.drained(0)
    machine.session.tick(1e9)
    machine.receive(bytesOf(text(1n)))
    expect(machine.events.slice(1)).toEqual([{ type: 'closed', code: undefined }])
    expect(machine.session.nextDeadlineMs).toBeUndefined()
    expect(machine.session.window).toBe(0)
  })
})
