// Who may say what (current protocol §8): every row of the table, with a stranger, a blocked person or a crowd of them in
// the hands of a test.
import { randomBytes } from '@mimirjs/crypto'
import { toHex } from '@mimirjs/wire'
import type { PeerFrame } from '@mimirjs/wire/peer'
import { describe, expect, test, vi } from 'vitest'
import { createMemoryStore, type Messenger, type MessengerOptions } from '../src/index.js'
import { createOverlay, dataOf, type Hand, json, type Line, text } from './support/by-hand.js'
import { type CurrentPerson, listenTo, settle } from './support/current.js'
import { keepOpen } from './support/world.js'

type Said = PeerFrame & { readonly type: 'contactRequest' }
const request = (message = 'please', change: Partial<Said> = {}): Said => ({
  type: 'contactRequest',
  message,
  nickname: 'Eve',
  info: '',
  ...change,
})
const yes: PeerFrame = { type: 'contactResponse', accepted: true }
const offer: PeerFrame = { type: 'callOffer', mimeType: 'audio/aac', sampleRate: 44_100, channelCount: 1 }

/** Everything that a person was told of others. */
function listenToAll(messenger: Messenger) {
  return (['contactRequest', 'contactAnswer', 'call', 'missedCall', 'edited', 'contact', 'file', 'error'] as const).map(
    (name) => [name, listenTo(messenger, name)] as const,
  )
}

/** Ben takes only what comes from contacts; Eve is none, and connected. */
async function stranger(options: MessengerOptions = {}) {
  const overlay = createOverlay()
  const ben = await overlay.person({ name: 'Ben', acceptFrom: 'contacts', ...options })
  const eve = overlay.hand()
  const told = listenToAll(ben.messenger)
  const line = await eve.dial(ben)
  return { ...overlay, ben, eve, line, happened: () => told.filter(([, events]) => events.length > 0) }
}

const kindOf = async ({ messenger }: CurrentPerson, { key }: Hand): Promise<string | undefined> =>
  (await messenger.contacts()).find(({ peer }) => peer === key)?.kind

const historyWith = ({ messenger }: CurrentPerson, { key }: Hand) => messenger.history(key)

