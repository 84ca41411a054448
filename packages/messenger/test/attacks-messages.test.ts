// Somebody who may write to us writes what no program of ours would: false acknowledgements, edits, times, envelopes,
// calls and profiles, by hand.
import { randomBytes } from '@mimirjs/crypto'
import { encodeDataHeader, encodeFrame, type PeerFrame } from '@mimirjs/wire/peer'
import { describe, expect, test, vi } from 'vitest'
import type { Call, HistoryEntry, MessengerOptions } from '../src/index.js'
import { createOverlay, dataOf, type Hand, json, text } from './support/by-hand.js'
import { type CurrentPerson, listenTo, settle } from './support/current.js'

const MAX_I64 = 2n ** 63n - 1n
const MIN_I64 = -(2n ** 63n)

/** Eve is connected to Ben, who takes messages of anybody. */
async function connected(options: MessengerOptions = {}) {
  const overlay = createOverlay()
  const ben = await overlay.person({ name: 'Ben', ...options })
  const eve = overlay.hand()
  const errors = listenTo(ben.messenger, 'error')
  const line = await eve.dial(ben)
  await line.echo()
  return { ...overlay, ben, eve, line, errors }
}

async function historyWith({ messenger }: CurrentPerson, { key }: Hand): Promise<HistoryEntry[]> {
  return (await messenger.history(key)).reverse()
}

describe('OK', () => {
  async function sending() {
    const all = await connected()
    const { ben, eve, line } = all
    const delivered = listenTo(ben.messenger, 'delivered')
    const sent = await ben.messenger.send(eve.key, 'for Eve')
    const { guid } = await line.heard('text')
    expect(String(guid)).toBe(sent.id)
    return { ...all, delivered, sent, guid }
  }

  test('for what was never sent, and OK(0), change nothing', async () => {
    const { line, delivered, guid } = await sending()
    const ids = [0n, 1n, -1n, guid + 1n, -guid, MAX_I64, MIN_I64]
    line.say(...ids.map((id): PeerFrame => ({ type: 'ok', id })))
    await line.echo()
    expect(delivered).toEqual([])
    line.say({ type: 'ok', id: guid }, { type: 'ok', id: guid })
    await line.echo()
    expect(delivered).toHaveLength(1)
  })

  test('of somebody else delivers nothing', async () => {
    const { ben, hand, delivered, guid, sent } = await sending()
    const mallory = await hand().dial(ben)
    mallory.say({ type: 'ok', id: guid })
    await mallory.echo()
    expect(delivered).toEqual([])
    expect(await ben.messenger.history(sent.to)).toMatchObject([{ state: 'stored' }])
  })

  test('on another connection of the same person counts: some originals answer there', async () => {
    const { ben, eve, delivered, guid, sent } = await sending()
    const other = await eve.dial(ben)
    other.say({ type: 'ok', id: guid })
    await vi.waitFor(() => expect(delivered).toEqual([sent]))
  })
})

