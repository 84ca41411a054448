import { type Element, Field, LIMB_BITS, LIMBS, type Term } from './field.js'
import type { Target } from './target.js'

/**
 * The straight parts of the walk: statements only; loops and addresses are those of `module.ts` and `script.ts`.
 *
 * The walk stands at C = (x1, y1) and wants the y of C + jB and C - jB for all j of a table, jB = (x2, y2). With
 * k = x/y the addition law becomes
 *
 *     y(C ± jB) = (x1² - x2² ± k1 k2 (y1² - y2²)) / (y1 y2 (k1² - k2²))
 *
 * so that both share one inverse, and the differences to invert cost no multiplication. Multiplied out by what depends on
 * C alone and on j alone:
 *
 *     y(C ± jB) = ((x1²)(1/y2) - x2²/y2 ± ((x1 y1)(x2/y2²) - k1 x2)) (1/y1) / (k1² - k2²)
 *
 * The row of j holds k2², 1/y2, x2²/y2, x2/y2² and x2. The inverses are made together (Montgomery's trick): products
 * of the first 1, 2, 3 … differences on the way up, one inversion, one inverse after the other on the way down. With
 * 1/y1 in that one inversion, all of them have it.
 */
export const ROW = { kk: 0, inverseY: 1, xxByY: 2, xByYY: 3, x: 4 } as const
export const ROW_NUMBERS: number = 5 * LIMBS

/** What depends on the centre, one element behind the other at the address `state`, and places for what lies between. */
export const STATE = { kk: 0, xx: 1, xy: 2, k: 3, inverse: 4, found: 5, one: 6, even: 7, odd: 8 } as const

/** o = a b */
export function product(target: Target): string[] {
  const field = new Field(target)
  const [a, b] = [held(field, target, 'a'), held(field, target, 'b')]
  field.store('o', field.sum('s', [{ a, b }]))
  return field.lines
}

/** o = a (kk - k2²): a step of the products on the way up, and of the inverse on the way down. */
export function step(target: Target): string[] {
  const field = new Field(target)
  const a = held(field, target, 'a')
  const kk = row(target, ROW.kk)
  const b = field.hold('b', (at) => target.sub(target.load('kk', at), kk(at)))
  field.store('o', field.sum('s', [{ a, b }]))
  return field.lines
}

/** o = (x1²)(1/y2) - x2²/y2, the part that both signs share. */
export function even(target: Target): string[] {
  const field = new Field(target)
  const a = held(field, target, 'a')
  const b = field.hold('b', row(target, ROW.inverseY))
  field.store('o', field.sum('s', [{ a, b }], row(target, ROW.xxByY)))
  return field.lines
}

/** o = (x1 y1)(x2/y2²) - k1 x2, the part whose sign is that of j. */
export function odd(target: Target): string[] {
  const field = new Field(target)
  const [a, c] = [held(field, target, 'a'), held(field, target, 'c')]
  const b = field.hold('b', row(target, ROW.xByYY))
  const d = field.hold('d', row(target, ROW.x))
  field.store(
    'o',
    field.sum('s', [
      { a, b },
      { a: c, b: d, minus: true },
    ]),
  )
  return field.lines
}

/** `plus` and `minus` are zero where the low bits of y(C + jB) and of y(C - jB) are. */
export function test(target: Target): string[] {
  const field = new Field(target)
  const one = held(field, target, 'one')
  const evenPart = lowBits(field, target, 'f', { a: held(field, target, 'even'), b: one })
  const oddPart = lowBits(field, target, 'g', { a: held(field, target, 'odd'), b: one })
  for (const [name, combine] of [
    ['plus', target.add],
    ['minus', target.sub],
  ] as const) {
    const quotient = field.let(`${name}_q`, combine(evenPart.quotient, oddPart.quotient))
    const whole = field.round(`${name}_w`, target.sub(quotient, target.constant(0.5)), 0)
    const low = target.add(combine(evenPart.low, oddPart.low), target.mul(target.constant(19), whole))
    const scaled = field.let(`${name}_s`, target.mul(low, target.get('scale')))
    field.let(name, target.sub(scaled, field.round(`${name}_r`, scaled, 0)))
  }
  return field.lines
}

/** The limbs of the element at an address, loaded once. */
function held(field: Field, target: Target, base: string): Element {
  return field.hold(`${base}_`, (at) => target.load(base, at))
}

function row(target: Target, entry: number): Element {
  return (at) => target.loadShared('row', LIMBS * entry + at)
}

/**
 * For N = a b: what decides the low 16 bits of N mod p. With N = q p + y they are those of N + 19 q, because p ends in
 * -19, and q is the integer below N/p = N/2^255 + 19 N/2^510 and a bit. Of that only the low 16 bits count again; so of
 * the 21 columns only these do: 0 for N; 10 and 9 for N/2^255 (11 to the extent that it does not vanish modulo 2^16, those
 * above not at all), 20 and 19 for the rest. Column 8 is left out: it decides about one case in 10,000, and what is
 * misjudged is either a hit that is missed or one that the exact check finds out.
 * @returns `quotient` is q before it is made an integer, less a multiple of 2^16
 */
function lowBits(field: Field, target: Target, name: string, term: Term): { low: string; quotient: string } {
  const { add, sub, mul, constant } = target
  const column = (k: number): string => field.let(`${name}_${k}`, field.column(k, [term]))
  const middle = column(LIMBS)
  const multiple = field.round(`${name}_z`, middle, 255 + 16)
  const near = add(add(column(10), column(9)), sub(middle, multiple))
  const far = mul(add(column(20), column(19)), constant(19 * 2 ** -255))
  const quotient = field.let(`${name}_q`, mul(add(near, far), constant(2 ** -255)))
  return { low: column(0), quotient }
}

/** Column 11 stands at 2^264, and its products are multiples of that: 2^(255 + 16) is a multiple of it. */
if (LIMB_BITS * LIMBS !== 264) throw new RangeError('the columns of lowBits are chosen for 11 limbs of 24 bits')
