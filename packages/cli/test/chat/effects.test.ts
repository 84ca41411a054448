import { describe, expect, test, vi } from 'vitest'
import type { ChatBackend } from '../../src/chat/backend.js'
import { Effects } from '../../src/chat/effects.js'
import type { ChatEvent } from '../../src/chat/model/event.js'
import { BOB, CAROL, entry } from './support/model.js'

/** A backend that does what a test says, and writes down when it was asked. */
function effectsOver(backend: Partial<ChatBackend>): { effects: Effects; events: ChatEvent[]; quit: () => void } {
  const events: ChatEvent[] = []
  const quit = vi.fn()
  const effects = new Effects({
    backend: { connect: () => {}, ...backend } as ChatBackend,
    cwd: '/cwd',
    dispatch: (event) => events.push(event),
    bell: () => {},
    redraw: () => {},
    suspend: () => {},
    quit,
  })
  return { effects, events, quit }
}

const refusing = (why: string) => () => Promise.reject(new Error(why))

describe('what is done for the model', () => {
  test('of one person one after the other, of two side by side', async () => {
    const asked: string[] = []
    let release: () => void = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const { effects, events } = effectsOver({
      history: async (peer) => {
        asked.push(`history ${peer.slice(0, 2)}`)
        if (peer === BOB) await held
        return [entry(1, 'one', { peer })]
      },
      markRead: async (peer) => void asked.push(`read ${peer.slice(0, 2)}`),
    })
    effects.run({ do: 'read', peer: BOB, limit: 5 })
    effects.run({ do: 'mark-read', peer: BOB })
    effects.run({ do: 'read', peer: CAROL, limit: 1 })
    await vi.waitFor(() => expect(events).toHaveLength(1))
    expect(asked).toEqual(['history b0', 'history ca'])
    release()
    await vi.waitFor(() => expect(asked).toEqual(['history b0', 'history ca', 'read b0']))
    expect(events).toEqual([
      { type: 'read', peer: CAROL, older: false, entries: [entry(1, 'one', { peer: CAROL })], start: false },
      { type: 'read', peer: BOB, older: false, entries: [entry(1, 'one')], start: true },
    ])
  })

  test('the list of people that is asked for while it is read is read once more', async () => {
    let reads = 0
    const { effects, events } = effectsOver({
      people: async () => {
        reads++
        await Promise.resolve()
        return []
      },
      requests: async () => [],
    })
    for (let at = 0; at < 10; at++) effects.run({ do: 'read-people' })
    await vi.waitFor(() => expect(events).toHaveLength(2))
    expect(reads).toBe(2)
    effects.run({ do: 'read-people' })
    await vi.waitFor(() => expect(reads).toBe(3))
  })

  test('a refusal is said where it belongs', async () => {
    const { effects, events } = effectsOver({
      send: refusing('too long'),
      history: refusing('no disk'),
      search: refusing('no index'),
      save: refusing('no room'),
      block: refusing('not now'),
      people: refusing('no list'),
      requests: async () => [],
    })
    effects.run({ do: 'send', peer: BOB, token: 7, content: { text: 'x' } })
    effects.run({ do: 'read', peer: BOB, limit: 5 })
    effects.run({ do: 'search', token: 8, text: 'x', peer: undefined })
    effects.run({ do: 'save', entry: entry(1, 'x'), path: 'there' })
    effects.run({ do: 'block', peer: BOB })
    effects.run({ do: 'read-people' })
    await vi.waitFor(() => expect(events).toHaveLength(7))
    expect(events).toEqual(
      expect.arrayContaining([
        { type: 'send-failed', peer: BOB, token: 7, reason: 'too long' },
        { type: 'read-failed', peer: BOB, reason: 'no disk' },
        { type: 'found', token: 8, entries: [] },
        { type: 'notice', kind: 'error', text: 'no index' },
        { type: 'save-failed', entry: entry(1, 'x'), reason: 'no room' },
        { type: 'notice', kind: 'error', text: 'not now' },
        { type: 'notice', kind: 'error', text: 'no list' },
      ]),
    )
  })

  test('paths are taken from where the program was started', async () => {
    const sent: unknown[] = []
    const { effects } = effectsOver({
      send: async (_peer, content) => {
        sent.push(content)
        return '1'
      },
      save: async (_entry, path) => {
        sent.push(path)
        return path
      },
      history: async () => [],
    })
    effects.run({ do: 'send', peer: BOB, token: 1, content: { path: 'a.txt', text: '' } })
    effects.run({ do: 'save', entry: entry(1, 'x'), path: 'b' })
    await vi.waitFor(() => expect(sent).toEqual(expect.arrayContaining([{ path: '/cwd/a.txt', text: '' }, '/cwd/b'])))
  })

  test('at the end what is being sent is waited for, but not for ever, and then nothing is told', async () => {
    let accept: (() => void) | undefined
    const { effects, events } = effectsOver({
      send: () =>
        new Promise((resolve) => {
          accept = () => resolve('1')
        }),
      history: async () => [],
    })
    effects.run({ do: 'send', peer: BOB, token: 1, content: { text: 'x' } })
    await vi.waitFor(() => expect(accept).toBeDefined())
    const closing = effects.close(60_000)
    await Promise.resolve()
    accept?.()
    await closing
    expect(events).toEqual([{ type: 'sent', peer: BOB, token: 1, entries: [] }])
    effects.run({ do: 'send', peer: BOB, token: 2, content: { text: 'y' } })
    await effects.close(1)
    accept?.()
    await Promise.resolve()
    expect(events).toHaveLength(1)
  })

  test('the end of the program is the end of the program', () => {
    const { effects, quit } = effectsOver({})
    effects.run({ do: 'quit' })
    expect(quit).toHaveBeenCalledOnce()
  })
})
