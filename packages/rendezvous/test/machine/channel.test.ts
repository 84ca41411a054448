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

  test('data end the attempt, and are not taken', () => {
    const { alice, bob, world } = binding()
    let isTaken: boolean | undefined
    bob.rtc.text = (number) => {
      const other = bob.rtc.otherOf(bob.rtc.connections.get(number) ?? never())
      if (other !== undefined)
        world.later(() => {
          isTaken = other.party.machine.channelBinary(other.number, world.nowMs)
        })
    }
    world.settle()
    expect(isTaken).toBe(false)
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
      expect(bob.machine.channelBinary(bob.link?.connection ?? 0, world.nowMs)).toBe(true)
      expect(alice.machine.channelBinary(alice.link?.connection ?? 0, world.nowMs)).toBe(true)
    }
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

function never(): never {
  throw new Error('expected a link')
}
