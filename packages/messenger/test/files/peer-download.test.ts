import { readFileSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { createRandom } from '@mimirjs/transport/testing'
import { describe, expect, test } from 'vitest'
import type { Store } from '../../src/store.js'
import { createMemoryStore } from '../../src/store-memory.js'
import { openSqliteStore } from '../../src/store-sqlite.js'
import { filesIn, newFolder } from './support/folders.js'
import { leftovers } from './support/leftovers.js'
import { connect, Person, sent } from './support/people.js'
import { until } from './support/until.js'
import './support/cleanup.js'

const bytes = createRandom(5).bytes(1_500_000)
const file = { bytes, name: 'notes.txt', mimeType: 'text/plain' }

function newStore(kind: 'memory' | 'sqlite'): Store {
  if (kind === 'memory') return createMemoryStore()
  const store = openSqliteStore(join(newFolder(), 'messenger.sqlite'))
  leftovers.push(() => store.close())
  return store
}

function same(path: string, expected: Uint8Array): boolean {
  return Buffer.compare(readFileSync(path), expected) === 0
}

describe.each([
  ['our kind', 'memory', true],
  ['our kind', 'sqlite', true],
  ['an original', 'memory', false],
  ['an original', 'sqlite', false],
] as const)('from %s, with a store of kind %s', (_, kind, extended) => {
  const stores = () => ({ sender: { store: newStore(kind) }, receiver: { store: newStore(kind) } })

  test.each([0, 1, 20_000, 65_536, 70_000, 1_500_000])('a file of %d bytes arrives as it was sent', async (size) => {
    const expected = bytes.subarray(0, size)
    const { ann, ben, message } = await sent({ ...file, bytes: expected }, stores())
    const link = connect(ann, ben, { extended })
    const path = join(ben.folder, 'downloads', 'notes.txt')
    expect(await ben.transfers.download(ann.key, message.guid)).toEqual({
      path,
      name: 'notes.txt',
      sizeBytes: size,
      mimeType: 'text/plain',
    })
    expect(same(path, expected)).toBe(true)
    expect(await ben.store.file(ann.key, false, message.guid)).toMatchObject({
      state: 'complete',
      path: 'downloads/notes.txt',
      partPath: '',
      doneBytes: size,
    })
    expect(filesIn(join(ben.folder, 'files'))).toEqual([])
    expect(ben.events.at(-1)).toMatchObject({ state: 'complete', path, doneBytes: size, sizeBytes: size })
    // What was asked for is acknowledged, and an empty file is not asked for.
    const answers = size === 0 ? [] : [message.guid]
    await until(() => link.b.acknowledged.length === answers.length)
    expect(link.b.acknowledged).toEqual(answers)
    expect(link.b.asked).toHaveLength(answers.length)
    expect(link.a.sentInline.length).toBe(size > 0 && size <= 20_000 ? 1 : 0)
    expect([...ben.errors, ...ann.errors]).toEqual([])
  })

  test('a link that breaks at any byte only costs time', async () => {
    const { sender, receiver } = stores()
    const limits = { rangeBytes: 400_000, countMs: 0 }
    const { ann, ben, message } = await sent(file, { sender, receiver: { ...receiver, limits } })
    const random = createRandom(extended ? 6 : 7)
    const done = ben.transfers.download(ann.key, message.guid)
    let links = 0
    const relink = (): void => {
      const limit = extended ? 300_000 : 3_000_000
      const link = connect(ann, ben, { extended, cutAfterBytes: 1 + random.integer(limit), pieceBytes: 30_000 })
      links++
      const { closed } = link.b.handlers ?? {}
      Object.assign(link.b.handlers ?? {}, {
        closed: () => {
          closed?.()
          relink()
        },
      })
    }
    relink()
    expect(same((await done).path, bytes)).toBe(true)
    expect(links).toBeGreaterThan(1)
    expect([...ben.errors, ...ann.errors]).toEqual([])
  })
})

describe('towards our kind', () => {
  test('it is fetched range by range, each after the OK of the one before', async () => {
    const { ann, ben, message } = await sent(file, { receiver: { limits: { rangeBytes: 400_000 } } })
    const link = connect(ann, ben)
    await ben.transfers.download(ann.key, message.guid)
    expect(link.b.asked.map(({ range }) => range)).toEqual([
      { offset: 0, maxBytes: 400_000 },
      { offset: 400_000, maxBytes: 400_000 },
      { offset: 800_000, maxBytes: 400_000 },
      { offset: 1_200_000, maxBytes: 300_000 },
    ])
    await until(() => link.b.acknowledged.length === 4)
  })

  test('after a break it goes on with the next byte', async () => {
    const { ann, ben, message } = await sent(file)
    const first = connect(ann, ben, { cutAfterBytes: 700_000, pieceBytes: 50_000 })
    const done = ben.transfers.download(ann.key, message.guid)
    await until(() => first.b.closed)
    expect(await ben.event(({ state }) => state === 'waiting')).toMatchObject({
      error: { code: 'unreachable', message: 'the sender of the file is not connected' },
    })
    expect(ben.kicks).toEqual([ann.key])
    expect(ben.transfers.wants(ann.key)).toBe(true)
    const head = first.a.sent[0]!.dataBytes - bytes.length
    const second = connect(ann, ben)
    await done
    expect(second.b.asked[0]?.range?.offset).toBe(700_000 - head)
    await until(() => !ben.transfers.wants(ann.key))
  })

  test('after the end of the process it goes on where the disk is known to have it', async () => {
    const { ann, ben, message } = await sent(file, { receiver: { limits: { countMs: 0 } } })
    connect(ann, ben, { cutAfterBytes: 900_000 })
    const done = ben.transfers.download(ann.key, message.guid, { to: join(ben.folder, 'here.bin') })
    await ben.event(({ state }) => state === 'waiting')
    const closed = expect(done).rejects.toMatchObject({ code: 'closed' })
    await ben.transfers.close()
    await closed
    const row = await ben.store.file(ann.key, false, message.guid)
    expect(row).toMatchObject({ state: 'wanted', path: 'here.bin' })
    expect(row?.doneBytes).toBeGreaterThan(800_000)

    const again = new Person({ key: ben.key, store: ben.store, folder: ben.folder })
    await again.transfers.start()
    expect(again.transfers.wants(ann.key)).toBe(true)
    const link = connect(ann, again)
    const { path } = await again.event(({ state }) => state === 'complete')
    expect(path).toBe(join(ben.folder, 'here.bin'))
    expect(same(path ?? '', bytes)).toBe(true)
    expect(link.b.asked[0]?.range?.offset).toBe(row?.doneBytes)
  })

  test('what was all there when the process ended needs the sender no more', async () => {
    const { ann, ben, message } = await sent(file)
    connect(ann, ben)
    await ben.transfers.download(ann.key, message.guid)
    const part = join(ben.folder, 'files', 'in', `${'a'.repeat(24)}.part`)
    const row = (await ben.store.file(ann.key, false, message.guid))!
    renameSync(join(ben.folder, 'downloads', 'notes.txt'), part)
    await ben.store.putFile({ ...row, state: 'wanted', path: '', partPath: `files/in/${'a'.repeat(24)}.part` })
    await ben.transfers.close()
    const again = new Person({ key: ben.key, store: ben.store, folder: ben.folder })
    await again.transfers.start()
    await again.event(({ state }) => state === 'complete')
    expect(same(join(ben.folder, 'downloads', 'notes.txt'), bytes)).toBe(true)
    expect(again.kicks).toEqual([])
  })

  test('a pause keeps what has come, and the next download goes on from there', async () => {
    const { ann, ben, message } = await sent(file, { receiver: { limits: { rangeBytes: 400_000 } } })
    const link = connect(ann, ben, { pieceBytes: 10_000 })
    // Enough for two answers, and not for a third.
    link.a.pass(110)
    const done = ben.transfers.download(ann.key, message.guid)
    const aborted = expect(done).rejects.toMatchObject({ code: 'aborted', message: 'the download was paused' })
    // Some of the third: who asks again for the very same while it is being sent is ignored.
    await until(() => filesIn(ben.folder).some((name) => statSync(join(ben.folder, name)).size > 800_000))
    await ben.transfers.pause(ann.key, message.guid)
    await aborted
    const row = await ben.store.file(ann.key, false, message.guid)
    expect(row).toMatchObject({ state: 'known' })
    expect(row?.doneBytes).toBeGreaterThan(800_000)
    expect(ben.states()).toEqual(['paused'])
    expect(ben.events.at(-1)?.error).toBeUndefined()
    expect(ben.transfers.wants(ann.key)).toBe(false)
    // Twice is once.
    await ben.transfers.pause(ann.key, message.guid)

    link.a.pass(Number.POSITIVE_INFINITY)
    expect(same((await ben.transfers.download(ann.key, message.guid)).path, bytes)).toBe(true)
    expect(link.b.asked[3]?.range?.offset).toBe(row?.doneBytes)
  })

  test('what is still on its way after a pause is taken and acknowledged, or the sender would wait', async () => {
    const { ann, ben, message } = await sent(file)
    const link = connect(ann, ben, { pieceBytes: 10_000 })
    const done = ben.transfers.download(ann.key, message.guid)
    const aborted = expect(done).rejects.toMatchObject({ code: 'aborted' })
    await until(() => link.a.sent.length === 1)
    await ben.transfers.cancel(ann.key, message.guid)
    await aborted
    await until(() => link.b.acknowledged.length === 1)
    await until(() => link.a.windowFor(1_000_000) === 1)
  })
})

describe('towards an original', () => {
  const original = { extended: false, pieceBytes: 10_000 }

  test('a break means to begin anew, and that is said', async () => {
    const { ann, ben, message } = await sent(file)
    connect(ann, ben, { ...original, cutAfterBytes: 1_000_000 })
    const done = ben.transfers.download(ann.key, message.guid)
    await ben.event(({ state }) => state === 'waiting')
    const link = connect(ann, ben, original)
    await done
    expect(link.b.asked).toEqual([expect.not.objectContaining({ range: expect.anything() })])
    expect(await ben.store.file(ann.key, false, message.guid)).toMatchObject({ state: 'complete' })
  })

  test('a second answer on the same connection begins anew, and that is said', async () => {
    const { ann, ben, message } = await sent(file)
    const link = connect(ann, ben, original)
    const done = ben.transfers.download(ann.key, message.guid)
    await until(() => ben.events.some(({ doneBytes }) => doneBytes > 0))
    link.a.breaksData = true
    const restart = await ben.event(({ error }) => error !== undefined)
    expect(restart).toMatchObject({ state: 'progress', doneBytes: 0, error: { code: 'cannot-resume' } })
    await done
    expect(link.b.asked).toHaveLength(2)
    expect(same(join(ben.folder, 'downloads', 'notes.txt'), bytes)).toBe(true)
  })

  test('a pause that would lose what has come is refused, and the download goes on', async () => {
    const { ann, ben, message } = await sent(file)
    const link = connect(ann, ben, original)
    const done = ben.transfers.download(ann.key, message.guid)
    await until(() => ben.events.some(({ doneBytes }) => doneBytes > 0))
    await expect(ben.transfers.pause(ann.key, message.guid)).rejects.toMatchObject({
      code: 'cannot-resume',
      blame: 'remote',
      message: expect.stringContaining('cancel it if you do not want it'),
    })
    await done
    expect(link.b.asked).toHaveLength(1)
    expect(ben.states()).toEqual(['complete'])
  })

  test('a signal stops it all the same, and says what that costs', async () => {
    const { ann, ben, message } = await sent(file)
    connect(ann, ben, original)
    const controller = new AbortController()
    const done = ben.transfers.download(ann.key, message.guid, { signal: controller.signal })
    const aborted = expect(done).rejects.toMatchObject({ code: 'aborted', cause: 'enough' })
    await until(() => ben.events.some(({ doneBytes }) => doneBytes > 0))
    controller.abort('enough')
    await aborted
    expect(await ben.event(({ state }) => state === 'paused')).toMatchObject({
      doneBytes: 0,
      error: { code: 'cannot-resume' },
    })
    expect(filesIn(join(ben.folder, 'files'))).toEqual([])
    await ben.transfers.download(ann.key, message.guid)
  })

  test('before anything has come a pause loses nothing', async () => {
    const { ann, ben, message } = await sent(file)
    const done = ben.transfers.download(ann.key, message.guid)
    const aborted = expect(done).rejects.toMatchObject({ code: 'aborted' })
    await ben.event(({ state }) => state === 'waiting')
    await ben.transfers.pause(ann.key, message.guid)
    await aborted
  })
})
