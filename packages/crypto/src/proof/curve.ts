import { type Elements, Inverter, PRIME } from './elements.js'

/** The curve is -x² + y² = 1 + d x² y². Source: RFC 8032 §5.1, as are the coordinates of B. */
const D = 37095705934669439343138083508754565189542113879843219016388785533085940283555n
export const BASE_X = 15112221349535400772501151409588531511454012693041857206046113283949847762202n
export const BASE_Y = 46316835694926478169428394003475163141307993866256225615783033603165251855960n

/** Places of a point's coordinates. */
export interface Affine {
  readonly x: number
  readonly y: number
}

/** X, Y, Z and T with x = X/Z, y = Y/Z and XY = ZT. */
interface Extended extends Affine {
  readonly z: number
  readonly t: number
}

/** Points of the curve in the memory of an engine. */
export class Curve {
  readonly inverter: Inverter
  readonly one: number
  readonly d: number
  readonly #elements: Elements
  readonly #twiceD: number
  readonly #at: Record<'a' | 'b' | 'c' | 'd' | 'e' | 'f' | 'g' | 'h', number>
  readonly #sum: Extended
  readonly #neutral: Extended
  readonly #base: Extended
  readonly #other: Extended

  constructor(elements: Elements) {
    this.#elements = elements
    this.inverter = new Inverter(elements)
    this.one = elements.constant(1n)
    this.d = elements.constant(D)
    this.#twiceD = elements.constant((2n * D) % PRIME)
    this.#at = elements.named('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h')
    this.#sum = this.#takePoint()
    this.#neutral = this.#takePoint()
    this.#base = this.#takePoint()
    this.#other = this.#takePoint()
    elements.write(this.#neutral.x, 0n)
    elements.write(this.#neutral.y, 1n)
    this.#complete(this.#neutral)
    elements.write(this.#base.x, BASE_X)
    elements.write(this.#base.y, BASE_Y)
    this.#complete(this.#base)
  }

  /**
   * to = scalar times B, in every lane. Each bit costs a doubling and an addition, whichever it is: the formula has no
   * exceptions, and a bit that is not set adds the neutral element. Yields between pieces of work.
   * @param bits - of the scalar
   */
  *multiplyBase(to: Affine, scalar: bigint, bits: number): Generator<undefined, void> {
    for (const part of ['x', 'y', 'z', 't'] as const) this.#elements.copy(this.#sum[part], this.#neutral[part])
    for (let bit = bits - 1; bit >= 0; bit--) {
      this.#addToSum(this.#sum)
      this.#addToSum((scalar >> BigInt(bit)) & 1n ? this.#base : this.#neutral)
      if (this.#elements.isTurnOver()) yield
    }
    this.#toAffine(to)
    if (this.#elements.isTurnOver()) yield
  }

  /** to = a + b, where each lane has its own points. */
  add(to: Affine, a: Affine, b: Affine): void {
    for (const [into, from] of [
      [this.#sum, a],
      [this.#other, b],
    ] as const) {
      this.#elements.copy(into.x, from.x)
      this.#elements.copy(into.y, from.y)
      this.#complete(into)
    }
    this.#addToSum(this.#other)
    this.#toAffine(to)
  }

  /** "add-2008-hwcd-3" for a = -1; complete, because d is no square. */
  #addToSum(point: Extended): void {
    const elements = this.#elements
    const { a, b, c, d, e, f, g, h } = this.#at
    const sum = this.#sum
    elements.subtract(e, sum.y, sum.x)
    elements.subtract(f, point.y, point.x)
    elements.multiply(a, e, f)
    elements.add(e, sum.y, sum.x)
    elements.add(f, point.y, point.x)
    elements.multiply(b, e, f)
    elements.multiply(c, sum.t, point.t)
    elements.multiply(c, c, this.#twiceD)
    elements.multiply(d, sum.z, point.z)
    elements.add(d, d, d)
    elements.subtract(e, b, a)
    elements.subtract(f, d, c)
    elements.add(g, d, c)
    elements.add(h, b, a)
    elements.multiply(sum.x, e, f)
    elements.multiply(sum.y, g, h)
    elements.multiply(sum.t, e, h)
    elements.multiply(sum.z, f, g)
  }

  /** Z and T of a point whose x and y are there. */
  #complete(point: Extended): void {
    this.#elements.write(point.z, 1n)
    this.#elements.multiply(point.t, point.x, point.y)
  }

  #toAffine(to: Affine): void {
    this.inverter.invert(this.#at.a, this.#sum.z)
    this.#elements.multiply(to.x, this.#sum.x, this.#at.a)
    this.#elements.multiply(to.y, this.#sum.y, this.#at.a)
  }

  #takePoint(): Extended {
    return this.#elements.named('x', 'y', 'z', 't')
  }
}
