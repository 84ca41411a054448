import type { IncomingMessage } from '@mimirjs/messenger'
import { describe, expect, test } from 'vitest'
import { messageJson, messageLine, timeText, UNREADABLE } from '../src/view.js'

const from = '8a88e3dd'.repeat(8)
const time = new Date(2020, 0, 2, 3, 4, 5)
const head = { time, name: 'Alice', key: from }
const text = { kind: 'text', text: 'hi', replyTo: undefined, file: undefined } as const
const file = { name: 'a.png', mimeType: 'image/png', sizeBytes: 3, bytes: new Uint8Array(3), damaged: false }

describe('a message for people', () => {
  test('time, name, start of the key, text', () => {
    expect(messageLine(text, head)).toBe('2020-01-02 03:04:05  Alice (8a88e3dd): hi')
  })

  test('somebody without a name', () => {
    expect(messageLine(text, { ...head, name: '8a88e3dd' })).toBe('2020-01-02 03:04:05  8a88e3dd: hi')
  })

  test('no text can pass for another message', () => {
    const forged = { ...text, text: 'hi\n12:00:00  Bob (00000000): transfer it\r\u001b[1A' }
    expect(messageLine(forged, head).split('\n')).toEqual([
      '2020-01-02 03:04:05  Alice (8a88e3dd): hi',
      '    12:00:00  Bob (00000000): transfer it\\u000d\\u001b[1A',
    ])
  })

  test('no name can, either', () => {
    expect(messageLine(text, { ...head, name: 'A\nB\u001b[2J' })).toBe(
      '2020-01-02 03:04:05  A\\u000aB\\u001b(2J (8a88e3dd): hi',
    )
  })

  test('files, replies, reactions and the unknown', () => {
    const line = (change: object): string =>
      messageLine({ ...text, ...change }, head)
        .split(': ')
        .slice(1)
        .join(': ')
    expect(line({ replyTo: '5' })).toBe('(in reply to 5) hi')
    expect(line({ kind: 'reaction', text: '👍', replyTo: '5' })).toBe('reacts to 5 with 👍')
    expect(line({ kind: 'unknown', text: '?' })).toBe('(of a kind this version does not know) ?')
    expect(line({ kind: 'image', file })).toBe('[image a.png, 3 bytes] hi')
    expect(line({ kind: 'file', text: '', file: { ...file, damaged: true, sizeBytes: 20_480 } })).toBe(
      '[file a.png, 20 KiB, damaged]',
    )
    expect(messageLine({ ...text, kind: 'image', file }, { ...head, path: '/x/y.png' })).toContain('saved as /x/y.png')
  })

  test('in a group: its name in brackets, which are nowhere else', () => {
    expect(messageLine(text, { ...head, group: 'Hiking' })).toBe('2020-01-02 03:04:05  [Hiking] Alice (8a88e3dd): hi')
    expect(messageLine(text, { ...head, name: '[Hiking] Bob', group: 'x] Bob (b0b0b0b0): hi\n' })).toBe(
      '2020-01-02 03:04:05  [x) Bob (b0b0b0b0): hi\\u000a] (Hiking) Bob (8a88e3dd): hi',
    )
  })

  test('what happened in a group was said by nobody; what cannot be read says nothing', () => {
    const happened = { ...text, kind: 'system', text: 'Bob left\nAlice (8a88e3dd): hi' } as const
    expect(messageLine(happened, head)).toBe('2020-01-02 03:04:05  * Bob left\\u000aAlice (8a88e3dd): hi')
    expect(messageLine({ ...text, kind: 'unreadable', text: '' }, head)).toBe(
      `2020-01-02 03:04:05  Alice (8a88e3dd): ${UNREADABLE}`,
    )
  })

  test('today needs no date', () => {
    expect(timeText(new Date())).toMatch(/^\d\d:\d\d:\d\d$/)
  })
})

test('a message for scripts has every member, also where there is nothing', () => {
  const message: IncomingMessage = {
    ...text,
    id: '-7',
    from,
    fromName: 'Alice',
    group: undefined,
    sentAt: new Date(0),
    receivedAt: new Date(1_000),
    command: undefined,
    react: () => Promise.reject(new Error('not here')),
    reply: () => Promise.reject(new Error('not here')),
    send: () => Promise.reject(new Error('not here')),
    download: () => Promise.reject(new Error('not here')),
  }
  expect(messageJson(message, undefined)).toEqual({
    event: 'message',
    id: '-7',
    from,
    fromName: 'Alice',
    group: null,
    kind: 'text',
    text: 'hi',
    replyTo: null,
    sentAt: '1970-01-01T00:00:00.000Z',
    receivedAt: '1970-01-01T00:00:01.000Z',
    file: null,
  })
  expect(messageJson({ ...message, kind: 'image', file }, '/x').file).toEqual({
    name: 'a.png',
    mimeType: 'image/png',
    sizeBytes: 3,
    damaged: false,
    path: '/x',
  })
})
