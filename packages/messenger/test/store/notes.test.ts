import { expect, test } from 'vitest'
import type { ContactNote } from '../../src/store.js'
import { ANN, BEN, describeStores } from './support.js'

function note(change: Partial<ContactNote> = {}): ContactNote {
  const blank = { message: '', nickname: '', info: '', accepted: false, atMs: 1, attempts: 0 }
  return { peer: ANN, kind: 'request-in', ...blank, ...change }
}

describeStores((newStore) => {
  test('keeps one note of each kind and peer, in the order in which they first came', async () => {
    const store = newStore()
    const request = note({ message: 'it is me', nickname: 'ann', info: 'x', avatar: Uint8Array.of(1, 2), atMs: 9 })
    const question = note({ kind: 'request-out', atMs: 3 })
    const answer = note({ peer: BEN, kind: 'response-out', accepted: true, atMs: 5 })
    for (const each of [request, question, answer]) await store.putContactNote(each)
    expect(await store.contactNotes()).toEqual([request, question, answer])
    const again = note({ message: 'me again', atMs: 10, attempts: 2 })
    await store.putContactNote(again)
    expect(await store.contactNotes()).toEqual([again, question, answer])
    expect(await store.contactNotes({ peer: ANN })).toEqual([again, question])
    expect(await store.contactNotes({ kind: 'response-out' })).toEqual([answer])
    expect(await store.contactNotes({ peer: BEN, kind: 'request-in' })).toEqual([])
  })

  test('deletes one note', async () => {
    const store = newStore()
    await store.putContactNote(note())
    await store.putContactNote(note({ kind: 'request-out' }))
    await store.deleteContactNote(ANN, 'request-in')
    await store.deleteContactNote(BEN, 'request-out')
    expect((await store.contactNotes()).map(({ kind }) => kind)).toEqual(['request-out'])
  })

  test.each(['request-in', 'response-out'] as const)(
    'keeps the newest thousand of %s, and every question of ours',
    async (kind) => {
      const store = newStore()
      const peer = (index: number) => index.toString(16).padStart(64, '0')
      const puts = Array.from({ length: 1_001 }, (_, index) => [
        // The clock goes backwards: that is no reason to drop what is new.
        store.putContactNote(note({ peer: peer(index), kind, atMs: 5_000 - index })),
        store.putContactNote(note({ peer: peer(index), kind: 'request-out' })),
      ])
      await Promise.all(puts.flat())
      const notes = await store.contactNotes({ kind })
      expect(notes).toHaveLength(1_000)
      expect(notes[0]?.peer).toBe(peer(1))
      expect(notes.at(-1)?.peer).toBe(peer(1_000))
      expect(await store.contactNotes({ kind: 'request-out' })).toHaveLength(1_001)
    },
  )
})