describe('edits', () => {
  test('reach the messages of their sender alone', async () => {
    const { ben, eve, line, hand } = await connected()
    line.say(text(7n, 'mine'))
    await line.heard('ok')
    const mallory = hand()
    const theirs = await mallory.dial(ben)
    theirs.say(text(7n, 'not mine', { editTimeMs: 1_800_000_000_000n }))
    await theirs.heard('ok')
    expect(await historyWith(ben, eve)).toMatchObject([{ id: '7', text: 'mine', editedAt: undefined }])
    expect(await historyWith(ben, mallory)).toMatchObject([{ id: '7', text: 'not mine' }])
  })

  test('do not reach what we wrote ourselves, whatever guid they name', async () => {
    const { ben, eve, line } = await connected()
    const sent = await ben.messenger.send(eve.key, 'I owe you 5')
    const { guid } = await line.heard('text')
    line.say({ type: 'ok', id: guid }, text(guid, 'I owe you 500', { editTimeMs: MAX_I64 }))
    await vi.waitFor(() => expect(line.acknowledged).toEqual([guid]))
    const entries = await historyWith(ben, eve)
    expect(entries.find(({ outgoing }) => outgoing)).toMatchObject({ id: sent.id, text: 'I owe you 5' })
  })

  test('that are older, or as old, or of another type, are repetitions', async () => {
    const { ben, eve, line } = await connected()
    const edited = listenTo(ben.messenger, 'edited')
    const at = (editTimeMs: bigint, words: string, messageType = 0): PeerFrame =>
      text(7n, words, { editTimeMs, messageType })
    for (const frame of [
      at(0n, 'one'),
      at(1_800_000_000_000n, 'two'),
      at(1_800_000_000_000n, 'three'),
      at(1_700_000_000_000n, 'four'),
      at(MIN_I64, 'five'),
      at(1_900_000_000_000n, '{"emoji":"!","replyTo":5}', 10),
      at(1_900_000_000_000n, 'anything', 77),
    ]) {
      line.say(frame)
      await line.heard('ok')
    }
    expect(edited).toHaveLength(1)
    expect(await historyWith(ben, eve)).toMatchObject([{ kind: 'text', text: 'two' }])
  })

  test('of what was deleted here bring nothing back', async () => {
    const { ben, eve, line } = await connected()
    line.say(text(7n, 'one'))
    await line.heard('ok')
    await ben.messenger.deleteMessage(eve.key, '7', { outgoing: false })
    line.say(text(7n, 'one'), text(7n, 'two', { editTimeMs: 1_800_000_000_000n }))
    await line.heard('ok')
    await line.echo()
    expect(await historyWith(ben, eve)).toEqual([])
  })
})

describe('times of clocks that are wrong', () => {
  test.each([0n, -1n, MIN_I64, 1n, 1_700_000_000n, 9_999_999_999_999n, 8_640_000_000_000_001n, MAX_I64])(
    'a message sent at %i is shown at a time that is one, in its place',
    async (sendTimeMs) => {
      const { ben, eve, line, errors } = await connected()
      for (const [guid, frame] of [text(1n, 'before'), text(2n, 'it', { sendTimeMs }), text(3n, 'after')].entries()) {
        line.say(frame)
        expect((await line.heard('ok')).id).toBe(BigInt(guid + 1))
      }
      const entries = await historyWith(ben, eve)
      expect(entries.map(({ text }) => text)).toEqual(['before', 'it', 'after'])
      expect(Number.isNaN(entries[1]!.sentAt.getTime())).toBe(false)
      expect(entries[1]!.sentAt.getTime()).toBeGreaterThanOrEqual(0)
      expect(errors).toEqual([])
    },
  )

  test('an edit in the far future is taken, is a time, and is the last one', async () => {
    const { ben, eve, line } = await connected()
    for (const [editTimeMs, words] of [
      [0n, 'one'],
      [MAX_I64, 'two'],
      [MAX_I64 - 1n, 'three'],
    ] as const) {
      line.say(text(7n, words, { editTimeMs }))
      await line.heard('ok')
    }
    const [entry] = await historyWith(ben, eve)
    expect(entry).toMatchObject({ text: 'two' })
    expect(Number.isNaN(entry!.editedAt!.getTime())).toBe(false)
  })

  test('a profile of the far future does not keep later ones away', async () => {
    const { ben, eve, hand } = await connected()
    await ben.messenger.addContact(eve.key)
    const told = listenTo(ben.messenger, 'contact')
    const again = hand(eve.signer)
    const tell = async (timeSeconds: bigint, nickname: string) => {
      const line = await again.dial(ben)
      const since = (await line.heard('infoRequest')).timeSeconds
      // As the originals: only what is newer than what the other side knows.
      if (timeSeconds > since) line.say({ type: 'infoResponse', timeSeconds, nickname, info: '' })
      await line.echo()
      line.cut()
      await settle()
    }
    await tell(4_000_000_000n, 'with a clock that is wrong')
    await tell(1_699_999_999n, 'with a clock that is right')
    expect(told.map(({ nickname }) => nickname)).toEqual(['with a clock that is wrong', 'with a clock that is right'])
    await tell(1_699_999_999n, 'not again')
    expect(told).toHaveLength(2)
  })
})

