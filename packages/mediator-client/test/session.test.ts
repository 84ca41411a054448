import { createRandom } from '@mimirjs/transport/testing'
import { MEDIATOR_DIALECTS, MediatorCommand, type MediatorDialect, RESERVED_REQUEST_IDS } from '@mimirjs/wire/mediator'
import { describe, expect, test } from 'vitest'
import type { MediatorError } from '../src/error.js'
import type { SessionEvent } from '../src/session-events.js'
import { key } from './support/messages.js'
import { SessionBench } from './support/session-bench.js'

function codeOf(event: SessionEvent | undefined): string | undefined {
  return event !== undefined && 'error' in event ? event.error.code : undefined
}

function thrown(call: () => unknown): MediatorError {
  try {
    call()
  } catch (error) {
    return error as MediatorError
  }
  return expect.fail('it did not throw')
}

const push = (bench: SessionBench): Uint8Array =>
  bench.push('gotMessage', {
    chatId: 7n,
    messageId: 1n,
    guid: 5n,
    timestampSeconds: 1_700_000_000n,
    author: key(1),
    blob: new Uint8Array(40),
  })

describe.each(MEDIATOR_DIALECTS)('a session of the dialect %s', (dialect) => {
  test('opens, and answers find their requests in any order', () => {
    const bench = new SessionBench(dialect)
    expect([...bench.session.takeOutgoing()[0]!]).toEqual(dialect === 'binary' ? [0] : [1, 0])
    const bench2 = new SessionBench(dialect)
    const first = bench2.session.request('subscribe', { chatId: 1n })
    const second = bench2.session.request('getLastMessageId', { chatId: 2n })
    expect(bench2.flush().map(({ command, requestId }) => [command, requestId])).toEqual([
      [MediatorCommand.subscribe, first],
      [MediatorCommand.getLastMessageId, second],
    ])
    expect(bench2.receive(bench2.answer(second, 'getLastMessageId', { messageId: 9n }))).toEqual([
      { type: 'answered', requestId: second, command: 'getLastMessageId', value: { messageId: 9n } },
    ])
    expect(bench2.receive(bench2.answer(first, 'subscribe', { messageId: 8n }))).toMatchObject([
      { type: 'answered', requestId: first, command: 'subscribe' },
    ])
  })

  test('never uses a reserved id, nor one that is in flight', () => {
    const bench = new SessionBench(dialect, { requestsInFlight: 32_768 })
    const kept = bench.session.request('ping', {})
    const seen = new Set<number>()
    for (let count = 0; count < 70_000; count++) {
      const id = bench.session.request('ping', {})
      if (RESERVED_REQUEST_IDS.includes(id) || id === kept) expect.fail(`id ${id} was used`)
      seen.add(id)
      bench.receive(bench.answer(id, 'ping', {}))
    }
    expect(seen.size).toBe(0x1_0000 - RESERVED_REQUEST_IDS.length - 1)
  })

  test('pushes come between answers; those of both TLV dialects are understood', () => {
    const bench = new SessionBench(dialect)
    const id = bench.session.request('ping', {})
    const events = bench.receive(new Uint8Array([...push(bench), ...bench.answer(id, 'ping', {}), ...push(bench)]))
    expect(events.map(({ type }) => type)).toEqual(['push', 'answered', 'push'])
    if (dialect === 'binary') return
    const other = new SessionBench(dialect === 'tlv' ? 'tlv-push' : 'tlv')
    expect(bench.receive(push(other))).toMatchObject([{ type: 'push', push: 'gotMessage', value: { chatId: 7n } }])
  })

  test('a refusal is a typed error', () => {
    const bench = new SessionBench(dialect)
    const id = bench.session.request('subscribe', { chatId: 1n })
    const [event] = bench.receive(bench.refuse(id, 'read-only user'))
    expect(event).toMatchObject({
      type: 'failed',
      requestId: id,
      error: { code: 'read-only', remoteText: 'read-only user' },
    })
  })

  test('an error payload that is shorter than it says has an empty text', () => {
    const bench = new SessionBench(dialect)
    const id = bench.session.request('ping', {})
    const [event] = bench.receive(Uint8Array.of(1, id >> 8, id & 0xff, 0, 0, 0, 3, 0, 9, 65))
    expect(event).toMatchObject({ type: 'failed', error: { code: 'server', remoteText: '' } })
  })

  test('an error without an id', () => {
    const bench = new SessionBench(dialect)
    const other = bench.session.request('ping', {})
    const leave = bench.session.request('leaveChat', { chatId: 3n })
    const chats = bench.session.request('getUserChats', {})
    expect(bench.receive(bench.refuse(0, 'auth required'))).toMatchObject([{ type: 'failed', requestId: leave }])
    expect(bench.receive(bench.refuse(0, 'db error'))).toMatchObject([{ type: 'failed', requestId: chats }])
    expect(bench.receive(bench.refuse(0, 'unknown cmd'))).toMatchObject([
      { type: 'closed', error: { code: 'unsupported', remoteText: 'unknown cmd' } },
    ])
    expect(other).toBeGreaterThan(0)
  })

  test('a request that is not answered in time fails, its id stays taken, and the late answer is dropped', () => {
    const bench = new SessionBench(dialect)
    const id = bench.session.request('subscribe', { chatId: 1n })
    bench.flush()
    expect(bench.advance(14_999)).toEqual([])
    expect(bench.advance(1).map(codeOf)).toEqual(['timeout'])
    for (let count = 0; count < 66_000; count++) {
      const next = bench.session.request('ping', {})
      if (next === id) expect.fail('the id was used again')
      bench.receive(bench.answer(next, 'ping', {}))
    }
    expect(bench.receive(bench.answer(id, 'subscribe', { messageId: 1n }))).toMatchObject([{ type: 'dropped' }])
  })

  test('the time runs from the last byte written', () => {
    const bench = new SessionBench(dialect)
    bench.flush()
    bench.session.request('sendMessage', { chatId: 1n, guid: 2n, timestampSeconds: 3n, blob: new Uint8Array(200_000) })
    for (let pieces = 0; pieces < 3; pieces++) {
      expect(bench.fill()).toBe(1)
      expect(bench.session.takeOutgoing()).toEqual([])
      expect(bench.advance(9000)).toEqual([])
      bench.session.drained(bench.nowMs)
    }
    bench.flush()
    expect(bench.advance(29_999)).toEqual([])
    expect(bench.advance(1).map(codeOf)).toEqual(['timeout'])
  })

  test('a line that takes nothing for ten seconds is over', () => {
    const bench = new SessionBench(dialect)
    bench.fill()
    expect(bench.session.nextDeadlineMs).toBe(bench.nowMs + 10_000)
    expect(bench.advance(9_999)).toEqual([])
    expect(bench.advance(1)).toMatchObject([{ type: 'closed', error: { code: 'timeout' } }])
  })

  test('an answer that is on its way is waited for, as long as it moves', () => {
    const bench = new SessionBench(dialect)
    const id = bench.session.request('getMessagesSince', { chatId: 1n, sinceId: 0n, limit: 1 })
    bench.flush()
    const frame = bench.answer(id, 'getMessagesSince', {
      messages: [
        { chatId: 1n, messageId: 1n, guid: 1n, timestampSeconds: 1n, author: key(1), blob: new Uint8Array(400_000) },
      ],
    })
    const step = 64 * 1024
    for (let at = 0; at + step < frame.length; at += step) {
      expect(bench.receive(frame.subarray(at, at + step))).toEqual([])
      expect(bench.advance(9_000)).toEqual([])
    }
    expect(bench.receive(frame.subarray(frame.length - (frame.length % step)))).toMatchObject([{ type: 'answered' }])
  })

  test('an answer that trickles is not', () => {
    const bench = new SessionBench(dialect)
    const id = bench.session.request('ping', {})
    bench.flush()
    const frame = bench.refuse(id, 'x'.repeat(1000))
    let failed: SessionEvent[] = []
    for (let at = 0; at < 40 && failed.length === 0; at++) {
      bench.receive(frame.subarray(at, at + 1))
      failed = bench.advance(1000)
    }
    expect(failed.map(codeOf)).toEqual(['timeout'])
    expect(bench.nowMs).toBeLessThan(1000 + 27_000)
  })

  test('two timeouts in a row end the connection, two with an answer between them do not', () => {
    const bench = new SessionBench(dialect)
    const ask = (): number => {
      const id = bench.session.request('getMembers', { chatId: 1n })
      bench.flush()
      return id
    }
    ask()
    expect(bench.advance(15_000).map(codeOf)).toEqual(['timeout'])
    bench.receive(bench.answer(ask(), 'getMembers', { members: [] }))
    ask()
    expect(bench.advance(15_000).map(codeOf)).toEqual(['timeout'])
    ask()
    expect(bench.advance(15_000)).toMatchObject([{ type: 'failed' }, { type: 'closed', error: { code: 'timeout' } }])
    expect(thrown(() => bench.session.request('ping', {})).code).toBe('not-connected')
  })

  test('asks for a sign of life after 50 s without bytes, and only parts of a frame are one', () => {
    const bench = new SessionBench(dialect)
    bench.flush()
    bench.advance(49_000)
    bench.receive(push(bench).subarray(0, 3))
    bench.advance(49_999)
    expect(bench.flush()).toEqual([])
    bench.advance(1)
    const [ping] = bench.flush()
    expect(ping?.command).toBe(MediatorCommand.ping)
    expect(bench.advance(15_000)).toMatchObject([{ type: 'failed' }, { type: 'closed', error: { code: 'timeout' } }])
  })

  test('any answer to it will do, and the next one is 50 s away', () => {
    const bench = new SessionBench(dialect)
    bench.flush()
    bench.advance(50_000)
    const [ping] = bench.flush()
    bench.receive(bench.refuse(ping!.requestId, 'auth required'))
    bench.advance(49_999)
    expect(bench.flush()).toEqual([])
    bench.session.probe()
    bench.session.probe()
    expect(bench.flush().length).toBe(1)
  })

  test('the end of the line is told once, and last', () => {
    const bench = new SessionBench(dialect)
    bench.session.request('ping', {})
    bench.receive(push(bench))
    bench.session.endOfStream()
    expect(bench.events()).toMatchObject([{ type: 'closed', error: { code: 'not-connected' } }])
    expect(bench.receive(push(bench))).toEqual([])
    expect(bench.session.nextDeadlineMs).toBe(Number.POSITIVE_INFINITY)
  })

  test('a mediator that hangs up without a word may speak another dialect', () => {
    const bench = new SessionBench(dialect)
    bench.session.endOfStream()
    const [event] = bench.events()
    expect(event?.type === 'closed' && event.error.message).toContain(`dialect ${dialect}`)
  })

  test('what cannot be asked is refused here', () => {
    const bench = new SessionBench(dialect, { requestsInFlight: 2 })
    const tooLarge = new Uint8Array(60_000_000)
    expect(thrown(() => bench.session.request('sendMessage', { chatId: 1n, guid: 1n, blob: tooLarge })).code).toBe(
      'invalid',
    )
    const update = (): unknown => bench.session.request('updateChatInfo', { chatId: 1n, name: 'x' })
    if (dialect === 'binary') expect(thrown(update).code).toBe('unsupported')
    else update()
    bench.session.request('ping', {})
    if (dialect === 'binary') bench.session.request('ping', {})
    expect(thrown(() => bench.session.request('ping', {})).code).toBe('busy')
  })

  test('the same events, however the bytes are cut', () => {
    const script = (bench: SessionBench): Uint8Array => {
      const first = bench.session.request('getMembers', { chatId: 1n })
      const second = bench.session.request('sendInvite', { chatId: 1n, toPublicKey: key(2), data: new Uint8Array(92) })
      const members = [{ publicKey: key(1), permissions: 0x90, online: true, lastSeenSeconds: 0n }]
      return Buffer.concat([
        push(bench),
        bench.answer(first, 'getMembers', { members }),
        bench.push('gotMemberInfo', {
          chatId: 1n,
          members: [{ publicKey: key(4), info: key(5), timestampSeconds: 6n }],
        }),
        bench.push('requestMemberInfo', { chatId: 1n, lastUpdateSeconds: 9n }),
        bench.refuse(second, 'user already in chat'),
        bench.refuse(999, 'nobody asked'),
        push(bench),
      ])
    }
    const whole = new SessionBench(dialect)
    const expected = whole.receive(script(whole))
    expect(expected.length).toBe(7)
    const random = createRandom(11)
    for (let round = 0; round < 50; round++) {
      const bench = new SessionBench(dialect)
      const bytes = script(bench)
      const events: SessionEvent[] = []
      for (let at = 0; at < bytes.length; ) {
        const next = at + (round === 0 ? 1 : 1 + random.integer(90))
        events.push(...bench.receive(bytes.subarray(at, next)))
        at = next
      }
      expect(events).toEqual(expected)
    }
  })

  test('cut off anywhere it closes in order', () => {
    const whole = new SessionBench(dialect)
    const bytes = Buffer.concat([push(whole), push(whole)])
    for (let end = 0; end < bytes.length; end++) {
      const bench = new SessionBench(dialect)
      const before = bench.receive(bytes.subarray(0, end))
      expect(before.length).toBe(end < bytes.length / 2 ? 0 : 1)
      bench.session.endOfStream()
      expect(bench.events()).toMatchObject([{ type: 'closed' }])
    }
  })
})

