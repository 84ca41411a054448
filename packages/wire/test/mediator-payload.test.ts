import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromHex } from '../src/index.js'
import {
  decodePushPayload,
  decodeRequestPayload,
  decodeResponsePayload,
  encodePushPayload,
  encodeRequestPayload,
  encodeResponsePayload,
  MEDIATOR_DIALECTS,
} from '../src/mediator/index.js'
import { decodeTlvPayload, encodeTlvPayload } from '../src/tlv/index.js'
import { concat } from './support/cuts.js'
import { codeOf } from './support/errors.js'
import { PAYLOADS } from './support/mediator-codecs.js'
import { mutated } from './support/mutate.js'

const key = new Uint8Array(32).fill(1)
const TLV = ['tlv', 'tlv-push'] as const

describe.each(PAYLOADS)('$name', ({ values, encode, decode, dialect }) => {
  test('what is encoded is decoded', () => {
    fc.assert(
      fc.property(values, (value) => {
        expect(decode(encode(value))).toEqual(value)
      }),
      { seed: 1, numRuns: 50 },
    )
  })

  test('cut off anywhere it is refused, or means the same when written and read again', () => {
    for (const value of fc.sample(values, { seed: 2, numRuns: 3 })) {
      const payload = encode(value)
      for (let end = 0; end < payload.length; end++) readAndWrite(payload.subarray(0, end))
    }
  })

  test('any bytes are refused, or mean the same when written and read again', () => {
    const seeds = fc.sample(values, { seed: 3, numRuns: 10 }).map(encode)
    fc.assert(fc.property(mutated(seeds), readAndWrite), { seed: 4, numRuns: 200 })
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), readAndWrite), { seed: 5, numRuns: 50 })
  })

  function readAndWrite(payload: Uint8Array): void {
    let value: object | undefined
    codeOf(() => (value = decode(payload)))
    if (value !== undefined) expect(decode(encode(value))).toEqual(value)
  }

  test('bytes behind it: ignored in binary, a field in TLV', () => {
    const [value] = fc.sample(values, { seed: 6, numRuns: 1 }) as [object]
    const payload = encode(value)
    const behind = dialect === 'binary' ? fromHex('ffff') : fromHex('ff00')
    expect(decode(concat([payload, behind]))).toEqual(value)
  })
})

test('binary and TLV are made of the same rows: tags in the order of the fixed layout', () => {
  const value = { chatId: 1n, messageId: 2n, guid: 3n, timestampSeconds: 4n, author: key, blob: fromHex('aa') }
  expect(decodeTlvPayload(encodePushPayload('tlv', 'gotMessage', value)).map(({ tag }) => tag)).toEqual([
    0x10, 0x11, 0x12, 0x32, 0x01, 0x23,
  ])
})

test('what a dialect does not have is not written, and what it lacks cannot be asked', () => {
  const message = { chatId: 1n, guid: 2n, timestampSeconds: 3n, blob: key }
  expect(encodeRequestPayload('binary', 'sendMessage', message)).toHaveLength(8 + 8 + 4 + 32)
  for (const command of ['updateChatInfo', 'changeMemberStatus'] as const) {
    const value = { chatId: 1n, userPublicKey: key, permissions: 0 }
    expect(codeOf(() => encodeRequestPayload('binary', command, value))).toBe('unexpected-type')
    expect(codeOf(() => decodeRequestPayload('binary', command, key))).toBe('unexpected-type')
    expect(codeOf(() => decodeResponsePayload('binary', command, key))).toBe('unexpected-type')
  }
  for (const name of ['toString', 'gotMessage', 'no']) {
    expect(codeOf(() => decodeRequestPayload('tlv', name as 'ping', key))).toBe('unexpected-type')
  }
  expect(codeOf(() => decodeRequestPayload('quic' as 'tlv', 'ping', key))).toBe('unexpected-type')
})

