import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { loadConfig } from '../../examples/web-chat/src/page/model/config.js'
import { Drafts } from '../../examples/web-chat/src/page/model/drafts.js'

describe('what is written and not sent', () => {
  test('is kept for each person, leaves when it is sent, and comes back before what was written since', () => {
    const drafts = new Drafts()
    drafts.write('anna', 'to Anna')
    drafts.write('bela', 'to Bela')
    expect(drafts.of('anna')).toBe('to Anna')
    expect(drafts.take('anna')).toBe('to Anna')
    expect([drafts.of('anna'), drafts.of('bela')]).toEqual(['', 'to Bela'])
    drafts.write('anna', 'next')
    drafts.giveBack('anna', 'to Anna')
    expect(drafts.of('anna')).toBe('to Anna\nnext')
  })
})

describe('what the server says of itself', () => {
  const CONFIG = { servers: ['wss://meet.example'], iceServers: [] }
  const NOTHING = { servers: [], iceServers: [] }
  const kept = new Map<string, string>()
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, text: string) => void kept.set(key, text),
  }
  const answers = (body: string, status = 200): void => {
    vi.stubGlobal('fetch', async () => new Response(body, { status }))
  }

  beforeEach(() => {
    kept.clear()
    vi.stubGlobal('localStorage', storage)
  })
  afterEach(() => {
    vi.unstubAllGlobals()
  })

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
    const refuse = (): never => {
      throw new DOMException('no room', 'QuotaExceededError')
    }
    vi.stubGlobal('localStorage', { getItem: refuse, setItem: refuse })
    expect(await loadConfig()).toEqual(CONFIG)
  })
})
