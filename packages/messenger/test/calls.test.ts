import { createSigner, generateSeed } from '@mimirjs/crypto'
import { Peer } from '@mimirjs/peer'
import { fromHex } from '@mimirjs/wire'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Call, MissedCall } from '../src/index.js'
import {
  CALL_GENERATIONS,
  createCallWorld,
  exchange,
  isPending,
  nextPacket,
  ringing,
  talking,
  until,
} from './support/calls.js'
import { collect } from './support/world.js'

describe.each(CALL_GENERATIONS)('a call, %s', (generation) => {
  test('offer, ringing, answer, sound both ways, hang up', async () => {
    const world = await createCallWorld(generation)
    const [ann, ben] = [await world.person(), await world.person()]
    ann.messenger.addAddress(ben.key, ben.address)
    const outgoing = await ann.messenger.call(ben.key, { mimeType: 'audio/opus', sampleRate: 48_000, channelCount: 2 })
    expect(outgoing).toMatchObject({ peer: ben.key, direction: 'outgoing', state: 'ringing' })
    expect(await outgoing.ringing).toBe(true)
    await until(() => ben.incoming.length > 0)
    const [incoming] = ben.incoming as [Call]
    const media = { mimeType: 'audio/opus', sampleRate: 48_000, channelCount: 2 }
    expect(incoming).toMatchObject({ peer: ann.key, direction: 'incoming', state: 'ringing', media })
    incoming.accept()
    expect([await outgoing.answered, await incoming.answered]).toEqual([true, true])
    expect([outgoing.state, incoming.state]).toEqual(['talking', 'talking'])
    expect(outgoing.send(Uint8Array.of(1))).toBe(true)
    expect(incoming.send(Uint8Array.of(2))).toBe(true)
    expect([await nextPacket(incoming), await nextPacket(outgoing)]).toEqual([Uint8Array.of(1), Uint8Array.of(2)])
    outgoing.hangUp()
    expect(await Promise.all([outgoing.ended, incoming.ended])).toEqual([{ reason: 'hung-up' }, { reason: 'hung-up' }])
    const stats = { sent: 1, received: 1, droppedOut: 0, droppedIn: 0 }
    expect([outgoing.stats, incoming.stats]).toEqual([stats, stats])
    expect(await incoming.packets().next()).toEqual({ done: true, value: undefined })
  })

  test('declined, and called again', async () => {
    const world = await createCallWorld(generation)
    const { ann, ben, outgoing, incoming } = await ringing(world)
    incoming.decline()
    expect(await outgoing.ended).toEqual({ reason: 'declined' })
    expect([await outgoing.answered, await incoming.ended]).toEqual([false, { reason: 'declined' }])
    const again = await ann.messenger.call(ben.key)
    await until(() => ben.incoming.length === 2)
    ben.incoming[1]?.accept()
    expect(await again.answered).toBe(true)
  })

  test('the caller gives up: a missed call, in the history and nowhere else', async () => {
    const world = await createCallWorld(generation)
    const { ann, ben, outgoing, incoming } = await ringing(world)
    const missed = new Promise<MissedCall>((resolve) => ben.messenger.on('missedCall', resolve))
    const messages = collect(ben.messenger, 1)
    outgoing.hangUp()
    expect(await incoming.ended).toEqual({ reason: 'hung-up' })
    expect(await missed).toEqual({ peer: ann.key, at: new Date(1_700_000_000_000) })
    await ann.messenger.send(ben.key, 'call me')
    expect(await messages).toMatchObject([{ text: 'call me' }])
    const history = await ben.messenger.history(ann.key)
    expect(history).toMatchObject([{ text: 'call me' }, { kind: 'call', outgoing: false, text: 'missed' }])
    expect(await ann.messenger.history(ben.key)).toHaveLength(1)
  })

  test('nobody answers for 60 s', async () => {
    const world = await createCallWorld(generation)
    const { ben, outgoing, incoming } = await ringing(world)
    const missed: MissedCall[] = []
    ben.messenger.on('missedCall', (call) => missed.push(call))
    await world.pass(59_900)
    expect([outgoing.state, incoming.state]).toEqual(['ringing', 'ringing'])
    await world.pass(100)
    expect(await outgoing.ended).toEqual({ reason: 'no-answer' })
    expect(incoming.state).toBe('ended')
    await until(() => missed.length > 0)
    expect(missed).toHaveLength(1)
    expect(await outgoing.answered).toBe(false)
  })

  test('who talks is busy for others, and free again afterwards', async () => {
    const world = await createCallWorld(generation)
    const { ann, ben, outgoing } = await talking(world)
    const cyd = await world.person()
    cyd.messenger.addAddress(ben.key, ben.address)
    const second = await cyd.messenger.call(ben.key)
    expect(await second.ended).toEqual({ reason: 'busy' })
    expect(ben.incoming).toHaveLength(1)
    await until(() => outgoing.state === 'talking')
    await expect(ann.messenger.call(cyd.key)).rejects.toMatchObject({ code: 'call', message: /maxCalls 1/ })
    outgoing.hangUp()
    const third = await cyd.messenger.call(ben.key)
    await until(() => ben.incoming.length === 2)
    ben.incoming[1]?.accept()
    expect(await third.answered).toBe(true)
    const entries = await ben.messenger.history(cyd.key)
    expect(entries).toMatchObject([{ kind: 'call', text: 'missed' }])
  })

  test('both call at once: they talk', async () => {
    const world = await createCallWorld(generation)
    const [ann, ben] = [await world.person(), await world.person()]
    ann.messenger.addAddress(ben.key, ben.address)
    await ann.messenger.whenDelivered(await ann.messenger.send(ben.key, 'one connection, for both'))
    const [one, other] = await Promise.all([ann.messenger.call(ben.key), ben.messenger.call(ann.key)])
    expect(await Promise.all([one.answered, other.answered])).toEqual([true, true])
    expect([one.direction, other.direction]).toEqual(['outgoing', 'outgoing'])
    expect(await exchange(one, other)).toBe(true)
    expect([ann.incoming, ben.incoming]).toEqual([[], []])
    one.hangUp()
    expect(await other.ended).toEqual({ reason: 'hung-up' })
  })

  test('both call at once, each on a connection of their own: they talk', async () => {
    const world = await createCallWorld(generation)
    const [ann, ben] = [await world.person(), await world.person()]
    ann.messenger.addAddress(ben.key, ben.address)
    ben.messenger.addAddress(ann.key, ann.address)
    const [one, other] = await Promise.all([ann.messenger.call(ben.key), ben.messenger.call(ann.key)])
    expect(await Promise.all([one.answered, other.answered])).toEqual([true, true])
    await world.pass(500)
    expect(await exchange(one, other)).toBe(true)
    expect([ann.incoming, ben.incoming]).toEqual([[], []])
    await world.pass(70_000)
    expect([one.state, other.state]).toEqual(['talking', 'talking'])
  })
})

