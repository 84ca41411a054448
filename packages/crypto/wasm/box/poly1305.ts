import { FIRST, LAST_POWERS, POWER, ROOT, SEEDS, SUM, TAG, TEXT } from '../../src/box/layout.js'
import { call, define, get, i32, loop, op, set, tee, when } from '../text.js'
import { add, and, blend, load, or, SQUARE, shl, shr, shuffle, splat, store, transpose } from './lanes.js'

/**
 * Poly1305, modulo p = 2^130 - 5, of four blocks at once: lane i has blocks i, i + 4, i + 8 ... and goes on with the fourth
 * power of the key r; at the end the lanes are multiplied by r^4, r^3, r^2 and r, and added.
 *
 * A number has ten limbs of 13 bits, which are 16-bit integers with a sign; every 32-bit lane holds a pair of them, and
 * five vectors the whole. So `i32x4.dot_i16x8_s` makes two products and their sum in each of four lanes, eight
 * multiplications in one instruction.
 *
 * Nothing overflows: a factor has limbs within 2^13 + 2^8, the power of the key within 2^12 + 5, and five times that where a
 * product stands above 2^130, for that is 5 modulo p. The largest column, which has nine of those, is below
 * (2^13 + 2^8)(1 + 9 * 5)(2^12 + 5) < 2^31.
 */
const LIMB_BITS = 13
const LIMB = 2 ** LIMB_BITS - 1
const PAIRS = [0, 1, 2, 3, 4] as const
/** The same 16 bits twice. */
const both = (half: number): number => (half & 0xffff) * 0x1_0001
/**
 * 2^13 less in every limb, and one more in the one above, for which the top one has 5 at the bottom: a multiple of p in all,
 * which brings limbs from 0 to 2^14 near to zero.
 */
const CENTRE = both(1 - 2 ** LIMB_BITS)
const CENTRE_BOTTOM = CENTRE + 4
/** The 2^128 that a full block has added, in the last pair. */
const MARK = 2 ** (16 + 128 - 9 * LIMB_BITS)
/** Poly1305 clears the other bits of its key. */
const CLAMP = '(v128.const i32x4 0x0fffffff 0x0ffffffc 0x0ffffffc 0x0ffffffc)'
/** The multiples of a power R are the pairs (R_t, R_(t-1)) for t from here to 9; below zero R_t is five times limb t + 10. */
const LEAST = -8
const ZERO = i32(0)

export function poly1305(): string[] {
  return [absorb(), multiples(), choose(), tag()]
}

const pairOf = (address: number, pair: number): string => load(ZERO, address + 16 * pair)

/**
 * Sum = (sum + four blocks) times a power, `count` times.
 * @param mark - what each of the blocks has added
 * @param at - where the blocks are; 0: none are added
 * @param power - where its multiples are; 0: nothing is multiplied
 */
function absorb(): string {
  const [m, w] = [(row: number): string => `m${row}`, (word: number): string => `w${word}`]
  const square = transpose([get('m0'), get('m1'), get('m2'), get('m3')])
  const blocks = [
    ...PAIRS.slice(0, 4).map((row) => set(m(row), load(get('at'), 16 * row))),
    ...square.lines,
    ...square.columns.map((column, word) => set(w(word), column)),
    set('at', op('i32.add', get('at'), i32(64))),
    ...PAIRS.flatMap((pair) => {
      // 26 bits of the block, from bit 26 * pair on; what lies above them is masked.
      const low = pair === 0 ? get(w(0)) : shr(get(w(pair - 1)), 32 - 6 * pair)
      const bits = pair === 0 || pair === 4 ? low : or(low, shl(get(w(pair)), 6 * pair))
      return [
        set('v', bits),
        set('v', and(blend(get('v'), shl(get('v'), 3)), get('limbs'))),
        set(`h${pair}`, op('i16x8.add', get(`h${pair}`), op('i16x8.add', get('v'), get(`centre${pair}`)))),
      ]
    }),
  ]
  const masks = { limbs: both(LIMB), limb: LIMB, lower: LIMB - 2 ** 16, upper: LIMB * 2 ** 16 + 0xffff }
  const centres = PAIRS.map((pair) => `centre${pair}`)
  return define(
    '$absorb',
    {
      params: ['mark v128', 'at i32', 'count i32', 'power i32'],
      vectors: [
        ...Object.keys(masks),
        ...centres,
        ...PAIRS.flatMap((pair) => [`h${pair}`, `x${2 * pair}`, `x${2 * pair + 1}`]),
        ...[0, 1, 2, 3].flatMap((at) => [m(at), w(at)]),
        ...SQUARE,
        'v',
      ],
    },
    [
      ...Object.entries(masks).map(([name, mask]) => set(name, splat(mask))),
      ...centres.map((name, pair) => set(name, splat(pair === 0 ? CENTRE_BOTTOM : CENTRE))),
      set('centre4', op('i16x8.add', get('centre4'), get('mark'))),
      ...PAIRS.map((pair) => set(`h${pair}`, pairOf(SUM, pair))),
      loop(
        'again',
        [when(get('at'), blocks), when(get('power'), product())],
        tee('count', op('i32.sub', get('count'), i32(1))),
      ),
      ...PAIRS.map((pair) => store(ZERO, SUM + 16 * pair, get(`h${pair}`))),
    ],
  )
}

