import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromHex } from '../src/index.js'
import {
  type Envelope,
  envelopeByteLength,
  readAnyEnvelope,
  readEnvelope,
  readPlainEnvelope,
  writeEnvelope,
} from '../src/peer/envelope.js'
import { ENCODING_RULES } from '../src/peer/index.js'
import { codeOf } from './support/errors.js'
import { i32, i64 } from './support/frames.js'
import { mutated } from './support/mutate.js'

const bytesOf = (text: string) => new TextEncoder().encode(text)
const read = (text: string) => readEnvelope(bytesOf(text), 0, bytesOf(text).length)
const plain = (bytes: Uint8Array) => readPlainEnvelope(bytes, 0, bytes.length)
const empty: Envelope = { guid: 1n, replyTo: 0n, sendTimeMs: 0n, editTimeMs: 0n, messageType: 0, payloadSizeBytes: 0 }

const envelope: fc.Arbitrary<Envelope> = fc.record({
  guid: i64.filter((guid) => guid !== 0n),
  replyTo: fc.oneof(fc.constant(0n), i64),
  sendTimeMs: i64,
  editTimeMs: fc.oneof(fc.constant(0n), i64),
  messageType: i32,
  payloadSizeBytes: fc.oneof(fc.constant(0), fc.nat()),
})
const rules = fc.constantFrom(ENCODING_RULES.overlay, ENCODING_RULES.current)

function write(value: Envelope, how = ENCODING_RULES.overlay): Uint8Array {
  const target = new Uint8Array(envelopeByteLength(value))
  expect(writeEnvelope(target, 0, value, how)).toBe(target.length)
  return target
}

test('what is written is read by the short way and by the long way', () => {
  fc.assert(
    fc.property(envelope, rules, (value, how) => {
      const bytes = write(value, how)
      expect(plain(bytes)).toEqual(value)
      expect(readAnyEnvelope(bytes)).toEqual(value)
    }),
    { seed: 1, numRuns: 1000 },
  )
})

test('what the short way reads, the long way reads to the same values', () => {
  const seeds = fc.sample(envelope, { seed: 2, numRuns: 50 }).map((value) => write(value))
  const digits = fc.stringMatching(/^-?[0-9]{1,21}$/)
  const key = fc.constantFrom('guid', 'replyTo', 'sendTime', 'editTime', 'type', 'payloadSize', 'guids', 'x')
  const member = fc.tuple(key, digits).map(([name, value]) => `"${name}":${value}`)
  const composed = fc.array(member, { maxLength: 7 }).map((members) => bytesOf(`{${members.join(',')}}`))
  let short = 0
  fc.assert(
    fc.property(fc.oneof(mutated(seeds), composed), (bytes) => {
      const value = plain(bytes)
      if (value === undefined) return
      short++
      expect(readAnyEnvelope(bytes)).toEqual(value)
    }),
    { seed: 3, numRuns: 10_000 },
  )
  expect(short).toBeGreaterThan(500)
})

test('any bytes give an envelope or a WireError', () => {
  const seeds = [
    ...fc.sample(envelope, { seed: 4, numRuns: 20 }).map((value) => write(value)),
    bytesOf('{"a":[{"b":"\\u00e9"}],"guid":1}'),
  ]
  fc.assert(
    fc.property(mutated(seeds), (bytes) => {
      expect(codeOf(() => readEnvelope(bytes, 0, bytes.length))).toBeOneOf([undefined, 'json', 'json-field', 'length'])
    }),
    { seed: 5, numRuns: 3000 },
  )
})

describe('the long way', () => {
  test.each<[string, Partial<Envelope>]>([
    ['{"guid":1}', {}],
    [' { "guid" : 1 } ', {}],
    ['{"type":10,"guid":-5,"future":{"guid":7,"a":[1,{"guid":8}]}}', { guid: -5n, messageType: 10 }],
    ['{"\\u0067uid":1}', {}],
    ['{"guid":1,"x":"\\"guid\\":2"}', {}],
    ['{"guid":1,"x":1.5e99,"x":null}', {}],
    ['{"guid":1,"sendTime":-0}', {}],
    [
      '{"guid":9007199254740993,"replyTo":-9007199254740993}',
      { guid: 9_007_199_254_740_993n, replyTo: -9_007_199_254_740_993n },
    ],
  ])('%s', (text, values) => {
    expect(read(text)).toEqual({ ...empty, ...values })
  })
})

test.each([
  ['{}', 'json-field'],
  ['{"guid":0}', 'json-field'],
  ['{"guid":"1"}', 'json-field'],
  ['{"guid":1e3}', 'json-field'],
  ['{"guid":1.0}', 'json-field'],
  ['{"guid":null}', 'json-field'],
  ['{"guid":[1]}', 'json-field'],
  ['{"guid":9223372036854775808}', 'json-field'],
  ['{"guid":1,"guid":1}', 'json-field'],
  ['{"guid":1,"type":1,"type":1}', 'json-field'],
  ['{"guid":1,"type":2147483648}', 'json-field'],
  ['{"guid":1,"type":true}', 'json-field'],
  ['{"guid":1,"sendTime":9223372036854775808}', 'json-field'],
  ['{"guid":1,"payloadSize":-1}', 'json-field'],
  ['{"guid":1,"payloadSize":"1"}', 'json-field'],
  ['{"guid":1,"payloadSize":2147483648}', 'length'],
  ['{"guid":1', 'json'],
  ['{"guid":1}x', 'json'],
  ['{"guid":01}', 'json'],
  ['[1]', 'json'],
  ['', 'json'],
])('%s is refused: %s', (text, code) => {
  expect(codeOf(() => read(text))).toBe(code)
})

test('an envelope that is not UTF-8 is refused', () => {
  const bytes = fromHex('7b2267756964223a312c2278223a22ff227d')
  expect(codeOf(() => readEnvelope(bytes, 0, bytes.length))).toBe('json')
})
