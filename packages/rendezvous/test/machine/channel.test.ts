import { createSigner } from '@mimirjs/crypto'
import { fromHex } from '@mimirjs/wire'
import { bindSigningBytes, encodeChannelFrame } from '@mimirjs/wire/rendezvous'
import { describe, expect, test } from 'vitest'
import { DEFAULT_LIMITS } from '../../src/limits.js'
import { OwnAttempt } from '../../src/machine/attempt.js'
import { receiveBind } from '../../src/machine/binding.js'
import { ChannelSession } from '../../src/machine/channel-session.js'
import { Core } from '../../src/machine/core.js'
import { codeOf } from './support/failure.js'
import { b, c, oneOfMany } from './support/identity.js'
import { Party } from './support/party.js'
import { linked, pair, party } from './support/scene.js'
import { vectors } from './support/vectors.js'
import { World } from './support/world.js'

interface BindVector {
  readonly name: string
  readonly role: 1 | 2
  readonly signer: string
  readonly other: string
  readonly sid: string
  readonly offerId: string
  readonly answerId: string
  readonly offererFp: string
  readonly answererFp: string
  readonly signature: string
  readonly isValid: boolean
}

describe('the binds of the vectors', () => {
  test.each(vectors<BindVector>('crypto/rendezvous-binds.json'))('$name', (vector) => {
    // Whoever it is meant for: the key of the vector's `other`.
    const world = new World()
    const host = new Party(world, b)
    const core = new Core(host, { publicKey: fromHex(vector.other), nowMs: world.nowMs })
    const role = vector.role === 1 ? 'answerer' : 'offerer'
    const attempt = new OwnAttempt(fromHex(vector.signer), 'binding', role, fromHex(vector.sid), world.nowMs)
    attempt.offerId = fromHex(vector.offerId)
    attempt.answerId = fromHex(vector.answerId)
    attempt.ownFp = role === 'offerer' ? vector.offererFp : vector.answererFp
    attempt.peerFp = role === 'offerer' ? vector.answererFp : vector.offererFp
    const channel = new ChannelSession(DEFAULT_LIMITS, world.nowMs)
    receiveBind(core, attempt, channel, { type: 'bind', sig: fromHex(vector.signature) }, world.nowMs)
    expect(channel.isPeerBound).toBe(vector.isValid)
    expect(attempt.closeCode).toBe(vector.isValid ? undefined : 'bind')
  })
})

