import { type Messenger, MessengerError } from '@mimirjs/messenger'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Chat } from '../../examples/web-chat/src/page/model/chat.js'
import { loadConfig } from '../../examples/web-chat/src/page/model/config.js'
import { Drafts } from '../../examples/web-chat/src/page/model/drafts.js'
import { Pictures } from '../../examples/web-chat/src/page/model/pictures.js'
import { followPlaces } from '../../examples/web-chat/src/page/model/places.js'
import { FIRST_STATE, type PersonView, type Phase } from '../../examples/web-chat/src/page/model/state.js'
import { Watched } from '../../examples/web-chat/src/page/model/store.js'
import { peopleOf } from '../../examples/web-chat/src/page/model/views.js'

/** Where a browser keeps what pages tell it. */
const kept = new Map<string, string>()

beforeEach(() => {
  kept.clear()
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, text: string) => void kept.set(key, text),
  }
  vi.stubGlobal('localStorage', storage)
  vi.stubGlobal('sessionStorage', storage)
})
afterEach(() => {
  vi.unstubAllGlobals()
})

const refuse = (): never => {
  throw new DOMException('no room', 'QuotaExceededError')
}

describe('what is written and not sent', () => {
  test('is kept for each person, leaves when it is sent, and comes back before what was written since', () => {
    const drafts = new Drafts('1')
    drafts.write('anna', 'to Anna')
    drafts.write('bela', 'to Bela')
    expect(drafts.of('anna')).toBe('to Anna')
    expect(drafts.take('anna')).toBe('to Anna')
    expect([drafts.of('anna'), drafts.of('bela')]).toEqual(['', 'to Bela'])
    drafts.write('anna', 'next')
    drafts.giveBack('anna', 'to Anna')
    expect(drafts.of('anna')).toBe('to Anna\nnext')
  })

  test('is there when the page is loaded again, for the same person of this browser', () => {
    new Drafts('1').write('anna', 'to Anna')
    expect([new Drafts('1').of('anna'), new Drafts('2').of('anna')]).toEqual(['to Anna', ''])
    new Drafts('1').take('anna')
    expect(new Drafts('1').of('anna')).toBe('')
  })

  test.each(['{', 'null', '{"anna":1}'])('is nothing where the browser kept %s', (text) => {
    vi.stubGlobal('sessionStorage', { getItem: () => text, setItem: refuse })
    const drafts = new Drafts('1')
    expect(drafts.of('anna')).toBe('')
    drafts.write('anna', 'to Anna')
    expect(drafts.of('anna')).toBe('to Anna')
  })
})

describe('where a window is', () => {
  const person = (peer: string): PersonView => ({
    peer,
    name: peer,
    unread: 0,
    preview: '',
    lastAt: undefined,
    isBlocked: false,
  })

  /** A window, whose history is at `place` when the page is loaded; its places, `>` before the one where it is. */
  function open(place: unknown = null, phase: Phase = { name: 'ready' }, hash = '') {
    const listeners = new Map<string, () => void>()
    const places: unknown[] = [null, place]
    let at = 1
    const location = { hash, pathname: '/', search: '' }
    const go = (step: number): void => {
      at += step
      listeners.get('popstate')?.()
    }
    vi.stubGlobal('location', location)
    vi.stubGlobal('window', { addEventListener: (type: string, listener: () => void) => listeners.set(type, listener) })
    vi.stubGlobal('history', {
      get state() {
        return places[at]
      },
      pushState: (state: unknown) => places.splice(++at, places.length, state),
      replaceState: (state: unknown, _title: string, url?: string) => {
        places[at] = state
        if (url !== undefined) location.hash = ''
      },
      back: () => go(-1),
    })
    const state = new Watched({ ...FIRST_STATE, people: [person('anna'), person('bela')] })
    const asked: string[] = []
    const chat = {
      state,
      select: async (selected: string | undefined) => state.change({ selected }),
      consider: (text: string) => {
        asked.push(text)
        return text === 'nobody' ? 'That names nobody.' : ''
      },
      notify: (notice: string) => state.change({ notice }),
    }
    followPlaces(chat)
    state.change({ phase })
    const follow = (link: string): void => {
      places.splice(++at, places.length, null)
      location.hash = `#${link}`
      listeners.get('popstate')?.()
      listeners.get('hashchange')?.()
    }
    return { chat, state, asked, go, follow, location, seen: () => places.map((p, i) => (i === at ? ['>', p] : p)) }
  }

  test('a conversation is one step from the people, whoever was chosen before', () => {
    const { chat, state, go, seen } = open()
    void chat.select('anna')
    expect(seen()).toEqual([null, null, ['>', { peer: 'anna' }]])
    void chat.select('bela')
    expect(seen()).toEqual([null, null, ['>', { peer: 'bela' }]])
    go(-1)
    expect(state.value.selected).toBeUndefined()
    go(1)
    expect(state.value.selected).toBe('bela')
    void chat.select(undefined)
    expect(seen()).toEqual([null, ['>', null], { peer: 'bela' }])
  })

  test('a page that is loaded again is where it was, unless nobody is known there', () => {
    expect(open({ peer: 'anna' }).state.value.selected).toBe('anna')
    const { chat, state, seen } = open({ peer: 'carl' })
    expect(state.value.selected).toBeUndefined()
    void chat.select('anna')
    expect(seen()).toEqual([null, ['>', { peer: 'anna' }]])
  })

  test('a link waits until somebody is there to be asked, leaves the address, and the conversation stays', () => {
    const { chat, state, asked, follow, location } = open(null, { name: 'welcome' }, '#bela')
    expect([asked, location.hash]).toEqual([[], '#bela'])
    state.change({ phase: { name: 'ready' } })
    expect([asked, location.hash]).toEqual([['bela'], ''])
    void chat.select('anna')
    follow('nobody')
    expect([asked, location.hash]).toEqual([['bela', 'nobody'], ''])
    expect([state.value.selected, state.value.notice]).toEqual(['anna', 'That names nobody.'])
  })
})