/** h = h times the power. Its limbs are from 0 to 2^13 then, but for 1 and 6, which can be a little outside. */
function product(): string[] {
  const x = (limb: number): string => get(`x${limb}`)
  const low = (limb: number): string => and(x(limb), get('limb'))
  const carry = (limb: number): string => op('i32x4.shr_s', x(limb), i32(LIMB_BITS))
  const column = (limb: number): string =>
    PAIRS.map((pair) =>
      op('i32x4.dot_i16x8_s', get(`h${pair}`), load(get('power'), 16 * (limb - 2 * pair - LEAST))),
    ).reduce(add)
  // Two chains of carries, from 0 to 4 and from 5 to 9, side by side.
  const columns = [0, 5, 1, 6, 2, 7, 3, 8, 4, 9].map((limb) =>
    set(`x${limb}`, limb % 5 === 0 ? column(limb) : add(column(limb), carry(limb - 1))),
  )
  const masks = ['lower', 'limbs', 'limbs', 'upper', 'limbs']
  return [
    ...columns,
    set('v', carry(9)),
    set('x0', add(low(0), add(get('v'), shl(get('v'), 2)))),
    set('x5', add(low(5), carry(4))),
    set('x1', add(low(1), carry(0))),
    set('x6', add(low(6), carry(5))),
    ...masks.map((mask, pair) => set(`h${pair}`, and(blend(x(2 * pair), shl(x(2 * pair + 1), 16)), get(mask)))),
  ]
}

/** Write the multiples of the sum to `to`. */
function multiples(): string {
  const [d, c] = [(pair: number): string => get(`d${pair}`), (pair: number): string => get(`c${pair}`)]
  const five = (value: string): string => op('i16x8.mul', value, splat(both(5)))
  const put = (t: number, value: string): string => store(get('to'), 16 * (t - LEAST), value)
  return define(
    '$multiples',
    { params: ['to i32'], vectors: [...PAIRS.flatMap((pair) => [`d${pair}`, `c${pair}`]), 'even', 'odd'] },
    [
      // Limbs within 2^12: what is beyond goes to the next one.
      ...PAIRS.flatMap((pair) => [
        set(`d${pair}`, pairOf(SUM, pair)),
        set(`c${pair}`, op('i16x8.shr_s', op('i16x8.add', d(pair), splat(both(2 ** (LIMB_BITS - 1)))), i32(LIMB_BITS))),
      ]),
      ...PAIRS.map((pair) => {
        const below = shr(c((pair + 4) % 5), 16)
        const rest = op('i16x8.sub', d(pair), op('i16x8.shl', c(pair), i32(LIMB_BITS)))
        return set(`d${pair}`, op('i16x8.add', rest, or(pair === 0 ? five(below) : below, shl(c(pair), 16))))
      }),
      ...PAIRS.flatMap((pair) => [
        set('even', blend(d(pair), pair === 0 ? five(d(4)) : d(pair - 1))),
        set('odd', or(shl(d(pair), 16), shr(d(pair), 16))),
        put(2 * pair, get('even')),
        put(2 * pair + 1, get('odd')),
        ...(pair === 0 ? [] : [put(2 * pair - 10, five(get('even'))), put(2 * pair - 9, five(get('odd')))]),
      ]),
    ],
  )
}

/** Sum = lanes 0 and 2 of the sum itself, 1 and 3 of the root. */
function choose(): string {
  return define('$choose', { numbers: ['at i32'] }, [
    loop(
      'pair',
      [
        store(get('at'), SUM, shuffle(load(get('at'), SUM), load(get('at'), ROOT), [0, 4, 0, 4])),
        set('at', op('i32.add', get('at'), i32(16))),
      ],
      op('i32.lt_u', get('at'), i32(80)),
    ),
  ])
}

