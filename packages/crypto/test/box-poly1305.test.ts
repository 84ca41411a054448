// Poly1305 alone, with keys and texts that no cipher makes: at the edges of limbs and of the modulus.
import { poly1305 } from '@noble/ciphers/_poly1305.js'
import { beforeAll, expect, test } from 'vitest'
import { FIRST, SECRET_BYTES, TAG, TEXT } from '../src/box/layout.js'
import type { BoxExports } from '../src/box/wasm.js'
import { type SynchronousWebAssemblyApi, webAssembly } from '../src/web-assembly.js'
import { boxText } from '../wasm/box/module.js'
import { assemble } from '../wasm/build.js'
import { hex, SeededBytes, toHex } from './helpers.js'

let tagOf: (key: Uint8Array, text: Uint8Array) => string

beforeAll(async () => {
  const module = await assemble(boxText().replace('(func $tag', '(func $tag (export "tag")'))
  const { Module, Instance } = webAssembly() as SynchronousWebAssemblyApi
  const { memory, tag } = new Instance(new Module(module)).exports as BoxExports & { tag(length: number): void }
  const bytes = new Uint8Array(memory.buffer)
  tagOf = (key, text) => {
    bytes.fill(0, 0, SECRET_BYTES)
    bytes.set(key, FIRST)
    bytes.set(text, TEXT)
    // What stands behind the text has no influence.
    bytes.fill(0xff, TEXT + text.length, TEXT + text.length + 400)
    tag(text.length)
    return toHex(bytes.slice(TAG, TEXT))
  }
})

const r = (low: string, high = low): Uint8Array => hex(low.padEnd(32, '0').slice(0, 32) + high.repeat(32).slice(0, 32))
const KEYS: readonly (readonly [string, Uint8Array])[] = [
  ['zero', r('00', '00')],
  ['r = 1', r('01', '00')],
  ['r = 1, s = -1', r('01', 'ff')],
  ['r = 2', r('02', 'ff')],
  ['all bits of r', r('ff'.repeat(16), 'ff')],
  ['the lowest bits of every word', r('04000000'.repeat(4), '00')],
  ['the highest bits of every word', r('00000008'.repeat(4), '80')],
  ['limbs of 2^12', r('001000020040000800', 'ff')],
  ['limbs of 2^12 - 1', r('ff0ff0ff01feff3ff8ff07ff'.padEnd(32, 'f'), '7f')],
]
const FILLS = ['00', '01', '7f', '80', 'fb', 'fe', 'ff', 'faff', 'ff1f', 'ffffff03'] as const

test.each(KEYS)('key %s', (_, key) => {
  for (const fill of FILLS)
    for (const length of [0, 1, 15, 16, 17, 31, 32, 47, 48, 63, 64, 65, 80, 112, 127, 128, 129, 192, 200, 256, 1_000]) {
      const text = hex(fill.repeat(Math.ceil((2 * length) / fill.length)).slice(0, 2 * length))
      expect(tagOf(key, text), `${length} bytes of ${fill}`).toBe(toHex(poly1305(text, key)))
    }
})

test('sums that are p - 1, p, p + 1 and near 2^130, for which a last subtraction is due or not', () => {
  // With r = 1 the sum of the blocks is the result: 2^128 + m each.
  const key = r('01', '00')
  for (let blocks = 1; blocks <= 9; blocks++)
    for (let distance = -12n; distance <= 12n; distance++) {
      const wanted = (1n << 130n) - 5n + distance
      const text = blocksWithSum(blocks, wanted)
      if (text !== undefined) expect(tagOf(key, text), `${blocks} blocks`).toBe(toHex(poly1305(text, key)))
    }
})

test('any key and text', () => {
  const random = new SeededBytes(31)
  for (let round = 0; round < 2_000; round++) {
    const key = random.bytes(32)
    const text = random.bytes(random.below(round % 50 === 0 ? 3_000 : 160))
    // Runs of ones and zeros reach the edges that chance does not.
    if (round % 2 === 0) text.fill(round % 4 === 0 ? 0xff : 0, random.below(20))
    if (round % 3 === 0) key.fill(0xff, random.below(32), random.below(32))
    expect(tagOf(key, text)).toBe(toHex(poly1305(text, key)))
  }
})

/** Whole blocks whose values, with 2^128 added to each, sum up to `sum` modulo p; none if that takes more of them. */
function blocksWithSum(blocks: number, sum: bigint): Uint8Array | undefined {
  const p = (1n << 130n) - 5n
  let rest = (((sum - BigInt(blocks) * (1n << 128n)) % p) + p) % p
  const text = new Uint8Array(16 * blocks)
  for (let block = 0; block < blocks; block++) {
    const value = rest < 1n << 128n ? rest : (1n << 128n) - 1n
    rest -= value
    for (let at = 0; at < 16; at++) text[16 * block + at] = Number((value >> BigInt(8 * at)) & 0xffn)
  }
  return rest === 0n ? text : undefined
}
