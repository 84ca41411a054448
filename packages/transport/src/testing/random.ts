/** A small seeded source of chance for tests. The same seed gives the same sequence on every machine. Not for keys. */
export interface Random {
  /** A number from 0 up to, not including, 1. */
  next(): number
  /** A whole number from 0 up to, not including, `limit`. */
  integer(limit: number): number
  /** `true` with this probability, 0 to 1. */
  chance(probability: number): boolean
  /** `sizeBytes` bytes. */
  bytes(sizeBytes: number): Uint8Array
  /** An independent source drawn from this one: what it is used for does not disturb this sequence. */
  fork(): Random
}

/** @param seed - any whole number; only its low 32 bits count */
export function createRandom(seed: number): Random {
  return new SeededRandom(seed)
}

/** A Weyl sequence through the 32-bit finaliser of MurmurHash3: one word of state, good enough to place faults. */
class SeededRandom implements Random {
  #state: number

  constructor(seed: number) {
    this.#state = Math.imul(seed ^ 0x5bf03635, 0x9e3779b1)
  }

  #word(): number {
    this.#state = (this.#state + 0x9e3779b9) | 0
    let word = this.#state
    word = Math.imul(word ^ (word >>> 16), 0x85ebca6b)
    word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35)
    return (word ^ (word >>> 16)) >>> 0
  }

  next(): number {
    return this.#word() / 0x1_0000_0000
  }

  integer(limit: number): number {
    return Math.floor(this.next() * limit)
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  bytes(sizeBytes: number): Uint8Array {
    const bytes = new Uint8Array(sizeBytes)
    for (let at = 0; at < sizeBytes; at++) bytes[at] = this.#word() >>> 24
    return bytes
  }

  fork(): Random {
    return new SeededRandom(this.#word())
  }
}
