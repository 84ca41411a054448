import { YggdrasilError } from './error.js'
import { murmur3Pair } from './murmur3.js'

// Which keys lie behind a peer: 8192 bits, 8 of them for each key. yggdrasil protocol §5.

const BITS = 8192
const HASHES = 8
/** Words of 64 bits, as the wire form counts them. */
const WORDS: number = BITS / 64
const WORD_BYTES = 8
const FLAG_BYTES: number = WORDS / 8
/** Longest wire form: flags, and every word. */
export const MAX_BLOOM_BYTES: number = 2 * FLAG_BYTES + WORDS * WORD_BYTES

/** The eight bits that stand for a key: computed once for a key, they make every test of a filter cheap. */
export type BloomLocations = Uint16Array

/**
 * The bits that stand for a key.
 * @param transformedKey - what `transformKey` makes of a key, 32 bytes
 */
export function bloomLocations(transformedKey: Uint8Array): BloomLocations {
  const [first, second] = murmur3Pair(transformedKey)
  // Only 13 bits of each sum count, so the high halves of the four hashes do not.
  const [h0, h1, h2, h3] = [first[1]!, first[3]!, second[1]!, second[3]!]
  const locations = new Uint16Array(HASHES)
  for (let i = 0; i < HASHES; i++) {
    const step = ((i + (i & 1)) & 3) < 2 ? h2 : h3
    locations[i] = ((i & 1 ? h1 : h0) + Math.imul(i, step)) & (BITS - 1)
  }
  return locations
}

/** A set of keys that may hold more than was added, never less. */
export class BloomFilter {
  static readonly BITS: number = BITS
  /** Word w of the wire form in 2w (low half) and 2w+1, so bit i is bit i mod 32 of word ⌊i/32⌋. */
  readonly #words: Uint32Array = new Uint32Array(2 * WORDS)

  /** @param transformedKey - 32 bytes, of `transformKey` */
  add(transformedKey: Uint8Array): void {
    this.addLocations(bloomLocations(transformedKey))
  }

  /** @param transformedKey - 32 bytes, of `transformKey` */
  has(transformedKey: Uint8Array): boolean {
    return this.hasLocations(bloomLocations(transformedKey))
  }

  addLocations(locations: BloomLocations): void {
    for (let i = 0; i < HASHES; i++) this.#words[locations[i]! >>> 5]! |= 1 << (locations[i]! & 31)
  }

  /** Allocates nothing. */
  hasLocations(locations: BloomLocations): boolean {
    for (let i = 0; i < HASHES; i++) {
      if ((this.#words[locations[i]! >>> 5]! & (1 << (locations[i]! & 31))) === 0) return false
    }
    return true
  }

  /** Add everything that `other` holds. @returns whether that added anything */
  merge(other: BloomFilter): boolean {
    let added = 0
    for (let at = 0; at < this.#words.length; at++) {
      added |= other.#words[at]! & ~this.#words[at]!
      this.#words[at]! |= other.#words[at]!
    }
    return added !== 0
  }

  equals(other: BloomFilter): boolean {
    for (let at = 0; at < this.#words.length; at++) if (this.#words[at] !== other.#words[at]) return false
    return true
  }

  clone(): BloomFilter {
    const copy = new BloomFilter()
    copy.#words.set(this.#words)
    return copy
  }

  /** Forget every key. */
  clear(): void {
    this.#words.fill(0)
  }

  /** Number of bits that are set: of {@link BloomFilter.BITS} a saturated filter has all. */
  countBits(): number {
    let count = 0
    for (const word of this.#words) for (let rest = word; rest !== 0; rest &= rest - 1) count++
    return count
  }

  /**
   * Body of a frame of type 5: `flags of empty words (16) ‖ flags of full words (16) ‖ the other words, u64be each`. The
   * flag of word w is the bit `0x80 >> (w mod 8)` of byte ⌊w/8⌋.
   */
  encode(): Uint8Array {
    const body = new Uint8Array(MAX_BLOOM_BYTES)
    const view = new DataView(body.buffer)
    let at = 2 * FLAG_BYTES
    for (let word = 0; word < WORDS; word++) {
      const low = this.#words[2 * word]!
      const high = this.#words[2 * word + 1]!
      const flag = 0x80 >> (word & 7)
      if ((low | high) === 0) {
        body[word >> 3]! |= flag
      } else if ((low & high) >>> 0 === 0xffff_ffff) {
        body[FLAG_BYTES + (word >> 3)]! |= flag
      } else {
        view.setUint32(at, high)
        view.setUint32(at + 4, low)
        at += WORD_BYTES
      }
    }
    return body.slice(0, at)
  }

  /** @throws {YggdrasilError} `malformed` for a word with both flags, or another length than the flags tell */
  static decode(body: Uint8Array): BloomFilter {
    if (body.length < 2 * FLAG_BYTES) {
      throw new YggdrasilError(
        'malformed',
        `bloomFilter: expected at least ${2 * FLAG_BYTES} bytes, got ${body.length}`,
      )
    }
    const filter = new BloomFilter()
    const words = filter.#words
    const view = new DataView(body.buffer, body.byteOffset, body.byteLength)
    let at = 2 * FLAG_BYTES
    for (let word = 0; word < WORDS; word++) {
      const flag = 0x80 >> (word & 7)
      const isEmpty = (body[word >> 3]! & flag) !== 0
      const isFull = (body[FLAG_BYTES + (word >> 3)]! & flag) !== 0
      if (isEmpty && isFull) {
        throw new YggdrasilError('malformed', `bloomFilter: word ${word} is said to be empty and full`)
      }
      if (isFull) {
        words[2 * word] = words[2 * word + 1] = 0xffff_ffff
      } else if (!isEmpty) {
        if (body.length - at < WORD_BYTES) throw new YggdrasilError('malformed', `bloomFilter: ends in word ${word}`)
        words[2 * word + 1] = view.getUint32(at)
        words[2 * word] = view.getUint32(at + 4)
        at += WORD_BYTES
      }
    }
    if (at === body.length) return filter
    throw new YggdrasilError('malformed', `bloomFilter of ${at} bytes: ${body.length - at} are left over`)
  }
}