describe('from a stranger', () => {
  const ignored: [string, PeerFrame[]][] = [
    ['TEXT', [text(1n, 'hello')]],
    ['an edit', [text(1n, 'hello', { editTimeMs: 5n })]],
    ['a reaction', [text(1n, json({ emoji: '!', replyTo: 5 }), { messageType: 10, replyTo: 5n })]],
    ['a call record', [text(1n, 'missed', { messageType: 2 })]],
    ['a type nobody knows', [text(1n, 'hello', { messageType: 77 })]],
    ['INFO_REQUEST', [{ type: 'infoRequest', timeSeconds: 0n }]],
    ['INFO_RESPONSE', [{ type: 'infoResponse', timeSeconds: 9n, nickname: 'Your bank', info: '' }]],
    ['FILE_REQUEST', [{ type: 'fileRequest', guid: 1n, name: 'a.bin', hash: '0'.repeat(64) }]],
    ['CALL_OFFER', [offer]],
    ['CALL_ANSWER', [{ type: 'callAnswer', accepted: true, error: '' }]],
    ['CALL_HANG', [{ type: 'callHang' }]],
    ['CALL_PACKET', [{ type: 'callPacket', data: new Uint8Array(100) }]],
    ['a whole call', [offer, { type: 'callPacket', data: new Uint8Array(100) }, { type: 'callHang' }]],
    ['OK', [{ type: 'ok', id: 1n }]],
    ['CONTACT_RESPONSE that nobody waits for', [yes, { type: 'contactResponse', accepted: false }]],
  ]
  test.each(ignored)('%s is ignored, without an answer, and the connection goes on', async (_, frames) => {
    const { ben, eve, line, happened } = await stranger()
    line.say(...frames)
    await line.echo()
    expect(line.frames.map(({ type }) => type)).toEqual(['pong'])
    expect(happened()).toEqual([])
    expect(await historyWith(ben, eve)).toEqual([])
    expect(await kindOf(ben, eve)).not.toBe('contact')
  })

  test.each([0, 1, 3, 10, 1000, 4001])('a data frame of type %i is dropped, without OK', async (messageType) => {
    const { ben, eve, line, happened } = await stranger()
    const data = await line.openData(dataOf(1n, randomBytes(70_000), { messageType }))
    await line.echo()
    expect(line.acknowledged).toEqual([])
    expect(data.bytes).toHaveLength(0)
    expect(data.closed).toBe(false)
    expect(happened()).toEqual([])
    expect(await historyWith(ben, eve)).toEqual([])
  })

  test('CONTACT_REQUEST is taken, and nothing is asked of the stranger in return', async () => {
    const { ben, eve, line } = await stranger()
    line.say(request('we met', { avatar: Uint8Array.of(1, 2) }))
    await line.echo()
    expect(await ben.messenger.contactRequests()).toMatchObject([{ peer: eve.key, message: 'we met', nickname: 'Eve' }])
    expect(line.frames.map(({ type }) => type)).toEqual(['pong'])
  })

  test('what is allowed is asked for every frame: from the moment of the acceptance on, messages are taken', async () => {
    const { ben, eve, line } = await stranger()
    line.say(text(1n, 'too early'), request())
    await line.echo()
    await ben.messenger.acceptContact(eve.key)
    expect(await line.heard('contactResponse')).toMatchObject({ accepted: true })
    line.say(text(2n, 'now'))
    await line.heard('ok')
    const data = await line.openData(dataOf(3n, new TextEncoder().encode('large')))
    await line.heard('ok')
    expect(line.acknowledged).toEqual([2n, 3n])
    expect((await historyWith(ben, eve)).map(({ text }) => text)).toEqual(['large', 'now'])
    await ben.messenger.block(eve.key)
    await line.control.until(() => line.control.closed || line.control.ended)
    data.stream.abort()
  })

  test('whom we write to may answer where we called them; where they come to us, not', async () => {
    const { ben, eve, line } = await stranger()
    await eve.answer()
    ben.messenger.addAddress(eve.key, eve.address)
    line.cut()
    await settle()
    await ben.messenger.send(eve.key, 'hello?')
    await eve.until(() => eve.lines.length === 1)
    const [theirs] = eve.lines
    theirs!.say(text(1n, 'hello!'))
    await theirs!.heard('ok')
    const ours = await eve.dial(ben)
    ours.say(text(2n, 'hello again!'))
    await ours.echo()
    expect(ours.acknowledged).toEqual([])
    expect((await historyWith(ben, eve)).map(({ text }) => text)).toEqual(['hello!', 'hello?'])
  })
})

test('a policy that fails lets nobody in, says so, and ends nothing', async () => {
  const overlay = createOverlay()
  let fails = true
  const ben = await overlay.person({
    acceptFrom: () => {
      if (fails) throw new Error('the list is not loaded yet')
      return true
    },
  })
  const errors = listenTo(ben.messenger, 'error')
  const eve = overlay.hand()
  const line = await eve.dial(ben)
  // It is asked by our own side as well, when the connection is ready.
  await settle()
  line.say(text(1n, 'hello'), { type: 'infoRequest', timeSeconds: 0n }, offer)
  await line.echo()
  expect(line.acknowledged).toEqual([])
  expect(await historyWith(ben, eve)).toEqual([])
  expect(new Set(errors.map(({ code }) => code))).toEqual(new Set(['handler']))
  fails = false
  line.say(text(1n, 'hello'))
  await line.heard('ok')
})

