import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromHex } from '../src/index.js'
import {
  decodeSystemMessage,
  encodeSystemMessage,
  hasPermission,
  messageGuid,
  Permission,
  roleOf,
  SystemEvent,
  type SystemMessage,
  systemGuid,
} from '../src/mediator/index.js'
import { concat } from './support/cuts.js'
import { codeOf } from './support/errors.js'
import { bytesOf, i64 } from './support/frames.js'
import { mutated } from './support/mutate.js'

const key = bytesOf(32)
const target = new Uint8Array(32).fill(1)
const actor = new Uint8Array(32).fill(2)
const random = new Uint8Array(32).fill(3)
const text = fc.string({ unit: 'grapheme', maxLength: 20 })

const message: fc.Arbitrary<SystemMessage> = fc.oneof(
  fc.record({
    event: fc.constantFrom('userAdded' as const, 'userBanned' as const),
    target: key,
    actor: key,
    random: key,
  }),
  fc.record({ event: fc.constantFrom('userEntered' as const, 'userLeft' as const), user: key, random: key }),
  fc.record({ event: fc.constant('chatDeleted' as const), actor: key, random: key }),
  fc.record({
    event: fc.constant('chatInfoChanged' as const),
    actor: key,
    name: fc.option(text, { nil: undefined }),
    description: fc.option(text, { nil: undefined }),
    avatar: fc.option(fc.uint8Array({ maxLength: 200 }), { nil: undefined }),
  }),
  fc.record({
    event: fc.constant('permsChanged' as const),
    target: key,
    permissions: fc.nat(255),
    actor: key,
    random: key,
  }),
  fc.record({ event: fc.constant('messageDeleted' as const), guid: i64, deleter: key }),
  fc.record({
    event: fc.constant('memberOnline' as const),
    publicKey: key,
    online: fc.boolean(),
    timestampSeconds: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  }),
)

test('what is encoded is decoded, and begins with its code', () => {
  fc.assert(
    fc.property(message, (value) => {
      const body = encodeSystemMessage(value)
      expect(body[0]).toBe(SystemEvent[value.event])
      expect(decodeSystemMessage(body)).toEqual(value)
      expect(decodeSystemMessage(concat([body, fromHex('ff00')]))).toEqual(value)
    }),
    { seed: 1 },
  )
})

test('any bytes are refused, unknown, or mean the same when written and read again', () => {
  const read = (body: Uint8Array) => {
    let value: SystemMessage | undefined
    codeOf(() => (value = decodeSystemMessage(body)))
    if (value !== undefined) expect(decodeSystemMessage(encodeSystemMessage(value))).toEqual(value)
  }
  const seeds = fc.sample(message, { seed: 2, numRuns: 30 }).map(encodeSystemMessage)
  for (const body of seeds) for (let end = 0; end < body.length; end++) read(body.subarray(0, end))
  fc.assert(fc.property(mutated(seeds), read), { seed: 3, numRuns: 2000 })
})

test.each([
  ['userAdded', { event: 'userAdded', target, actor, random }, 97],
  ['userLeft', { event: 'userLeft', user: target, random }, 65],
  ['userBanned', { event: 'userBanned', target, actor, random }, 97],
  ['chatDeleted', { event: 'chatDeleted', actor, random }, 65],
  ['permsChanged', { event: 'permsChanged', target, permissions: 0x40, actor, random }, 98],
  ['messageDeleted', { event: 'messageDeleted', guid: -1n, deleter: actor }, 41],
  ['memberOnline', { event: 'memberOnline', publicKey: target, online: true, timestampSeconds: 5n }, 42],
] as const)('%s has the length of the protocol, a byte less is refused', (_, value, sizeBytes) => {
  const body = encodeSystemMessage(value)
  expect(body).toHaveLength(sizeBytes)
  expect(codeOf(() => decodeSystemMessage(body.subarray(0, sizeBytes - 1)))).toBe('truncated')
})

test('an unknown code is not known, no code is refused', () => {
  expect(decodeSystemMessage(fromHex('0a'))).toBeUndefined()
  expect(decodeSystemMessage(fromHex('00'))).toBeUndefined()
  expect(codeOf(() => decodeSystemMessage(new Uint8Array(0)))).toBe('truncated')
})

test('what cannot be encoded', () => {
  const bad = (value: unknown) => codeOf(() => encodeSystemMessage(value as SystemMessage))
  expect(bad({ event: 'toString' })).toBe('unexpected-type')
  expect(bad({ event: 'userLeft', user: target })).toBe('missing-field')
  expect(bad({ event: 'userLeft', user: target.subarray(1), random })).toBe('length')
  expect(bad({ event: 'permsChanged', target, permissions: 256, actor, random })).toBe('out-of-range')
  expect(bad({ event: 'chatInfoChanged', name: 'x' })).toBe('missing-field')
})

describe('guids', () => {
  test('of a system message: bytes from 0x80 on count as negative', () => {
    expect(systemGuid(fromHex('ff80'), 0n)).toBe(3_444_563_771_392n)
    expect(systemGuid(new Uint8Array(0), 1_700_000_000n)).toBe(5_994_967_296n)
  })

  test('of a message', () => {
    const data = new TextEncoder().encode('The quick brown fox jumps over the lazy dog, twice.')
    expect(messageGuid(data, 1_700_000_000_123n)).toBe(4_136_924_369_891_870_568n)
    expect(messageGuid(new Uint8Array(0), 1_700_000_000_123n)).toBe(-482_331_344_723_941_856n)
  })
})

describe('permissions', () => {
  test('any bit of those named', () => {
    expect(hasPermission(0x90, 'owner')).toBe(true)
    expect(hasPermission(0x10, 'owner', 'admin', 'mod')).toBe(false)
    expect(hasPermission(0x20, 'owner', 'admin', 'mod')).toBe(true)
    expect(hasPermission(0xff)).toBe(false)
    expect(Object.values(Permission).reduce((mask: number, bit) => mask | bit, 0)).toBe(0xf9)
  })

  test.each([
    [0x90, 'owner'],
    [0x88, 'owner'],
    [0x40, 'admin'],
    [0x70, 'admin'],
    [0x20, 'mod'],
    [0x10, 'user'],
    [0x11, 'user'],
    [0x18, 'readOnly'],
    [0x08, 'readOnly'],
    [0x00, 'none'],
    [0x01, 'none'],
  ])('the role of %d is %s', (mask, role) => {
    expect(roleOf(mask)).toBe(role)
  })
})