describe('reactions', () => {
  const reaction = (guid: bigint, emoji: string, sendTimeMs: bigint, replyTo = 5n): PeerFrame =>
    text(guid, json({ emoji, replyTo: Number(replyTo) }), { messageType: 10, replyTo, sendTimeMs })

  test('that an original sends twice, once in seconds, are one; others are not', async () => {
    const { ben, eve, line } = await connected()
    const frames = [
      reaction(1n, '👍', 1_700_000_000_900n),
      reaction(2n, '👍', 1_700_000_000n),
      reaction(3n, '👍', 1_700_000_002_903n),
      reaction(4n, '👍', 1_700_000_000_900n, 6n),
      reaction(5n, '', 1_700_000_000_901n),
      reaction(6n, '👍', 1_700_000_000_902n),
    ]
    for (const frame of frames) {
      line.say(frame)
      // A double is acknowledged as well, or it would be repeated for ever.
      await line.heard('ok')
    }
    expect((await historyWith(ben, eve)).map(({ id }) => id)).toEqual(['1', '3', '4', '5', '6'])
  })

  test('of others are not compared', async () => {
    const { ben, line, hand } = await connected()
    const mallory = hand()
    const theirs = await mallory.dial(ben)
    for (const each of [line, theirs]) {
      each.say(reaction(1n, '👍', 1_700_000_000_000n))
      await each.heard('ok')
    }
    expect(await historyWith(ben, mallory)).toHaveLength(1)
  })

  test('that are none are shown as what they are, and end nothing', async () => {
    const { ben, eve, line, errors } = await connected()
    const bad = [
      '',
      '[]',
      '{"emoji":5}',
      `{"emoji":${'['.repeat(100)}`,
      '\uffff'.repeat(1_000),
      '{"emoji":"a","emoji":"b"}',
    ]
    for (const [at, payload] of bad.entries()) {
      line.say(text(BigInt(at + 1), payload, { messageType: 10, replyTo: 5n }))
      await line.heard('ok')
    }
    expect((await historyWith(ben, eve)).map(({ kind }) => kind)).toEqual(bad.map(() => 'unknown'))
    expect(errors).toEqual([])
  })
})

/** A TEXT frame with this envelope and payload. */
function enveloped(envelope: string | Uint8Array, payload = 'x'): Uint8Array {
  const bytes = typeof envelope === 'string' ? new TextEncoder().encode(envelope) : envelope
  const tail = new TextEncoder().encode(payload)
  const frame = new Uint8Array(20 + bytes.length + tail.length)
  const view = new DataView(frame.buffer)
  view.setInt32(4, 1_000)
  view.setUint32(12, 4 + bytes.length + tail.length)
  view.setInt32(16, bytes.length)
  frame.set(bytes, 20)
  frame.set(tail, 20 + bytes.length)
  return frame
}

