import type { WalkEngine } from './engine.js'

export const PRIME: bigint = 2n ** 255n - 19n
export const LIMBS = 11
const LIMB_BITS = 24
const LIMB_MASK = 0xff_ffffn
/** What `down` does for a row takes as long as this many products. */
const PRODUCTS_PER_ROW = 6

/** What each limb counts. */
const WEIGHTS: readonly number[] = Array.from({ length: LIMBS }, (_, at) => 2 ** (LIMB_BITS * at))

/**
 * Elements of the field in the memory of an engine, by their place; places are handed out once, and stay. An element has
 * one value for each lane.
 */
export class Elements {
  readonly #engine: WalkEngine
  readonly #memory: Float64Array
  readonly #lanes: number
  /** Numbers in an element. */
  readonly size: number
  #used = 0
  #products = 0

  constructor(engine: WalkEngine) {
    this.#engine = engine
    this.#memory = engine.memory
    this.#lanes = engine.lanes
    this.size = LIMBS * engine.lanes
  }

  /** The place of the first of `count` elements, one behind the other. */
  take(count = 1): number {
    return this.takeNumbers(count * this.size)
  }

  takeNumbers(count: number): number {
    const place = this.#used
    this.#used += count
    if (this.#used > this.#memory.length) throw new RangeError('the memory of the walk is too small')
    return place
  }

  /** One element for each name. */
  named<Name extends string>(...names: readonly Name[]): Record<Name, number> {
    return Object.fromEntries(names.map((name) => [name, this.take()])) as Record<Name, number>
  }

  constant(value: bigint): number {
    const place = this.take()
    this.write(place, value)
    return place
  }

  /** In every lane. */
  write(place: number, value: bigint): void {
    for (let lane = 0; lane < this.#lanes; lane++) this.writeLane(place, lane, value)
  }

  writeLane(place: number, lane: number, value: bigint): void {
    let rest = value
    for (let at = 0; at < LIMBS; at++) {
      this.#memory[place + at * this.#lanes + lane] = Number(rest & LIMB_MASK) * (WEIGHTS[at] as number)
      rest >>= BigInt(LIMB_BITS)
    }
  }

  /** The value in one lane, from 0 to p - 1. */
  read(place: number, lane = 0): bigint {
    let value = 0n
    for (let at = LIMBS - 1; at >= 0; at--) {
      const limb = (this.#memory[place + at * this.#lanes + lane] as number) / (WEIGHTS[at] as number)
      value = (value << BigInt(LIMB_BITS)) + BigInt(limb)
    }
    const rest = value % PRIME
    return rest < 0n ? rest + PRIME : rest
  }

  /** The limbs of lane 0 as a part of a row, which all lanes share. */
  share(numbers: number, place: number): void {
    for (let at = 0; at < LIMBS; at++) this.#memory[numbers + at] = this.#memory[place + at * this.#lanes] as number
  }

  /** The opposite: a part of a row in every lane. */
  spread(place: number, numbers: number): void {
    for (let at = 0; at < this.size; at++)
      this.#memory[place + at] = this.#memory[numbers + Math.floor(at / this.#lanes)] as number
  }

  copy(to: number, from: number): void {
    this.#memory.copyWithin(to, from, from + this.size)
  }

  /** Without a carry: at most three sums or differences may meet before they are multiplied. */
  add(to: number, a: number, b: number): void {
    const memory = this.#memory
    for (let at = 0; at < this.size; at++) memory[to + at] = (memory[a + at] as number) + (memory[b + at] as number)
  }

  subtract(to: number, a: number, b: number): void {
    const memory = this.#memory
    for (let at = 0; at < this.size; at++) memory[to + at] = (memory[a + at] as number) - (memory[b + at] as number)
  }

  multiply(to: number, a: number, b: number): void {
    const { unit } = this.#engine
    this.#products++
    this.#engine.product(unit * to, unit * a, unit * b)
  }

  /** to = a^(2^times); `to` may not be `a` unless `times` is 1. */
  square(to: number, a: number, times = 1): void {
    const { unit } = this.#engine
    this.#products += times
    this.#engine.square(unit * to, unit * a, times)
  }

  /** Whether the others should have their turn: as much was multiplied since the last time as one `down` takes. */
  isTurnOver(): boolean {
    if (this.#products < PRODUCTS_PER_ROW * this.#engine.rowsPerTurn) return false
    this.#products = 0
    return true
  }

  wipe(): void {
    this.#memory.fill(0)
  }
}

/** 1/a = a^(p - 2), and 0 of 0, by the sequence of squares and products that is customary for this prime. */
export class Inverter {
  readonly #elements: Elements
  readonly #at: Record<'eleven' | 'a' | 'b' | 'c', number>

  constructor(elements: Elements) {
    this.#elements = elements
    this.#at = elements.named('eleven', 'a', 'b', 'c')
  }

  /** `to` may be `from`. */
  invert(to: number, from: number): void {
    const elements = this.#elements
    const { eleven, a, b, c } = this.#at
    elements.square(a, from) // 2
    elements.square(b, a, 2) // 8
    elements.multiply(b, b, from) // 9
    elements.multiply(eleven, a, b)
    elements.square(a, eleven) // 22
    elements.multiply(a, a, b) // 31 = 2^5 - 1
    // Each line makes an exponent of more ones out of two shorter ones.
    this.#join(b, a, a, 5) // 2^10 - 1
    this.#join(c, b, b, 10) // 2^20 - 1
    this.#join(a, c, c, 20) // 2^40 - 1
    this.#join(c, a, b, 10) // 2^50 - 1
    this.#join(a, c, c, 50) // 2^100 - 1
    this.#join(b, a, a, 100) // 2^200 - 1
    this.#join(a, b, c, 50) // 2^250 - 1
    elements.square(b, a, 5)
    elements.multiply(to, b, eleven) // 2^255 - 32 + 11
  }

  /** to = a^(2^times) b; `to` is neither of them. */
  #join(to: number, a: number, b: number, times: number): void {
    this.#elements.square(to, a, times)
    this.#elements.multiply(to, to, b)
  }
}
