import { describe, expect, test } from 'vitest'
import type { TransferState } from '../../src/chat/backend.js'
import type { ChatEvent } from '../../src/chat/model/event.js'
import { BOB, CAROL, entry, ModelChat, person } from './support/model.js'

describe('writing', () => {
  test('Enter sends what was typed, and empties the input at once', () => {
    const chat = ModelChat.withBob([]).type('Hello').press('alt-enter').type('Bob').press('enter')
    expect(chat.take()).toEqual([{ do: 'send', peer: BOB, token: 1, content: { text: 'Hello\nBob' } }])
    expect(chat.talk()).toMatchObject({ draft: { text: '' }, sending: [{ text: 'Hello\nBob' }] })
    const sent = entry(1, 'Hello\nBob', { outgoing: true, state: 'stored' })
    chat.happen({ type: 'sent', peer: BOB, token: 1, entries: [sent] })
    expect(chat.talk()).toMatchObject({ entries: [sent], sending: [] })
  })

  test('nothing, and spaces, are not sent', () => {
    const chat = ModelChat.withBob([]).press('enter').type('  ').press('ctrl-j', 'enter')
    expect(chat.take()).toEqual([])
    expect(chat.talk().draft.text).toBe('  \n')
  })

  test('what is refused comes back, before what was typed meanwhile, and the reason is said', () => {
    const chat = ModelChat.withBob([]).type('first').press('enter').type('second')
    chat.happen({ type: 'send-failed', peer: BOB, token: 1, reason: 'the disk is full' })
    expect(chat.talk()).toMatchObject({ draft: { text: 'first\nsecond', cursor: 12 }, sending: [] })
    expect(chat.status).toBe(' ! the disk is full')
  })

  test('each conversation keeps what is typed in it', () => {
    const chat = ModelChat.withBob([]).type('to Bob').press('ctrl-n').type('to Carol')
    expect([chat.state.open, chat.talk(CAROL).draft.text]).toEqual([CAROL, 'to Carol'])
    chat.press('ctrl-p')
    expect([chat.state.open, chat.talk().draft.text]).toEqual([BOB, 'to Bob'])
    expect(chat.rows[2]).toContain('Carol')
    expect(chat.rows[2]).toContain('...')
  })

  test('messages that come do not touch what is typed', () => {
    const chat = ModelChat.withBob([entry(1, 'one')])
      .type('half a sen')
      .press('left', 'left')
    const before = chat.talk().draft
    const cursor = chat.frame.cursor
    chat.happen(
      { type: 'message', entry: entry(2, 'two') },
      { type: 'message', entry: { ...entry(3, 'x'), peer: CAROL } },
    )
    expect(chat.talk().draft).toBe(before)
    expect(chat.frame.cursor).toEqual(cursor)
    expect(chat.rows.join('\n')).toContain('Bob: two')
  })

  test('to somebody blocked nothing is sent, and it stays where it was typed', () => {
    const chat = ModelChat.withBob([])
    chat.happen({ type: 'people', people: [person(BOB, 'Bob', { kind: 'blocked' })], requests: [] })
    chat.type('hello').press('enter')
    expect(chat.take()).toEqual([])
    expect(chat.talk().draft.text).toBe('hello')
    expect(chat.status).toContain('Bob is blocked')
    expect(chat.rows[1]).toContain('blocked')
  })

  test('a long text grows upwards to a quarter of the screen, the cursor stays in sight', () => {
    const chat = ModelChat.withBob([])
    for (let line = 1; line <= 20; line++) chat.type(`line ${line}`).press('ctrl-j')
    expect(chat.rows.slice(-7)).toEqual(
      ['  line 16', '  line 17', '  line 18', '  line 19', '  line 20', '', chat.status].map((row, at) =>
        at === 0 ? '> line 16' : row,
      ),
    )
    expect(chat.frame.cursor).toEqual({ row: 22, column: 2 })
  })
})