describe('envelopes that no program writes', () => {
  const good = '"guid":5,"sendTime":1,"type":0,"payloadSize":1'
  test('one that is odd but right is read', async () => {
    const { ben, eve, line } = await connected()
    line.write(enveloped(`{ "a":[${'{"b":'.repeat(10)}1${'}'.repeat(10)}],\t${good} , "c":null }`))
    expect(await line.heard('ok')).toEqual({ type: 'ok', id: 5n })
    expect(await historyWith(ben, eve)).toMatchObject([{ id: '5', text: 'x' }])
  })

  const bad: [string, Uint8Array][] = [
    ['longer than 64 KiB', enveloped(`{${good},"a":"${'x'.repeat(65_536)}"}`)],
    ['deep', enveloped(`{${good},"a":${'['.repeat(17)}${']'.repeat(17)}}`)],
    ['a guid twice', enveloped(`{${good},"guid":6}`)],
    ['a guid that is a fraction', enveloped('{"guid":5.5,"payloadSize":1}')],
    ['a guid of 65 bits', enveloped('{"guid":9223372036854775808,"payloadSize":1}')],
    ['no guid, which nobody could acknowledge', enveloped('{"sendTime":1,"type":0,"payloadSize":1}')],
    ['guid 0', enveloped('{"guid":0,"sendTime":1,"type":0,"payloadSize":1}')],
    ['a payload of less than nothing', enveloped('{"guid":5,"payloadSize":-1}')],
    ['a payload of 2 GiB', enveloped('{"guid":5,"payloadSize":2147483647}')],
    ['a payload beyond 32 bits', enveloped('{"guid":5,"payloadSize":4294967297}')],
    ['other bytes than UTF-8', enveloped(Uint8Array.of(0x7b, 0xff, 0x7d))],
    ['no object', enveloped(`[${good}]`)],
    ['a prototype', enveloped(`{"__proto__":{"guid":5},"payloadSize":1}`)],
    ['a negative length', encodeFrame(text(5n), 'current').fill(0xff, 16, 20)],
  ]
  test.each(bad)('%s: the connection closes, nothing is kept', async (_, bytes) => {
    const { ben, eve, line, errors } = await connected()
    line.write(bytes)
    await line.control.until(() => line.control.closed)
    expect(await historyWith(ben, eve)).toEqual([])
    expect(errors).toEqual([])
    const again = await eve.dial(ben)
    again.say(text(1n))
    await again.heard('ok')
  })
})

describe('data frames', () => {
  test('of guid 0, which nobody can acknowledge, are kept once, and nothing breaks', async () => {
    const { ben, eve, line, errors } = await connected()
    const data = await line.openData(dataOf(0n, new TextEncoder().encode('without a guid')))
    await vi.waitFor(async () => expect(await historyWith(ben, eve)).toHaveLength(1))
    data.write(dataOf(0n, new TextEncoder().encode('without a guid')), dataOf(9n, new TextEncoder().encode('next')))
    await vi.waitFor(() => expect(line.acknowledged).toEqual([9n]))
    expect((await historyWith(ben, eve)).map(({ text }) => text)).toEqual(['without a guid', 'next'])
    expect(errors).toEqual([])
    expect(line.control.closed).toBe(false)
  })

  test('that announce more than is taken cost nothing, and are not acknowledged', async () => {
    const { ben, eve, line } = await connected()
    const header = { guid: 1n, replyTo: 0n, sendTimeMs: 0n, editTimeMs: 0n, messageType: 0 }
    const before = process.memoryUsage().arrayBuffers
    const data = await line.openData(encodeDataHeader({ ...header, dataBytes: 16 * 1_048_576 }), new Uint8Array(10))
    const large = await line.openData(encodeDataHeader({ ...header, guid: 2n, dataBytes: 16 * 1_048_576 + 1 }))
    await line.echo()
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4_000_000)
    for (let at = 0; at < 16; at++) large.write(new Uint8Array(1_048_576))
    large.write(new Uint8Array(1), dataOf(3n, new TextEncoder().encode('next')))
    await vi.waitFor(() => expect(line.acknowledged).toEqual([3n]))
    expect(await historyWith(ben, eve)).toHaveLength(1)
    data.stream.abort()
  })

  test.each([-1, MAX_I64, MIN_I64, 536_870_913])('of %i bytes end the stream, not the connection', async (size) => {
    const { line } = await connected()
    const header = encodeDataHeader({
      guid: 1n,
      replyTo: 0n,
      sendTimeMs: 0n,
      editTimeMs: 0n,
      messageType: 0,
      dataBytes: 0,
    })
    new DataView(header.buffer).setBigInt64(36, BigInt(size))
    const data = await line.openData(header)
    await data.until(() => data.closed)
    await line.echo()
  })

  test('do not attach to the connection of somebody else', async () => {
    const { ben, eve, hand } = await connected()
    const mallory = hand()
    const theirs = await mallory.dial(ben)
    // On her own node, whatever she says: it is hers.
    await theirs.openData(dataOf(1n, new TextEncoder().encode('I am Eve')))
    await theirs.heard('ok')
    expect(await historyWith(ben, eve)).toEqual([])
    expect(await historyWith(ben, mallory)).toHaveLength(1)
    theirs.cut()
    await settle()
    // Without a connection it is nobody's.
    const orphan = await theirs.openData(dataOf(2n, new TextEncoder().encode('I am Eve')))
    await orphan.until(() => orphan.closed)
    expect(await historyWith(ben, eve)).toEqual([])
  })
})

