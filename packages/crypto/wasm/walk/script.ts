import { LIMBS } from './field.js'
import { even, odd, product, ROW_NUMBERS, STATE, step, test } from './formulas.js'
import { ScriptTarget, type Target } from './target.js'

/** The same functions in TypeScript. Addresses are indices of `m`. */
export function scriptText(): string {
  return `// Written by packages/crypto/wasm/build.ts; change what it is written from.

/** o = a b */
export ${straight('product', ['o', 'a', 'b'], product)}

/** o = a^(2^times) */
export function square(m: Float64Array, o: number, a: number, times: number): void {
product(m, o, a, a)
for (let done = 1; done < times; done++) product(m, o, o, o)
}

export function up(m: Float64Array, kk: number, row: number, prefix: number, count: number): void {
for (let at = 0; at < count; at++)
step(m, prefix + ${LIMBS} * (at + 1), prefix + ${LIMBS} * at, kk, row + ${ROW_NUMBERS} * at)
}

export function down(m: Float64Array, state: number, end: number, prefix: number, count: number, scale: number): number {
const inverse = state + ${STATE.inverse * LIMBS}
const one = state + ${STATE.one * LIMBS}
for (let at = 1; at <= count; at++) {
const row = end - ${ROW_NUMBERS} * at
product(m, one, inverse, prefix - ${LIMBS} * at)
step(m, inverse, inverse, state + ${STATE.kk * LIMBS}, row)
even(m, state + ${STATE.even * LIMBS}, state + ${STATE.xx * LIMBS}, row)
odd(m, state + ${STATE.odd * LIMBS}, state + ${STATE.xy * LIMBS}, state + ${STATE.k * LIMBS}, row)
if (test(m, state, scale)) return count - at
}
return -1
}

${straight('step', ['o', 'a', 'kk', 'row'], step)}

${straight('even', ['o', 'a', 'row'], even)}

${straight('odd', ['o', 'a', 'c', 'row'], odd)}

function test(m: Float64Array, state: number, scale: number): boolean {
const [found, one, even, odd] = [state + ${STATE.found * LIMBS}, state + ${STATE.one * LIMBS}, state + ${STATE.even * LIMBS}, state + ${STATE.odd * LIMBS}]
${test(new ScriptTarget()).join('\n')}
if (plus !== 0 && minus !== 0) return false
m[found] = plus
m[found + 1] = minus
return true
}
`
}

function straight(name: string, addresses: readonly string[], body: (target: Target) => readonly string[]): string {
  const params = addresses.map((address) => `, ${address}: number`).join('')
  return `function ${name}(m: Float64Array${params}): void {\n${body(new ScriptTarget()).join('\n')}\n}`
}
