import fc from 'fast-check'
import { expect } from 'vitest'
import { isYggdrasilError } from '../../../src/error.js'
import { fromHex } from '../../../src/hex.js'

/** Bytes of hex digits, which a test has written itself. */
export function bytesOf(hex: string): Uint8Array {
  const bytes = fromHex(hex)
  if (bytes === undefined) throw new Error(`no hex: ${hex}`)
  return bytes
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/** The code that `run` fails with, `undefined` when it does not; anything but a YggdrasilError passes through. */
export function codeOf(run: () => unknown): string | undefined {
  try {
    run()
  } catch (error) {
    if (isYggdrasilError(error)) return error.code
    throw error
  }
  return undefined
}

/** `bytes` decodes, cut off anywhere it does not, nor with a byte behind it. */
export function expectExact(bytes: Uint8Array, decode: (bytes: Uint8Array) => unknown, code = 'malformed'): void {
  expect(codeOf(() => decode(bytes))).toBeUndefined()
  for (let end = 0; end < bytes.length; end++) expect(codeOf(() => decode(bytes.subarray(0, end)))).toBe(code)
  expect(codeOf(() => decode(concat(bytes, new Uint8Array(1))))).toBe(code)
}

/** Any bytes decode or fail with a YggdrasilError; what decodes is a fixed point of encoding and decoding. */
export function expectTotal<Value>(
  samples: readonly Uint8Array[],
  decode: (bytes: Uint8Array) => Value,
  encode: (value: Value) => Uint8Array,
): void {
  fc.assert(
    fc.property(mutated(samples), (bytes) => {
      let value: Value
      try {
        value = decode(bytes)
      } catch (error) {
        if (isYggdrasilError(error)) return
        throw error
      }
      const again = encode(value)
      expect(encode(decode(again))).toEqual(again)
    }),
    { seed: 5, numRuns: 1500 },
  )
}

/** One of `samples` with some bytes changed, put in or taken out. */
export function mutated(samples: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const change = fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
    take: fc.nat({ max: 3 }),
    put: fc.uint8Array({ maxLength: 3 }),
  })
  return fc
    .tuple(fc.constantFrom(...samples), fc.array(change, { minLength: 1, maxLength: 4 }))
    .map(([sample, changes]) =>
      changes.reduce((bytes, { at, take, put }) => {
        const start = Math.floor(at * bytes.length)
        return concat(bytes.subarray(0, start), put, bytes.subarray(start + take))
      }, sample),
    )
}

export const u64: fc.Arbitrary<bigint> = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
export const keys: fc.Arbitrary<Uint8Array> = fc.uint8Array({ minLength: 32, maxLength: 32 })
export const signatures: fc.Arbitrary<Uint8Array> = fc.uint8Array({ minLength: 64, maxLength: 64 })
/** Ports, small ones more often, as in a tree. */
export const ports: fc.Arbitrary<bigint[]> = fc.array(
  fc.oneof(fc.bigInt({ min: 1n, max: 300n }), fc.bigInt({ min: 1n, max: 2n ** 64n - 1n })),
  { maxLength: 20 },
)