describe('who is there', () => {
  test('unread messages are counted until the conversation is open', () => {
    const chat = ModelChat.withBob([])
    const toCarol = { peer: CAROL }
    chat.happen(
      { type: 'message', entry: entry(1, 'one', toCarol) },
      { type: 'message', entry: entry(2, 'two', toCarol) },
    )
    expect(chat.take()).toEqual([{ do: 'bell' }, { do: 'bell' }])
    expect(chat.rows[0]).toMatch(/2 unread$/)
    // Who wrote last is first.
    expect(chat.rows[1]).toMatch(/^ {3}Carol +2│/)
    chat.press('tab')
    expect(chat.take()).toEqual([{ do: 'read', peer: CAROL, limit: 100 }])
    chat.happen({
      type: 'read',
      peer: CAROL,
      older: false,
      entries: [entry(0, 'old', toCarol), entry(1, 'one', toCarol), entry(2, 'two', toCarol)],
      start: true,
    })
    expect(chat.take()).toEqual([{ do: 'mark-read', peer: CAROL }])
    expect(chat.rows[0]).not.toContain('unread')
    const shown = chat.rows.join('\n')
    expect(shown.indexOf('─── new ───')).toBeGreaterThan(shown.indexOf('Carol: old'))
    expect(shown.indexOf('─── new ───')).toBeLessThan(shown.indexOf('Carol: one'))
    expect(chat.press('tab').status).toContain('nothing is unread')
  })

  test('what was unread at the start is marked, whichever is read first', () => {
    const people = { type: 'people', people: [person(BOB, 'Bob', { unread: 1 })], requests: [] } as const
    const read = {
      type: 'read',
      peer: BOB,
      older: false,
      entries: [entry(1, 'old'), entry(2, 'unread')],
      start: true,
    } as const
    for (const events of [
      [people, read],
      [read, people],
    ]) {
      const chat = new ModelChat().happen({ type: 'open', peer: BOB }, ...events)
      expect(chat.rows.join('\n')).toMatch(/Bob: old\n.*─── new ───\n.*Bob: unread/)
      expect(chat.take()).toContainEqual({ do: 'mark-read', peer: BOB })
      expect(chat.rows[0]).not.toContain('unread')
    }
  })

  test('a message in the open conversation is read, unless older ones are on the screen', () => {
    const chat = ModelChat.withBob(Array.from({ length: 50 }, (_, at) => entry(at + 1, `message ${at + 1}`)))
    chat.happen({ type: 'message', entry: entry(51, 'read at once') })
    expect(chat.take()).toEqual([{ do: 'bell' }, { do: 'mark-read', peer: BOB }])
    chat.press('pageup').happen({ type: 'message', entry: entry(52, 'not seen') })
    expect(chat.take()).toEqual([{ do: 'bell' }])
    expect(chat.rows.join('\n')).toContain('1 newer below')
    expect(chat.rows.join('\n')).not.toContain('not seen')
    chat.press('ctrl-g')
    expect(chat.take()).toEqual([{ do: 'mark-read', peer: BOB }])
    expect(chat.rows.join('\n')).toContain('Bob: not seen')
  })

  test('a message that comes again is the same message', () => {
    const chat = ModelChat.withBob([entry(1, 'one')])
    chat.happen({ type: 'message', entry: entry(1, 'one') })
    expect(chat.take()).toEqual([])
    expect(chat.talk().entries).toHaveLength(1)
  })

  test('every state of a link is said as it is', () => {
    const chat = ModelChat.withBob([])
    const head = (): string => chat.rows[1]!.split('│')[1]!.trim()
    expect(head()).toBe('Bob (b0b0b0b0)  not connected')
    chat.happen({ type: 'link', peer: BOB, link: { state: 'connecting' } })
    expect(head()).toBe('Bob (b0b0b0b0)  connecting')
    chat.happen({ type: 'link', peer: BOB, link: { state: 'waiting', reason: 'refused', retryAtMs: 5_000 } })
    expect(head()).toBe('Bob (b0b0b0b0)  not reached, next attempt in 5000 ms (ref…')
    chat.happen({ type: 'tick', nowMs: 4_000 })
    expect(head()).toBe('Bob (b0b0b0b0)  not reached, next attempt in 1000 ms (ref…')
    chat.happen({ type: 'link', peer: BOB, link: { state: 'up', address: 'tcp://127.0.0.1:1' } })
    expect(head()).toBe('Bob (b0b0b0b0)  connected')
    expect(chat.rows[1]).toMatch(/^>\* Bob/)
    chat.happen({ type: 'link', peer: BOB, link: { state: 'down' } })
    expect(head()).toBe('Bob (b0b0b0b0)  not connected')
  })

  test('nobody yet: what to do, and the own link in full', () => {
    const chat = new ModelChat()
    chat.happen({ type: 'people', people: [], requests: [] })
    expect(chat.rows.slice(1, 6).map((row) => row.trim())).toEqual([
      'Nobody here yet.',
      '',
      expect.stringContaining('Ctrl-T'),
      expect.stringContaining('Others'),
      'mimir://mm/u/alice',
    ])
    chat.type('x').press('enter', 'up', 'pageup', 'ctrl-n', 'ctrl-o', 'ctrl-b', 'ctrl-y', 'ctrl-r', 'escape')
    expect(chat.take()).toEqual([])
  })

  test('talk to somebody: by part of a name, or by a key or link', () => {
    const chat = ModelChat.withBob([])
    chat.press('ctrl-t').type('car').press('enter')
    expect([chat.state.open, chat.state.mode.name]).toEqual([CAROL, 'write'])
    chat.take()
    chat.press('ctrl-t').type('mimir://mm/u/somebody').press('enter')
    expect(chat.take()).toEqual([{ do: 'meet', person: 'mimir://mm/u/somebody' }])
    chat.happen({ type: 'open', peer: 'd0'.repeat(32) })
    expect(chat.state.open).toBe('d0'.repeat(32))
    chat.press('ctrl-t', 'down', 'escape')
    expect(chat.state.mode.name).toBe('write')
  })
})

