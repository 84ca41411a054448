import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BloomFilter, bloomLocations, MAX_BLOOM_BYTES } from '../../src/bloom.js'
import { murmur3, murmur3Pair } from '../../src/murmur3.js'
import { bytesOf, codeOf, concat, expectExact, expectTotal, keys } from './support/bytes.js'

const MASK = 2n ** 64n - 1n

/** MurmurHash3 x64 128, seed 0, with bigint: h1 and h2. */
function naiveMurmur3(data: Uint8Array): [bigint, bigint] {
  const C1 = 0x87c37b91114253d5n
  const C2 = 0x4cf5ad432745937fn
  const rotate = (value: bigint, by: bigint) => ((value << by) | (value >> (64n - by))) & MASK
  const word = (at: number) => {
    let value = 0n
    for (let byte = 7; byte >= 0; byte--) value = (value << 8n) | BigInt(data[at + byte] ?? 0)
    return value
  }
  const mix1 = (k: bigint) => (rotate((k * C1) & MASK, 31n) * C2) & MASK
  const mix2 = (k: bigint) => (rotate((k * C2) & MASK, 33n) * C1) & MASK
  const finish = (value: bigint) => {
    let k = value
    k = ((k ^ (k >> 33n)) * 0xff51afd7ed558ccdn) & MASK
    k = ((k ^ (k >> 33n)) * 0xc4ceb9fe1a85ec53n) & MASK
    return k ^ (k >> 33n)
  }
  let [h1, h2] = [0n, 0n]
  let at = 0
  for (; at + 16 <= data.length; at += 16) {
    h1 = ((rotate(h1 ^ mix1(word(at)), 27n) + h2) * 5n + 0x52dce729n) & MASK
    h2 = ((rotate(h2 ^ mix2(word(at + 8)), 31n) + h1) * 5n + 0x38495ab5n) & MASK
  }
  if (data.length - at > 8) h2 ^= mix2(word(at + 8))
  if (data.length > at) h1 ^= mix1(word(at) & MASK)
  h1 ^= BigInt(data.length)
  h2 ^= BigInt(data.length)
  h1 = (h1 + h2) & MASK
  h2 = (h2 + h1) & MASK
  h1 = finish(h1)
  h2 = finish(h2)
  h1 = (h1 + h2) & MASK
  return [h1, (h2 + h1) & MASK]
}

const halves = (words: Uint32Array) => [
  (BigInt(words[0]!) << 32n) | BigInt(words[1]!),
  (BigInt(words[2]!) << 32n) | BigInt(words[3]!),
]

describe('murmur3', () => {
  test('is the one with bigint, for every length', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70 }), (data) => {
        expect(halves(murmur3(data))).toEqual(naiveMurmur3(data))
      }),
      { seed: 1, numRuns: 1000 },
    )
  })

  test('of a key, and of the key with 01 behind it', () => {
    fc.assert(
      fc.property(keys, (key) => {
        const [first, second] = murmur3Pair(key)
        expect(halves(first)).toEqual(naiveMurmur3(key))
        expect(halves(second)).toEqual(naiveMurmur3(concat(key, Uint8Array.of(1))))
      }),
      { seed: 2 },
    )
  })
})

test('the locations are those of the formula', () => {
  fc.assert(
    fc.property(keys, (key) => {
      const h = [...naiveMurmur3(key), ...naiveMurmur3(concat(key, Uint8Array.of(1)))]
      const expected = Array.from({ length: 8 }, (_, i) => {
        const step = h[2 + Math.floor(((i + (i % 2)) % 4) / 2)]!
        return Number((h[i % 2]! + BigInt(i) * step) % 8192n)
      })
      expect([...bloomLocations(key)]).toEqual(expected)
    }),
    { seed: 3 },
  )
})

const filter = (list: readonly Uint8Array[]) => {
  const made = new BloomFilter()
  for (const key of list) made.add(key)
  return made
}

