import { describe, expect, test } from 'vitest'
import { parseCommand } from '../../src/bot/command.js'
import type { MessageKind } from '../../src/view.js'

function parse(text: string, prefix = '/', kind: MessageKind = 'text') {
  return parseCommand({ kind, text, replyTo: undefined, file: undefined }, prefix)
}

describe('a command', () => {
  test.each([
    ['/start', { name: 'start', args: [], text: '' }],
    ['/START  now', { name: 'start', args: ['now'], text: 'now' }],
    ['/say "a b" c', { name: 'say', args: ['a b', 'c'], text: '"a b" c' }],
    ['/say “a b” c', { name: 'say', args: ['a b', 'c'], text: '“a b” c' }],
    ['/set key="a b" x=', { name: 'set', args: ['key=a b', 'x='], text: 'key="a b" x=' }],
    ['/say "" end', { name: 'say', args: ['', 'end'], text: '"" end' }],
    ['/say an "open end', { name: 'say', args: ['an', '"open', 'end'], text: 'an "open end' }],
    ["/say it's 5″", { name: 'say', args: ["it's", '5″'], text: "it's 5″" }],
    ['/note\nfirst line\nsecond', { name: 'note', args: ['first', 'line', 'second'], text: 'first line\nsecond' }],
    ['/GRÖßE 1', { name: 'größe', args: ['1'], text: '1' }],
    ['/помощь', { name: 'помощь', args: [], text: '' }],
    ['/e\u0301t\u00e9', { name: '\u00e9t\u00e9', args: [], text: '' }],
  ])('%j', (text, command) => {
    expect(parse(text)).toEqual(command)
  })

  test.each(['start', '', '/', '/ start', '//', '/usr/bin is a path', ' /start', '/a.b', `/${'x'.repeat(65)}`])(
    '%j is none',
    (text) => {
      expect(parse(text)).toBeUndefined()
    },
  )

  test('begins with what the bot says', () => {
    expect(parse('!start now', '!')).toMatchObject({ name: 'start', args: ['now'] })
    expect(parse('/start', '!')).toBeUndefined()
    expect(parse('bot: start', 'bot: ')).toMatchObject({ name: 'start' })
  })

  test('stands in a text or a caption, not in a reaction', () => {
    expect(parse('/keep', '/', 'file')).toMatchObject({ name: 'keep' })
    expect(parse('/keep', '/', 'reaction')).toBeUndefined()
    expect(parse('/keep', '/', 'unknown')).toBeUndefined()
  })

  test('has a hundred arguments at most; the last is the rest', () => {
    const words = Array.from({ length: 150 }, (_, index) => `w${index}`)
    const { args } = parse(`/many ${words.join(' ')}`)!
    expect(args).toHaveLength(100)
    expect(args.slice(0, 99)).toEqual(words.slice(0, 99))
    expect(args[99]).toBe(words.slice(99).join(' '))
  })
})

test('takes time in proportion to its length, whatever quotes are in it', () => {
  const evil = ['“', '"', '" ', '“a', '"“'].map((part) => (bytes: number) => `/x ${part.repeat(bytes / part.length)}`)
  const spentMs = (text: string): number => {
    const startMs = performance.now()
    parse(text)
    return performance.now() - startMs
  }
  for (const make of evil) {
    spentMs(make(10_000))
    const [small, large] = [Math.max(spentMs(make(50_000)), 5), spentMs(make(800_000))]
    // Sixteen times the text: a square would be 256 times.
    expect(large).toBeLessThan(small * 100)
  }
})
