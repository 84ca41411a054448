import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ChatEntry, ChatGroup, ChatPerson } from '../../src/chat/backend.js'
import { rowWidth } from '../../src/chat/view/frame.js'
import { BOB, CAROL, entry, ModelChat, person } from './support/model.js'

const HIKING = '3f'.repeat(32)
const MEDIATOR = 'e5'.repeat(32)

function group(change: Partial<ChatGroup> = {}, rest: Partial<ChatPerson> = {}): ChatPerson {
  const mediatorAddress = 'tcp://127.0.0.1:5042'
  const standing: ChatGroup = { role: 'member', state: 'joined', mediator: MEDIATOR, mediatorAddress, ...change }
  return person(HIKING, 'Hiking', { kind: 'group', group: standing, ...rest })
}

function said(id: number, author: string, text: string, change: Partial<ChatEntry> = {}): ChatEntry {
  return entry(id, text, { peer: HIKING, author, ...change })
}

/** Hiking on the screen; Bob is a contact, Carol is not. */
function hiking(entries: readonly ChatEntry[], change: Partial<ChatGroup> = {}): ModelChat {
  const chat = new ModelChat()
  chat.happen({ type: 'people', people: [group(change), person(BOB, 'Bob')], requests: [] })
  chat.happen({ type: 'read', peer: HIKING, older: false, entries, start: true })
  chat.take()
  return chat
}

function talkRows(chat: ModelChat): string[] {
  return chat.rows
    .slice(1, -3)
    .map((row) => row.slice(21))
    .filter((row) => row !== '')
}