describe('a call is not possible', () => {
  test('in the classic generation', async () => {
    const world = await createCallWorld('classic')
    const [ann, ben] = [await world.person(), await world.person()]
    ann.messenger.addAddress(ben.key, ben.address)
    await expect(ann.messenger.call(ben.key)).rejects.toMatchObject({ code: 'unsupported', message: /classic/ })
  })

  test('with nobody there: it is tried for 30 s', async () => {
    const world = await createCallWorld()
    const [ann, ben] = [await world.person(), await world.person()]
    ann.messenger.addAddress(ben.key, 'memory://nobody')
    const calling = ann.messenger.call(ben.key)
    calling.catch(() => {})
    await world.pass(29_900)
    expect(await isPending(calling)).toBe(true)
    await world.pass(100)
    await expect(calling).rejects.toMatchObject({
      code: 'call',
      message: /not reachable: .* within 30 s: .*nobody listens/,
    })
    ann.messenger.addAddress(ben.key, ben.address)
    expect(await (await ann.messenger.call(ben.key)).ringing).toBe(true)
  })

  test('with our own key, the blocked, words that mean nothing, a signal that fired, after the end', async () => {
    const world = await createCallWorld()
    const [ann, ben] = [await world.person(), await world.person()]
    ann.messenger.addAddress(ben.key, ben.address)
    const failing = async (options: object, to = ben.key): Promise<string> =>
      ann.messenger.call(to, options).then(
        () => 'placed',
        (error: { code: string }) => error.code,
      )
    expect(await failing({}, ann.key)).toBe('bad-key')
    for (const options of [{ mimeType: '' }, { mimeType: 'x'.repeat(256) }, { sampleRate: 0 }, { channelCount: 1.5 }])
      expect(await failing(options)).toBe('bad-content')
    expect(await failing({ signal: AbortSignal.abort() })).toBe('aborted')
    await ann.messenger.block(ben.key)
    expect(await failing({})).toBe('blocked')
    await ann.messenger.close()
    expect(await failing({})).toBe('closed')
    expect(ben.incoming).toEqual([])
  })

  test('when the caller loses patience, or closes, before it is placed', async () => {
    const world = await createCallWorld()
    const [ann, ben] = [await world.person(), await world.person()]
    ann.messenger.addAddress(ben.key, 'memory://nobody')
    const patience = new AbortController()
    const first = ann.messenger.call(ben.key, { signal: patience.signal })
    await expect(ann.messenger.call(ben.key)).rejects.toMatchObject({ code: 'call' })
    patience.abort()
    await expect(first).rejects.toMatchObject({ code: 'aborted' })
    const second = ann.messenger.call(ben.key)
    await ann.messenger.close()
    await expect(second).rejects.toMatchObject({ code: 'closed' })
  })

  test('where nobody listens to calls: it is declined at once, and missed', async () => {
    const world = await createCallWorld()
    const [ann, ben] = [await world.person(), await world.person()]
    const missed = new Promise((resolve) => ben.messenger.on('missedCall', resolve))
    ben.ignoreCalls()
    ann.messenger.addAddress(ben.key, ben.address)
    expect(await (await ann.messenger.call(ben.key)).ended).toEqual({ reason: 'declined' })
    expect(await missed).toMatchObject({ peer: ann.key })
  })

  test('twice: only what rings and comes in can be accepted or declined', async () => {
    const world = await createCallWorld()
    const { outgoing, incoming } = await talking(world)
    for (const call of [outgoing, incoming]) {
      expect(() => call.accept()).toThrow(expect.objectContaining({ code: 'call' }))
      expect(() => call.decline()).toThrow(expect.objectContaining({ code: 'call' }))
      call.hangUp()
      call.hangUp()
      expect(() => call.accept()).toThrow(/ended/)
    }
  })
})

