import { ed25519 } from '@noble/curves/ed25519.js'
import { describe, expect, test } from 'vitest'
import { jacobi } from '../src/portable/jacobi.js'
import { isPoint } from '../src/portable/point.js'
import { SeededBytes, toHex } from './helpers.js'
import { overlongEncodings, smallOrderEncodings } from './points.js'

describe('jacobi', () => {
  test.each([3n, 5n, 7n, 11n, 13n, 97n, 101n])('tells the squares modulo the prime %s', (prime) => {
    const squares = new Set(Array.from({ length: Number(prime) }, (_, at) => (BigInt(at) * BigInt(at)) % prime))
    for (let value = 0n; value < 2n * prime; value++)
      expect(jacobi(value, prime)).toBe(value % prime === 0n ? 0 : squares.has(value % prime) ? 1 : -1)
  })

  test('is multiplicative below', () => {
    for (let value = 0n; value < 60n; value++)
      expect(jacobi(value, 15n)).toBe(jacobi(value, 3n) * jacobi(value, 5n) + 0)
  })

  test('takes values with many zero bits', () => {
    const prime = 2n ** 255n - 19n
    for (const shift of [31n, 32n, 33n, 64n, 200n, 254n])
      expect(jacobi(1n << shift, prime)).toBe(shift % 2n === 0n ? 1 : jacobi(2n, prime))
  })
})

describe('isPoint', () => {
  test('agrees with decoding by taking the root', () => {
    const random = new SeededBytes(12)
    const all = [
      ...smallOrderEncodings(),
      ...overlongEncodings(),
      ...Array.from({ length: 400 }, () => random.bytes(32)),
    ]
    for (const encoding of all) expect(isPoint(encoding), toHex(encoding)).toBe(decodes(encoding))
  })
})

function decodes(encoding: Uint8Array): boolean {
  try {
    ed25519.Point.fromBytes(encoding, false)
    return true
  } catch {
    return false
  }
}