/** Write the tag of the text in front of it. The key stream is there. */
function tag(): string {
  const [length, blocks, empty] = [get('length'), get('blocks'), get('empty')]
  const clear = PAIRS.map((pair) => store(ZERO, SUM + 16 * pair, get('zero')))
  const square = [call('multiples', i32(POWER)), call('choose'), call('absorb', get('zero'), ZERO, i32(1), i32(POWER))]
  const end = op('i32.add', i32(TEXT), length)
  const fours = op('i32.shr_u', op('i32.add', blocks, i32(3)), i32(2))
  return define(
    '$tag',
    {
      params: ['length i32'],
      vectors: ['zero', 'key', 'mark', 'v'],
      numbers: ['cut i32', 'blocks i32', 'empty i32', 'at i32', 'carry i64', ...PAIRS.map((pair) => `n${pair} i64`)],
    },
    [
      store(ZERO, TAG, get('zero')),
      // A block that is cut ends with a byte 1, and zeros.
      set('cut', op('i32.and', length, i32(15))),
      when(get('cut'), [store(end, 0, get('zero')), op('i32.store8', end, i32(1))]),
      // The powers: [r, r, 1, 1], its square [r², r², 1, 1], and [r², r, r², r] times that.
      set('key', and(load(ZERO, FIRST), CLAMP)),
      store(ZERO, SEEDS, get('key')),
      store(ZERO, SEEDS + 16, get('key')),
      op('i32.store8', `offset=${SEEDS + 32}`, ZERO, i32(1)),
      op('i32.store8', `offset=${SEEDS + 48}`, ZERO, i32(1)),
      call('absorb', get('zero'), i32(SEEDS), i32(1), ZERO),
      ...PAIRS.map((pair) => store(ZERO, ROOT + 16 * pair, pairOf(SUM, pair))),
      call('multiples', i32(POWER)),
      call('absorb', get('zero'), ZERO, i32(1), i32(POWER)),
      ...square,
      call('multiples', i32(LAST_POWERS)),
      ...clear,
      // Empty blocks in front make it a multiple of four.
      set('blocks', op('i32.shr_u', op('i32.add', length, i32(15)), i32(4))),
      set('empty', op('select', op('i32.and', op('i32.sub', ZERO, blocks), i32(3)), i32(4), blocks)),
      set('mark', and(op('i32x4.gt_s', '(v128.const i32x4 1 2 3 4)', op('i32x4.splat', empty)), splat(MARK))),
      when(op('i32.gt_u', blocks, i32(4)), [
        loop(
          'multiple',
          [
            store(get('at'), POWER, op('v128.load32_splat', `offset=${LAST_POWERS}`, get('at'))),
            set('at', op('i32.add', get('at'), i32(16))),
          ],
          op('i32.lt_u', get('at'), i32(16 * 18)),
        ),
        set('at', op('i32.sub', i32(TEXT), op('i32.shl', empty, i32(4)))),
        call('absorb', get('mark'), get('at'), i32(1), i32(POWER)),
        set('mark', splat(MARK)),
        when(op('i32.gt_u', blocks, i32(8)), [
          call('absorb', get('mark'), op('i32.add', get('at'), i32(64)), op('i32.sub', fours, i32(2)), i32(POWER)),
        ]),
      ]),
      when(get('cut'), [set('mark', op('i32x4.replace_lane', '3', get('mark'), ZERO))]),
      call(
        'absorb',
        get('mark'),
        op('i32.add', op('i32.shl', blocks, i32(4)), i32(TEXT - 64)),
        i32(1),
        i32(LAST_POWERS),
      ),
      ...reduce(),
    ],
  )
}

/** The four lanes together, reduced, plus the other half of the key, modulo 2^128. */
function reduce(): string[] {
  const i64 = (value: number): string => op('i64.const', String(value))
  const plus = (a: string, b: string): string => op('i64.add', a, b)
  const up = (value: string, bits: number): string => op('i64.shl', value, i64(bits))
  const down = (value: string, bits: number): string => op('i64.shr_s', value, i64(bits))
  const n = (part: number): string => get(`n${part}`)
  const lane = (at: number): string => op('i32x4.extract_lane', String(at), get('v'))
  // Five parts of 26 bits: a pair is limb + 2^13 limb.
  const parts = PAIRS.flatMap((pair) => [
    set('v', op('i32x4.dot_i16x8_s', pairOf(SUM, pair), splat(1 + 2 ** (16 + LIMB_BITS)))),
    set(
      `n${pair}`,
      op(
        'i64.extend_i32_s',
        [0, 1, 2, 3].map(lane).reduce((a, b) => op('i32.add', a, b)),
      ),
    ),
  ])
  const carries = PAIRS.flatMap((from) => {
    const carry = down(n(from), 26)
    const to = (from + 1) % 5
    return [
      set(`n${to}`, plus(n(to), from === 4 ? op('i64.mul', carry, i64(5)) : carry)),
      set(`n${from}`, op('i64.and', n(from), i64(2 ** 26 - 1))),
    ]
  })
  // Where p is still in there, 5 more are 2^130.
  const over = PAIRS.map((part) => set('carry', down(plus(n(part), part === 0 ? i64(5) : get('carry')), 26)))
  const words = [plus(n(0), up(n(1), 26)), up(n(2), 20), up(n(3), 14), up(n(4), 8)]
  return [
    ...parts,
    ...carries,
    ...over,
    set('carry', op('i64.mul', get('carry'), i64(5))),
    ...words.flatMap((word, at) => {
      const key = op('i64.load32_u', `offset=${FIRST + 16 + 4 * at}`, ZERO)
      return [
        set('carry', plus(get('carry'), plus(word, key))),
        op('i64.store32', `offset=${TAG + 4 * at}`, ZERO, get('carry')),
        set('carry', down(get('carry'), 32)),
      ]
    }),
  ]
}
