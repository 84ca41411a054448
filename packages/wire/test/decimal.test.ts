import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DecimalReader, decimalByteLength, writeDecimal } from '../src/decimal.js'
import { i64 } from './support/frames.js'

const bytesOf = (text: string) => new TextEncoder().encode(text)
const edges = Array.from({ length: 19 }, (_, exponent) => 10n ** BigInt(exponent)).flatMap((power) => [
  power - 1n,
  power,
])
const value = fc.oneof(i64, fc.constantFrom(...edges, ...edges.map((edge) => -edge)))

test('integers are written as String writes them', () => {
  fc.assert(
    fc.property(value, fc.nat(5), (integer, at) => {
      const target = new Uint8Array(40).fill(0x2e)
      const text = String(integer)
      expect(decimalByteLength(integer)).toBe(text.length)
      expect(writeDecimal(target, at, integer)).toBe(at + text.length)
      expect(new TextDecoder().decode(target)).toBe(`${'.'.repeat(at)}${text}${'.'.repeat(40 - at - text.length)}`)
    }),
    { seed: 1, numRuns: 1000 },
  )
  fc.assert(
    fc.property(fc.integer(), (integer) => {
      const target = new Uint8Array(decimalByteLength(integer))
      writeDecimal(target, 0, integer)
      expect(new TextDecoder().decode(target)).toBe(String(integer))
    }),
    { seed: 2 },
  )
})

test('integers are read as they were written', () => {
  const reader = new DecimalReader()
  fc.assert(
    fc.property(value, fc.constantFrom('', ',', '}', 'e', '.'), (integer, behind) => {
      const bytes = bytesOf(`x${integer}${behind}`)
      expect(reader.read(bytes, 1, bytes.length)).toBe(true)
      expect(reader.bigint).toBe(integer)
      expect(reader.number).toBe(Number(integer))
      expect(reader.end).toBe(bytes.length - behind.length)
    }),
    { seed: 3, numRuns: 1000 },
  )
})

test.each([
  '',
  '-',
  '+1',
  'a',
  '--1',
  '01',
  '-01',
  '00',
  '9223372036854775808',
  '-9223372036854775809',
  '9999999999999999999',
  '10000000000000000000',
  '-99999999999999999999999',
])('%j is not read', (text) => {
  const bytes = bytesOf(text)
  expect(new DecimalReader().read(bytes, 0, bytes.length)).toBe(false)
})

test('reading stops at the end given', () => {
  const reader = new DecimalReader()
  expect(reader.read(bytesOf('1234'), 0, 2)).toBe(true)
  expect(reader.bigint).toBe(12n)
  expect(reader.read(bytesOf('-1'), 0, 1)).toBe(false)
})
