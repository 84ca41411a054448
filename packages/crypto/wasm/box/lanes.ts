// Vectors of four numbers of 32 bits.
import { get, i32, op, set } from '../text.js'

export const load = (address: string, offset = 0): string => op('v128.load', `offset=${offset}`, address)
export const store = (address: string, offset: number, value: string): string =>
  op('v128.store', `offset=${offset}`, address, value)

export const add = (a: string, b: string): string => op('i32x4.add', a, b)
export const xor = (a: string, b: string): string => op('v128.xor', a, b)
export const and = (a: string, b: string): string => op('v128.and', a, b)
export const or = (a: string, b: string): string => op('v128.or', a, b)
export const shl = (a: string, bits: number): string => op('i32x4.shl', a, i32(bits))
export const shr = (a: string, bits: number): string => op('i32x4.shr_u', a, i32(bits))

/** The same number in every lane. */
export const splat = (value: number): string => op('i32x4.splat', i32(value | 0))

/** Lanes of `a` (0 to 3) and of `b` (4 to 7). */
export function shuffle(a: string, b: string, lanes: readonly number[]): string {
  const bytes = lanes.flatMap((lane) => [0, 1, 2, 3].map((byte) => String(4 * lane + byte)))
  return op('i8x16.shuffle', ...bytes, a, b)
}

/** In every lane the low half of `a` and the high half of `b`. */
export function blend(a: string, b: string): string {
  const bytes = [0, 4, 8, 12].flatMap((byte) => [byte, byte + 1, 16 + byte + 2, 16 + byte + 3].map(String))
  return op('i8x16.shuffle', ...bytes, a, b)
}

/** Four vectors as the rows of a square: its columns. `lines` come first; they set the vectors `t0` to `t3`. */
export function transpose(rows: readonly [string, string, string, string]): { lines: string[]; columns: string[] } {
  const [a, b, c, d] = rows
  const lines = [
    set('t0', shuffle(a, b, [0, 4, 1, 5])),
    set('t1', shuffle(c, d, [0, 4, 1, 5])),
    set('t2', shuffle(a, b, [2, 6, 3, 7])),
    set('t3', shuffle(c, d, [2, 6, 3, 7])),
  ]
  const columns = ['t0', 't2'].flatMap((low, at) => {
    const high = `t${2 * at + 1}`
    return [shuffle(get(low), get(high), [0, 1, 4, 5]), shuffle(get(low), get(high), [2, 3, 6, 7])]
  })
  return { lines, columns }
}

/** What {@link transpose} sets. */
export const SQUARE = ['t0', 't1', 't2', 't3'] as const
