import { createClock } from '@mimirjs/transport/testing'
import { expect, test } from 'vitest'
import type { HistoryEntry } from '../src/index.js'
import { createWorld } from './support/world.js'

async function annWritesTo(ben: { publicKey: string }, clock = createClock(1_800_000_000_000)) {
  const { messenger: ann } = await createWorld().person({ generation: 'overlay', clock })
  const newest = async (): Promise<HistoryEntry | undefined> => (await ann.history(ben.publicKey))[0]
  return { ann, clock, newest, sent: await ann.send(ben.publicKey, 'first') }
}

async function somebody() {
  return (await createWorld().person()).messenger
}

test('a text can be changed again and again at one moment, and the last change stays', async () => {
  const ben = await somebody()
  const { ann, newest, sent } = await annWritesTo(ben)
  await ann.send(ben.publicKey, { edit: sent.id, text: 'second' })
  await Promise.all(['third', 'fourth', 'fifth'].map((text) => ann.send(ben.publicKey, { edit: sent.id, text })))
  expect(await newest()).toMatchObject({ text: 'fifth' })
})

test('a text can be changed when the clock was set back', async () => {
  const ben = await somebody()
  let offsetMs = 0
  const inner = createClock(1_800_000_000_000)
  const clock = { ...inner, nowMs: () => inner.nowMs() + offsetMs, schedule: inner.schedule.bind(inner) }
  const { messenger: ann } = await createWorld().person({ clock })
  const sent = await ann.send(ben.publicKey, 'first')
  await ann.send(ben.publicKey, { edit: sent.id, text: 'second' })
  const [before] = await ann.history(ben.publicKey)
  offsetMs = -3_600_000
  await ann.send(ben.publicKey, { edit: sent.id, text: 'third' })
  const [after] = await ann.history(ben.publicKey)
  expect(after?.text).toBe('third')
  expect(after?.editedAt?.getTime()).toBeGreaterThan(before?.editedAt?.getTime() ?? 0)
})

test('what is no text of ours cannot be changed into one', async () => {
  const ben = await somebody()
  const { ann, newest } = await annWritesTo(ben)
  const image = await ann.send(ben.publicKey, { image: { bytes: new Uint8Array(3), name: 'a.png' } })
  const reaction = await ann.send(ben.publicKey, { reaction: '👍', replyTo: '5' })
  for (const id of [image.id, reaction.id, '12345'])
    await expect(ann.send(ben.publicKey, { edit: id, text: 'a text' })).rejects.toMatchObject({
      code: 'unknown-message',
    })
  expect(await newest()).toMatchObject({ kind: 'reaction', text: '👍' })
})