describe('who may not talk to us', () => {
  test('a stranger of whom we take nothing rings nowhere', async () => {
    const world = await createCallWorld('current')
    const [ann, ben] = [await world.person(), await world.person({ acceptFrom: 'contacts' })]
    ann.messenger.addAddress(ben.key, ben.address)
    const outgoing = await ann.messenger.call(ben.key)
    await world.pass(1_000)
    expect([outgoing.state, ben.incoming]).toEqual(['ringing', []])
    outgoing.hangUp()
    await ben.messenger.addContact(ann.key)
    await ann.messenger.call(ben.key)
    await until(() => ben.incoming.length === 1)
  })

  test('nobody writes a call record into our history', async () => {
    const world = await createCallWorld()
    const ben = await world.person()
    const signer = createSigner(generateSeed())
    const guids: bigint[] = []
    const mallory = new Peer({
      signer,
      transports: world.transports,
      clientId: 7,
      generation: 'overlay',
      onConnection: () => ({ message() {}, acknowledged: (guid) => guids.push(guid), closed() {} }),
    })
    onTestFinished(() => mallory.close())
    const connection = await mallory.connect(fromHex(ben.key), [ben.address])
    const record = { replyTo: 0n, sendTimeMs: 1n, editTimeMs: 0n, payload: new TextEncoder().encode('missed') }
    connection.send({ ...record, guid: 1n, messageType: 2 })
    connection.send({ ...record, guid: 2n, messageType: 0 })
    await until(() => guids.length === 2)
    expect(await ben.messenger.history(signer.publicKey)).toMatchObject([{ kind: 'text' }])
  })
})