describe('a request to be contacts', () => {
  const DAVE = 'd0'.repeat(32)
  const asking = (): ModelChat => {
    const chat = ModelChat.withBob([])
    chat.happen({ type: 'request', request: { peer: DAVE, nickname: 'Dave', message: '' } })
    expect(chat.status).toBe(' Dave (d0d0d0d0) asks to be your contact')
    expect(chat.take()).toEqual([{ do: 'read-people' }, { do: 'bell' }])
    const request = { peer: DAVE, nickname: 'Dave', message: 'It is me\nDave' }
    chat.happen({ type: 'people', people: chat.state.people, requests: [request] })
    return chat
  }

  test('it stands first, with its words; it is accepted or refused', () => {
    for (const [key, accept] of [
      ['a', true],
      ['r', false],
    ] as const) {
      const chat = asking()
      expect(chat.rows[1]).toMatch(/^ \? Dave/)
      chat.press('ctrl-p')
      expect(chat.rows[1]).toContain('asks: Ctrl-Y')
      chat.press('ctrl-y')
      expect(chat.rows.join('\n')).toContain('It is me')
      expect(chat.rows.join('\n')).toContain(DAVE)
      chat.take()
      chat.type(key)
      expect(chat.take()).toEqual([{ do: 'answer', peer: DAVE, accept }])
    }
  })

  test('an answer to our own is told; the answers of those who did not ask are no keys', () => {
    const chat = ModelChat.withBob([])
    chat.happen({ type: 'answer', peer: BOB, accepted: true })
    expect(chat.status).toContain('Bob accepted your contact request')
    chat.press('ctrl-y').type('a').type('r')
    expect([chat.take(), chat.state.mode.name]).toEqual([[], 'person'])
    chat.type('q').type('hi').press('enter')
    expect(chat.take()).toEqual([{ do: 'ask', peer: BOB, message: 'hi' }])
  })

  test('block takes a word, letting in again does not', () => {
    const chat = ModelChat.withBob([])
    chat.press('ctrl-y').type('b').type('no').press('enter')
    chat.press('ctrl-y').type('b').press('escape')
    expect(chat.take()).toEqual([])
    chat.press('ctrl-y').type('b').type('yes').press('enter')
    expect(chat.take()).toEqual([{ do: 'block', peer: BOB }])
    chat.happen({ type: 'people', people: [person(BOB, 'Bob', { kind: 'blocked' })], requests: [] })
    chat.press('ctrl-y').type('b')
    expect(chat.take()).toEqual([{ do: 'name', peer: BOB }])
    chat.press('ctrl-y').type('n').press('ctrl-u').type('Robert').press('enter')
    expect(chat.take()).toEqual([{ do: 'name', peer: BOB, name: 'Robert' }])
  })
})