describe('a group', () => {
  test('says who said what: names that we gave alone, others with the start of their key', () => {
    const chat = hiking([
      said(1, BOB, 'eight?'),
      said(2, CAROL, 'nine', { authorName: 'Carol', replyTo: '1' }),
      said(3, CAROL, 'hm', { authorName: 'Bob' }),
      said(4, 'd0'.repeat(32), 'who am I?'),
      said(5, '', 'fine', { outgoing: true, replyTo: '3' }),
    ])
    expect(chat.rows[1]?.slice(0, 20)).toBe('>~ #Hiking          ')
    expect(talkRows(chat)).toEqual([
      ' #Hiking (3f3f3f3f)  connecting',
      ' ─── 2026-03-01 ───',
      ' 12:00   Bob: eight?',
      '         │ Bob: eight?',
      ' 12:00   Carol (cacacaca): nine',
      ' 12:00   Bob (cacacaca): hm',
      ' 12:00   d0d0d0d0: who am I?',
      '         │ Bob (cacacaca): hm',
      ' 12:00 + you: fine',
    ])
  })

  test.each([30, 40, 56, 80, 120])('however long a name is, the key stands beside it, at %i columns', (columns) => {
    const chat = hiking([said(1, CAROL, 'hello', { authorName: `Bob${' '.repeat(60)}: hi, ${'x'.repeat(200)}` })])
    chat.happen({ type: 'resize', columns, rows: 24 })
    const row = chat.rows.find((text) => text.includes('12:00')) ?? ''
    expect(row).toMatch(/cacacaca\)?: hello$|cacacaca\)?: $/)
  })

  test('what happened is no message of anybody', () => {
    const chat = hiking([said(1, MEDIATOR, `Bob joined,\ninvited by you`, { kind: 'system' })])
    expect(talkRows(chat).slice(2)).toEqual([' 12:00   * Bob joined,', '         invited by you'])
    for (const [key, says] of [
      ['r', 'what happened cannot be answered'],
      ['e', 'what happened cannot be reacted to'],
    ] as const) {
      chat.press('up').type(key)
      expect(chat.status).toContain(says)
      chat.press('escape')
    }
  })

  test('reactions count per person', () => {
    const react = (id: number, author: string, text: string): ChatEntry =>
      said(id, author, text, { kind: 'reaction', replyTo: '1', authorName: author === CAROL ? 'Carol' : '' })
    const chat = hiking([
      said(1, BOB, 'eight'),
      react(2, BOB, '👍'),
      react(3, CAROL, '👍'),
      react(4, CAROL, '🙏'),
      said(5, '', '😂', { kind: 'reaction', replyTo: '1', outgoing: true }),
    ])
    expect(talkRows(chat).at(-1)).toBe('         👍 Bob   🙏 Carol (cacacaca)   😂 you')
    chat.happen({ type: 'message', entry: react(6, CAROL, '') })
    expect(talkRows(chat).at(-1)).toBe('         👍 Bob   😂 you')
  })

  test('counts what is unread, and what happened is not', () => {
    const chat = ModelChat.withBob([])
    chat.happen({ type: 'people', people: [person(BOB, 'Bob'), group({}, { unread: 1 })], requests: [] })
    chat.happen({ type: 'message', entry: said(3, CAROL, 'two') })
    expect(chat.rows[1]).toMatch(/#Hiking +2│/)
    chat.press('tab')
    chat.happen({
      type: 'read',
      peer: HIKING,
      older: false,
      entries: [said(1, CAROL, 'one'), said(2, MEDIATOR, 'x came', { kind: 'system' }), said(3, CAROL, 'two')],
      start: true,
    })
    expect(chat.talk(HIKING).firstUnread).toBe('i1')
    expect(chat.take()).toContainEqual({ do: 'mark-read', peer: HIKING })
  })

  test('the connection is that to its mediator', () => {
    const chat = hiking([])
    chat.happen({ type: 'mediator', publicKey: MEDIATOR, link: { state: 'up', address: 'tcp://127.0.0.1:5042' } })
    expect(chat.rows[1]).toMatch(/^>\* #Hiking.*connected$/)
    chat.happen({ type: 'mediator', publicKey: MEDIATOR, link: { state: 'stopped', reason: 'another key' } })
    expect(chat.rows[1]).toMatch(/^>- #Hiking.*not reached \(another key\)$/)
  })

  test.each([
    [{ state: 'left' }, 'you left it', 'not in #Hiking any more'],
    [{ state: 'banned' }, 'you are not in it any more', 'not in #Hiking any more'],
    [{ state: 'deleted' }, 'it was deleted', 'not in #Hiking any more'],
    [{ role: 'reader' }, 'connecting', 'in #Hiking you may only read'],
  ] as const)('where nothing can be said, it stays typed: %o', (change, head, says) => {
    const chat = hiking([], change).type('hello').press('enter')
    expect(chat.take()).toEqual([])
    expect(chat.talk(HIKING).draft.text).toBe('hello')
    expect(chat.rows[1]).toContain(head)
    expect(chat.status).toContain(says)
    expect(chat.rows[1]?.startsWith('>x')).toBe('state' in change)
  })

  test('nobody can be called like a group', () => {
    const chat = new ModelChat()
    const people = [person(BOB, '', { nickname: '#Hiking' }), person(CAROL, '', { nickname: ' # #' })]
    chat.happen({ type: 'people', people, requests: [] })
    expect(chat.rows[1]).toMatch(/^> {2}Hiking +│ Hiking \(b0b0b0b0\)/)
    expect(chat.rows[2]).toMatch(/^ {3}cacacaca/)
  })
})

test('whatever people and groups are called, a screen holds nothing that a terminal obeys, and every name its key', () => {
  const hostile = fc.oneof(
    fc.constantFrom('\u001b[2J', 'a\rb', '\u202eevil', 'two\nlines', '(cacacaca)', '你'.repeat(50), ''),
    fc.string({ unit: 'binary' }),
  )
  fc.assert(
    fc.property(hostile, hostile, fc.integer({ min: 30, max: 120 }), (name, called, columns) => {
      const chat = new ModelChat({ columns, rows: 20 })
      const people = [{ ...group(), name, info: called }]
      const invite = { from: CAROL, isNewKey: false }
      const requests = [{ peer: 'd0'.repeat(32), nickname: name, message: called, invite }]
      chat.happen({ type: 'people', people, requests }, { type: 'open', peer: HIKING })
      const entries = [
        said(1, CAROL, 'FIRST', { authorName: called }),
        said(2, CAROL, 'SECOND', { authorName: called, replyTo: '1' }),
        said(3, MEDIATOR, name, { kind: 'system' }),
      ]
      chat.happen({ type: 'read', peer: HIKING, older: false, entries, start: true })
      const member = { publicKey: CAROL, name: called, role: 'member', online: true } as const
      chat.happen({ type: 'members', peer: HIKING, members: [member] })
      for (const key of ['', 'ctrl-y', 'escape', 'ctrl-p', 'ctrl-y']) {
        if (key !== '') chat.press(key)
        for (const row of chat.frame.rows) {
          expect(rowWidth(row)).toBeLessThanOrEqual(columns)
          for (const { text } of row) expect(text).not.toMatch(/[\p{Cc}\u202a-\u202e]/u)
        }
        if (key === '') expect(chat.rows.join('\n')).toMatch(/cacacaca\)?: FIRST/)
      }
    }),
    { seed: 1, numRuns: 100 },
  )
})

