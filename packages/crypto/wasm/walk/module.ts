import { define } from '../text.js'
import { LIMBS } from './field.js'
import { even, odd, product, ROW_NUMBERS, STATE, step, test } from './formulas.js'
import { type Target, WasmTarget } from './target.js'

const LANES = 2
const NUMBER_BYTES = 8
const ELEMENT_BYTES = LIMBS * LANES * NUMBER_BYTES
const ROW_BYTES = ROW_NUMBERS * NUMBER_BYTES
/** Of 64 KiB: the state, a table of 512 rows and as many products. Source: `WalkMemory`. */
const MEMORY_PAGES = 6

/** The whole module in the text format. Addresses are in bytes. */
export function moduleText(): string {
  return `(module
(memory (export "memory") ${MEMORY_PAGES})
${straight('$product (export "product")', ['o', 'a', 'b'], product)}
${straight('$step', ['o', 'a', 'kk', 'row'], step)}
${straight('$even', ['o', 'a', 'row'], even)}
${straight('$odd', ['o', 'a', 'c', 'row'], odd)}
${testFunction()}
${SQUARE}
${UP}
${DOWN})
`
}

/** A function without branches. What its statements name is declared once they are known. */
function straight(head: string, addresses: readonly string[], body: (target: Target) => readonly string[]): string {
  const target = new WasmTarget()
  const lines = body(target)
  const params = addresses.map((name) => `${name} i32`)
  return define(head, { params, vectors: target.names }, [...target.prologue, ...lines])
}

/** Whether one of four points is a hit; then `found` tells which. */
function testFunction(): string {
  const target = new WasmTarget()
  const lines = test(target)
  const isZero = (name: string): string => `(f64x2.eq ${target.get(name)} ${target.constant(0)})`
  const scale = target.set('scale', '(f64x2.splat (local.get $part))')
  const hit = [
    `(if (v128.any_true (v128.or ${isZero('plus')} ${isZero('minus')})) (then`,
    target.store('found', 0, target.get('plus')),
    target.store('found', 1, target.get('minus')),
    '(return (i32.const 1))))',
    '(i32.const 0)',
  ]
  const params = ['found i32', 'part f64', 'one i32', 'even i32', 'odd i32']
  return define('$test', { params, result: 'i32', vectors: target.names }, [
    ...target.prologue,
    scale,
    ...lines,
    ...hit,
  ])
}

const SQUARE = `(func (export "square") (param $o i32) (param $a i32) (param $times i32)
(call $product (local.get $o) (local.get $a) (local.get $a))
(block $done (loop $again
(br_if $done (i32.eqz (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))
(call $product (local.get $o) (local.get $o) (local.get $o))
(br $again))))`

const UP = `(func (export "up") (param $kk i32) (param $row i32) (param $prefix i32) (param $count i32)
(local $next i32)
(loop $again
(local.set $next (i32.add (local.get $prefix) (i32.const ${ELEMENT_BYTES})))
(call $step (local.get $next) (local.get $prefix) (local.get $kk) (local.get $row))
(local.set $prefix (local.get $next))
(local.set $row (i32.add (local.get $row) (i32.const ${ROW_BYTES})))
(br_if $again (local.tee $count (i32.sub (local.get $count) (i32.const 1))))))`

const at = (part: keyof typeof STATE): string =>
  `(i32.add (local.get $state) (i32.const ${STATE[part] * ELEMENT_BYTES}))`

const DOWN = `(func (export "down")
(param $state i32) (param $row i32) (param $prefix i32) (param $count i32) (param $part f64) (result i32)
(loop $again
(local.set $row (i32.sub (local.get $row) (i32.const ${ROW_BYTES})))
(local.set $prefix (i32.sub (local.get $prefix) (i32.const ${ELEMENT_BYTES})))
(local.set $count (i32.sub (local.get $count) (i32.const 1)))
(call $product ${at('one')} ${at('inverse')} (local.get $prefix))
(call $step ${at('inverse')} ${at('inverse')} ${at('kk')} (local.get $row))
(call $even ${at('even')} ${at('xx')} (local.get $row))
(call $odd ${at('odd')} ${at('xy')} ${at('k')} (local.get $row))
(if (call $test ${at('found')} (local.get $part) ${at('one')} ${at('even')} ${at('odd')})
(then (return (local.get $count))))
(br_if $again (local.get $count)))
(i32.const -1))`
