// MurmurHash3 x64 with 128 bits, seed 0, in pairs of 32-bit halves: several times as fast as with bigint. Filters need
// the hash of a key and that of the key with one byte more, so the whole blocks are hashed once for both.
// yggdrasil protocol §5.2.

const BLOCK_BYTES = 16
const C1 = [0x87c37b91, 0x114253d5] as const
const C2 = [0x4cf5ad43, 0x2745937f] as const
const F1 = [0xff51afd7, 0xed558ccd] as const
const F2 = [0xc4ceb9fe, 0x1a85ec53] as const

/** 64 bits in two halves, computed in place. */
class Word {
  high = 0
  low = 0

  set(high: number, low: number): this {
    this.high = high
    this.low = low
    return this
  }

  xor({ high, low }: Word): this {
    this.high ^= high
    this.low ^= low
    return this
  }

  add(high: number, low: number): this {
    const sum = (this.low >>> 0) + (low >>> 0)
    this.low = sum | 0
    this.high = (this.high + high + (sum > 0xffff_ffff ? 1 : 0)) | 0
    return this
  }

  multiply(high: number, low: number): this {
    const a0 = this.low & 0xffff
    const a1 = this.low >>> 16
    const b0 = low & 0xffff
    const b1 = low >>> 16
    const middle = a1 * b0 + ((a0 * b0) >>> 16)
    const carry = (middle & 0xffff) + a0 * b1
    const upper = a1 * b1 + (middle >>> 16) + (carry >>> 16)
    this.high = (upper + Math.imul(this.high, low) + Math.imul(this.low, high)) | 0
    this.low = Math.imul(this.low, low)
    return this
  }

  rotate(bits: number): this {
    if (bits >= 32) this.set(this.low, this.high)
    const shift = bits & 31
    if (shift === 0) return this
    const { high, low } = this
    return this.set((high << shift) | (low >>> (32 - shift)), (low << shift) | (high >>> (32 - shift)))
  }

  /** Spreads every bit over the word. */
  finish(): void {
    this.low ^= this.high >>> 1
    this.multiply(F1[0], F1[1])
    this.low ^= this.high >>> 1
    this.multiply(F2[0], F2[1])
    this.low ^= this.high >>> 1
  }
}

/** A hash under way: whole blocks are mixed in, an end can be put to it several times. */
class Hash {
  readonly #h1 = new Word()
  readonly #h2 = new Word()
  readonly #k = new Word()

  /** Mix in the whole blocks of `data`. */
  blocks(data: Uint8Array): void {
    const [h1, h2] = [this.#h1, this.#h2]
    for (let at = 0; at + BLOCK_BYTES <= data.length; at += BLOCK_BYTES) {
      h1.xor(this.#first(littleEndian(data, at + 4), littleEndian(data, at)))
      h1.rotate(27).add(h2.high, h2.low).multiply(0, 5).add(0, 0x52dce729)
      h2.xor(this.#second(littleEndian(data, at + 12), littleEndian(data, at + 8)))
      h2.rotate(31).add(h1.high, h1.low).multiply(0, 5).add(0, 0x38495ab5)
    }
  }

  /**
   * The hash, when after the blocks comes `tail` of less than a block. The state stays as it was.
   * @returns four words of 32 bits: h1 and h2, high half first
   */
  end(tail: Uint8Array, totalBytes: number): Uint32Array {
    const h1 = new Word().xor(this.#h1)
    const h2 = new Word().xor(this.#h2)
    if (tail.length > 8) h2.xor(this.#second(littleEndian(tail, 12), littleEndian(tail, 8)))
    if (tail.length > 0) h1.xor(this.#first(littleEndian(tail, 4), littleEndian(tail, 0)))
    h1.low ^= totalBytes
    h2.low ^= totalBytes
    h1.add(h2.high, h2.low)
    h2.add(h1.high, h1.low)
    h1.finish()
    h2.finish()
    h1.add(h2.high, h2.low)
    h2.add(h1.high, h1.low)
    return Uint32Array.of(h1.high, h1.low, h2.high, h2.low)
  }

  #first(high: number, low: number): Word {
    return this.#k.set(high, low).multiply(C1[0], C1[1]).rotate(31).multiply(C2[0], C2[1])
  }

  #second(high: number, low: number): Word {
    return this.#k.set(high, low).multiply(C2[0], C2[1]).rotate(33).multiply(C1[0], C1[1])
  }
}

/** MurmurHash3 x64, 128 bits, seed 0: four words of 32 bits, h1 then h2, high half first. */
export function murmur3(data: Uint8Array): Uint32Array {
  const hash = new Hash()
  hash.blocks(data)
  return hash.end(data.subarray(data.length - (data.length % BLOCK_BYTES)), data.length)
}

/** The hash of `data`, and that of `data ‖ 01`; `data` is whole blocks. */
export function murmur3Pair(data: Uint8Array): [Uint32Array, Uint32Array] {
  const hash = new Hash()
  hash.blocks(data)
  return [hash.end(NO_TAIL, data.length), hash.end(ONE_TAIL, data.length + 1)]
}

const NO_TAIL: Uint8Array = new Uint8Array(0)
const ONE_TAIL: Uint8Array = Uint8Array.of(1)

/** Up to four bytes from `at`; behind the end there are zeros. */
function littleEndian(data: Uint8Array, at: number): number {
  if (at + 4 <= data.length) {
    return data[at]! | (data[at + 1]! << 8) | (data[at + 2]! << 16) | (data[at + 3]! << 24)
  }
  return (data[at] ?? 0) | ((data[at + 1] ?? 0) << 8) | ((data[at + 2] ?? 0) << 16)
}
