// The weaknesses of the original clients (peer protocol §12.1), each played against ours in every generation. T12, T13 and
// T15 concern what an application does with a message, or the codec; T14 and T17 are not of this layer.
import { randomBytes } from '@mimirjs/crypto'
import { encodeFrame, type PeerFrame } from '@mimirjs/wire/peer'
import { describe, expect, test } from 'vitest'
import { IssuedChallenges } from '../src/challenge.js'
import { PeerError } from '../src/error.js'
import { alice, bob, eve } from './support/keys.js'
import { concat, converse, Machine, message, readFrames } from './support/machine.js'
import { c1, machineIn } from './support/vectors.js'

describe.each(['classic', 'overlay', 'current'] as const)('generation %s', (generation) => {
  const bytesOf = (...frames: PeerFrame[]): Uint8Array => concat(frames.map((frame) => encodeFrame(frame, generation)))
  const hello = (publicKey: Uint8Array, receiver: Uint8Array = bob.publicKey): PeerFrame => ({
    type: 'hello',
    version: 1,
    publicKey,
    receiver,
    clientId: 1,
  })
  const text = (guid: bigint): PeerFrame => ({ type: 'text', ...message(guid) })
  const nodeKey: Uint8Array = new Uint8Array(32).fill(0x77)

  describe('T1: messages without any key', () => {
    const forged: PeerFrame[] = [
      text(1n),
      { type: 'infoResponse', timeSeconds: 1n, nickname: 'eve', info: '' },
      { type: 'ok', id: 1n },
      { type: 'callOffer', mimeType: 'audio/aac', sampleRate: 44100, channelCount: 1 },
    ]
    test.each(forged)('$type right after HELLO, in the name of alice', async (frame) => {
      const machine = new Machine({ role: 'acceptor', generation }).start()
      machine.receive(bytesOf(hello(alice.publicKey), frame))
      expect(machine.events).toEqual([{ type: 'closed', code: 'unexpected-type' }])
    })

    test('the answer is skipped, the challenge is acknowledged instead', async () => {
      const machine = new Machine({ role: 'acceptor', generation }).start()
      machine.receive(bytesOf(hello(alice.publicKey), { type: 'ok', id: 0n }))
      expect(machine.closedWith).toBe('unexpected-type')
    })
  })

  describe('T2: a signature for the asking', () => {
    test.each(['challenge', 'challenge2'] as const)('%s in every state of an acceptor but one', async (type) => {
      for (const state of ['waitHello', 'challengeSent', 'challenge2Answered', 'ready'] as const) {
        const machine = await machineIn('acceptor', state, { generation })
        const before = machine.signatures
        machine.receive(bytesOf({ type, data: nodeKey }))
        expect(machine.signatures, state).toBe(before)
        expect(machine.closedWith, state).toBe('unexpected-type')
      }
    })

    test('a stranger who proves himself is still asked for: no permission, no signature', async () => {
      const mayProve = (): PeerError => new PeerError('refused', 'a stranger')
      const machine = await machineIn('acceptor', 'peerVerified', { generation, mayProve })
      machine.receive(bytesOf({ type: 'challenge2', data: nodeKey }))
      expect(machine.signatures).toBe(0)
      expect(machine.closedWith).toBe('refused')
      expect(await machine.output()).toHaveLength(0)
    })

    test('one signature per connection', async () => {
      const machine = await machineIn('initiator', 'helloSent', { generation })
      machine.receive(bytesOf({ type: 'challenge', data: c1 }, { type: 'challenge', data: nodeKey }))
      expect(machine.signatures).toBe(1)
      expect(machine.closedWith).toBe('unexpected-type')
    })
  })

  test('T3: challenges are fresh, of full length, and never come twice', async () => {
    const seen = new Set<string>()
    for (let count = 0; count < 50; count++) {
      const acceptor = new Machine({ role: 'acceptor', generation, random: randomBytes }).start()
      acceptor.receive(bytesOf(hello(alice.publicKey)))
      const [challenge] = readFrames(await acceptor.output())
      if (challenge?.type !== 'challenge') throw new Error('no challenge')
      seen.add(String(challenge.data))
      expect(acceptor.context.isPoint(challenge.data), 'not to be taken for a node key').toBe(false)
    }
    expect(seen.size).toBe(50)
  })

  test('T3: an answer recorded on one connection is worth nothing on another', async () => {
    const first = new Machine({ role: 'acceptor', generation, challenge: c1 }).start()
    const dialler = new Machine({ role: 'initiator', generation }).start()
    first.receive(await dialler.output())
    dialler.receive(await first.output())
    const recorded = await dialler.output()
    const second = new Machine({ role: 'acceptor', generation }).start()
    second.receive(bytesOf(hello(alice.publicKey)))
    second.receive(recorded)
    expect(second.closedWith).toBe('bad-signature')
  })

  describe('T4: a relay between two honest sides', () => {
    const at = (byte: number): Uint8Array => new Uint8Array(16).fill(byte)
    const ends = (local: number, remote: number) => ({ localAddress: at(local), remoteAddress: at(remote) })

    async function relay(challenges: object): Promise<{ dialler: Machine; listener: Machine }> {
      // Addresses: alice 1, relay 6, bob 2. The relay only carries frames.
      const dialler = new Machine({ role: 'initiator', generation, challenges, channel: ends(1, 6) }).start()
      const listener = new Machine({ role: 'acceptor', generation, challenges, channel: ends(2, 6) }).start()
      await converse(dialler, listener)
      return { dialler, listener }
    }

    test('goes unseen by the bytes alone, and is not called bound', async () => {
      const { dialler, listener } = await relay({})
      expect([dialler.session.state, listener.session.state]).toEqual(['ready', 'ready'])
      expect([dialler.session.channelBound, listener.session.channelBound]).toEqual([false, false])
    })

    test('bound challenges that are not demanded: unseen, and called neither bound nor of our kind', async () => {
      const { dialler, listener } = await relay({ bound: true })
      expect([dialler.session.state, listener.session.state]).toEqual(['ready', 'ready'])
      expect([dialler.session.channelBound, listener.session.channelBound]).toEqual([false, false])
      expect([dialler.session.extended, listener.session.extended]).toEqual([false, false])
    })

    test('bound challenges: seen at once', async () => {
      const { dialler, listener } = await relay({ bound: true, requireBound: () => true })
      expect(dialler.closedWith).toBe('challenge-refused')
      expect(dialler.signatures).toBe(0)
      expect(listener.of('ready')).toEqual([])
    })

    test('and a direct connection is called bound', async () => {
      const challenges = { bound: true, requireBound: () => true }
      const dialler = new Machine({ role: 'initiator', generation, challenges, channel: ends(1, 2) }).start()
      const listener = new Machine({ role: 'acceptor', generation, challenges, channel: ends(2, 1) }).start()
      await converse(dialler, listener)
      expect([dialler.session.channelBound, listener.session.channelBound]).toEqual([true, true])
    })

    test('a mark set by an impostor would lock the real one out: none is set here', async () => {
      const unbound = new Machine({ role: 'initiator', generation, challenges: {}, channel: ends(1, 2) }).start()
      unbound.receive(bytesOf({ type: 'challenge', data: c1 }))
      expect(unbound.session.state).toBe('challengeAnswered')
    })
  })

  describe('T5: a signature that means something elsewhere', () => {
    test.each([16, 36, 0])('%i bytes are never signed', async (length) => {
      const machine = await machineIn('initiator', 'helloSent', { generation })
      const header = bytesOf({ type: 'challenge', data: c1 }).slice(0, 16)
      const body = new Uint8Array(4 + length)
      body[3] = length
      machine.receive(concat([header, body]))
      expect(machine.signatures).toBe(0)
      expect(machine.closedWith).toBe('length')
    })

    const remoteAddress = new Uint8Array(32).fill(0x55)
    test.each([
      ['our own identity', alice.publicKey],
      ['the identity we dialled', bob.publicKey],
      ['the node key at the other end', remoteAddress],
      ['a nonce in use elsewhere', nodeKey],
    ])('32 bytes that are %s', async (_, data) => {
      const machine = await machineIn('initiator', 'helloSent', {
        generation,
        channel: { localAddress: new Uint8Array(0), remoteAddress },
        challenges: { refuse: (challenge) => challenge[0] === nodeKey[0] && challenge[31] === nodeKey[31] },
      })
      machine.receive(bytesOf({ type: 'challenge', data }))
      expect(machine.signatures).toBe(0)
      expect(machine.error).toMatchObject({ code: 'challenge-refused', blame: 'remote' })
      expect(await machine.output()).toHaveLength(0)
    })

    test('strict: a curve point is refused by an initiator, unless it is bound', async () => {
      const machine = await machineIn('initiator', 'helloSent', { generation, challenges: { strict: true } })
      machine.receive(bytesOf({ type: 'challenge', data: eve.publicKey }))
      expect(machine.closedWith).toBe('challenge-refused')
      const lenient = await machineIn('initiator', 'helloSent', { generation })
      lenient.receive(bytesOf({ type: 'challenge', data: eve.publicKey }))
      expect(lenient.signatures).toBe(1)
    })
  })

  describe('T6: our own challenge comes back', () => {
    test('HELLO with our own key', () => {
      const machine = new Machine({ role: 'acceptor', generation }).start()
      machine.receive(bytesOf(hello(bob.publicKey)))
      expect(machine.closedWith).toBe('self')
    })

    test('the challenge of one connection is not signed on another', async () => {
      const issued = new IssuedChallenges()
      const accepting = new Machine({ role: 'acceptor', generation, issued }).start()
      accepting.receive(bytesOf(hello(alice.publicKey)))
      const [challenge] = readFrames(await accepting.output())
      if (challenge?.type !== 'challenge') throw new Error('no challenge')
      const dialling = new Machine({ role: 'initiator', generation, self: bob, wanted: eve.publicKey, issued }).start()
      dialling.receive(bytesOf(challenge))
      expect(dialling.signatures).toBe(0)
      expect(dialling.closedWith).toBe('challenge-refused')
      accepting.session.close()
      expect(issued.size, 'forgotten with its connection').toBe(0)
    })
  })

  describe('T7: what costs memory or time before anything is proven', () => {
    test('a length of 2 GiB is refused at the field', () => {
      const machine = new Machine({ role: 'acceptor', generation }).start()
      const frame = bytesOf(hello(alice.publicKey)).slice(0, 24)
      frame.set([0x7f, 0xff, 0xff, 0xff], 20)
      machine.receive(frame)
      expect(machine.closedWith).toBe('length')
    })

    test('a message is refused at its header, before its body is awaited', () => {
      const machine = new Machine({ role: 'acceptor', generation }).start()
      machine.receive(bytesOf(text(1n)).subarray(0, 16))
      expect(machine.closedWith).toBe('unexpected-type')
    })

    test('a frame that stays half: 15 s and no more', async () => {
      const machine = new Machine({ role: 'acceptor', generation }).start()
      for (const byte of bytesOf(hello(alice.publicKey)).subarray(0, 29))
        machine.advance(500).receive(Uint8Array.of(byte))
      machine.advance(500)
      expect(machine.closedWith).toBe('timeout')
    })
  })

  test('T8: the address in HELLO names nobody', async () => {
    const machine = new Machine({ role: 'acceptor', generation, challenge: c1 }).start()
    machine.receive(bytesOf({ ...hello(eve.publicKey), address: alice.publicKey } as PeerFrame))
    if (generation === 'classic') {
      // There it has to be an address, and of the network that the connection came from.
      expect(machine.closedWith).toBe('address')
      return
    }
    machine.receive(bytesOf({ type: 'challengeAnswer', signature: eve.sign(c1) }))
    machine.receive(bytesOf({ type: 'challenge2', data: nodeKey }, { type: 'ok', id: 0n }))
    expect(machine.of('ready')).toEqual([{ type: 'ready', publicKey: eve.publicKey }])
  })

  test('T11: a stranger reads no profile', async () => {
    for (const state of ['waitHello', 'challengeSent', 'peerVerified', 'challenge2Answered'] as const) {
      const machine = await machineIn('acceptor', state, { generation })
      machine.receive(bytesOf({ type: 'infoRequest', timeSeconds: 0n }))
      expect(machine.of('infoRequest'), state).toEqual([])
      expect(machine.closedWith, state).toBe('unexpected-type')
    }
  })

  test('T16: an unknown frame is skipped to its last byte, and what it contains is no frame', async () => {
    const machine = await machineIn('acceptor', 'ready', { generation })
    const inner = bytesOf(text(666n))
    const header = bytesOf({ type: 'unknown', code: 4242, size: 0 })
    new DataView(header.buffer).setUint32(12, inner.length)
    machine.receive(concat([header, inner, bytesOf(text(1n))]))
    expect(machine.of('message').map((event) => event.guid)).toEqual([1n])
  })
})
