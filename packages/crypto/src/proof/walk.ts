import { type Affine, Curve } from './curve.js'
import { Elements } from './elements.js'
import type { WalkEngine } from './engine.js'
import { ROW_NUMBERS, ROWS, Table } from './table.js'

/** From one centre to the next: its own number, and ROWS numbers on either side. */
const STRIDE: number = 2 * ROWS + 1
const STRIDE_BITS = 16
const SCALAR_BITS = 256
/** What `down` of an engine takes and leaves, in this order, beginning at the first. Source: `wasm/walk/formulas.ts`. */
const STATE = ['kk', 'xx', 'xy', 'k', 'inverse', 'found', 'one', 'even', 'odd'] as const
const PLACES = ['all', 'below', 'aboveX', 'aboveY', 'left', 'right', 'pair'] as const

/**
 * A walk along R0 + iB from a given R0. It stands at a centre and tests ROWS points on either side of it, then goes on to
 * the next; with two lanes it stands at two neighbouring centres at once. The centres themselves are left out: they are
 * one in 1,025, and would need a test of their own.
 *
 * Where a centre is itself one of the multiples in the table, the round around it comes to nothing, and all after it: the
 * law has no value there. That needs a start within some thousand of the order of B, which nobody draws from 2^252.
 */
export class Walk {
  readonly #engine: WalkEngine
  readonly #elements: Elements
  readonly #curve: Curve
  readonly #table: Table
  readonly #products: number
  readonly #state: Record<(typeof STATE)[number], number>
  readonly #centre: Affine
  readonly #step: Affine
  /** How far each lane is from the first. */
  readonly #lanes: Affine
  readonly #stepXY: number
  /** Not used by the search, which may be in the middle of something. */
  readonly #product: Affine
  readonly #at: Record<(typeof PLACES)[number], number>

  constructor(engine: WalkEngine) {
    this.#engine = engine
    const elements = new Elements(engine)
    this.#elements = elements
    this.#curve = new Curve(elements)
    this.#products = elements.take(ROWS + 1)
    this.#table = new Table(this.#curve, elements, this.#products)
    this.#state = elements.named(...STATE)
    this.#centre = elements.named('x', 'y')
    this.#step = elements.named('x', 'y')
    this.#lanes = elements.named('x', 'y')
    this.#stepXY = elements.take()
    this.#product = elements.named('x', 'y')
    this.#at = elements.named(...PLACES)
  }

  /**
   * The numbers i, of either sign, for which the low bits of the y of (start + i)B are zero, as far as a test shows that
   * errs once in some 10,000 points: check each. Yields `undefined` between pieces of work, and never ends.
   * @param start - below the order of B
   * @param bits - up to 16
   */
  *search(start: bigint, bits: number): Generator<number | undefined, never> {
    yield* this.#table.fill()
    yield* this.#place(start)
    const { lanes } = this.#engine
    for (let first = 0; ; first += lanes * STRIDE) {
      yield* this.#round(first, 2 ** -bits)
      this.#advance()
    }
  }