describe('file responses that nobody asked for', () => {
  const metadata = json({ hash: '0'.repeat(64), name: 'a.exe', size: 4 })
  const head = new Uint8Array(4)
  new DataView(head.buffer).setUint32(0, metadata.length)
  const response = Uint8Array.of(...head, ...metadata, 1, 2, 3, 4)

  test('inside a message: not kept, not acknowledged', async () => {
    const { ben, eve, line } = await connected()
    line.say(text(1n, response, { messageType: 4001 }))
    await line.echo()
    expect(line.acknowledged).toEqual([])
    expect(await historyWith(ben, eve)).toEqual([])
  })

  test('on the data stream: passed over, not acknowledged, and what follows is read', async () => {
    const { ben, eve, line } = await connected()
    await line.openData(dataOf(1n, response, { messageType: 4001 }), dataOf(2n, new TextEncoder().encode('next')))
    await line.heard('ok')
    expect(line.acknowledged).toEqual([2n])
    expect((await historyWith(ben, eve)).map(({ text }) => text)).toEqual(['next'])
  })
})

describe('what announces a file', () => {
  const announcing = (guid: bigint, change: object): PeerFrame =>
    text(guid, json({ name: 'abc.png', size: 5, hash: '0'.repeat(64), ...change }), { messageType: 3 })

  const names: [string, string][] = [
    ['../../../etc/passwd', 'passwd'],
    ['C:\\Windows\\system32\\cmd.exe', 'cmd.exe'],
    ['/', 'unnamed'],
    ['..', 'unnamed'],
    ['', 'unnamed'],
    ['.bashrc', 'bashrc'],
    ['a\u0000b\n.txt', 'ab.txt'],
    // Shown, the end of it would be the beginning.
    ['invoice\u202Efdp.exe', 'invoicefdp.exe'],
    ['a\u2028b\u200Bc', 'abc'],
  ]
  test.each(names)('has a name that hides nothing: %j', async (originalName, shown) => {
    const { ben, eve, line } = await connected()
    line.say(announcing(1n, { originalName }))
    await line.heard('ok')
    expect((await historyWith(ben, eve))[0]!.file).toMatchObject({ name: shown, bytes: undefined })
  })

  test.each([
    ['no name', { name: undefined }],
    ['a hash that is none', { hash: '../../etc/passwd' }],
    ['a negative size', { size: -1 }],
    ['a size that is text', { size: '5' }],
    ['a size without end', { size: 1e300 }],
    ['a key that is none', { key: 'c2hvcnQ=' }],
    ['a server that is an address', { key: 'A'.repeat(43).concat('='), server: 'http://127.0.0.1:22/' }],
    ['a server that is a host', { key: 'A'.repeat(43).concat('='), server: 'metadata.internal' }],
  ])('is dropped with an OK when it has %s', async (_, change) => {
    const { ben, eve, line, errors } = await connected()
    line.say(announcing(1n, change))
    await line.heard('ok')
    expect(await historyWith(ben, eve)).toEqual([])
    expect(errors).toEqual([])
  })
})

