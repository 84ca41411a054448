// Points and signatures that no honest program makes, built by arithmetic on the curve.
import { ed25519 } from '@noble/curves/ed25519.js'
import { sha512 } from '@noble/hashes/sha2.js'
import type { SeededBytes } from './helpers.js'

const { Point } = ed25519
type Point = InstanceType<typeof Point>

export const ORDER: bigint = Point.Fn.ORDER
const PRIME = Point.Fp.ORDER
const BASE: Point = Point.BASE

/** The eight points of small order: multiples of one of order 8. */
export const SMALL_ORDER: readonly Point[] = (() => {
  const generator = Point.fromHex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05')
  const points = [Point.ZERO]
  while (points.length < 8) points.push((points.at(-1) as Point).add(generator))
  return points
})()

/** Every encoding of a point that a lenient decoder takes: y or y + p, and either sign where x is 0. */
export function encodings(point: Point): Uint8Array[] {
  const { x, y } = point.toAffine()
  const signs = x === 0n ? [0n, 1n] : [x & 1n]
  return [y, y + PRIME]
    .filter((value) => value < 1n << 255n)
    .flatMap((value) => signs.map((sign) => toLittleEndian(value | (sign << 255n))))
}

export const smallOrderEncodings = (): Uint8Array[] => SMALL_ORDER.flatMap(encodings)

/** The 38 encodings with y from p to 2^255 - 1. Most are of no small order, some are no points. */
export const overlongEncodings = (): Uint8Array[] =>
  Array.from({ length: 38 }, (_, at) => toLittleEndian((PRIME + BigInt(at >> 1)) | (BigInt(at & 1) << 255n)))

export interface Case {
  readonly kind: string
  readonly signature: Uint8Array
  readonly message: Uint8Array
  readonly publicKey: Uint8Array
}

/** Signatures at the edges of what verifiers agree on, the way "Taming the many EdDSAs" classifies them. */
export function* edgeCases(random: SeededBytes, rounds: number): Generator<Case> {
  const small = smallOrderEncodings()
  for (const publicKey of small)
    for (const r of small)
      for (const s of [0n, ORDER, ORDER - 1n])
        yield { kind: `small A, small R, s = ${s}`, signature: join(r, s), message: random.bytes(8), publicKey }
  for (let round = 0; round < rounds; round++) {
    const a = scalar(random)
    const r = scalar(random)
    for (const [i, partOfA] of SMALL_ORDER.entries())
      for (const [j, partOfR] of SMALL_ORDER.entries()) {
        const publicKey = BASE.multiply(a).add(partOfA).toBytes()
        const mixed = BASE.multiply(r).add(partOfR).toBytes()
        yield* signed(`A + ${i}T, R + ${j}T`, a, r, mixed, publicKey, random)
        for (const encodedR of encodings(partOfR))
          yield* signed(`A + ${i}T, R = ${j}T`, a, 0n, encodedR, publicKey, random)
      }
    const honestR = BASE.multiply(r).toBytes()
    for (const publicKey of [...small, ...overlongEncodings()])
      yield {
        kind: 'small or overlong A, ordinary R',
        signature: join(honestR, r),
        message: random.bytes(8),
        publicKey,
      }
  }
}

/** The s that an owner of `a` computes, and the same above the order. */
function* signed(
  kind: string,
  a: bigint,
  r: bigint,
  encodedR: Uint8Array,
  publicKey: Uint8Array,
  random: SeededBytes,
): Generator<Case> {
  const message = random.bytes(8)
  const h = fromLittleEndian(sha512(Uint8Array.of(...encodedR, ...publicKey, ...message))) % ORDER
  const s = (r + h * a) % ORDER
  yield { kind, signature: join(encodedR, s), message, publicKey }
  yield { kind: `${kind}, s + L`, signature: join(encodedR, s + ORDER), message, publicKey }
  yield { kind: `${kind}, s + 8L`, signature: join(encodedR, s + 8n * ORDER), message, publicKey }
}

const scalar = (random: SeededBytes): bigint => fromLittleEndian(random.bytes(64)) % ORDER

function join(r: Uint8Array, s: bigint): Uint8Array {
  return Uint8Array.of(...r, ...toLittleEndian(s))
}

function toLittleEndian(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, at) => Number((value >> BigInt(8 * at)) & 0xffn))
}

function fromLittleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n)
}