describe('before the bind', () => {
  /** Both wait for the bind of the other. */
  const binding = () => {
    const all = pair(1, { alice: { isSignerSlow: false } })
    all.bob.connect(all.alice)
    all.world.later(() => {})
    return all
  }

  test.each([
    ['a message', '{"type":"chat","id":"BwcHBwcHBwcHBwcHBwcHBw","ts":1,"text":"hello"}'],
    ['an unknown type', '{"type":"something-new"}'],
    ['no frame', 'null'],
    ['a bind that is nobody’s', encodeChannelFrame({ type: 'bind', sig: new Uint8Array(64) })],
  ])('%s ends the attempt', (_, text) => {
    const { alice, bob, world } = binding()
    bob.rtc.text = (number) => {
      const other = bob.rtc.otherOf(bob.rtc.connections.get(number) ?? never())
      if (other !== undefined) world.later(() => other.party.machine.channelText(other.number, text, world.nowMs))
    }
    world.settle()
    expect(alice.links).toEqual([])
    expect(alice.ended).toMatchObject([{ closeCode: 'bind' }])
  })

  test('a frame before the channel is open ends the attempt', () => {
    const { alice, bob, world } = pair()
    bob.rtc.isBlocked = true
    bob.connect(alice)
    world.settle()
    const [attempt] = alice.machine.attempts()
    expect(attempt?.state).toBe('answering')
    alice.machine.channelText(attempt?.connection ?? 0, '{"type":"something-new"}', world.nowMs)
    expect(attempt).toMatchObject({ state: 'closed', closeCode: 'bind' })
  })

  test('data end the attempt, and are not taken', () => {
    const { alice, bob, world } = binding()
    bob.rtc.text = (number) => {
      const other = bob.rtc.otherOf(bob.rtc.connections.get(number) ?? never())
      if (other !== undefined)
        world.later(() => other.party.machine.channelBinary(other.number, new Uint8Array(1), world.nowMs))
    }
    world.settle()
    expect(alice.received).toEqual([])
    expect(alice.ended).toMatchObject([{ closeCode: 'bind' }])
  })

  test('the bind of one side, given back to it, ends the attempt', () => {
    const { alice, bob, world } = binding()
    bob.rtc.text = (number, text) => {
      world.later(() => bob.machine.channelText(number, text, world.nowMs))
    }
    world.settle()
    expect(bob.ended).toMatchObject([{ closeCode: 'bind' }])
    expect(alice.links).toEqual([])
  })

  test('silence ends the attempt after 10 s', () => {
    const { alice, bob, world } = binding()
    bob.rtc.text = () => {}
    world.settle()
    expect(alice.machine.attempts()).toMatchObject([{ state: 'binding' }])
    world.wait(9999)
    expect(alice.ended).toEqual([])
    world.wait(1)
    expect(alice.ended).toMatchObject([{ closeCode: 'bind' }])
  })

  test('another certificate than the signed one ends the attempt', () => {
    const { alice, bob, world } = binding()
    bob.rtc.toldFp = () => 'ab'.repeat(32)
    world.settle()
    expect(alice.ended).toMatchObject([{ closeCode: 'fingerprint' }])
    expect(bob.links).toEqual([])
  })

  test('a platform that does not tell the certificate relies on the signed descriptions', () => {
    const { alice, bob, world } = binding()
    bob.rtc.toldFp = () => undefined
    world.settle()
    expect(alice.link?.state).toBe('open')
  })

  test('a bind is signed for these descriptions: the peer’s key alone is not enough', () => {
    const { alice, bob, world } = binding()
    const sig = createSigner(new Uint8Array(32).fill(2)).sign(
      bindSigningBytes({
        role: 1,
        signer: bob.publicKey,
        other: alice.publicKey,
        sid: new Uint8Array(16),
        offerId: new Uint8Array(32),
        answerId: new Uint8Array(32),
        offererFp: new Uint8Array(32),
        answererFp: new Uint8Array(32),
      }),
    )
    bob.rtc.text = (number) => {
      const other = bob.rtc.otherOf(bob.rtc.connections.get(number) ?? never())
      const text = encodeChannelFrame({ type: 'bind', sig })
      if (other !== undefined) world.later(() => other.party.machine.channelText(other.number, text, world.nowMs))
    }
    world.settle()
    expect(alice.ended).toMatchObject([{ closeCode: 'bind' }])
  })
})

describe('between the bind of the other side and ours', () => {
  const SHARED = '{"type":"shared","shared":{"name":"Bob"}}'
  const CHAT = '{"type":"chat","id":"BwcHBwcHBwcHBwcHBwcHBw","ts":1,"text":"hello"}'

  /** Alice's bind is still to be signed when bob, who waits for nothing, has said all this after his. */
  const eager = (...said: readonly (string | Uint8Array)[]) => {
    const all = pair(1)
    const { alice, bob, world } = all
    const sign = alice.sign.bind(alice)
    const held: (() => void)[] = []
    alice.sign = (message, done) => {
      if (startsWith(message, 'rendezvous/1 bind')) held.push(() => sign(message, done))
      else sign(message, done)
    }
    const { text } = bob.rtc
    bob.rtc.text = (number, frame) => {
      text.call(bob.rtc, number, frame)
      const connection = bob.rtc.otherOf(bob.rtc.connections.get(number) ?? never())?.number ?? never()
      for (const one of said) {
        if (typeof one === 'string') text.call(bob.rtc, number, one)
        else world.later(() => alice.machine.channelBinary(connection, one, world.nowMs))
      }
    }
    bob.connect(alice)
    world.settle()
    const release = (): void => {
      for (const signed of held.splice(0)) signed()
      world.wait(0)
    }
    return { ...all, release }
  }

  test('what is said waits, and is taken in order once whoever wants the link has it', () => {
    const { alice, bob, release } = eager(SHARED, new Uint8Array(3), CHAT, new Uint8Array(4))
    expect([alice.links, alice.ended, alice.profiles, alice.received]).toEqual([[], [], [], []])
    const told: string[] = []
    const [shared, data] = [alice.shared.bind(alice), alice.data.bind(alice)]
    alice.opened = () => alice.world.later(() => told.push('link'))
    alice.shared = (attempt, profile) => {
      told.push('shared')
      shared(attempt, profile)
    }
    alice.data = (attempt, bytes) => {
      told.push('data')
      data(attempt, bytes)
    }
    release()
    expect(told).toEqual(['link', 'shared', 'data', 'data'])
    expect([alice.profiles, alice.received, alice.chats]).toEqual([[{ name: 'Bob' }], [3, 4], ['hello']])
    expect(alice.channelTexts.at(-1)).toMatch(/"ack"/)
    expect(bob.link?.state).toBe('open')
  })

  test('what comes next does not overtake it', () => {
    const { alice, release, world } = eager(new Uint8Array(1))
    alice.opened = ({ connection = 0 }) =>
      world.later(() => alice.machine.channelBinary(connection, new Uint8Array(2), world.nowMs))
    release()
    expect(alice.received).toEqual([1, 2])
  })

  test('nothing is taken after a bye', () => {
    const { alice, release } = eager('{"type":"bye"}', SHARED)
    release()
    expect([alice.links.length, alice.profiles]).toEqual([1, []])
    expect(alice.ended).toMatchObject([{ closeCode: 'bye' }])
  })

  test('what waits is taken, also when the channel closes before', () => {
    const { alice, release, world } = eager(CHAT)
    alice.opened = ({ connection = 0 }) => alice.machine.channelClosed(connection, world.nowMs)
    release()
    expect(alice.chats).toEqual(['hello'])
    expect(alice.ended).toMatchObject([{ closeCode: 'lost' }])
  })

  test('a second bind is a frame that cannot be', () => {
    const { alice, release } = eager(encodeChannelFrame({ type: 'bind', sig: new Uint8Array(64) }))
    release()
    expect(alice.link?.state).toBe('open')
    expect(alice.machine.counters['channel-frame']).toBe(1)
  })

  test.each([
    ['16 frames wait', Array.from({ length: 16 }, () => SHARED), undefined],
    ['more end the attempt', Array.from({ length: 17 }, () => SHARED), 'protocol'],
    ['and so does a longer one than may be', [new Uint8Array(16_385)], 'protocol'],
  ])('%s', (_, said, closeCode) => {
    const { alice, release } = eager(...said)
    release()
    expect(alice.ended.map((attempt) => attempt.closeCode)).toEqual(closeCode === undefined ? [] : [closeCode])
  })
})

