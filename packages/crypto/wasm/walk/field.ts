import type { Target } from './target.js'

/** An element has this many limbs; limb i is a multiple of 2^24i of up to about 24 bits, of either sign. */
export const LIMBS = 11
export const LIMB_BITS = 24
/** 2^255 is 19 modulo p = 2^255 - 19: what stands at 2^255 and above comes back at the bottom with this factor. */
const FOLD: number = 19 * 2 ** -255

/** Limb `at` of an element, as an expression. */
export type Element = (at: number) => string

/** A product that is added or taken away. */
export interface Term {
  readonly a: Element
  readonly b: Element
  readonly minus?: boolean
}

/**
 * Arithmetic modulo 2^255 - 19 as straight code. The limbs are doubles that carry their weight in their exponent, after
 * D. J. Bernstein's floating-point curve25519 (2006): products of limbs need no alignment, and a carry is an addition and
 * a subtraction of a constant, which round.
 *
 * Nothing is ever rounded by accident. A column is a sum of 11 products. With limbs of up to 2^23 (what a carry leaves)
 * it stays below 2^49.5 units of its weight, and a double holds 53 bits: so the two factors together may be 3.5 bits
 * longer, which is two or three additions or subtractions without a carry.
 */
export class Field {
  readonly #target: Target
  readonly lines: string[] = []

  constructor(target: Target) {
    this.#target = target
  }

  /** Name a value, so that it is computed once. */
  let(name: string, value: string): string {
    this.lines.push(this.#target.set(name, value))
    return this.#target.get(name)
  }

  /** `value` to the nearest multiple of 2^bits: in a sum this large nothing finer has room. */
  round(name: string, value: string, bits: number): string {
    const large = this.#target.constant(1.5 * 2 ** (52 + bits))
    return this.let(name, this.#target.sub(this.#target.add(value, large), large))
  }

  /** Name all limbs of an element. */
  hold(name: string, element: Element): Element {
    const limbs = Array.from({ length: LIMBS }, (_, at) => this.let(`${name}${at}`, element(at)))
    return (at) => limbs[at] as string
  }

  /** Column k: all products of limbs whose weights make 2^24k. No carry. */
  column(k: number, terms: readonly Term[]): string {
    const { add, sub, mul } = this.#target
    let sum: string | undefined
    for (const { a, b, minus } of terms)
      for (let i = Math.max(0, k - LIMBS + 1); i <= Math.min(k, LIMBS - 1); i++) {
        const product = mul(a(i), b(k - i))
        if (sum === undefined) sum = product
        else sum = minus === true ? sub(sum, product) : add(sum, product)
      }
    return sum as string
  }

  /**
   * The sum of the products, less `less`, modulo p. Each limb comes right after the column it is made of, so that a
   * processor works on the next columns while the carries, each of which waits for the one before, go on.
   */
  sum(name: string, terms: readonly Term[], less?: Element): Element {
    const { add, sub, mul, constant } = this.#target
    const fold = constant(FOLD)
    const upper = this.#upperHalf(name, terms)
    const column = (k: number): string => {
      const whole = add(this.column(k, terms), mul(upper[k] as string, fold))
      return less === undefined ? whole : sub(whole, less(k))
    }
    // The top limb first: its carry goes to the bottom, and must have gone before the others start.
    const top = LIMBS - 1
    const topColumn = this.let(`${name}_${top}`, column(top))
    const topCarry = this.round(`${name}_c${top}`, topColumn, LIMB_BITS * LIMBS)
    const topLimb = this.let(`${name}_l${top}`, sub(topColumn, topCarry))
    let carry = mul(topCarry, fold)
    const limbs: string[] = []
    for (let k = 0; k < top; k++) {
      const value = this.let(`${name}_${k}`, add(column(k), carry))
      carry = this.round(`${name}_c${k}`, value, LIMB_BITS * (k + 1))
      limbs.push(this.let(`${name}_l${k}`, sub(value, carry)))
    }
    const last = this.let(`${name}_m${top}`, add(topLimb, carry))
    const lastCarry = this.round(`${name}_d${top}`, last, LIMB_BITS * LIMBS)
    limbs.push(this.let(`${name}_n${top}`, sub(last, lastCarry)))
    // At most 2^18 units: small enough to stay.
    limbs[0] = this.let(`${name}_n0`, add(limbs[0] as string, mul(lastCarry, fold)))
    return (at) => limbs[at] as string
  }

  store(base: string, element: Element): void {
    for (let at = 0; at < LIMBS; at++) this.lines.push(this.#target.store(base, at, element(at)))
  }

  /** Columns 11 to 20, each with the carry of the one before: short enough to be multiplied by 19. */
  #upperHalf(name: string, terms: readonly Term[]): string[] {
    const { add, sub } = this.#target
    const upper: string[] = []
    let carry: string | undefined
    for (let k = LIMBS; k < 2 * LIMBS - 1; k++) {
      const column = this.let(`${name}_${k}`, this.column(k, terms))
      const next = this.round(`${name}_c${k}`, column, LIMB_BITS * (k + 1))
      const rest = sub(column, next)
      upper.push(this.let(`${name}_l${k}`, carry === undefined ? rest : add(rest, carry)))
      carry = next
    }
    return [...upper, carry as string]
  }
}
