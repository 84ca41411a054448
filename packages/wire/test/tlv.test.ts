import fc from 'fast-check'
import { describe, expect, expectTypeOf, test, vi } from 'vitest'
import { equalBytes, fromHex, toHex } from '../src/index.js'
import { decodeTlvPayload, encodeTlvPayload, type TlvTable, type TlvValue, tlvCodec } from '../src/tlv/index.js'
import { codeOf } from './support/errors.js'
import { mutated } from './support/mutate.js'

const RECORD = {
  node: { tag: 0x02, type: 'bytes', sizeBytes: 4 },
  priority: { tag: 0x05, type: 'u8' },
} as const

const EVERYTHING = {
  id: { tag: 0x10, type: 'u64' },
  since: { tag: 0x14, type: 'i64' },
  limit: { tag: 0x30, type: 'u32' },
  port: { tag: 0x31, type: 'u16' },
  perms: { tag: 0x33, type: 'u8' },
  online: { tag: 0x34, type: 'flag' },
  key: { tag: 0x01, type: 'bytes', sizeBytes: 4 },
  long: { tag: 0x02, type: 'bytes', sizeBytes: 200 },
  blob: { tag: 0x23, type: 'bytes' },
  name: { tag: 0x20, type: 'utf8' },
  nick: { tag: 0x22, type: 'text' },
  best: { tag: 0x0b, type: 'nested', table: RECORD },
  note: { tag: 0x21, type: 'utf8', optional: true },
  time: { tag: 0x32, type: 'u64', optional: true },
  avatar: { tag: 0x24, type: 'bytes', optional: true },
  last: { tag: 0x0d, type: 'nested', table: RECORD, optional: true },
  records: { tag: 0x0c, type: 'nested', table: RECORD, repeated: true },
  tags: { tag: 0x40, type: 'u32', repeated: true },
} as const satisfies TlvTable
type Everything = TlvValue<typeof EVERYTHING>

const bytesOf = (size: number) => fc.uint8Array({ minLength: size, maxLength: size })
const wellFormed = fc.string({ unit: 'grapheme', maxLength: 80 })
const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const record = fc.record({ node: bytesOf(4), priority: fc.nat(255) })
const everything: fc.Arbitrary<Everything> = fc.record({
  id: u64,
  since: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  limit: fc.nat(0xffff_ffff),
  port: fc.nat(0xffff),
  perms: fc.nat(255),
  online: fc.boolean(),
  key: bytesOf(4),
  long: bytesOf(200),
  blob: fc.uint8Array({ maxLength: 400 }),
  name: wellFormed,
  nick: wellFormed,
  best: record,
  note: fc.option(wellFormed, { nil: undefined }),
  time: fc.option(u64, { nil: undefined }),
  avatar: fc.option(fc.uint8Array({ maxLength: 130 }), { nil: undefined }),
  last: fc.option(record, { nil: undefined }),
  records: fc.array(record, { maxLength: 3 }),
  tags: fc.array(fc.nat(0xffff_ffff), { maxLength: 3 }),
})
const [sample] = fc.sample(everything, { seed: 4, numRuns: 1 }) as [Everything]

const compiled = tlvCodec(EVERYTHING)
const interpreted = tlvCodec(EVERYTHING, { engine: 'interpreted' })

