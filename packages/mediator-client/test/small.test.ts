import { encodeSystemMessage } from '@mimirjs/wire/mediator'
import { describe, expect, test } from 'vitest'
import { retryDelayMs } from '../src/backoff.js'
import { isMediatorError, MediatorError } from '../src/error.js'
import { completeLimits, DEFAULT_LIMITS } from '../src/limits.js'
import { normaliseTimestamp, toReceivedMessage } from '../src/messages.js'
import { OutgoingBytes } from '../src/outgoing-bytes.js'
import { Permissions } from '../src/permissions.js'
import { refusal } from '../src/server-text.js'
import { completeTimers, DEFAULT_TIMERS } from '../src/timers.js'
import { Turns } from '../src/turns.js'
import { key, message } from './support/messages.js'

describe('pauses between attempts', () => {
  test('double up to two minutes, are ten after 300 attempts, and never overflow', () => {
    const middle = (attempt: number): number => retryDelayMs(attempt, DEFAULT_TIMERS, 127.5)
    expect([1, 2, 3, 6, 7, 8, 300, 301, 5000].map(middle)).toEqual([
      ...[2000, 4000, 8000, 64_000, 120_000, 120_000, 120_000, 600_000, 600_000],
    ])
  })

  test('vary by a fifth', () => {
    expect(retryDelayMs(1, DEFAULT_TIMERS, 0)).toBe(1600)
    expect(retryDelayMs(1, DEFAULT_TIMERS, 255)).toBe(2400)
  })
})

describe('permissions', () => {
  test('are a set', () => {
    const owner = new Permissions(0x90)
    expect([...owner]).toEqual(['owner', 'user'])
    expect(owner.has('admin', 'owner')).toBe(true)
    expect(owner.with('readOnly').without('owner').mask).toBe(0x18)
    expect(Permissions.of('mod', 'user').mask).toBe(0x30)
    expect(new Permissions(0x92).mask).toBe(0x92)
  })

  test('say what somebody may do', () => {
    const may = (mask: number): unknown[] => {
      const permissions = new Permissions(mask)
      return [permissions.role, permissions.canPost, permissions.canModerate, permissions.canAdminister]
    }
    expect(may(0x90)).toEqual(['owner', true, true, true])
    expect(may(0x40)).toEqual(['admin', true, true, true])
    expect(may(0x20)).toEqual(['mod', true, true, false])
    expect(may(0x10)).toEqual(['user', true, false, false])
    expect(may(0x08)).toEqual(['readOnly', false, false, false])
    expect(may(0x98)).toEqual(['owner', false, true, true])
    expect(may(0x91)).toEqual(['owner', false, false, false])
    expect(may(0)).toEqual(['none', true, false, false])
  })

  test('are one byte', () => {
    for (const mask of [-1, 256, 0.5]) expect(() => new Permissions(mask)).toThrow(RangeError)
  })
})

describe('texts of a mediator', () => {
  test.each([
    ['not a member or banned', 'not-member'],
    ['not a member', 'not-member'],
    ['banned', 'not-member'],
    ['banned user', 'not-member'],
    ['read-only user', 'read-only'],
    ['insufficient perms', 'forbidden'],
    ['not an owner', 'forbidden'],
    ["owner can't leave", 'forbidden'],
    ['cannot modify own permissions', 'forbidden'],
    ['cannot modify owner permissions', 'forbidden'],
    ['not recipient of this invite', 'forbidden'],
    ['no such chat', 'not-found'],
    ['invite not found', 'not-found'],
    ['message not found', 'not-found'],
    ['target user not a member', 'not-found'],
    ['invite already exists', 'exists'],
    ['user already in chat', 'exists'],
    ['auth required', 'auth'],
    ['not authenticated', 'auth'],
    ['unknown nonce', 'auth'],
    ['nonce mismatch', 'auth'],
    ['invalid signature', 'auth'],
    ['keys mismatch', 'auth'],
    ['signature filter failed', 'auth'],
    ['bad tlv payload', 'invalid'],
    ['bad chat id', 'invalid'],
    ['missing or invalid since message id', 'invalid'],
    ['missing chat name', 'invalid'],
    ['missing or invalid to_pubkey', 'invalid'],
    ['limit must be between 1 and 500', 'invalid'],
    ['rate limit', 'rate-limit'],
    ['unknown cmd', 'unsupported'],
    ['db error', 'server'],
    ['Not a member', 'server'],
    ['toString', 'server'],
    ['', 'server'],
  ] as const)('"%s" is %s', (text, code) => {
    expect(refusal('tlv', 'subscribe', text)).toMatchObject({ code, remoteText: text })
  })

  test('in tlv-push "not a member" may mean a missing role', () => {
    for (const command of ['addUser', 'deleteUser', 'sendInvite']) {
      expect(refusal('tlv-push', command, 'not a member or banned').code).toBe('forbidden')
      expect(refusal('tlv', command, 'not a member or banned').code).toBe('not-member')
    }
    expect(refusal('tlv-push', 'sendMessage', 'not a member or banned').code).toBe('not-member')
  })

  test('long ones are shown in part, and cannot break lines', () => {
    const { message, remoteText } = refusal('tlv', 'ping', `\n${'x'.repeat(60_000)}`)
    expect(message.length).toBeLessThan(300)
    expect(message).not.toContain('\n')
    expect(remoteText?.length).toBe(60_001)
  })
})