describe('an open link', () => {
  test('delivers a message once, and acknowledges it each time', () => {
    const { alice, bob, world } = linked()
    const link = bob.link ?? never()
    const id = bob.machine.sendChat(link, 'hello', world.nowMs)
    world.settle()
    expect(alice.chats).toEqual(['hello'])
    expect(bob.acks).toHaveLength(1)
    const [text = ''] = bob.channelTexts.filter((one) => one.includes('"chat"'))
    alice.machine.channelText(alice.link?.connection ?? 0, text, world.nowMs)
    world.settle()
    expect(alice.chats).toEqual(['hello'])
    expect(alice.channelTexts.filter((one) => one.includes('"ack"'))).toHaveLength(2)
    // An acknowledgement that nobody waits for is told to nobody.
    expect(bob.acks).toHaveLength(1)
    expect(alice.machine.counters['chat-repeat']).toBe(1)
    expect(id).toHaveLength(16)
  })

  test('remembers the last 1024 ids', () => {
    const { alice, bob, world } = linked()
    const connection = alice.link?.connection ?? 0
    const chat = (number: number): string => {
      const id = new Uint8Array(16)
      new DataView(id.buffer).setUint32(0, number)
      return encodeChannelFrame({ type: 'chat', id, ts: 1, text: `${number}` })
    }
    for (let number = 0; number < 1025; number++) {
      if (number % 100 === 0) world.wait(1000)
      alice.machine.channelText(connection, chat(number), world.nowMs)
    }
    alice.machine.channelText(connection, chat(1), world.nowMs)
    expect(alice.chats).toHaveLength(1025)
    alice.machine.channelText(connection, chat(0), world.nowMs)
    expect(alice.chats).toHaveLength(1026)
    expect(bob.ended).toEqual([])
  })

  test('shows what the other side shows of itself, and how much it takes', () => {
    const { alice, bob, world } = linked()
    const link = bob.link ?? never()
    bob.machine.sendShared(link, { name: 'Bob' })
    bob.machine.grant(link, 1000)
    bob.machine.grant(link, 900)
    bob.machine.grant(link, 5000)
    world.settle()
    expect(alice.profiles).toEqual([{ name: 'Bob' }])
    expect(alice.windows).toEqual([1000, 5000])
  })

  test('asks after 20 s of silence, and is lost after 60 s', () => {
    const { alice, bob, world } = linked()
    bob.rtc.text = () => {}
    alice.channelTexts.length = 0
    world.wait(19_999)
    expect(alice.channelTexts).toEqual([])
    world.wait(1)
    expect(alice.channelTexts).toEqual(['{"type":"ping","n":1}'])
    world.wait(39_999)
    expect(alice.ended).toEqual([])
    world.wait(1)
    expect(alice.ended).toMatchObject([{ closeCode: 'lost' }])
  })

  test('lasts as long as anything comes', () => {
    const { alice, bob, world } = linked()
    bob.rtc.text = () => {}
    for (let round = 0; round < 10; round++) {
      world.wait(19_000)
      bob.machine.channelBinary(bob.link?.connection ?? 0, new Uint8Array(1), world.nowMs)
      expect(alice.machine.heard(alice.link?.connection ?? 0, world.nowMs)).toBe(true)
    }
    expect(bob.received).toHaveLength(10)
    expect(alice.channelTexts.filter((text) => text.includes('ping'))).toEqual([])
  })

  test('is not lost because we slept: it is asked first', () => {
    const { alice, bob, world } = linked()
    world.nowMs += 3_600_000
    world.wait(100_000)
    expect(alice.link?.state).toBe('open')
    expect(bob.link?.state).toBe('open')
  })

  test('ends in order by a bye, and is lost when its channel closes', () => {
    const first = linked()
    first.bob.machine.close(first.bob.link ?? never(), first.world.nowMs)
    first.world.settle()
    expect(first.alice.ended).toMatchObject([{ closeCode: 'bye', closeDetail: 'closed' }])
    const second = linked()
    second.alice.machine.channelClosed(second.alice.link?.connection ?? 0, second.world.nowMs)
    expect(second.alice.ended).toMatchObject([{ closeCode: 'lost' }])
  })

  test('ignores what it does not know, drops what cannot be, and ends when there is too much of it', () => {
    const { alice, world } = linked()
    const connection = alice.link?.connection ?? 0
    for (let at = 0; at < 50; at++) alice.machine.channelText(connection, '{"type":"something-new"}', world.nowMs)
    for (let at = 0; at < 20; at++) alice.machine.channelText(connection, '{"type":"ack","id":7}', world.nowMs)
    expect(alice.ended).toEqual([])
    expect(alice.machine.counters).toMatchObject({ 'channel-unknown': 50, 'channel-frame': 20 })
    alice.machine.channelText(connection, encodeChannelFrame({ type: 'bind', sig: new Uint8Array(64) }), world.nowMs)
    expect(alice.ended).toMatchObject([{ closeCode: 'protocol', closeDetail: 'frames that cannot be' }])
    alice.machine.channelText(connection, 'null', world.nowMs)
  })

  test('ends when frames come faster than anybody writes', () => {
    const { alice, world } = linked()
    for (let at = 0; at < 1100; at++)
      alice.machine.channelText(alice.link?.connection ?? 0, '{"type":"pong","n":1}', world.nowMs)
    expect(alice.ended).toMatchObject([{ closeCode: 'protocol', closeDetail: 'flood' }])
  })

  test('takes only what fits, and only while it is open', () => {
    const { alice, bob, world } = linked()
    const link = bob.link ?? never()
    expect(codeOf(() => bob.machine.sendChat(link, '', world.nowMs))).toBe('too-large')
    expect(codeOf(() => bob.machine.sendChat(link, 'x'.repeat(8193), world.nowMs))).toBe('too-large')
    expect(codeOf(() => bob.machine.sendShared(link, { name: 'x'.repeat(65) }))).toBe('too-large')
    alice.channelText = () => {}
    for (let at = 0; at < 256; at++) bob.machine.sendChat(link, 'x', world.nowMs)
    expect(codeOf(() => bob.machine.sendChat(link, 'x', world.nowMs))).toBe('limit')
    bob.machine.close(link, world.nowMs)
    expect(codeOf(() => bob.machine.sendChat(link, 'x', world.nowMs))).toBe('closed')
    expect(codeOf(() => bob.machine.sendChat(bob.connect(alice), 'x', world.nowMs))).toBe('misuse')
  })

  test('opens only while there is room for links', () => {
    const all = linked(1, { alice: { limits: { links: 1 } } })
    const { alice, world } = all
    const [carol, dave] = [party(all, c), party(all, oneOfMany(1))]
    // Both are under way before either is open.
    alice.machine.close(alice.link ?? never(), world.nowMs)
    world.settle()
    carol.connect(alice)
    dave.connect(alice)
    world.settle()
    expect(alice.links).toHaveLength(2)
    expect(alice.ended).toMatchObject([{ closeCode: 'closed' }, { closeCode: 'limit' }])
  })
})

function startsWith(bytes: Uint8Array, label: string): boolean {
  return new TextDecoder().decode(bytes.subarray(0, label.length)) === label
}

function never(): never {
  throw new Error('expected a link')
}