describe.each([
  ['compiled', compiled],
  ['interpreted', interpreted],
])('the %s engine', (_, codec) => {
  test('decodes what it encoded, of exactly the length it said', () => {
    fc.assert(
      fc.property(everything, fc.nat(20), (message, offset) => {
        const payload = codec.encode(message)
        expect(payload.length).toBe(codec.byteLength(message))
        expect(codec.decode(payload)).toEqual(message)
        const target = new Uint8Array(offset + payload.length + 5).fill(0xee)
        expect(codec.encodeInto(message, target, offset)).toBe(offset + payload.length)
        expect(codec.encodeBehind(message, offset).subarray(offset)).toEqual(payload)
        expect(target.subarray(offset, offset + payload.length)).toEqual(payload)
        expect(target.subarray(offset + payload.length)).toEqual(new Uint8Array(5).fill(0xee))
        expect(codec.decode(target, offset, offset + payload.length)).toEqual(message)
      }),
      { seed: 2 },
    )
  })

  test('gives views of the payload, and plain ones for a Buffer', () => {
    const payload = Buffer.from(codec.encode(sample))
    const { key, blob } = codec.decode(payload)
    expect(key.constructor).toBe(Uint8Array)
    expect([key.buffer, blob.buffer]).toEqual([payload.buffer, payload.buffer])
  })

  test('takes fields in any order, skips unknown tags, takes the last of a repeated tag', () => {
    const fields = decodeTlvPayload(codec.encode(sample)).reverse()
    const unknown = { tag: 0xff, value: fromHex('0102') }
    const wrong = { tag: 0x33, value: fromHex('07') }
    const inOrder = fields.filter((field) => field.tag !== 0x0c && field.tag !== 0x40)
    const lists = fields.filter((field) => !inOrder.includes(field)).reverse()
    const payload = encodeTlvPayload([wrong, unknown, ...inOrder, unknown, ...lists])
    expect(codec.decode(payload)).toEqual(sample)
  })

  test('takes lengths longer than needed', () => {
    const payload = decodeTlvPayload(codec.encode(sample)).flatMap(({ tag, value }) => [
      tag,
      (value.length & 0x7f) | 0x80,
      (value.length >> 7) | 0x80,
      0x80,
      0,
      ...value,
    ])
    expect(codec.decode(Uint8Array.from(payload))).toEqual(sample)
  })

  test('refuses a required field that is missing, of the wrong length or not UTF-8, and says which', () => {
    const fields = decodeTlvPayload(codec.encode(sample))
    const without = (tag: number) => encodeTlvPayload(fields.filter((field) => field.tag !== tag))
    const required = Object.entries(EVERYTHING).filter(([, field]) => !('optional' in field || 'repeated' in field))
    for (const [name, { tag }] of required) {
      expect(() => codec.decode(without(tag))).toThrow(expect.objectContaining({ code: 'missing-field', field: name }))
    }
    for (const [name, tag] of Object.entries({
      id: 0x10,
      limit: 0x30,
      perms: 0x33,
      online: 0x34,
      key: 0x01,
      long: 0x02,
    })) {
      for (const value of [new Uint8Array(0), new Uint8Array(3), new Uint8Array(300)]) {
        const payload = encodeTlvPayload([...fields, { tag, value }])
        expect(() => codec.decode(payload)).toThrow(expect.objectContaining({ code: 'length', field: name }))
      }
    }
    const bad = encodeTlvPayload([...fields, { tag: 0x20, value: fromHex('ff') }])
    expect(() => codec.decode(bad)).toThrow(expect.objectContaining({ code: 'utf8', field: 'name' }))
    const nested = encodeTlvPayload([...fields, { tag: 0x0b, value: fromHex('0202ffff') }])
    expect(() => codec.decode(nested)).toThrow(expect.objectContaining({ code: 'length', field: 'node' }))
  })

  test('counts an invalid optional field as missing and leaves invalid elements out', () => {
    const fields = decodeTlvPayload(codec.encode({ ...sample, records: [], tags: [] }))
    const bad = [0x21, 0x32, 0x0d, 0x0c, 0x40].map((tag) => ({ tag, value: fromHex('ff') }))
    const good = { tag: 0x40, value: fromHex('00000007') }
    expect(codec.decode(encodeTlvPayload([...fields, ...bad, good, ...bad]))).toEqual({
      ...sample,
      note: undefined,
      time: undefined,
      last: undefined,
      records: [],
      tags: [7],
    })
  })

  test('replaces bad bytes where the table says text', () => {
    const payload = encodeTlvPayload([...decodeTlvPayload(codec.encode(sample)), { tag: 0x22, value: fromHex('41ff') }])
    expect(codec.decode(payload).nick).toBe('A\ufffd')
  })

  test.each<[string, Partial<Record<keyof Everything, unknown>>, string]>([
    ['a missing field', { id: undefined }, 'missing-field'],
    ['missing bytes', { key: undefined }, 'missing-field'],
    ['missing text', { name: undefined }, 'missing-field'],
    ['a missing flag', { online: undefined }, 'missing-field'],
    ['a missing message', { best: undefined }, 'missing-field'],
    ['a missing list', { records: undefined }, 'missing-field'],
    ['u64 below 0', { id: -1n }, 'out-of-range'],
    ['u64 above its range', { id: 2n ** 64n }, 'out-of-range'],
    ['a number for a u64', { id: 1 }, 'out-of-range'],
    ['i64 above its range', { since: 2n ** 63n }, 'out-of-range'],
    ['i64 below its range', { since: -(2n ** 63n) - 1n }, 'out-of-range'],
    ['u32 above its range', { limit: 2 ** 32 }, 'out-of-range'],
    ['u32 with a fraction', { limit: 1.5 }, 'out-of-range'],
    ['u16 above its range', { port: 65_536 }, 'out-of-range'],
    ['u8 below 0', { perms: -1 }, 'out-of-range'],
    ['bytes of the wrong length', { key: new Uint8Array(5) }, 'length'],
    ['long bytes of the wrong length', { long: new Uint8Array(199) }, 'length'],
    ['a bad optional value', { time: -1n }, 'out-of-range'],
    ['a bad element', { tags: [1, -1] }, 'out-of-range'],
    ['a bad message inside', { best: { node: new Uint8Array(4), priority: 256 } }, 'out-of-range'],
  ])('refuses to encode %s', (_, change, code) => {
    const message = { ...sample, ...change } as Everything
    expect(codeOf(() => codec.encode(message))).toBe(code)
    expect(codeOf(() => codec.byteLength(message))).toBe(code)
    const target = new Uint8Array(4096)
    expect(codeOf(() => codec.encodeInto(message, target))).toBe(code)
    expect(target.every((byte) => byte === 0)).toBe(true)
  })

  test('refuses a target without room and writes nothing', () => {
    const target = new Uint8Array(codec.byteLength(sample))
    expect(codeOf(() => codec.encodeInto(sample, target, 1))).toBe('out-of-range')
    expect(target.every((byte) => byte === 0)).toBe(true)
  })

  test('refuses every cut of a message', () => {
    const whole = {
      ...sample,
      records: [],
      tags: [],
      last: undefined,
      avatar: undefined,
      time: undefined,
      note: undefined,
    }
    const payload = codec.encode(whole)
    for (let end = 0; end < payload.length; end++) {
      expect(codeOf(() => codec.decode(payload, 0, end))).toBeOneOf(['truncated', 'varint', 'missing-field'])
    }
  })
})