describe('a message that was chosen', () => {
  const three = (): ModelChat =>
    ModelChat.withBob([entry(1, 'one'), entry(2, 'two', { outgoing: true }), entry(3, 'three')])

  test('Up chooses the newest, then older ones; beyond the newest there is the input again', () => {
    const chat = three().press('up')
    expect(chat.state.mode).toEqual({ name: 'choose', key: 'i3' })
    expect(chat.press('up').state.mode).toEqual({ name: 'choose', key: 'o2' })
    expect(chat.press('up', 'up', 'up').state.mode).toEqual({ name: 'choose', key: 'i1' })
    expect(chat.press('down', 'down', 'down').state.mode).toEqual({ name: 'write' })
  })

  test('in a text of several lines Up moves there first', () => {
    const chat = three().type('a').press('ctrl-j').type('b').press('up')
    expect([chat.state.mode.name, chat.talk().draft.cursor]).toEqual(['write', 1])
    expect(chat.press('up').state.mode.name).toBe('choose')
    expect(chat.press('escape').talk().draft.text).toBe('a\nb')
  })

  test('answer: the quote is shown before it is sent and under what was sent', () => {
    const chat = three().type('draft').press('up', 'up', 'enter')
    expect(chat.rows.join('\n')).toContain('answering yourself: two')
    chat.press('enter')
    expect(chat.take()).toEqual([{ do: 'send', peer: BOB, token: 1, content: { text: 'draft', replyTo: '2' } }])
    chat.happen({
      type: 'sent',
      peer: BOB,
      token: 1,
      entries: [entry(4, 'draft', { outgoing: true, replyTo: '2', state: 'stored' })],
    })
    expect(chat.rows.join('\n')).toMatch(/│ you: two\n.*12:00 \. you: draft/)
    expect(three().press('up', 'enter', 'escape').talk().replyTo).toBeUndefined()
  })

  test('react: by number, by typing, and back; the newest of each side counts', () => {
    const chat = three().press('up').type('e').type('1')
    expect(chat.take()).toEqual([{ do: 'send', peer: BOB, token: 1, content: { reaction: '👍', replyTo: '3' } }])
    chat.type('e').type('🎉').press('enter')
    chat.type('e').press('enter')
    expect(chat.take()).toEqual([
      { do: 'send', peer: BOB, token: 2, content: { reaction: '🎉', replyTo: '3' } },
      { do: 'send', peer: BOB, token: 3, content: { reaction: '', replyTo: '3' } },
    ])
    const reaction = (id: number, text: string, outgoing: boolean): ChatEvent => ({
      type: 'message',
      entry: entry(id, text, { kind: 'reaction', replyTo: '3', outgoing }),
    })
    chat.happen(reaction(10, '👍', true), reaction(11, '🎉', true), reaction(12, '😮', false))
    expect(chat.rows.join('\n')).toContain('🎉 you   😮 Bob')
    chat.happen(reaction(13, '', true))
    expect(chat.rows.join('\n')).toContain('😮 Bob')
    expect(chat.rows.join('\n')).not.toContain('🎉')
    // Reactions do not count as unread.
    expect(chat.take()).toEqual([])
  })

  test('a reaction to a message that was not read yet has a line of its own', () => {
    const chat = ModelChat.withBob([entry(5, '👍', { kind: 'reaction', replyTo: '999' })])
    expect(chat.rows.join('\n')).toContain('Bob: reacted to an older message: 👍')
    chat.press('up').type('r')
    expect(chat.status).toContain('cannot be answered')
  })

  test('change a text of ours: what was being written comes back, sent or not', () => {
    const chat = three().type('draft').press('up', 'up').type('m')
    expect(chat.talk().draft.text).toBe('two')
    expect(chat.rows.join('\n')).toContain('changing a message')
    expect(chat.press('escape').talk().draft.text).toBe('draft')
    chat.press('up', 'up').type('m').type(' and a half').press('enter')
    expect(chat.take()).toEqual([{ do: 'send', peer: BOB, token: 1, content: { edit: '2', text: 'two and a half' } }])
    expect(chat.talk().draft.text).toBe('draft')
    chat.happen({ type: 'send-failed', peer: BOB, token: 1, reason: 'no' })
    expect(chat.talk().draft.text).toContain('two and a half')
    expect(three().press('up').type('m').status).toContain('only a text of your own')
  })

  test('remove it here takes a word', () => {
    const chat = three().press('up').type('d').press('enter')
    expect(chat.take()).toEqual([])
    chat.type('d').type('yes').press('enter')
    expect(chat.take()).toEqual([{ do: 'remove', entry: entry(3, 'three'), everywhere: false }])
    chat.happen({ type: 'removed', entry: entry(3, 'three'), everywhere: false })
    expect(chat.talk().entries).toHaveLength(2)
  })

  test('read a long one as a whole', () => {
    const text = Array.from({ length: 300 }, (_, at) => `line ${at + 1}`).join('\n')
    const chat = ModelChat.withBob([entry(1, text)])
    expect(chat.rows.join('\n')).toContain('v reads all')
    expect(chat.rows.join('\n')).not.toContain('line 300')
    chat.press('up').type('v').press('end')
    expect(chat.rows.join('\n')).toContain('line 300')
    chat.press('home', 'pagedown')
    expect(chat.rows[1]).toBe(' line 19')
    expect(chat.press('escape').state.mode.name).toBe('choose')
  })
})

