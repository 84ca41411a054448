import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Key, KeyReader } from '../../src/chat/keys.js'
import { keyName } from '../../src/chat/model/typing.js'

const utf8 = new TextEncoder()

function read(text: string): string[] {
  const reader = new KeyReader()
  return [...reader.feed(utf8.encode(text)), ...reader.flush()].map(shown)
}

function shown(key: Key): string {
  return key.kind === 'key' ? `<${keyName(key)}>` : key.kind === 'paste' ? `<paste ${key.text}>` : key.text
}

describe('what terminals send', () => {
  test.each([
    ['a', ['a']],
    ['Grüße 你👍🏽', ['Grüße 你👍🏽']],
    ['\r', ['<enter>']],
    ['\n', ['<ctrl-j>']],
    ['\u001b\r', ['<alt-enter>']],
    ['\u001b[13;2u', ['<shift-enter>']],
    ['\u001b[27;5;13~', ['<ctrl-enter>']],
    ['\t', ['<tab>']],
    ['\u001b[Z', ['<shift-tab>']],
    ['\u007f', ['<backspace>']],
    ['\b', ['<backspace>']],
    ['\u001b\u007f', ['<alt-backspace>']],
    ['\u001b[A\u001bOB', ['<up>', '<down>']],
    ['\u001b[1;5C\u001b[1;3D\u001b[1;2A', ['<ctrl-right>', '<alt-left>', '<shift-up>']],
    ['\u001b\u001b[A', ['<alt-up>']],
    ['\u001b[H\u001bOF\u001b[1~\u001b[4~\u001b[7~\u001b[8~', ['<home>', '<end>', '<home>', '<end>', '<home>', '<end>']],
    ['\u001b[5~\u001b[6~\u001b[3~', ['<pageup>', '<pagedown>', '<delete>']],
    ['\u001bOP\u001b[12~\u001b[[C\u001b[15~\u001b[17~', ['<f1>', '<f2>', '<f3>', '<f5>', '<f6>']],
    ['\u0001\u0003\u0017\u001a', ['<ctrl-a>', '<ctrl-c>', '<ctrl-w>', '<ctrl-z>']],
    ['\u001bb\u001bö', ['<alt-b>', '<alt-ö>']],
    ['\u001b', ['<escape>']],
    ['\u001b\u001b', ['<escape>']],
    ['\u001b\u0007', ['<escape>', '<ctrl-g>']],
    ['ab\u001b[Ac', ['ab', '<up>', 'c']],
    ['\u001b[200~one\r\n\u001b[Atwo\u001b[201~x', ['<paste one\r\n\u001b[Atwo>', 'x']],
    ['\u001b[200~\u001b[201~', []],
    ['\u001b[97u', ['a']],
    ['\u001b[97;5u', ['<ctrl-a>']],
    // Answers of terminals and whatever else is no key.
    ['\u001b[?1;2c\u001b[0n\u001b[<0;1;1M', []],
    ['\u001b[99~\u001b[1;1', []],
    ['\u001b[12\u0007x', ['<ctrl-g>', 'x']],
  ])('%j is %j', (sent, keys) => {
    expect(read(sent)).toEqual(keys)
  })

  test('in pieces, wherever they are cut, it is the same', () => {
    const sent = 'aé\u001b[A\u001b[200~one\ntwo\u001b[201~\u001b[1;5C你\u001bOP\r'
    const whole = read(sent)
    const bytes = utf8.encode(sent)
    for (let at = 1; at < bytes.length; at++) {
      const reader = new KeyReader()
      const keys = [...reader.feed(bytes.subarray(0, at)), ...reader.feed(bytes.subarray(at))].map(shown)
      const joined = (list: readonly string[]): string => list.join('')
      expect([at, joined(keys)]).toEqual([at, joined(whole)])
    }
  })

  test('an escape waits for what may follow it', () => {
    const reader = new KeyReader()
    expect(reader.feed(utf8.encode('\u001b'))).toEqual([])
    expect(reader.waiting).toBe(true)
    expect(reader.flush().map(shown)).toEqual(['<escape>'])
    expect(reader.waiting).toBe(false)
    expect(reader.flush()).toEqual([])
  })

  test('a paste is never taken for keys, and a huge one comes in pieces', () => {
    const reader = new KeyReader()
    const bytes = utf8.encode(`\u001b[200~${'x'.repeat(3_000_000)}`)
    const keys = reader.feed(bytes)
    expect(reader.waiting).toBe(false)
    const rest = reader.feed(utf8.encode('yz\u001b[201~'))
    const all = [...keys, ...rest]
    expect(all.every(({ kind }) => kind === 'paste')).toBe(true)
    expect(all.map((key) => (key.kind === 'paste' ? key.text : '')).join('')).toBe(`${'x'.repeat(3_000_000)}yz`)
  })

  test('any bytes give keys and nothing else', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), (chunks) => {
        const reader = new KeyReader()
        for (const chunk of chunks) reader.feed(chunk)
        reader.flush()
      }),
      { seed: 1 },
    )
    const escapes = fc.array(
      fc.constantFrom('\u001b', '[', 'O', ';', '1', '~', 'A', '\u001b[200~', '\u001b[201~', 'é'),
      { maxLength: 60 },
    )
    fc.assert(
      fc.property(escapes, (pieces) => {
        const reader = new KeyReader()
        reader.feed(utf8.encode(pieces.join('')))
        reader.flush()
      }),
      { seed: 2, numRuns: 500 },
    )
    expect(read('\u001b'.repeat(100_000)).length).toBeGreaterThan(0)
  })
})