test('both engines do the same with any bytes', () => {
  const seeds = fc.sample(everything, { seed: 5, numRuns: 20 }).map((message) => compiled.encode(message).slice())
  const outcome = (decode: () => unknown) => {
    try {
      return decode()
    } catch (error) {
      return error
    }
  }
  fc.assert(
    fc.property(mutated(seeds), (payload) => {
      const message = outcome(() => compiled.decode(payload))
      expect(message).toEqual(outcome(() => interpreted.decode(payload)))
      if (message instanceof Error) expect(message).toMatchObject({ name: 'WireError' })
      else expect(interpreted.decode(compiled.encode(message as Everything))).toEqual(message)
    }),
    { seed: 6, numRuns: 1000 },
  )
})

test('encoded messages never overlap', () => {
  const codec = tlvCodec({ blob: { tag: 1, type: 'bytes' } })
  const messages = Array.from({ length: 2000 }, (_, index) => ({ blob: new Uint8Array(index % 150).fill(index) }))
  const payloads = messages.map((message) => codec.encode(message))
  expect(payloads.every((payload, index) => equalBytes(codec.decode(payload).blob, messages[index]!.blob))).toBe(true)
  const large = { blob: new Uint8Array(100_000).fill(7) }
  expect(codec.decode(codec.encode(large))).toEqual(large)
})

test('where code from text is forbidden, tables are interpreted', () => {
  const allowed = globalThis.Function
  try {
    vi.stubGlobal('Function', function forbidden() {
      throw new EvalError('forbidden')
    })
    expect(globalThis.Function).not.toBe(allowed)
    const codec = tlvCodec(RECORD)
    expect(toHex(codec.encode({ node: fromHex('01020304'), priority: 9 }))).toBe('020401020304050109')
  } finally {
    vi.unstubAllGlobals()
  }
})

test('any other failure of the compiler is not hidden', () => {
  try {
    vi.stubGlobal('Function', function broken() {
      throw new RangeError('broken')
    })
    expect(() => tlvCodec(RECORD)).toThrow(RangeError)
  } finally {
    vi.unstubAllGlobals()
  }
})

test('the type of a message follows from its table', () => {
  expectTypeOf<keyof TlvValue<typeof RECORD>>().toEqualTypeOf<'node' | 'priority'>()
  expectTypeOf<Everything['id']>().toEqualTypeOf<bigint>()
  expectTypeOf<Everything['online']>().toEqualTypeOf<boolean>()
  expectTypeOf<Everything['name']>().toEqualTypeOf<string>()
  expectTypeOf<Everything['note']>().toEqualTypeOf<string | undefined>()
  expectTypeOf<Everything['tags']>().toEqualTypeOf<readonly number[]>()
  expectTypeOf<Everything['best']['priority']>().toEqualTypeOf<number>()
})

test.each<[string, TlvTable]>([
  ['a name that is no identifier', { 'a-b': { tag: 1, type: 'u8' } }],
  ['__proto__', JSON.parse('{"__proto__":{"tag":1,"type":"u8"}}')],
  ['a tag used twice', { a: { tag: 1, type: 'u8' }, b: { tag: 1, type: 'u8' } }],
])('a table with %s is refused', (_, table) => {
  expect(() => tlvCodec(table)).toThrow(TypeError)
})
