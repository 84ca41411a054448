import { readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { Drafts, serialized } from '../../src/chat/drafts.js'
import { draftOf } from '../../src/chat/editor.js'
import type { Talk } from '../../src/chat/model/state.js'
import { newTalk } from '../../src/chat/model/talk.js'
import { temporaryFolder } from '../support/folder.js'
import { BOB, CAROL } from './support/model.js'

function talk(text: string, change: Partial<Talk> = {}): Talk {
  return { ...newTalk(BOB), draft: draftOf(text), ...change }
}

function loaded(folder: string): Talk[] {
  return new Drafts(folder, () => {}).load()
}

describe('drafts on disk', () => {
  test('what is typed is there again, with cursor and answer', () => {
    const folder = join(temporaryFolder(), 'drafts')
    const drafts = new Drafts(folder, () => {})
    const before = talk('Hello\n你好 👩‍👩‍👧', { draft: { text: 'Hello\n你好 👩‍👩‍👧', cursor: 3 }, replyTo: 'i7' })
    drafts.note(before)
    drafts.note({ ...talk('to Carol'), peer: CAROL })
    drafts.flush()
    const [bob, carol] = loaded(folder)
    expect(bob).toMatchObject({ peer: BOB, draft: before.draft, replyTo: 'i7' })
    expect(carol).toMatchObject({ peer: CAROL, draft: { text: 'to Carol' } })
    if (process.platform !== 'win32') expect(statSync(join(folder, `${BOB}.json`)).mode & 0o777).toBe(0o600)
  })

  test('without being asked it is on disk within a quarter of a second', async () => {
    const folder = temporaryFolder()
    const drafts = new Drafts(folder, () => {})
    drafts.note(talk('a'))
    drafts.note(talk('ab'))
    await vi.waitFor(() => expect(loaded(folder)[0]?.draft.text).toBe('ab'), { timeout: 5_000, interval: 10 })
    drafts.note(talk(''))
    await vi.waitFor(() => expect(readdirSync(folder)).toEqual([]), { timeout: 5_000, interval: 10 })
  })

  test('what was sent and is not on disk yet still counts as typed', () => {
    const sending = [{ token: 1, text: 'sent', replyTo: undefined, editing: undefined }]
    expect(JSON.parse(serialized(talk('typed', { sending })))).toEqual({ text: 'sent\ntyped', cursor: 10 })
    expect(serialized(talk('', { sending: [] }))).toBe('')
  })

  test('the change of a message and what was typed before it', () => {
    const folder = temporaryFolder()
    const drafts = new Drafts(folder, () => {})
    drafts.note(talk('new text', { editing: { key: 'o3', before: draftOf('half a sentence') } }))
    drafts.flush()
    expect(loaded(folder)[0]).toMatchObject({
      draft: { text: 'new text' },
      editing: { key: 'o3', before: { text: 'half a sentence' } },
    })
  })

  test('files that are no drafts are left alone, and none of them is a failure', () => {
    const folder = temporaryFolder()
    for (const [name, text] of [
      [`${BOB}.json`, '{"text":"cut o'],
      [`${CAROL}.json`, '{"text":1,"cursor":2}'],
      ['x.json', '{"text":"x","cursor":1}'],
      [`${'d0'.repeat(32)}.json`, '{"text":"short","cursor":99,"replyTo":5,"editing":{"key":1}}'],
    ] as const)
      writeFileSync(join(folder, name), text)
    expect(loaded(folder).map(({ draft }) => draft)).toEqual([{ text: 'short', cursor: 5 }])
    expect(loaded(join(folder, 'none'))).toEqual([])
    expect(readdirSync(folder)).toHaveLength(4)
  })

  test('a disk that refuses is reported', () => {
    const file = join(temporaryFolder(), 'file')
    writeFileSync(file, '')
    const onError = vi.fn()
    const drafts = new Drafts(join(file, 'drafts'), onError)
    drafts.note(talk('x'))
    drafts.flush()
    expect(onError).toHaveBeenCalledOnce()
  })
})