describe('records', () => {
  test('are written behind their count', () => {
    const page = encodeResponsePayload('tlv', 'getUserChats', { chatIds: [1n, 2n] })
    expect(page).toEqual(fromHex('310400000002100800000000000000011008' + '0000000000000002'))
  })

  test.each(TLV)('a message without guid or author is passed over, %s', (dialect) => {
    const whole = [
      { tag: 0x11, value: fromHex('0000000000000001') },
      { tag: 0x12, value: fromHex('0000000000000005') },
      { tag: 0x01, value: key },
    ]
    const read = (fields: typeof whole) => {
      return decodeResponsePayload(dialect, 'getMessagesSince', encodeTlvPayload([...fields, ...whole])).messages.length
    }
    expect(read(whole)).toBe(2)
    expect(read(whole.filter(({ tag }) => tag !== 0x12))).toBe(1)
    expect(read(whole.filter(({ tag }) => tag !== 0x01))).toBe(1)
    expect(read(whole.filter(({ tag }) => tag !== 0x11))).toBe(1)
  })

  test('a count without records is refused before anything is made of it', () => {
    const count = fromHex('ffffffff')
    for (const command of ['getUserChats', 'getMessagesSince', 'getMembersInfo', 'getMembers'] as const) {
      expect(() => decodeResponsePayload('binary', command, count)).toThrow(
        expect.objectContaining({ code: 'truncated' }),
      )
    }
  })

  test('there is one in every member info that is pushed', () => {
    for (const dialect of MEDIATOR_DIALECTS) {
      const none = { chatId: 1n, members: [] }
      expect(codeOf(() => encodePushPayload(dialect, 'gotMemberInfo', none))).toBe('missing-field')
    }
    expect(codeOf(() => encodeResponsePayload('tlv', 'getMembers', {} as never))).toBe('missing-field')
  })
})

describe('CHAT_DELETED of the Go servers', () => {
  const body = concat([fromHex('05'), key, key])
  const value = { chatId: 5n, messageId: 0n, guid: 9n, author: key, blob: body }
  const fixed = encodePushPayload('binary', 'gotMessage', value)

  test('is read in tlv alone, and has no time', () => {
    expect(fixed).toHaveLength(125)
    expect(decodePushPayload('tlv', 'gotMessage', fixed)).toEqual({ ...value, timestampSeconds: 0n })
    expect(codeOf(() => decodePushPayload('tlv-push', 'gotMessage', fixed))).toBe('missing-field')
  })

  test.each([
    ['another event', { ...value, blob: concat([fromHex('03'), key, key]) }],
    ['an id', { ...value, messageId: 1n }],
    ['another length', { ...value, blob: body.subarray(1) }],
  ])('but not with %s', (_, other) => {
    const payload = encodePushPayload('binary', 'gotMessage', other)
    expect(codeOf(() => decodePushPayload('tlv', 'gotMessage', payload))).toBe('missing-field')
  })
})

describe('what an encoder refuses', () => {
  test.each([
    ['a chat id that is no bigint', 'out-of-range', { chatId: 1 as never, guid: 1n, blob: key }],
    ['one beyond 64 bits', 'out-of-range', { chatId: 2n ** 63n, guid: 1n, blob: key }],
    ['no guid', 'missing-field', { chatId: 1n, blob: key } as never],
  ])('%s', (_, code, value) => {
    for (const dialect of MEDIATOR_DIALECTS) {
      expect(codeOf(() => encodeRequestPayload(dialect, 'sendMessage', value))).toBe(code)
    }
  })

  test('a key of another length, a byte that is none, a text longer than its length can say', () => {
    for (const dialect of MEDIATOR_DIALECTS) {
      expect(codeOf(() => encodeRequestPayload(dialect, 'getNonce', { publicKey: key.subarray(1) }))).toBe('length')
      expect(codeOf(() => encodeRequestPayload(dialect, 'inviteResponse', { inviteId: 1n, accepted: 256 }))).toBe(
        'out-of-range',
      )
    }
    const invite = { inviteId: 1n, chatId: 1n, from: key, timestampSeconds: 1n, description: '', data: key }
    const name = 'ä'.repeat(32_768)
    expect(codeOf(() => encodePushPayload('binary', 'gotInvite', { ...invite, name }))).toBe('length')
    expect(codeOf(() => encodePushPayload('tlv', 'gotInvite', { ...invite, name }))).toBeUndefined()
  })
})

test('an avatar of no bytes is no avatar, except where it removes one', () => {
  const chat = { ownerPublicKey: key, nonce: key, counter: 1, signature: concat([key, key]), name: '', description: '' }
  for (const dialect of MEDIATOR_DIALECTS) {
    const payload = encodeRequestPayload(dialect, 'createChat', { ...chat, avatar: new Uint8Array(0) })
    expect(decodeRequestPayload(dialect, 'createChat', payload).avatar).toBeUndefined()
    expect(encodeRequestPayload(dialect, 'createChat', chat)).toEqual(payload)
  }
  const change = encodeRequestPayload('tlv', 'updateChatInfo', { chatId: 1n, avatar: new Uint8Array(0) })
  expect(decodeRequestPayload('tlv', 'updateChatInfo', change).avatar).toEqual(new Uint8Array(0))
})

test('byte fields are views of the payload', () => {
  for (const dialect of MEDIATOR_DIALECTS) {
    const payload = encodeRequestPayload(dialect, 'sendMessage', { chatId: 1n, guid: 1n, blob: key })
    expect(decodeRequestPayload(dialect, 'sendMessage', payload).blob.buffer).toBe(payload.buffer)
  }
})