  /** The coordinates of scalar times B. Yields between pieces of work. */
  *multiplyBase(scalar: bigint): Generator<undefined, { x: bigint; y: bigint }> {
    yield* this.#curve.multiplyBase(this.#product, scalar, SCALAR_BITS)
    return { x: this.#elements.read(this.#product.x), y: this.#elements.read(this.#product.y) }
  }

  wipe(): void {
    this.#elements.wipe()
  }

  /** The first centres, and the way to the next ones. */
  *#place(start: bigint): Generator<undefined, void> {
    const elements = this.#elements
    const { lanes } = this.#engine
    yield* this.#curve.multiplyBase(this.#step, BigInt(lanes * STRIDE), STRIDE_BITS)
    elements.multiply(this.#stepXY, this.#step.x, this.#step.y)
    // Lane l starts l strides further.
    for (let lane = 0; lane < lanes; lane++) {
      yield* this.#curve.multiplyBase(this.#centre, BigInt(lane * STRIDE), STRIDE_BITS)
      elements.writeLane(this.#lanes.x, lane, elements.read(this.#centre.x))
      elements.writeLane(this.#lanes.y, lane, elements.read(this.#centre.y))
    }
    yield* this.#curve.multiplyBase(this.#centre, start, SCALAR_BITS)
    this.#curve.add(this.#centre, this.#centre, this.#lanes)
    this.#curve.inverter.invert(this.#at.all, this.#centre.y)
    this.#describe(this.#at.all)
    yield
  }

  /** The state at the centre. @param inverseY - the place of 1/y, which the running inverse takes along */
  #describe(inverseY: number): void {
    const elements = this.#elements
    const { x, y } = this.#centre
    const { kk, xx, xy, k, inverse } = this.#state
    elements.multiply(k, x, inverseY)
    elements.multiply(kk, k, k)
    elements.multiply(xx, x, x)
    elements.multiply(xy, x, y)
    elements.copy(inverse, inverseY)
  }

  /** All points around the centres. */
  *#round(first: number, scale: number): Generator<number | undefined, void> {
    const elements = this.#elements
    const engine = this.#engine
    const { unit, rowsPerTurn } = engine
    const { kk, inverse } = this.#state
    const row = (at: number): number => unit * (this.#table.rows + at * ROW_NUMBERS)
    const product = (at: number): number => unit * (this.#products + at * elements.size)
    this.#prepareAdvance()
    for (let at = 0; at < ROWS; at += rowsPerTurn) {
      engine.up(unit * kk, row(at), product(at), rowsPerTurn)
      yield
    }
    const { all } = this.#at
    this.#curve.inverter.invert(all, this.#products + ROWS * elements.size)
    elements.multiply(inverse, inverse, all)
    yield
    for (let end = ROWS; end > 0; end -= rowsPerTurn) {
      const begin = end - rowsPerTurn
      for (let left = rowsPerTurn; left > 0; ) {
        left = engine.down(unit * kk, row(begin + left), product(begin + left), left, scale)
        if (left >= 0) yield* this.#hits(first, begin + left)
      }
      yield
    }
  }

  /** Which lanes and which sides of them; `row` is that of (row + 1)B. */
  *#hits(first: number, row: number): Generator<number, void> {
    const { lanes, memory } = this.#engine
    const { found } = this.#state
    for (let lane = 0; lane < lanes; lane++) {
      const centre = first + lane * STRIDE
      if (memory[found + lane] === 0) yield centre + row + 1
      if (memory[found + lanes + lane] === 0) yield centre - row - 1
    }
  }

  /**
   * The next centre C' = C + S, S = (x2, y2), by the law that y follows as well:
   *
   *     x' = (x1 y1 + x2 y2) / (y1 y2 - x1 x2)    y' = (x1 y1 - x2 y2) / (x1 y2 - y1 x2)
   *
   * Its denominators, and the numerator of y' for 1/y', go into the inversion of this round: as product number 0.
   */
  #prepareAdvance(): void {
    const elements = this.#elements
    const { below, aboveX, aboveY, left, right, pair } = this.#at
    const { xy } = this.#state
    const { x, y } = this.#centre
    elements.multiply(left, y, this.#step.y)
    elements.multiply(right, x, this.#step.x)
    elements.subtract(below, left, right) // of x'
    elements.multiply(left, x, this.#step.y)
    elements.multiply(right, y, this.#step.x)
    elements.subtract(left, left, right) // of y'
    elements.add(aboveX, xy, this.#stepXY)
    elements.subtract(aboveY, xy, this.#stepXY)
    elements.multiply(pair, left, aboveY)
    elements.multiply(this.#products, pair, below)
  }

  #advance(): void {
    const elements = this.#elements
    const { all, below, aboveX, aboveY, left, right, pair } = this.#at
    const { inverse } = this.#state
    const { x, y } = this.#centre
    // What has gone down is 1/y times the inverse of product number 0.
    elements.multiply(all, inverse, y)
    elements.multiply(right, all, pair) // 1 / below
    elements.multiply(x, aboveX, right)
    elements.multiply(right, all, below) // 1 / (left aboveY)
    elements.multiply(pair, right, left) // 1 / aboveY
    elements.multiply(pair, pair, left) // 1 / y'
    elements.multiply(right, right, aboveY) // 1 / left
    elements.multiply(y, aboveY, right)
    this.#describe(pair)
  }
}
