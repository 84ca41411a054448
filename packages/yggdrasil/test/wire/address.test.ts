import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  addressForKey,
  formatAddress,
  formatSubnet,
  isAddress,
  isSubnet,
  keyForAddress,
  keyForSubnet,
  subnetForKey,
  transformKey,
} from '../../src/address.js'
import { bytesOf, codeOf, concat, keys } from './support/bytes.js'

/** A key as its 256 bits. */
function bitsOf(key: Uint8Array): string {
  return [...key].map((byte) => byte.toString(2).padStart(8, '0')).join('')
}

function keyOf(bits: string): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, at) => Number.parseInt(bits.slice(8 * at, 8 * at + 8), 2))
}

/** The rules as they are told, bit by bit. */
function naive(key: Uint8Array) {
  const bits = bitsOf(key)
  const zeros = bits.indexOf('1')
  const rest = [...bits.slice(zeros + 1)].map((bit) => (bit === '1' ? '0' : '1')).join('')
  const bytes = rest.match(/.{8}/g) ?? []
  const address = Uint8Array.from({ length: 16 }, (_, at) => Number.parseInt(bytes[at - 2] ?? '0', 2))
  address[0] = 2
  address[1] = zeros
  // Whole bytes only: a key of nearly all zeros has few of them.
  const told = (count: number) => keyOf(bits.slice(0, zeros + 1 + Math.min(count, 8 * bytes.length)).padEnd(256, '1'))
  return { address, ofAddress: told(112), ofSubnet: told(48) }
}

/** Keys with many leading zeros are rare; here they are not. */
const anyKey = fc.tuple(keys, fc.nat({ max: 255 })).map(([key, zeros]) => {
  const bits = bitsOf(key).slice(zeros + 1)
  return keyOf(`${'0'.repeat(zeros)}1${bits}`)
})

test('address, subnet and what they tell of a key, whatever its leading zeros', () => {
  fc.assert(
    fc.property(anyKey, (key) => {
      const expected = naive(key)
      expect(addressForKey(key)).toEqual(expected.address)
      expect(subnetForKey(key)).toEqual(concat(Uint8Array.of(3), expected.address.subarray(1, 8)))
      expect(transformKey(key)).toEqual(expected.ofSubnet)
    }),
    { seed: 1, numRuns: 500 },
  )
})

test('what an address or subnet tells is what the key begins with', () => {
  fc.assert(
    fc.property(anyKey, (key) => {
      const expected = naive(key)
      expect(keyForAddress(addressForKey(key))).toEqual(expected.ofAddress)
      expect(keyForSubnet(subnetForKey(key))).toEqual(expected.ofSubnet)
    }),
    { seed: 2, numRuns: 500 },
  )
})

test('whatever is told of a key is transformed like the key', () => {
  fc.assert(
    fc.property(anyKey, (key) => {
      const transformed = transformKey(key)
      expect(transformKey(transformed)).toEqual(transformed)
      expect(transformKey(keyForAddress(addressForKey(key)))).toEqual(transformed)
      expect(transformKey(keyForSubnet(subnetForKey(key)))).toEqual(transformed)
    }),
    { seed: 3 },
  )
})

test('texts', () => {
  const key = bytesOf('bdbacfd82240de3dcd123924cbb55256fb8dab08aa98e305528ab84f419e6efb')
  expect(formatAddress(addressForKey(key))).toBe('200:848a:604f:bb7e:4384:65db:8db6:6895')
  expect(formatSubnet(subnetForKey(key))).toBe('300:848a:604f:bb7e::/64')
  expect(formatAddress(addressForKey(new Uint8Array(32).fill(0xff)))).toBe('200::')
})

test('the bytes given are left alone', () => {
  const key = bytesOf('bdbacfd82240de3dcd123924cbb55256fb8dab08aa98e305528ab84f419e6efb')
  const copy = key.slice()
  transformKey(key)
  addressForKey(key)
  expect(key).toEqual(copy)
})

describe('no key, no address', () => {
  test('the key of zeros has no address; as anyone may ask for it, it has a transform: that of the reference', () => {
    expect(codeOf(() => addressForKey(new Uint8Array(32)))).toBe('bad-key')
    expect(codeOf(() => subnetForKey(new Uint8Array(32)))).toBe('bad-key')
    expect(transformKey(new Uint8Array(32))).toEqual(new Uint8Array(32).fill(0xff))
  })

  test('keys of other lengths', () => {
    expect(codeOf(() => addressForKey(new Uint8Array(31).fill(1)))).toBe('bad-key')
  })

  test('addresses of other networks', () => {
    const address = addressForKey(new Uint8Array(32).fill(1))
    expect(isAddress(address)).toBe(true)
    expect(isSubnet(address)).toBe(false)
    expect(isSubnet(subnetForKey(new Uint8Array(32).fill(1)))).toBe(true)
    expect(isAddress(address.subarray(1))).toBe(false)
    address[0] = 0xfe
    expect(isAddress(address)).toBe(false)
    expect(codeOf(() => keyForAddress(address))).toBe('misuse')
    expect(codeOf(() => keyForSubnet(address))).toBe('misuse')
  })
})
