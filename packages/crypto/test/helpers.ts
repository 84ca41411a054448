import type * as portable from '../src/portable.js'

/** What both builds are. */
export type Suite = typeof portable

export function hex(text: string): Uint8Array {
  const digits = text.replace(/\s+/g, '')
  return Uint8Array.from({ length: digits.length / 2 }, (_, at) =>
    Number.parseInt(digits.slice(2 * at, 2 * at + 2), 16),
  )
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

/** The code of the CryptoError that `work` throws; anything else is the test's failure. */
export function codeOf(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    if (error instanceof Error && error.name === 'CryptoError' && 'code' in error) return String(error.code)
    throw error
  }
  return 'nothing thrown'
}

/** Seeded bytes (mulberry32): the same in every run and runtime. */
export class SeededBytes {
  #state: number

  constructor(seed: number) {
    this.#state = seed
  }

  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit)
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256))
  }

  /** `bytes` with one bit of it turned over. */
  flipped(bytes: Uint8Array): Uint8Array {
    const copy = bytes.slice()
    const bit = this.below(8 * copy.length)
    copy[bit >> 3] = (copy[bit >> 3] as number) ^ (1 << (bit & 7))
    return copy
  }
}

/** Lengths around the edges of blocks (16, 64, 128), of HKDF and Salsa chunks, and of 64 KiB. */
export const EDGE_LENGTHS: readonly number[] = [
  0, 1, 15, 16, 17, 31, 32, 33, 63, 64, 65, 111, 112, 127, 128, 129, 255, 256, 257, 1_023, 1_400, 4_096, 65_535, 65_536,
  65_537,
]

/** The same for a promise. */
export async function codeOfRejection(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
  } catch (error) {
    return codeOf(() => {
      throw error
    })
  }
  return 'nothing thrown'
}