describe('invites', () => {
  const invite = { from: BOB, isNewKey: false }
  const request = { peer: HIKING, nickname: 'Hiking', message: 'on Saturdays', invite }

  test('are said, and accepted or refused like requests', () => {
    const chat = ModelChat.withBob([])
    chat.happen({ type: 'request', request })
    expect(chat.take()).toEqual([{ do: 'read-people' }, { do: 'bell' }])
    expect(chat.status).toBe(' Bob (b0b0b0b0) invites you to #Hiking (3f3f3f3f)')
    chat.press('ctrl-p')
    expect(chat.state.open).toBe(HIKING)
    expect(chat.rows[1]).toMatch(/^>\? #Hiking .*#Hiking \(3f3f3f3f\) {2}Bob \(b0b0b0b0\) invit.* invite: Ctrl-Y$/)
    chat.take()
    chat.type('hi').press('enter')
    expect(chat.take()).toEqual([])
    expect(chat.status).toContain('Ctrl-Y, then a accepts the invite')
    chat.press('ctrl-y')
    expect(chat.rows.slice(1, 9)).toEqual([
      ' #Hiking',
      ' a accept    r refuse    Esc back',
      '',
      ` group         ${HIKING}`,
      ' about         on Saturdays',
      ' invite        Bob (b0b0b0b0) invites you',
      `               ${BOB}`,
      '',
    ])
    // What can be done with people is nothing to do here.
    chat.type('bnqli')
    expect([chat.state.mode.name, chat.take()]).toEqual(['person', []])
    chat.type('a')
    expect(chat.take()).toEqual([{ do: 'answer', peer: HIKING, accept: true }])
    chat.press('ctrl-y').type('r')
    expect(chat.take()).toEqual([{ do: 'answer', peer: HIKING, accept: false }])
  })

  test('one of a group that we are in is a new key', () => {
    const chat = hiking([])
    chat.happen({ type: 'request', request: { ...request, invite: { ...invite, isNewKey: true } } })
    expect(chat.status).toBe(' Bob (b0b0b0b0) has a new key for #Hiking (3f3f3f3f)')
    expect(chat.rows[1]).toMatch(/invite: Ctrl-Y$/)
    chat.press('ctrl-y')
    expect(chat.rows.join('\n')).toContain('Bob (b0b0b0b0) has a new key for it')
    chat.type('a')
    expect(chat.take()).toContainEqual({ do: 'answer', peer: HIKING, accept: true })
  })
})

describe('the members', () => {
  const members = Array.from({ length: 40 }, (_, at) => ({
    publicKey: at.toString(16).padStart(2, '0').repeat(32),
    name: at === 0 ? '' : `member ${at}`,
    role: at === 0 ? ('owner' as const) : ('member' as const),
    online: at === 1,
  }))

  test('are read when they are looked at, and again when they change', () => {
    const chat = hiking([]).press('ctrl-y')
    expect(chat.take()).toEqual([{ do: 'read-members', peer: HIKING }])
    chat.happen({ type: 'members', peer: HIKING, members })
    const text = chat.rows.join('\n')
    expect(text).toContain(' l leave    Esc back')
    expect(text).toContain(' you are       member')
    expect(text).toContain(' mediator      tcp://127.0.0.1:5042')
    expect(text).toContain(' members       40')
    expect(text).toContain('                 00000000, owner')
    expect(text).toContain('               * member 1 (01010101), member')
    expect(text).not.toContain('member 39')
    expect(chat.press('end').rows.join('\n')).toContain('member 39')
    expect(chat.press('home').rows[1]).toBe(' #Hiking')
    chat.happen({ type: 'members-changed', peer: HIKING })
    expect(chat.take()).toEqual([{ do: 'read-members', peer: HIKING }])
    chat.press('escape').happen({ type: 'members-changed', peer: HIKING })
    expect(chat.take()).toEqual([])
  })

  test('leaving takes a word; the owner does not leave', () => {
    const chat = hiking([]).press('ctrl-y').type('l')
    chat.take()
    expect(chat.rows.at(-2)).toBe('Leave #Hiking? yes or no:')
    chat.press('enter')
    expect(chat.take()).toEqual([])
    chat.press('ctrl-y').type('l').type('yes').press('enter')
    expect(chat.take()).toContainEqual({ do: 'leave', peer: HIKING })
    const owner = hiking([], { role: 'owner' }).press('ctrl-y').type('l')
    expect(owner.state.mode.name).toBe('person')
  })

  test('inviting is for those who may', () => {
    expect(hiking([]).press('ctrl-y').type('i').state.mode.name).toBe('person')
    const chat = hiking([], { role: 'moderator' }).press('ctrl-y').type('i')
    expect(chat.rows.at(-2)).toBe('Invite whom:')
    chat.take()
    chat.type('carol ').press('enter')
    expect(chat.take()).toEqual([{ do: 'invite', peer: HIKING, person: 'carol' }])
  })
})

describe('deleting', () => {
  const theirs = said(1, BOB, 'theirs')
  const ours = said(2, '', 'ours', { outgoing: true })

  test('our own for everybody; those of others as a moderator only', () => {
    const chat = hiking([theirs, ours]).press('up').type('d')
    expect(chat.rows.at(-2)).toBe('Delete it? yes here, all for everybody, or no:')
    chat.type('all').press('enter')
    expect(chat.take()).toEqual([{ do: 'remove', entry: ours, everywhere: true }])
    chat.happen({ type: 'removed', entry: ours, everywhere: true })
    expect(chat.status).toContain('deleted for everybody')
    chat.press('up').type('d')
    expect(chat.rows.at(-2)).toBe('Remove it here? yes or no:')
    chat.type('all').press('enter')
    expect(chat.take()).toEqual([{ do: 'read-people' }])
    const moderator = hiking([theirs, ours], { role: 'moderator' }).press('up', 'up').type('d').type('all')
    expect(moderator.press('enter').take()).toEqual([{ do: 'remove', entry: theirs, everywhere: true }])
    const outside = hiking([theirs, ours], { state: 'left' }).press('up').type('d').type('yes').press('enter')
    expect(outside.take()).toEqual([{ do: 'remove', entry: ours, everywhere: false }])
  })

  test('what others deleted is gone when the conversation is read again, and what came meanwhile stays', () => {
    const third = said(3, BOB, 'third')
    const chat = hiking([theirs, ours, third])
    chat.happen({ type: 'changed', peer: HIKING })
    expect(chat.take()).toEqual([{ do: 'read', peer: HIKING, limit: 1_000 }])
    chat.happen({ type: 'message', entry: said(4, BOB, 'meanwhile') })
    chat.happen({ type: 'read', peer: HIKING, older: false, entries: [ours, third], start: true })
    expect(chat.talk(HIKING).entries.map(({ text }) => text)).toEqual(['ours', 'third', 'meanwhile'])
    chat.happen({ type: 'read', peer: HIKING, older: false, entries: [ours, said(4, BOB, 'meanwhile')], start: false })
    expect(chat.talk(HIKING).entries.map(({ text }) => text)).toEqual(['ours', 'meanwhile'])
  })
})

test('what is found in a group says who said it and where', () => {
  const chat = hiking([]).press('ctrl-f').type('eight').press('enter')
  const entries = [
    said(1, CAROL, 'eight', { authorName: 'Carol' }),
    said(2, '', 'eight', { outgoing: true }),
    entry(3, 'eight'),
  ]
  chat.happen({ type: 'found', token: 1, entries })
  expect(chat.rows.slice(2, 5)).toEqual([
    '> 2026-03-01 12:00 Carol (cacacaca) to #Hiking: eight',
    '  2026-03-01 12:00 you to #Hiking: eight',
    '  2026-03-01 12:00 Bob: eight',
  ])
})