describe('messages', () => {
  test('times that are in milliseconds become seconds', () => {
    expect(normaliseTimestamp(99_999_999_999n)).toBe(99_999_999_999n)
    expect(normaliseTimestamp(1_700_000_000_123n)).toBe(1_700_000_000n)
    expect(normaliseTimestamp(0n)).toBeUndefined()
    expect(normaliseTimestamp(-5n)).toBeUndefined()
    expect(normaliseTimestamp(undefined)).toBeUndefined()
  })

  test('the mediator speaks in messages that bear its key, and in no others', () => {
    const blob = encodeSystemMessage({ event: 'messageDeleted', guid: 4n, deleter: key(3) })
    const row = { messageId: 1n, guid: 2n, author: key(9), blob }
    expect(toReceivedMessage(row, [key(9)])).toMatchObject({
      isSystem: true,
      system: { event: 'messageDeleted', guid: 4n },
    })
    expect(toReceivedMessage(row, [key(8), key(9)]).isSystem).toBe(true)
    expect(toReceivedMessage(row, [key(8)])).toMatchObject({ isSystem: false, system: undefined })
    for (const odd of [new Uint8Array(0), Uint8Array.of(8, 1), Uint8Array.of(200)]) {
      expect(toReceivedMessage({ ...row, blob: odd }, [key(9)])).toMatchObject({ isSystem: true, system: undefined })
    }
  })
})

test('a short message does not keep the long frame in memory that it came in', () => {
  const frame = new Uint8Array(100_000)
  const change = { author: frame.subarray(0, 32), blob: frame.subarray(32, 35) }
  const { author, blob } = toReceivedMessage(message(1, change), [])
  expect([author.buffer.byteLength, blob.buffer.byteLength]).toEqual([32, 3])
  const long = toReceivedMessage(message(1, { ...change, blob: frame.subarray(32, 60_000) }), [])
  expect(long.blob.buffer).toBe(frame.buffer)
})

test('outgoing bytes go in pieces, together what fits', () => {
  const outgoing = new OutgoingBytes(10)
  for (const size of [3, 4, 25]) outgoing.push(new Uint8Array(size).fill(size))
  expect(outgoing.endBytes).toBe(32)
  const sizes: number[][] = []
  for (let pieces = outgoing.take(); pieces.length > 0; pieces = outgoing.take()) {
    sizes.push(pieces.map(({ length }) => length))
    expect(outgoing.takenBytes).toBe(sizes.flat().reduce((sum, size) => sum + size))
  }
  expect(sizes).toEqual([[3, 4, 3], [10], [10], [2]])
  outgoing.push(new Uint8Array(5))
  outgoing.clear()
  expect(outgoing.take()).toEqual([])
})

test('turns come in order, and a failure gives its turn back', async () => {
  const turns = new Turns(1)
  const log: number[] = []
  const work = (id: number) => async (): Promise<void> => {
    await Promise.resolve()
    log.push(id)
    if (id === 2) throw new Error('failed')
  }
  await Promise.allSettled([1, 2, 3].map((id) => turns.run(work(id))))
  await turns.run(work(4))
  expect(log).toEqual([1, 2, 3, 4])
})

test('limits and timers have names and ranges', () => {
  expect(completeLimits({ pageMessages: 500 })).toEqual({ ...DEFAULT_LIMITS, pageMessages: 500 })
  expect(() => completeLimits({ nothing: 1 } as object)).toThrow('not a limit')
  expect(() => completeLimits({ requestsInFlight: 70_000 })).toThrow(RangeError)
  expect(() => completeTimers({ nothing: 1 } as object)).toThrow('not a timer')
  expect(() => completeTimers({ gapMs: Number.NaN })).toThrow(RangeError)
})

test('an error is known by its name', () => {
  expect(isMediatorError(new MediatorError('busy', 'x'))).toBe(true)
  expect(isMediatorError(Object.assign(new Error('x'), { name: 'MediatorError' }))).toBe(true)
  expect(isMediatorError({ name: 'MediatorError' })).toBe(false)
  expect(new MediatorError('timeout', 'x')).toMatchObject({ blame: 'timeout', isTransient: true })
  expect(new MediatorError('not-member', 'x').isTransient).toBe(false)
})