describe('a filter', () => {
  test('has what was added', () => {
    fc.assert(
      fc.property(fc.array(keys, { maxLength: 40 }), (list) => {
        const made = filter(list)
        for (const key of list) {
          expect(made.has(key)).toBe(true)
          expect(made.hasLocations(bloomLocations(key))).toBe(true)
        }
      }),
      { seed: 4 },
    )
  })

  test('has not what is missing one bit', () => {
    const key = new Uint8Array(32).fill(7)
    const locations = bloomLocations(key)
    expect(new BloomFilter().has(key)).toBe(false)
    for (const missing of locations) {
      const made = new BloomFilter()
      const other = locations.find((bit) => bit !== missing)!
      made.addLocations(locations.map((bit) => (bit === missing ? other : bit)))
      expect(made.has(key)).toBe(false)
    }
  })

  test('takes in another, and tells whether that added anything', () => {
    const [a, b] = [filter([new Uint8Array(32).fill(1)]), filter([new Uint8Array(32).fill(2)])]
    const both = a.clone()
    expect(both.merge(b)).toBe(true)
    expect(both.merge(a)).toBe(false)
    expect(both.has(new Uint8Array(32).fill(1))).toBe(true)
    expect(both.has(new Uint8Array(32).fill(2))).toBe(true)
    expect(a.has(new Uint8Array(32).fill(2))).toBe(false)
    expect(both.equals(filter([new Uint8Array(32).fill(2), new Uint8Array(32).fill(1)]))).toBe(true)
    expect(both.equals(a)).toBe(false)
    expect(both.countBits()).toBeLessThanOrEqual(16)
    both.clear()
    expect(both.equals(new BloomFilter())).toBe(true)
  })
})

describe('the wire form', () => {
  const saturated = BloomFilter.decode(concat(new Uint8Array(16), new Uint8Array(16).fill(0xff)))

  test('is the same there and back', () => {
    fc.assert(
      fc.property(fc.array(keys, { maxLength: 300 }), fc.boolean(), (list, isFull) => {
        const made = filter(list)
        if (isFull)
          made.merge(
            BloomFilter.decode(concat(new Uint8Array(16), new Uint8Array(16).fill(0xf0), new Uint8Array(64 * 8))),
          )
        const back = BloomFilter.decode(made.encode())
        expect(back.equals(made)).toBe(true)
        expect(back.encode()).toEqual(made.encode())
      }),
      { seed: 5, numRuns: 50 },
    )
  })

  test('is 32 bytes for an empty and a full filter, 1056 at most', () => {
    expect(new BloomFilter().encode()).toHaveLength(32)
    expect(saturated.countBits()).toBe(BloomFilter.BITS)
    expect(saturated.encode()).toHaveLength(32)
    const everyOther = concat(new Uint8Array(32), new Uint8Array(1024).fill(0x55))
    expect(BloomFilter.decode(everyOther).encode()).toEqual(everyOther)
    expect(everyOther).toHaveLength(MAX_BLOOM_BYTES)
  })

  test('bit 64 is the lowest of the second word', () => {
    const made = new BloomFilter()
    made.addLocations(new Uint16Array(8).fill(64))
    const expected = new Uint8Array(40).fill(0xff, 0, 16)
    expected[0] = 0xbf
    expected[39] = 1
    expect(made.encode()).toEqual(expected)
  })

  test('no byte less, no byte more', () => {
    expectExact(filter([new Uint8Array(32)]).encode(), (body) => BloomFilter.decode(body))
  })

  test('a word that is said to be empty and full is refused', () => {
    const body = new BloomFilter().encode()
    body[16] = 1
    expect(codeOf(() => BloomFilter.decode(body))).toBe('malformed')
  })

  test('empty and full words without their flag are read', () => {
    const body = concat(new Uint8Array(32), bytesOf('ff'.repeat(8)), new Uint8Array(127 * 8))
    expect(BloomFilter.decode(body).countBits()).toBe(64)
  })

  test('any bytes are a filter or refused', () => {
    const samples = [filter([new Uint8Array(32)]).encode(), saturated.encode()]
    expectTotal(
      samples,
      (body) => BloomFilter.decode(body),
      (value) => value.encode(),
    )
  })
})
