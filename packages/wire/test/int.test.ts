import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  checkI32,
  checkI64,
  checkU64,
  checkUint,
  highHalf,
  i64FromHalves,
  lowHalfOfLast,
  readI32,
  readI64,
  readU16,
  readU32,
  readU64,
  u64FromHalves,
  write32,
  write64,
  writeU16,
} from '../src/int.js'

const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const i64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
const outOfRange = expect.objectContaining({ name: 'WireError', code: 'out-of-range' })

describe('64-bit integers', () => {
  test('agree with DataView', () => {
    fc.assert(
      fc.property(u64, i64, (unsigned, signed) => {
        const bytes = new Uint8Array(17)
        const view = new DataView(bytes.buffer)
        write64(bytes, 1, unsigned)
        write64(bytes, 9, signed)
        expect(view.getBigUint64(1)).toBe(unsigned)
        expect(view.getBigInt64(9)).toBe(signed)
        expect(readU64(bytes, 1)).toBe(unsigned)
        expect(readI64(bytes, 9)).toBe(signed)
        expect(u64FromHalves(highHalf(unsigned), lowHalfOfLast())).toBe(unsigned)
        expect(i64FromHalves(highHalf(signed), lowHalfOfLast())).toBe(signed)
      }),
      { seed: 1 },
    )
  })

  test('are checked at both ends', () => {
    expect(checkU64(2n ** 64n - 1n, 'x')).toBe(2n ** 64n - 1n)
    expect(checkI64(-(2n ** 63n), 'x')).toBe(-(2n ** 63n))
    expect(checkI64(2n ** 63n - 1n, 'x')).toBe(2n ** 63n - 1n)
    for (const bad of [-1n, 2n ** 64n]) expect(() => checkU64(bad, 'x')).toThrow(outOfRange)
    for (const bad of [-(2n ** 63n) - 1n, 2n ** 63n]) expect(() => checkI64(bad, 'x')).toThrow(outOfRange)
    for (const bad of [1, '1', undefined]) expect(() => checkU64(bad as never, 'x')).toThrow(outOfRange)
    for (const bad of [1, '1', undefined]) expect(() => checkI64(bad as never, 'x')).toThrow(outOfRange)
  })
})

describe('smaller integers', () => {
  test('agree with DataView', () => {
    fc.assert(
      fc.property(fc.nat(0xffff), fc.nat(0xffff_ffff), fc.integer(), (small, unsigned, signed) => {
        const bytes = new Uint8Array(11)
        const view = new DataView(bytes.buffer)
        writeU16(bytes, 1, small)
        write32(bytes, 3, unsigned)
        write32(bytes, 7, signed)
        expect([view.getUint16(1), view.getUint32(3), view.getInt32(7)]).toEqual([small, unsigned, signed])
        expect([readU16(bytes, 1), readU32(bytes, 3), readI32(bytes, 7)]).toEqual([small, unsigned, signed])
      }),
      { seed: 2 },
    )
  })

  test('are checked', () => {
    expect(checkUint(255, 255, 'x')).toBe(255)
    expect(checkI32(-(2 ** 31), 'x')).toBe(-(2 ** 31))
    for (const bad of [-1, 256, 1.5, Number.NaN, '1'])
      expect(() => checkUint(bad as number, 255, 'x')).toThrow(outOfRange)
    for (const bad of [2 ** 31, -(2 ** 31) - 1, 0.5, '1'])
      expect(() => checkI32(bad as number, 'x')).toThrow(outOfRange)
  })
})