describe('a hostile mediator', () => {
  const dialects: readonly MediatorDialect[] = MEDIATOR_DIALECTS
  test.each(dialects)('an unknown status, or an impossible length, ends it: %s', (dialect) => {
    const unknown = new SessionBench(dialect)
    expect(unknown.receive(Uint8Array.of(3, 0, 1, 0, 0, 0, 0))).toMatchObject([
      { type: 'closed', error: { code: 'protocol' } },
    ])
    const long = new SessionBench(dialect)
    // 52,428,801 bytes, of which none is waited for.
    expect(long.receive(Uint8Array.of(0, 0, 1, 3, 0x20, 0, 1))).toMatchObject([
      { type: 'closed', error: { code: 'protocol' } },
    ])
    const longest = new SessionBench(dialect)
    expect(longest.receive(Uint8Array.of(0, 0, 1, 3, 0x20, 0, 0))).toEqual([])
  })

  test.each(dialects)('answers to nobody, and pushes that say nothing, are dropped: %s', (dialect) => {
    const bench = new SessionBench(dialect)
    const id = bench.session.request('ping', {})
    const status = dialect === 'tlv-push' ? 2 : 0
    const strange = [
      Uint8Array.of(0, 0x12, 0x34, 0, 0, 0, 1, 7),
      Uint8Array.of(1, 0x12, 0x34, 0, 0, 0, 0),
      Uint8Array.of(status, 0, 0x32, 0, 0, 0, 2, 0x10, 0x09),
      Uint8Array.of(2, 0x77, 0x77, 0, 0, 0, 0),
      Uint8Array.of(0, 0, 0, 0, 0, 0, 0),
    ]
    expect(bench.receive(Buffer.concat(strange)).map(({ type }) => type)).toEqual(strange.map(() => 'dropped'))
    expect(bench.receive(bench.answer(id, 'ping', {}))).toMatchObject([{ type: 'answered' }])
  })

  test.each(dialects)('an answer that cannot be read fails its call alone: %s', (dialect) => {
    const bench = new SessionBench(dialect)
    const id = bench.session.request('subscribe', { chatId: 1n })
    expect(bench.receive(Uint8Array.of(0, id >> 8, id & 0xff, 0, 0, 0, 1, 9))).toMatchObject([
      { type: 'failed', requestId: id, error: { code: 'protocol' } },
    ])
    expect(bench.session.isClosed).toBe(false)
  })

  test.each(dialects)('any bytes give events or a typed end: %s', (dialect) => {
    const random = createRandom(5)
    for (let round = 0; round < 300; round++) {
      const bench = new SessionBench(dialect)
      bench.session.request('getUserChats', {})
      const valid = Buffer.concat([push(bench), bench.refuse(1, 'x'), push(bench)])
      for (let flips = 1 + random.integer(6); flips > 0; flips--)
        valid[random.integer(valid.length)] = random.integer(256)
      const events = [...bench.receive(valid), ...bench.receive(random.bytes(200))]
      for (const event of events) if (event.type === 'closed') expect(event.error.name).toBe('MediatorError')
      expect(bench.session.bufferedBytes).toBeLessThan(1000)
    }
  })
})
