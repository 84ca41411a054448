import { GIVEN, INPUT, MIXED, STATE } from '../../src/box/layout.js'
import { call, define, get, i32, loop, op, set, tee } from '../text.js'
import { add, load, SQUARE, shl, shr, splat, store, transpose, xor } from './lanes.js'

/**
 * Salsa20, five blocks at once: four in the lanes of vectors, each of which holds the same word of four blocks, and one in plain
 * numbers. The rounds of a block are one long chain in which every step waits for the one before, so a processor has time
 * to spare for the fifth.
 */
export const BLOCKS = 5

/** "expand 32-byte k", on the diagonal of a block. */
const SIGMA = [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574] as const
/** The words that each quarter of a round works on: of columns, then of rows. */
const DOUBLE_ROUND = [
  [
    [0, 4, 8, 12],
    [5, 9, 13, 1],
    [10, 14, 2, 6],
    [15, 3, 7, 11],
  ],
  [
    [0, 1, 2, 3],
    [5, 6, 7, 4],
    [10, 11, 8, 9],
    [15, 12, 13, 14],
  ],
] as const
/** One step of a quarter: this word changes by the sum of these two, rotated. */
const STEPS = [
  { to: 1, from: [0, 3], bits: 7 },
  { to: 2, from: [1, 0], bits: 9 },
  { to: 3, from: [2, 1], bits: 13 },
  { to: 0, from: [3, 2], bits: 18 },
] as const
const DOUBLE_ROUNDS = 10
const WORDS = Array.from({ length: 16 }, (_, word) => word)
const [COUNTER, COUNTER_LANES] = [INPUT + 4 * 8, STATE + 16 * 8]
const ZERO = i32(0)

export function salsa(): string[] {
  return [spread(), rounds(), blocks(), derive()]
}

const loadWord = (address: number): string => op('i32.load', `offset=${address}`, ZERO)
const storeWord = (address: number, value: string): string => op('i32.store', `offset=${address}`, ZERO, value)

/** The next blocks have numbers that are larger by this. */
function count(inLanes: string, fifth: number): string[] {
  return [
    store(ZERO, COUNTER_LANES, add(load(ZERO, COUNTER_LANES), inLanes)),
    storeWord(COUNTER, op('i32.add', loadWord(COUNTER), i32(fifth))),
  ]
}

/** Key, nonce and number are there: prepare the first five blocks. */
function spread(): string {
  return define('$spread', { numbers: ['at i32'] }, [
    ...SIGMA.map((word, at) => storeWord(INPUT + 20 * at, i32(word))),
    loop(
      'word',
      [
        store(op('i32.shl', get('at'), i32(2)), STATE, op('v128.load32_splat', `offset=${INPUT}`, get('at'))),
        set('at', op('i32.add', get('at'), i32(4))),
      ],
      op('i32.lt_u', get('at'), i32(64)),
    ),
    ...count('(v128.const i32x4 0 1 2 3)', BLOCKS - 1),
  ])
}

/** The twenty rounds, without the addition at the end. */
function rounds(): string {
  const lanes = (word: number): string => `x${word}`
  const fifth = (word: number): string => `y${word}`
  const lines = DOUBLE_ROUND.flatMap((quarters) =>
    STEPS.flatMap(({ to, from, bits }) =>
      quarters.flatMap((words) => {
        const [target, a, b] = [words[to], words[from[0]], words[from[1]]]
        const turned = op('i32.rotl', op('i32.add', get(fifth(a)), get(fifth(b))), i32(bits))
        return [
          set('sum', add(get(lanes(a)), get(lanes(b)))),
          set(lanes(target), xor(xor(get(lanes(target)), shl(get('sum'), bits)), shr(get('sum'), 32 - bits))),
          set(fifth(target), op('i32.xor', get(fifth(target)), turned)),
        ]
      }),
    ),
  )
  const next = tee('done', op('i32.add', get('done'), i32(1)))
  return define(
    '$rounds',
    { vectors: ['sum', ...WORDS.map(lanes)], numbers: ['done i32', ...WORDS.map((at) => `${fifth(at)} i32`)] },
    [
      ...WORDS.map((at) => set(lanes(at), load(ZERO, STATE + 16 * at))),
      ...WORDS.map((at) => set(fifth(at), loadWord(INPUT + 4 * at))),
      loop('again', lines, op('i32.lt_u', next, i32(DOUBLE_ROUNDS))),
      ...WORDS.map((at) => store(ZERO, MIXED + 16 * at, get(lanes(at)))),
      ...WORDS.map((at) => storeWord(MIXED + 256 + 4 * at, get(fifth(at)))),
    ],
  )
}

/** Cross the 320 bytes at `to` with the next five blocks. */
function blocks(): string {
  const rows = ['r0', 'r1', 'r2', 'r3'] as const
  const { lines, columns } = transpose([get('r0'), get('r1'), get('r2'), get('r3')])
  const cross = (offset: number, stream: string): string =>
    store(get('to'), offset, xor(load(get('to'), offset), stream))
  return define('$blocks', { params: ['to i32'], vectors: [...rows, ...SQUARE], numbers: ['at i32'] }, [
    call('rounds'),
    ...[0, 16, 32, 48].map((at) => cross(256 + at, add(load(ZERO, MIXED + 256 + at), load(ZERO, INPUT + at)))),
    // Four words of each of the four blocks in each turn.
    loop(
      'words',
      [
        ...rows.map((row, at) => set(row, add(load(get('at'), MIXED + 16 * at), load(get('at'), STATE + 16 * at)))),
        ...lines,
        ...columns.map((column, block) => cross(64 * block, column)),
        set('to', op('i32.add', get('to'), i32(16))),
      ],
      op('i32.lt_u', tee('at', op('i32.add', get('at'), i32(64))), i32(256)),
    ),
    ...count(splat(BLOCKS), BLOCKS),
  ])
}

/** XSalsa20: HSalsa20 of the given key and 16 bytes of the nonce is the key, the rest of the nonce is the nonce. */
function derive(): string {
  const moves = [
    [0, 1],
    [5, 2],
    [10, 3],
    [15, 4],
    [6, 11],
    [7, 12],
    [8, 13],
    [9, 14],
  ] as const
  const moveLong = (from: number, to: number): string =>
    op('i64.store', `offset=${to}`, ZERO, op('i64.load', `offset=${from}`, ZERO))
  return define('(export "derive")', {}, [
    store(ZERO, INPUT + 4, load(ZERO, GIVEN)),
    store(ZERO, INPUT + 44, load(ZERO, GIVEN + 16)),
    store(ZERO, INPUT + 24, load(ZERO, GIVEN + 32)),
    call('spread'),
    call('rounds'),
    // Of the first lane: the others have counted on.
    ...moves.map(([from, to]) => storeWord(INPUT + 4 * to, loadWord(MIXED + 16 * from))),
    moveLong(GIVEN + 48, INPUT + 24),
    op('i64.store', `offset=${COUNTER}`, ZERO, op('i64.const', '0')),
  ])
}