describe('CONTACT_RESPONSE', () => {
  async function asked() {
    const overlay = createOverlay()
    const ben = await overlay.person({ acceptFrom: 'contacts' })
    const eve = overlay.hand()
    await eve.answer()
    ben.messenger.addAddress(eve.key, eve.address)
    await ben.messenger.requestContact(eve.key, { message: 'hi' })
    await eve.until(() => eve.lines.length === 1)
    const [line] = eve.lines
    await line!.heard('contactRequest')
    return { ...overlay, ben, eve, line: line! }
  }

  test('counts once; a second one, or another answer, changes nothing', async () => {
    const { ben, eve, line } = await asked()
    const answers = listenTo(ben.messenger, 'contactAnswer')
    line.say({ type: 'contactResponse', accepted: false }, yes, yes)
    await line.echo()
    expect(answers).toEqual([{ peer: eve.key, accepted: false }])
  })

  test('of somebody else is no answer', async () => {
    const { ben, hand } = await asked()
    const answers = listenTo(ben.messenger, 'contactAnswer')
    const mallory = hand()
    const line = await mallory.dial(ben)
    line.say(yes)
    await line.echo()
    expect(answers).toEqual([])
    expect(await kindOf(ben, mallory)).not.toBe('contact')
  })

  test('of somebody who was blocked since does not undo that', async () => {
    const { ben, eve } = await asked()
    await ben.messenger.block(eve.key)
    const answers = listenTo(ben.messenger, 'contactAnswer')
    const line = await eve.dial(ben)
    line.say(yes)
    await line.echo()
    expect(await kindOf(ben, eve)).toBe('blocked')
    expect(answers).toEqual([])
  })
})

describe('from a blocked person', () => {
  async function blocked(options: MessengerOptions = {}) {
    const overlay = createOverlay()
    const ben = await overlay.person({ name: 'Ben', ...options })
    const eve = overlay.hand()
    await ben.messenger.block(eve.key)
    const told = listenToAll(ben.messenger)
    const line = await eve.dial(ben)
    return { ...overlay, ben, eve, line, happened: () => told.filter(([, events]) => events.length > 0) }
  }

  test('messages are acknowledged and dropped, in every form, so that no program repeats them for ever', async () => {
    const { ben, eve, line, happened } = await blocked()
    line.say(text(1n), text(2n, 'missed', { messageType: 2 }), text(3n, new Uint8Array(9), { messageType: 1 }))
    await line.openData(dataOf(4n, randomBytes(70_000)))
    await vi.waitFor(() => expect(line.acknowledged).toEqual([1n, 2n, 3n, 4n]))
    await line.echo()
    expect(await historyWith(ben, eve)).toEqual([])
    expect(happened()).toEqual([])
  })

  test('nothing else has any effect', async () => {
    const { ben, eve, line, happened } = await blocked({ contactRequests: 'accept' })
    const wanted: PeerFrame = { type: 'fileRequest', guid: 1n, name: 'a.bin', hash: '0'.repeat(64) }
    line.say(request(), yes, offer, wanted, { type: 'infoRequest', timeSeconds: 0n })
    await line.echo()
    expect(line.frames.map(({ type }) => type)).toEqual(['pong'])
    expect(await kindOf(ben, eve)).toBe('blocked')
    expect(await ben.messenger.contactRequests()).toEqual([])
    expect(happened()).toEqual([])
  })

  test('a block while a policy thinks about the request stands', async () => {
    const overlay = createOverlay()
    let decide = (_: 'accept'): void => {}
    const contactRequests = () =>
      new Promise<'accept'>((resolve) => {
        decide = resolve
      })
    const ben = await overlay.person({ contactRequests })
    const eve = overlay.hand()
    const line = await eve.dial(ben)
    line.say(request())
    await line.echo()
    await ben.messenger.block(eve.key)
    decide('accept')
    await settle()
    expect(await kindOf(ben, eve)).toBe('blocked')
  })
})

const NOTE = { message: '', nickname: '', info: '', accepted: false, atMs: 1, attempts: 0 } as const

