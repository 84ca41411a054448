import { BASE_X, BASE_Y, type Curve } from './curve.js'
import { type Elements, LIMBS } from './elements.js'

/** How many multiples of B are on either side of a centre. */
export const ROWS = 512
/** What a row holds, one behind the other. Source: `wasm/walk/formulas.ts`. */
const ENTRY = { kk: 0, inverseY: LIMBS, xxByY: 2 * LIMBS, xByYY: 3 * LIMBS, x: 4 * LIMBS } as const
export const ROW_NUMBERS: number = 5 * LIMBS
/** Where y stays until the rows are finished: in an entry that is written last. */
const Y = ENTRY.inverseY

const PLACES = ['x', 'y', 'farX', 'farY', 'plus', 'minus', 'xs', 'ys', 'product', 'factor', 'inverse'] as const

/** Row j - 1 is that of jB. Made afresh for each search: that costs less than 1 ms, and the place of 0.2 MB. */
export class Table {
  readonly rows: number
  readonly #curve: Curve
  readonly #elements: Elements
  /** ROWS + 1 elements that are free until the walk begins. */
  readonly #products: number
  readonly #at: Record<(typeof PLACES)[number], number>

  constructor(curve: Curve, elements: Elements, products: number) {
    this.#curve = curve
    this.#elements = elements
    this.#products = products
    this.rows = elements.takeNumbers(ROWS * ROW_NUMBERS)
    this.#at = elements.named(...PLACES)
  }

  *fill(): Generator<undefined, void> {
    const { x, y } = this.#at
    this.#elements.write(x, BASE_X)
    this.#elements.write(y, BASE_Y)
    this.#share(0, ENTRY.x, x)
    this.#share(0, Y, y)
    for (let known = 1; known < ROWS; known *= 2) yield* this.#double(known)
    yield* this.#finish()
  }

  /**
   * From B … mB to (m + 1)B … 2mB: mB + jB, by the law that has no exceptions, for j = m is a doubling.
   *
   *     x = (x1 y2 + y1 x2) / (1 + E)    y = (y1 y2 + x1 x2) / (1 - E)    E = d x1 x2 y1 y2
   */
  *#double(known: number): Generator<undefined, void> {
    const elements = this.#elements
    const { x, y, farX, farY, plus, minus, xs, ys, product, factor, inverse } = this.#at
    this.#spread(farX, known - 1, ENTRY.x)
    this.#spread(farY, known - 1, Y)
    const prepare = (row: number): void => {
      this.#spread(x, row, ENTRY.x)
      this.#spread(y, row, Y)
      elements.multiply(xs, x, farX)
      elements.multiply(ys, y, farY)
      elements.multiply(product, xs, ys)
      elements.multiply(product, product, this.#curve.d)
      elements.add(plus, this.#curve.one, product)
      elements.subtract(minus, this.#curve.one, product)
      elements.multiply(factor, plus, minus)
    }
    yield* this.#invertAll(known, prepare, (row) => {
      elements.multiply(minus, minus, inverse) // 1 / (1 + E)
      elements.multiply(plus, plus, inverse) // 1 / (1 - E)
      elements.add(ys, ys, xs)
      elements.multiply(ys, ys, plus)
      elements.multiply(xs, x, farY)
      elements.multiply(product, y, farX)
      elements.add(xs, xs, product)
      elements.multiply(xs, xs, minus)
      this.#share(known + row, ENTRY.x, xs)
      this.#share(known + row, Y, ys)
    })
  }

  /** The entries of all rows out of x and y. */
  *#finish(): Generator<undefined, void> {
    const elements = this.#elements
    const { x, xs: k, product, factor, inverse } = this.#at
    const prepare = (row: number): void => this.#spread(factor, row, Y)
    yield* this.#invertAll(ROWS, prepare, (row) => {
      this.#spread(x, row, ENTRY.x)
      elements.multiply(k, x, inverse)
      elements.multiply(product, k, k)
      this.#share(row, ENTRY.kk, product)
      elements.multiply(product, x, k)
      this.#share(row, ENTRY.xxByY, product)
      elements.multiply(product, k, inverse)
      this.#share(row, ENTRY.xByYY, product)
      this.#share(row, ENTRY.inverseY, inverse)
    })
  }

  /**
   * One inversion for `count` values: `prepare` leaves that of a row in `factor`, `use` finds 1/factor in `inverse`. The
   * first comes for each row twice, up and down again; the second in between, on the way down.
   */
  *#invertAll(count: number, prepare: (row: number) => void, use: (row: number) => void): Generator<undefined, void> {
    const elements = this.#elements
    const { factor, inverse } = this.#at
    const product = (row: number): number => this.#products + row * elements.size
    elements.write(product(0), 1n)
    for (let row = 0; row < count; row++) {
      prepare(row)
      elements.multiply(product(row + 1), product(row), factor)
      if (elements.isTurnOver()) yield
    }
    // The place of the last product holds the inverse of what is left.
    const rest = product(count)
    this.#curve.inverter.invert(rest, rest)
    if (elements.isTurnOver()) yield
    for (let row = count - 1; row >= 0; row--) {
      prepare(row)
      elements.multiply(inverse, rest, product(row))
      elements.multiply(rest, rest, factor)
      use(row)
      if (elements.isTurnOver()) yield
    }
  }

  #share(row: number, entry: number, place: number): void {
    this.#elements.share(this.rows + row * ROW_NUMBERS + entry, place)
  }

  #spread(place: number, row: number, entry: number): void {
    this.#elements.spread(place, this.rows + row * ROW_NUMBERS + entry)
  }
}