describe('a file', () => {
  const of = { peer: 'anna', id: '1', outgoing: false }

  test('that is not here is fetched when it is asked for, and only then', async () => {
    vi.stubGlobal('URL', { createObjectURL: (blob: Blob) => `blob:${blob.size}`, revokeObjectURL: () => {} })
    let isHere = false
    const calls: string[] = []
    const pictures = new Pictures({
      fileBlob: async () => {
        if (!isHere) throw new MessengerError('unknown-file', 'it is not here')
        return new Blob(['abc'])
      },
      download: async () => {
        calls.push('download')
        isHere = true
      },
    } as unknown as Messenger)
    expect(await pictures.kept(of)).toBeUndefined()
    expect(calls).toEqual([])
    expect(await pictures.url(of)).toBe('blob:3')
    expect(await pictures.kept(of)).toBe('blob:3')
    expect(calls).toEqual(['download'])
  })

  test('that was the last thing said is shown by its name', async () => {
    const last = { peer: 'anna', kind: 'file', text: '', outgoing: true, sentAt: new Date(0) }
    const people = await peopleOf({
      conversations: async () => [{ contact: { peer: 'anna', kind: 'contact', name: 'Anna' }, unread: 0, last }],
      contacts: async () => [],
      history: async () => [{ ...last, file: { name: 'notes.txt' } }],
    } as unknown as Messenger)
    expect(people.map(({ preview }) => preview)).toEqual(['You: notes.txt'])
  })
})

test('who was blocked before anything was said stays in the list, to be let in again', async () => {
  const blocked = { peer: 'bela', kind: 'blocked', name: 'Bela' }
  const last = { peer: 'carl', kind: 'text', text: 'hi', outgoing: false, sentAt: new Date(0) }
  const carl = { peer: 'carl', kind: 'blocked', name: 'Carl' }
  const people = await peopleOf({
    conversations: async () => [{ contact: carl, unread: 0, last }],
    contacts: async () => [blocked, carl],
  } as unknown as Messenger)
  expect(people.map(({ name, isBlocked }) => [name, isBlocked])).toEqual([
    ['Carl', true],
    ['Bela', true],
  ])
})

test('a name of nothing but spaces is none', async () => {
  vi.stubGlobal('navigator', { onLine: true })
  const chat = new Chat({ profile: '1', servers: [], iceServers: [], pageUrl: 'https://chat.example/' })
  expect(await chat.rename('  ')).toMatch(/at least one letter/)
})

describe('what the server says of itself', () => {
  const CONFIG = { servers: ['wss://meet.example'], iceServers: [] }
  const NOTHING = { servers: [], iceServers: [] }
  const answers = (body: string, status = 200): void => {
    vi.stubGlobal('fetch', async () => new Response(body, { status }))
  }

  test('counts, and counts on without a network', async () => {
    answers(JSON.stringify(CONFIG))
    expect(await loadConfig()).toEqual(CONFIG)
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('no network')))
    expect(await loadConfig()).toEqual(CONFIG)
  })

  test.each(['<!doctype html>a login page', '{}', '{"servers":"wss://x","iceServers":[]}', 'null'])(
    'is not forgotten for %j',
    async (body) => {
      answers(body)
      expect(await loadConfig()).toEqual(NOTHING)
      answers(JSON.stringify(CONFIG))
      await loadConfig()
      answers(body)
      expect(await loadConfig()).toEqual(CONFIG)
      answers('', 502)
      expect(await loadConfig()).toEqual(CONFIG)
    },
  )

  test('counts where the browser keeps nothing', async () => {
    answers(JSON.stringify(CONFIG))
    vi.stubGlobal('localStorage', { getItem: refuse, setItem: refuse })
    expect(await loadConfig()).toEqual(CONFIG)
  })
})