describe('floods', () => {
  /** So many identities connect, say something, and are gone. */
  async function crowd(ben: CurrentPerson, hand: () => Hand, count: number, act: (line: Line, at: number) => void) {
    for (let at = 0; at < count; at++) {
      const line = await hand().dial(ben)
      act(line, at)
      await line.echo()
      line.cut()
    }
    await settle()
  }

  /** Somebody asks and leaves without hearing the answer. */
  async function askAndLeave(ben: CurrentPerson, eve: Hand): Promise<void> {
    const line = await eve.dial(ben)
    line.answersPings = false
    line.say(request())
    line.control.stream.end()
    await line.control.until(() => line.control.closed)
    await settle()
  }

  test('one stranger asks without pause: one request, rewritten at most once a second', async () => {
    const { ben, line, pass } = await stranger()
    const asked = listenTo(ben.messenger, 'contactRequest')
    const put = vi.spyOn(ben.parts.store, 'putContactNote')
    for (let round = 0; round < 30; round++) {
      line.say(...Array.from({ length: 50 }, (_, at) => request(`${round} ${at}`)))
      await line.echo()
      await pass(1_000)
    }
    expect(asked.length).toBeGreaterThan(1)
    expect(asked.length).toBeLessThanOrEqual(31)
    expect(put.mock.calls.length).toBeLessThanOrEqual(31)
    expect(await ben.messenger.contactRequests()).toHaveLength(1)
  })

  test('of all strangers together a thousand requests are kept, the newest, and of their pictures the small ones', async () => {
    const store = keepOpen(createMemoryStore())
    for (let at = 0; at < 1_000; at++) {
      await store.putContactNote({ ...NOTE, kind: 'request-in', peer: toHex(randomBytes(32)) })
    }
    const overlay = createOverlay()
    const ben = await overlay.person({ acceptFrom: 'contacts', store })
    await crowd(ben, overlay.hand, 20, (line, at) => {
      line.say(request(`new ${at}`, { avatar: randomBytes(at === 0 ? 200_000 : 1_000) }))
    })
    const kept = await ben.messenger.contactRequests()
    expect(kept).toHaveLength(1_000)
    expect(kept.slice(-20).map(({ message }) => message)).toEqual(Array.from({ length: 20 }, (_, at) => `new ${at}`))
    expect(kept.at(-20)!.avatar).toBeUndefined()
    expect(kept.at(-1)!.avatar).toHaveLength(1_000)
  })

  test.each(['accept', 'refuse'] as const)('who heard the answer is not run after: %s', async (decision) => {
    const overlay = createOverlay()
    const ben = await overlay.person({ contactRequests: decision })
    const states = listenTo(ben.messenger, 'state')
    await crowd(ben, overlay.hand, 10, (line) => line.say(request()))
    await overlay.pass(10 * 60_000, 10_000)
    expect(states.filter(({ state }) => state === 'connecting')).toEqual([])
    expect(await ben.parts.store.pendingPeers()).toEqual([])
    expect(await ben.parts.store.contactNotes({ kind: 'response-out' })).toHaveLength(10)
  })

  test('a no is not carried after those who did not stay to hear it', async () => {
    const overlay = createOverlay()
    const ben = await overlay.person({ contactRequests: 'refuse' })
    const states = listenTo(ben.messenger, 'state')
    for (let at = 0; at < 10; at++) await askAndLeave(ben, overlay.hand())
    await overlay.pass(10 * 60_000, 10_000)
    expect(states.filter(({ state }) => state === 'connecting')).toEqual([])
    expect(await ben.parts.store.pendingPeers()).toEqual([])
  })

  test('a yes is, until it was heard, to a thousand people at most', async () => {
    const store = keepOpen(createMemoryStore())
    const overlay = createOverlay()
    const ben = await overlay.person({ contactRequests: 'accept', store })
    const eve = overlay.hand()
    await askAndLeave(ben, eve)
    expect(await store.pendingPeers()).toEqual([eve.key])
    await eve.answer()
    ben.messenger.addAddress(eve.key, eve.address)
    await eve.until(() => eve.lines.length === 1)
    expect(await eve.lines[0]!.heard('contactResponse')).toMatchObject({ accepted: true })
    await eve.lines[0]!.echo()
    expect(await store.pendingPeers()).toEqual([])
    for (let at = 0; at < 1_010; at++) {
      await store.putContactNote({ ...NOTE, kind: 'response-out', accepted: true, peer: toHex(randomBytes(32)) })
    }
    expect(await store.pendingPeers()).toHaveLength(1_000)
  })

  test('a stranger connects again and again: nothing is kept of that', async () => {
    const { ben, eve, line: first, happened, pass } = await stranger()
    first.cut()
    for (let round = 0; round < 50; round++) {
      // More signatures are not to be had in a minute.
      await pass(7_000)
      const line = await eve.dial(ben)
      line.say(text(BigInt(round + 1)))
      await line.echo()
      line.cut()
    }
    await settle()
    expect(happened()).toEqual([])
    expect(await ben.parts.store.counts()).toEqual({ undelivered: 0, unhandled: 0, messages: 0 })
    expect((await ben.messenger.health()).connections).toBe(0)
  })
})