describe('a message of ours', () => {
  test('its mark says how far it is', () => {
    const chat = ModelChat.withBob([entry(1, 'hi', { outgoing: true, state: 'preparing' })])
    const mark = (): string | undefined => /12:00 (.) you: hi/.exec(chat.rows.join('\n'))?.[1]
    expect(mark()).toBe('*')
    for (const [state, shown] of [
      ['stored', '.'],
      ['waiting', '?'],
      ['delivered', '+'],
      ['failed', '!'],
    ] as const) {
      chat.happen({ type: 'state', peer: BOB, id: '1', state })
      expect(mark()).toBe(shown)
    }
  })

  test('of a message that is not here yet the newest are read again', () => {
    const chat = ModelChat.withBob([])
    chat.happen({ type: 'state', peer: BOB, id: '7', state: 'delivered' })
    expect(chat.take()).toEqual([{ do: 'read', peer: BOB, limit: 20 }])
  })
})

describe('history', () => {
  const page = (from: number, count: number): ReturnType<typeof entry>[] =>
    Array.from({ length: count }, (_, at) => entry(from + at, `message ${from + at}`))

  test('older pages are read when they are needed, the place on the screen stays', () => {
    const chat = new ModelChat()
    chat.happen({ type: 'people', people: [person(BOB, 'Bob')], requests: [] })
    chat.happen({ type: 'read', peer: BOB, older: false, entries: page(101, 100), start: false })
    chat.take()
    chat.press('pageup')
    const before = page(101, 1)[0]
    expect(chat.take()).toEqual([{ do: 'read', peer: BOB, before, limit: 100 }])
    chat.press('pageup')
    expect(chat.take()).toEqual([])
    const rows = chat.rows
    chat.happen({ type: 'read', peer: BOB, older: true, entries: page(1, 100), start: true })
    expect(chat.rows).toEqual(rows)
    for (let times = 0; times < 20; times++) chat.press('pageup')
    expect(chat.rows.join('\n')).toContain('─── 2026-03-01 ───')
    expect(chat.rows.join('\n')).toMatch(/message 1\n/)
    for (let times = 0; times < 30; times++) chat.press('pagedown')
    expect(chat.talk().scroll).toBeUndefined()
    expect(chat.rows.join('\n')).toContain('message 200')
  })

  test('what is found far back is read up to, and chosen', () => {
    const chat = new ModelChat()
    chat.happen({ type: 'people', people: [person(BOB, 'Bob'), person(CAROL, 'Carol')], requests: [] })
    chat.happen({ type: 'read', peer: BOB, older: false, entries: page(901, 100), start: false })
    chat.take()
    chat.press('ctrl-f').type('message 5').press('enter')
    expect(chat.take()).toEqual([{ do: 'search', token: 1, text: 'message 5', peer: undefined }])
    chat.happen({ type: 'found', token: 1, entries: [entry(5, 'message 5'), entry(50, 'message 50')] })
    expect(chat.rows[2]).toBe('> 2026-03-01 12:00 Bob: message 5')
    chat.press('enter')
    expect(chat.take()).toEqual([{ do: 'read', peer: BOB, before: entry(901, 'message 901'), limit: 1_000 }])
    chat.happen({ type: 'read', peer: BOB, older: true, entries: page(1, 900), start: true })
    expect(chat.state.mode).toEqual({ name: 'choose', key: 'i5' })
    expect(chat.rows.join('\n')).toMatch(/>12:00 {3}Bob: message 5\n/)
  })

  test('an answer to a search that was given up is dropped; Tab searches this conversation', () => {
    const chat = ModelChat.withBob([entry(1, 'one')])
      .press('ctrl-f')
      .type('one')
      .press('enter', 'tab')
    expect(chat.take()).toEqual([
      { do: 'search', token: 1, text: 'one', peer: undefined },
      { do: 'search', token: 2, text: 'one', peer: BOB },
    ])
    chat.happen({ type: 'found', token: 1, entries: [entry(9, 'wrong')] })
    expect(chat.rows.join('\n')).not.toContain('wrong')
    chat.happen({ type: 'found', token: 2, entries: [] })
    expect(chat.rows.join('\n')).toContain('nothing found')
    chat.press('escape')
    expect(chat.state.mode.name).toBe('write')
  })

  test('entries that came while the first page was read stay behind it', () => {
    const chat = new ModelChat()
    chat.happen({ type: 'people', people: [person(BOB, 'Bob')], requests: [] })
    chat.happen({ type: 'message', entry: entry(3, 'three') })
    chat.happen({ type: 'read', peer: BOB, older: false, entries: page(1, 2), start: true })
    expect(chat.talk().entries.map(({ id }) => id)).toEqual(['1', '2', '3'])
  })
})