describe('call frames', () => {
  const offer: PeerFrame = { type: 'callOffer', mimeType: 'audio/aac', sampleRate: 44_100, channelCount: 1 }
  const hang: PeerFrame = { type: 'callHang' }

  test('outside a call mean nothing', async () => {
    const { ben, line } = await connected()
    const calls = [listenTo(ben.messenger, 'call'), listenTo(ben.messenger, 'missedCall')]
    line.say({ type: 'callAnswer', accepted: true, error: '' }, hang, { type: 'callPacket', data: randomBytes(65_536) })
    await line.echo()
    expect(calls).toEqual([[], []])
    expect(line.frames.filter(({ type }) => type.startsWith('call'))).toEqual([])
  })

  test('of somebody else do not touch a call', async () => {
    const { ben, line, hand } = await connected()
    const calls = listenTo(ben.messenger, 'call') as Call[]
    line.say(offer)
    await vi.waitFor(() => expect(calls).toHaveLength(1))
    calls[0]!.accept()
    await line.heard('callAnswer')
    const mallory = await hand().dial(ben)
    mallory.say(offer)
    // Busy, in the only word that the originals have for it.
    expect(await mallory.heard('callAnswer')).toMatchObject({ accepted: false, error: '' })
    mallory.say(
      hang,
      { type: 'callPacket', data: new Uint8Array(9) },
      { type: 'callAnswer', accepted: false, error: '' },
    )
    await mallory.echo()
    expect(calls[0]!.state).toBe('talking')
    expect(calls[0]!.stats.received).toBe(0)
    calls[0]!.hangUp()
  })

  test('on another connection of the same person do not end a call, nor speak in it', async () => {
    const { ben, eve, line } = await connected()
    const calls = listenTo(ben.messenger, 'call') as Call[]
    const other = await eve.dial(ben)
    line.say(offer)
    await vi.waitFor(() => expect(calls).toHaveLength(1))
    calls[0]!.accept()
    other.say(hang, { type: 'callPacket', data: new Uint8Array(9) })
    await other.echo()
    expect(calls[0]).toMatchObject({ state: 'talking', stats: { received: 0 } })
    calls[0]!.hangUp()
  })

  test('ringing and hanging up without end: a few rings, a few notes', async () => {
    const { ben, eve, line, pass } = await connected()
    const rung = listenTo(ben.messenger, 'call')
    for (let second = 0; second < 10; second++) {
      for (let round = 0; round < 100; round++) line.say(offer, hang)
      await line.echo()
      await pass(1_000)
    }
    expect(rung.length).toBeGreaterThan(0)
    expect(rung.length).toBeLessThanOrEqual(20)
    expect((await historyWith(ben, eve)).length).toBeLessThanOrEqual(20)
    await pass(60_000)
    line.say(offer)
    await line.echo()
    expect(rung.at(-1)!.state).toBe('ringing')
  })
})

describe('profiles', () => {
  const told = (nickname: string, change: object = {}): PeerFrame => ({
    type: 'infoResponse',
    timeSeconds: 1_700_000_000n,
    nickname,
    info: '',
    ...change,
  })

  test('are taken once per connection, when they were asked for', async () => {
    const { ben, line } = await connected()
    const heard = listenTo(ben.messenger, 'contact')
    await line.heard('infoRequest')
    line.say(...Array.from({ length: 500 }, (_, at) => told(`Eve ${at}`)))
    await line.echo()
    expect(heard).toMatchObject([{ nickname: 'Eve 0' }])
  })

  test('with pictures without end: those of strangers are not kept, those of contacts up to a megabyte', async () => {
    const { ben, eve, line, hand } = await connected()
    const heard = listenTo(ben.messenger, 'contact')
    line.say(told('stranger', { avatar: new Uint8Array(1_000) }))
    await line.echo()
    await ben.messenger.addContact(eve.key)
    for (const avatarBytes of [1_048_576, 1_048_577]) {
      const again = await hand(eve.signer).dial(ben)
      await again.heard('infoRequest')
      const header = encodeFrame(told('contact'), 'current')
      const frame = new Uint8Array(header.length + avatarBytes)
      frame.set(header)
      new DataView(frame.buffer).setInt32(header.length - 4, avatarBytes)
      new DataView(frame.buffer).setUint32(12, frame.length - 16)
      again.write(frame)
      await again.echo()
    }
    expect(heard.map(({ avatar }) => avatar?.length)).toEqual([undefined, 1_048_576, undefined])
  })

  test('of ours are told at most once a second', async () => {
    const { ben, line } = await connected()
    await ben.messenger.setProfile({ avatar: new Uint8Array(50_000) })
    line.say(...Array.from({ length: 200 }, (): PeerFrame => ({ type: 'infoRequest', timeSeconds: 0n })))
    await line.echo()
    expect(line.of('infoResponse')).toHaveLength(1)
  })
})
