import { FIRST, SECRET_BYTES, TAG, TEXT } from '../../src/box/layout.js'
import { COUNTER_BOX_MAX_BYTES } from '../../src/lengths.js'
import { call, define, get, i32, loop, op, set, tee, when } from '../text.js'
import { load, store, xor } from './lanes.js'
import { poly1305 } from './poly1305.js'
import { BLOCKS, salsa } from './salsa.js'

const PAGE_BYTES = 65_536
/** What a pass gives, of which the key of Poly1305 is taken in the first. */
const PASS_BYTES = 64 * BLOCKS
const KEY_BYTES = 32
const ZERO = i32(0)

/** The whole module in the text format. Addresses are in bytes. */
export function boxText(): string {
  const pages = Math.ceil((TEXT + COUNTER_BOX_MAX_BYTES + PASS_BYTES) / PAGE_BYTES)
  return `(module
(memory (export "memory") ${pages})
${[...salsa(), ...poly1305(), cross(), wipe(), seal(), open()].join('\n')})
`
}

/** Cross the text with the key stream, which is begun. Up to 319 bytes behind the text change as well. */
function cross(): string {
  const [at, length] = [get('at'), get('length')]
  const more = op('i32.lt_u', at, length)
  return define('$cross', { params: ['length i32'], numbers: ['at i32'] }, [
    loop(
      'begun',
      [store(at, TEXT, xor(load(at, TEXT), load(at, FIRST + KEY_BYTES))), set('at', op('i32.add', at, i32(16)))],
      op('i32.and', more, op('i32.lt_u', at, i32(PASS_BYTES - KEY_BYTES))),
    ),
    when(more, [
      loop('rest', [call('blocks', op('i32.add', i32(TEXT), at)), set('at', op('i32.add', at, i32(PASS_BYTES)))], more),
    ]),
  ])
}

function wipe(): string {
  const zero = get('zero')
  return define('$wipe', { vectors: ['zero'], numbers: ['at i32'] }, [
    loop(
      'more',
      [0, 16, 32, 48].map((offset) => store(get('at'), offset, zero)),
      op('i32.lt_u', tee('at', op('i32.add', get('at'), i32(64))), i32(SECRET_BYTES)),
    ),
  ])
}

/** Seal the text, and write its tag. */
function seal(): string {
  return define('(export "seal")', { params: ['length i32'] }, [
    call('spread'),
    call('blocks', i32(FIRST)),
    call('cross', get('length')),
    call('tag', get('length')),
    call('wipe'),
  ])
}

/** Whether the tag fits: only then is the text opened, and else as it was. */
function open(): string {
  const different = op('v128.any_true', xor(get('given'), load(ZERO, TAG)))
  return define(
    '(export "open")',
    { params: ['length i32'], result: 'i32', vectors: ['given'], numbers: ['fits i32'] },
    [
      set('given', load(ZERO, TAG)),
      call('spread'),
      call('blocks', i32(FIRST)),
      call('tag', get('length')),
      set('fits', op('i32.eqz', different)),
      when(get('fits'), [call('cross', get('length'))]),
      call('wipe'),
      get('fits'),
    ],
  )
}