describe('files', () => {
  const file = { name: 'report.pdf', sizeBytes: 20_480, damaged: false }

  test('a path, a caption, and it goes', () => {
    const chat = ModelChat.withBob([]).type('draft').press('ctrl-o').type('~/rep').press('tab')
    expect(chat.take()).toEqual([{ do: 'complete', text: '~/rep' }])
    chat.happen({ type: 'completed', from: '~/rep', text: '~/report.pdf', hints: [] })
    chat.press('enter').type('for you').press('enter')
    expect(chat.take()).toEqual([
      { do: 'send', peer: BOB, token: 1, content: { path: '~/report.pdf', text: 'for you' } },
    ])
    expect(chat.talk().draft.text).toBe('draft')
    chat.happen({ type: 'send-failed', peer: BOB, token: 1, reason: 'it does not exist' })
    expect([chat.status, chat.talk().draft.text]).toEqual([' ! it does not exist', 'draft'])
  })

  test('what could complete it is shown; what was typed meanwhile wins', () => {
    const chat = ModelChat.withBob([]).press('ctrl-o').type('re').press('tab')
    chat.happen({ type: 'completed', from: 're', text: 'report', hints: ['report.pdf', 'reports/'] })
    expect(chat.status).toBe(' report.pdf  reports/')
    chat.type('s').happen({ type: 'completed', from: 'report', text: 'report.pdf', hints: [] })
    expect(chat.rows.join('\n')).toContain('File: reports')
  })

  test('one that came is saved, with its progress under it', () => {
    const withFile = entry(1, 'look', { kind: 'file', file })
    const chat = ModelChat.withBob([withFile]).press('up').type('s').press('enter')
    expect(chat.take()).toEqual([{ do: 'save', entry: withFile, path: '/files/' }])
    const moves = (state: TransferState, text = ''): void => {
      const bytes = { doneBytes: 5_120, sizeBytes: 20_480 }
      chat.happen({ type: 'transfer', peer: BOB, id: '1', outgoing: false, state, ...bytes, text })
    }
    moves('running')
    expect(chat.rows.join('\n')).toContain('[#####---------------]  25% coming')
    moves('waiting', 'they are away')
    expect(chat.rows.join('\n')).toContain('waits: they are aw')
    chat.type('x')
    expect(chat.take()).toEqual([{ do: 'stop-transfer', peer: BOB, id: '1' }])
    moves('stopped')
    expect(chat.rows.join('\n')).toContain('stopped, s goes on')
    chat.happen({ type: 'saved', entry: withFile, path: '/files/report.pdf' })
    expect(chat.rows.join('\n')).toContain('saved as /files/report.pdf')
    chat.happen({ type: 'save-failed', entry: withFile, reason: 'the disk is full' })
    expect(chat.rows.join('\n')).toContain('>        the disk is full')
    expect(
      ModelChat.withBob([entry(1, 'x')])
        .press('up')
        .type('s').status,
    ).toContain('there is no file in it')
  })

  test('all files of a conversation, of the part that was not read as well', () => {
    const entries = [entry(5, '', { kind: 'image', file: { ...file, name: 'cat.png' } }), entry(6, 'no file')]
    const chat = new ModelChat()
    chat.happen({ type: 'people', people: [person(BOB, 'Bob')], requests: [] })
    chat.happen({ type: 'read', peer: BOB, older: false, entries, start: false })
    chat.take()
    chat.press('ctrl-b')
    expect(chat.take()).toEqual([{ do: 'read', peer: BOB, before: entries[0], limit: 1_000 }])
    chat.happen({ type: 'read', peer: BOB, older: true, entries: [entry(1, '', { kind: 'file', file })], start: true })
    expect(chat.rows.slice(1, 4)).toEqual([
      ' Files',
      '> 2026-03-01 cat.png, 20 KiB from them',
      '  2026-03-01 report.pdf, 20 KiB from them',
    ])
    chat.press('down').type('s')
    expect(chat.rows.join('\n')).toContain('Save to: /files/')
    expect(chat.press('escape').state.mode).toEqual({ name: 'files', at: 1 })
  })

  test('one of ours says how much has gone', () => {
    const chat = ModelChat.withBob([entry(1, '', { kind: 'file', file, outgoing: true })])
    const transfer = { type: 'transfer', peer: BOB, id: '1', outgoing: true, sizeBytes: 20_480, text: '' } as const
    chat.happen({ ...transfer, state: 'running', doneBytes: 10_240 })
    expect(chat.rows.join('\n')).toContain('[##########----------]  50% going')
    chat.happen({ ...transfer, state: 'done', doneBytes: 20_480, text: 'the file is sent' })
    expect(chat.rows.join('\n')).toContain('the file is sent')
  })
})

describe('the program', () => {
  test('keys that end it, redraw it and put it in the background work everywhere', () => {
    for (const mode of [[], ['up'], ['ctrl-o'], ['ctrl-t'], ['ctrl-f'], ['ctrl-b'], ['ctrl-y'], ['f1']]) {
      const chat = ModelChat.withBob([entry(1, 'one')]).press(...mode)
      chat.take()
      chat.press('ctrl-l', 'ctrl-z', 'ctrl-c')
      expect(chat.take()).toEqual([{ do: 'redraw' }, { do: 'suspend' }, { do: 'quit' }])
    }
  })

  test('a notice goes after a while', () => {
    const chat = ModelChat.withBob([]).happen({ type: 'notice', kind: 'info', text: 'said' })
    expect(chat.status).toBe(' said')
    chat.happen({ type: 'tick', nowMs: 10_000 })
    expect(chat.status).toContain('F1 help')
  })

  test('the help holds every key, and the own link at its end', () => {
    const chat = ModelChat.withBob([]).press('f1')
    expect(chat.rows[1]).toBe(' Writing')
    chat.press('end')
    expect(chat.rows.join('\n')).toContain('mimir://mm/u/alice')
    expect(chat.type('q').state.mode.name).toBe('write')
  })
})
