import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fromHex, Reader, toHex, Writer } from '../src/index.js'
import { codeOf } from './support/errors.js'

const FIELDS = {
  u8: fc.nat(0xff),
  u16: fc.nat(0xffff),
  u32: fc.nat(0xffff_ffff),
  i32: fc.integer(),
  varint: fc.nat(0x0fff_ffff),
  u64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  i64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
}
type Kind = keyof typeof FIELDS
const field = fc
  .constantFrom(...(Object.keys(FIELDS) as Kind[]))
  .chain((kind) => fc.tuple(fc.constant(kind), FIELDS[kind] as fc.Arbitrary<number | bigint>))

function write(writer: Writer, kind: Kind, value: number | bigint): void {
  if (kind === 'u64' || kind === 'i64') writer[kind](value as bigint)
  else writer[kind](value as number)
}

test('fields are read as they were written, and not from anything shorter', () => {
  fc.assert(
    fc.property(fc.array(field, { minLength: 1 }), fc.uint8Array({ maxLength: 9 }), (fields, tail) => {
      const writer = new Writer(8 * fields.length + tail.length)
      for (const [kind, value] of fields) write(writer, kind, value)
      const bytes = writer.bytes(tail).finish()
      const reader = new Reader(bytes)
      for (const [kind, value] of fields) expect(reader[kind]()).toBe(value)
      expect(reader.rest()).toEqual(tail)
      reader.end()
      for (let end = 0; end < bytes.length; end++) {
        const cut = new Reader(bytes, 0, end)
        const code = codeOf(() => {
          for (const [kind] of fields) cut[kind]()
          cut.bytes(tail.length)
        })
        expect(code).toBeOneOf(['truncated', 'varint'])
      }
    }),
    { seed: 1 },
  )
})

test('Reader knows where it is and what is left', () => {
  const reader = new Reader(fromHex('00112233445566'), 1, 6)
  expect([reader.offset, reader.remaining]).toEqual([1, 5])
  expect(reader.u16()).toBe(0x1122)
  expect(toHex(reader.bytes(2))).toBe('3344')
  expect([reader.offset, reader.remaining]).toEqual([5, 1])
  expect(codeOf(() => reader.end())).toBe('trailing')
  expect(codeOf(() => reader.u16())).toBe('truncated')
  expect(reader.u8()).toBe(0x55)
  reader.end()
})

test('Writer writes into the middle of a buffer', () => {
  const target = new Uint8Array(6).fill(0xee)
  const writer = new Writer(target, 1)
  expect(toHex(writer.u16(0x0102).bytes(fromHex('03')).finish())).toBe('010203')
  expect(writer.offset).toBe(4)
  expect(toHex(target)).toBe('ee010203eeee')
})

test('Writer refuses what does not fit', () => {
  const refused: ((writer: Writer) => unknown)[] = [
    (writer) => writer.u8(256),
    (writer) => writer.u8(-1),
    (writer) => writer.u16(65_536),
    (writer) => writer.u32(2 ** 32),
    (writer) => writer.u32(0.5),
    (writer) => writer.i32(2 ** 31),
    (writer) => writer.u64(-1n),
    (writer) => writer.u64(2n ** 64n),
    (writer) => writer.i64(2n ** 63n),
    (writer) => writer.varint(2 ** 28),
    (writer) => writer.bytes(new Uint8Array(9)),
  ]
  for (const work of refused) expect(codeOf(() => work(new Writer(8)))).toBe('out-of-range')
  for (const kind of ['u8', 'u16', 'u32', 'i32', 'varint'] as const)
    expect(codeOf(() => new Writer(0)[kind](0))).toBe('out-of-range')
  for (const kind of ['u64', 'i64'] as const) expect(codeOf(() => new Writer(7)[kind](0n))).toBe('out-of-range')
})
