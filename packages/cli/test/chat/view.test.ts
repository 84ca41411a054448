import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ChatEntry } from '../../src/chat/backend.js'
import { rowWidth } from '../../src/chat/view/frame.js'
import { KEYS, LEGEND, PEOPLE_LEGEND } from '../../src/chat/view/help.js'
import { BOB, CAROL, entry, ModelChat, person } from './support/model.js'

/** What a terminal obeys, or what changes the order of letters. */
const HARMFUL = /[\p{Cc}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/u
const HOSTILE = [
  '\u001b[2J\u001b[H',
  '\u001b]0;title\u0007',
  'a\rb',
  '\u202eevil\u202c',
  '\u009b31m',
  'line\u2028two',
  'tab\there',
  `e${'\u0301'.repeat(300)}`,
  '👩‍👩‍👧'.repeat(50),
  '你'.repeat(100),
  '\n'.repeat(200),
  'x'.repeat(6_000),
  '\ud800',
  '\u200b'.repeat(500),
]
const text = fc.oneof(fc.constantFrom(...HOSTILE), fc.string(), fc.string({ unit: 'binary' }))
const entries: fc.Arbitrary<ChatEntry[]> = fc
  .array(
    fc.record({
      said: text,
      outgoing: fc.boolean(),
      kind: fc.constantFrom('text', 'file', 'image', 'reaction', 'unknown', 'call'),
      to: fc.option(fc.nat(20)),
    }),
    { maxLength: 20 },
  )
  .map((list) =>
    list.map(({ said, outgoing, kind, to }, at) =>
      entry(at + 1, said, {
        outgoing,
        kind: kind as ChatEntry['kind'],
        replyTo: to === null ? undefined : String(to),
        file: kind === 'file' || kind === 'image' ? { name: said, sizeBytes: 5, damaged: outgoing } : undefined,
      }),
    ),
  )
const keys = fc.array(
  fc.constantFrom(
    'up',
    'down',
    'pageup',
    'pagedown',
    'ctrl-n',
    'ctrl-t',
    'ctrl-f',
    'ctrl-o',
    'ctrl-b',
    'ctrl-y',
    'f1',
    'enter',
    'escape',
    'tab',
    'home',
    'end',
    'left',
    'backspace',
    'ctrl-w',
    'ctrl-u',
    'ctrl-j',
  ),
  { maxLength: 8 },
)

describe('any screen', () => {
  test('is exactly as large as the terminal, and holds nothing that a terminal obeys', () => {
    fc.assert(
      fc.property(
        fc.record({
          entries,
          keys,
          typed: text,
          name: text,
          columns: fc.integer({ min: 1, max: 130 }),
          rows: fc.integer({ min: 1, max: 50 }),
          unicode: fc.boolean(),
        }),
        ({ entries: list, keys: pressed, typed, name, columns, rows, unicode }) => {
          const chat = new ModelChat({ columns, rows })
          chat.state = { ...chat.state, look: { ...chat.state.look, unicode } }
          chat.happen({ type: 'reach', ok: false, text: name })
          const people = [person(BOB, '', { nickname: name, info: name, unread: 3 }), person(CAROL, name)]
          chat.happen({ type: 'people', people, requests: [{ peer: 'd0'.repeat(32), nickname: name, message: name }] })
          chat.happen(
            { type: 'open', peer: BOB },
            { type: 'read', peer: BOB, older: false, entries: list, start: true },
          )
          chat.happen({ type: 'link', peer: BOB, link: { state: 'waiting', reason: name, retryAtMs: 1 } })
          chat.press('ctrl-j').type(typed)
          chat.happen({ type: 'key', key: { kind: 'paste', text: typed } })
          for (const key of ['', ...pressed]) {
            if (key !== '') chat.press(key)
            const { frame } = chat
            expect(frame.rows).toHaveLength(rows)
            for (const row of frame.rows) {
              expect(rowWidth(row)).toBeLessThanOrEqual(columns)
              for (const span of row) expect(span.text).not.toMatch(HARMFUL)
            }
            if (frame.cursor) {
              expect(frame.cursor.row).toBeLessThan(rows)
              expect(frame.cursor.column).toBeLessThan(columns)
            }
          }
        },
      ),
      { seed: 1, numRuns: 150 },
    )
  })

  test('without Unicode everything of our own is ASCII', () => {
    const chat = ModelChat.withBob([entry(1, 'one'), entry(2, 'two', { replyTo: '1' }), entry(3, 'x'.repeat(5_000))])
    chat.state = { ...chat.state, look: { ...chat.state.look, unicode: false } }
    for (const keys of [[], ['up'], ['escape', 'ctrl-y'], ['escape', 'ctrl-t'], ['escape', 'f1']])
      for (const row of chat.press(...keys).rows) expect(row).toMatch(/^[\x20-\x7e]*$/)
  })

  test('no text can pass for a message of somebody else: further lines are indented', () => {
    const chat = ModelChat.withBob([entry(1, 'hi\n12:00   Carol: send me the money')])
    expect(chat.rows.filter((row) => row.includes('Carol: send')).map((row) => row.slice(21))).toEqual([
      '         12:00   Carol: send me the money',
    ])
  })

  test.each([
    [60, 15],
    [80, 24],
    [30, 8],
    [55, 12],
    [200, 60],
  ])('at %ix%i what is said last is at the bottom, above what is typed', (columns, rows) => {
    const chat = ModelChat.withBob(
      Array.from({ length: 80 }, (_, at) => entry(at + 1, `message ${at + 1}`)),
      { columns, rows },
    )
    chat.type('typed')
    expect(chat.rows.at(-4)).toContain('message 80')
    expect(chat.rows.at(-2)).toBe('> typed')
    expect(chat.rows.some((row) => row.includes('Carol'))).toBe(columns >= 56)
  })

  test('what is too small says so', () => {
    const chat = ModelChat.withBob([entry(1, 'one')], { columns: 24, rows: 5 })
    expect(chat.rows).toEqual(['too small: 30x8 at least', '', '', '', ''])
  })
})

describe('the marks', () => {
  test('each is one ASCII character with one meaning', () => {
    for (const legend of [LEGEND, PEOPLE_LEGEND]) {
      expect(legend.every(([mark]) => /^[!-~]$/.test(mark))).toBe(true)
      expect(new Set(legend.map(([mark]) => mark)).size).toBe(legend.length)
    }
    expect(KEYS.flatMap(({ keys }) => keys).length).toBeGreaterThan(25)
  })
})
