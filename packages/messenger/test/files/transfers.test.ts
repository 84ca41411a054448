import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createRandom } from '@mimirjs/transport/testing'
import { encodeAttachmentMetadata } from '@mimirjs/wire/content'
import { MessageType } from '@mimirjs/wire/peer'
import { describe, expect, test } from 'vitest'
import './support/cleanup.js'
import { breakableDisk } from './support/breakable-disk.js'
import { filesIn, newFolder } from './support/folders.js'
import { connect, Person, sent } from './support/people.js'
import { until } from './support/until.js'

const PEER = 'ab'.repeat(32)
const bytes = createRandom(18).bytes(100_000)
const file = { bytes, name: 'a.bin' }

describe('a message with a file', () => {
  test('is in the store with it, or neither of them is anywhere', async () => {
    const ann = new Person()
    const message = await ann.send(PEER, file)
    expect(message).toMatchObject({ peer: PEER, outgoing: true, state: 'stored' })
    expect(await ann.store.file(PEER, true, message.guid)).toMatchObject({ state: 'offered', sizeBytes: 100_000 })
    expect((await ann.store.pending(PEER, 9)).map(({ guid }) => guid)).toEqual([message.guid])

    const before = filesIn(ann.folder)
    ann.store.enqueue = () => Promise.reject(new Error('the disk is full'))
    await expect(ann.send(PEER, file)).rejects.toMatchObject({ code: 'store', message: 'the disk is full' })
    expect(filesIn(ann.folder)).toEqual(before)
    expect(ann.errors).toEqual([])
  })

  test('is refused when everything is closed', async () => {
    const ann = new Person()
    await ann.transfers.close()
    await expect(ann.send(PEER, file)).rejects.toMatchObject({ code: 'closed' })
    expect(filesIn(ann.folder)).toEqual([])
    // Once more is no harm.
    await ann.transfers.close()
  })

  test('that carries it inside is read from disk', async () => {
    const ann = new Person()
    const path = join(newFolder(), 'a.bin')
    writeFileSync(path, bytes)
    expect(await ann.transfers.read({ path }, 100_000)).toMatchObject({ name: 'a.bin' })
    await expect(ann.transfers.read({ path }, 99_999)).rejects.toMatchObject({
      code: 'too-large',
      message: 'file a.bin has 100000 bytes, a message carries at most 99999',
    })
  })
})

describe('the start', () => {
  test('fails with the store, which holds everything', async () => {
    const ann = new Person()
    ann.store.files = () => Promise.reject(new Error('no'))
    await expect(ann.transfers.start()).rejects.toMatchObject({ code: 'store' })
  })

  test('does not fail with a folder that cannot be read', async () => {
    const disk = breakableDisk()
    const ann = new Person({ disk })
    disk.fail('list', 'EACCES')
    await ann.transfers.start()
    expect(ann.errors).toEqual([expect.objectContaining({ code: 'file' })])
  })

  test('leaves a download alone whose message is gone', async () => {
    const { ann, ben, message } = await sent(file)
    void ben.transfers.download(ann.key, message.guid).catch(() => {})
    await ben.event(({ state }) => state === 'waiting')
    const row = (await ben.store.file(ann.key, false, message.guid))!
    await ben.transfers.close()
    await ben.store.remove(ann.key, message.guid, false)
    await ben.store.putFile(row)
    const again = new Person({ key: ben.key, store: ben.store, folder: ben.folder })
    await again.transfers.start()
    expect(again.errors).toEqual([expect.objectContaining({ code: 'unknown-file' })])
    expect(again.transfers.wants(ann.key)).toBe(false)
  })
})

test('a message that is deleted past us ends its download', async () => {
  const { ann, ben, message } = await sent(file)
  const gone = expect(ben.transfers.download(ann.key, message.guid)).rejects.toMatchObject({ code: 'unknown-file' })
  await ben.event(({ state }) => state === 'waiting')
  await ben.store.remove(ann.key, message.guid, false)
  connect(ann, ben)
  await gone
  expect(ben.states()).toEqual(['waiting', 'failed'])
  await until(() => !ben.transfers.wants(ann.key))
})

test('an original is not asked for what it cannot send, one of our kind is', async () => {
  const { ann, ben } = await sent(file)
  const sizeBytes = 600_000_000
  const payload = encodeAttachmentMetadata({ name: 'film', hash: 'ab'.repeat(32), sizeBytes })
  await ben.receive(ann.key, { guid: 9n, payload, messageType: MessageType.file })
  const original = connect(ann, ben, { extended: false })
  const closed = expect(ben.transfers.download(ann.key, 9n)).rejects.toMatchObject({ code: 'closed' })
  expect(await ben.event(({ state }) => state === 'waiting')).toMatchObject({
    error: { code: 'too-large', message: "the sender's program sends no file of 600000000 bytes" },
  })
  expect(original.b.asked).toEqual([])
  const ours = connect(ann, ben)
  await until(() => ours.b.asked.length === 1)
  await ben.transfers.close()
  await closed
})
