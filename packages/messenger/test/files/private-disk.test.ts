// A disk that nobody but the messenger sees, as in a browser: what is downloaded goes with its message.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createRandom } from '@mimirjs/transport/testing'
import { encodeAttachmentMetadata } from '@mimirjs/wire/content'
import { MessageType } from '@mimirjs/wire/peer'
import { describe, expect, test } from 'vitest'
import './support/cleanup.js'
import { MessengerError } from '../../src/error.js'
import type { Disk } from '../../src/files/disk.js'
import type { FaultHook } from '../../src/files/faults.js'
import { nodeDisk } from '../../src/platform/node/disk.js'
import type { StoredMessage } from '../../src/store.js'
import { filesIn } from './support/folders.js'
import { connect, Person, type PersonOptions, sent } from './support/people.js'

const privateDisk: Disk = { ...nodeDisk, isPrivate: true }
const bytes = createRandom(21).bytes(100_000)

/** Ben has fetched the file of a message of Ann's, as `a.bin`. */
async function fetched(receiver: PersonOptions = {}) {
  const people = await sent({ bytes, name: 'a.bin' }, { receiver: { disk: privateDisk, ...receiver } })
  connect(people.ann, people.ben)
  await people.ben.transfers.download(people.ann.key, people.message.guid)
  return people
}

/** The same person after a restart. */
async function again(person: Person, disk = privateDisk): Promise<Person> {
  await person.transfers.close()
  const next = new Person({ key: person.key, store: person.store, folder: person.folder, disk })
  await next.transfers.start()
  return next
}

/** One more file from Ann, which Ben has fetched. */
async function fetchAnother(ann: Person, ben: Person): Promise<StoredMessage> {
  const message = await ann.send(ben.key, { bytes, name: 'b.bin' })
  await ben.receive(ann.key, message)
  await ben.transfers.download(ann.key, message.guid)
  return message
}

describe('a download whose message is gone', () => {
  test('is removed at the next start, when the last process ended in between; the others stay', async () => {
    const { ann, ben, message } = await fetched()
    await fetchAnother(ann, ben)
    await ben.store.remove(ann.key, message.guid, false)
    const { errors } = await again(ben)
    expect(filesIn(ben.folder)).toEqual(['downloads/b.bin'])
    expect(errors).toEqual([])
  })

  test('stays where the user gets at it', async () => {
    const { ann, ben, message } = await fetched({ disk: nodeDisk })
    await ben.transfers.remove(ann.key, message.guid, false)
    await again(ben, nodeDisk)
    expect(filesIn(ben.folder)).toEqual(['downloads/a.bin'])
  })

  test('is removed at once when it was of a group; the others stay', async () => {
    const { ann, ben, message } = await fetched()
    await fetchAnother(ann, ben)
    await ben.store.remove(ann.key, message.guid, false)
    await ben.transfers.groupRemoved()
    expect(filesIn(ben.folder)).toEqual(['downloads/b.bin'])
  })

  test('goes also when it is complete only while its message is deleted', async () => {
    let removed: Promise<boolean> | undefined
    const faults: FaultHook = (point) => {
      if (point === 'landed') removed = ben.transfers.remove(ann.key, message.guid, false)
    }
    const { ann, ben, message } = await sent({ bytes, name: 'a.bin' }, { receiver: { disk: privateDisk, faults } })
    connect(ann, ben)
    await ben.transfers.download(ann.key, message.guid)
    expect(await removed).toBe(true)
    expect(filesIn(ben.folder)).toEqual([])
  })
})

test('a second one that is the same, byte for byte, gets a place of its own although the first was to be there', async () => {
  const { ann, ben, message } = await fetched()
  rmSync(join(ben.folder, 'downloads/a.bin'))
  await ben.store.changeFile(ann.key, false, message.guid, { state: 'known' })
  const other = await ann.send(ben.key, { bytes, name: 'a.bin' })
  await ben.receive(ann.key, other)
  await ben.transfers.download(ann.key, other.guid)
  await ben.transfers.download(ann.key, message.guid)
  await ben.transfers.remove(ann.key, message.guid, false)
  expect((await ben.transfers.blob(ann.key, other.guid, false)).size).toBe(bytes.length)
})

test('where the user gets at it, the place of a download that they took away is free again', async () => {
  const { ann, ben } = await fetched({ disk: nodeDisk })
  rmSync(join(ben.folder, 'downloads/a.bin'))
  const other = await ann.send(ben.key, { bytes, name: 'a.bin' })
  await ben.receive(ann.key, other)
  await ben.transfers.download(ann.key, other.guid)
  expect(filesIn(ben.folder)).toEqual(['downloads/a.bin'])
})

test('a disk that another page has open opens nothing: nobody would see its files', async () => {
  const list = (): Promise<never> => Promise.reject(new MessengerError('in-use', 'said the test'))
  const { transfers } = new Person({ disk: { ...privateDisk, list } })
  await expect(transfers.start()).rejects.toMatchObject({ code: 'in-use' })
})

test('a download that was about to get its name when the process ended keeps it', async () => {
  const { ann, ben, message } = await sent({ bytes, name: 'a.bin' }, { receiver: { disk: privateDisk } })
  void ben.transfers.download(ann.key, message.guid).catch(() => {})
  await ben.event(({ state }) => state === 'waiting')
  await ben.store.changeFile(ann.key, false, message.guid, { path: 'downloads/a.bin' })
  mkdirSync(join(ben.folder, 'downloads'))
  writeFileSync(join(ben.folder, 'downloads/a.bin'), bytes)
  await again(ben)
  expect(filesIn(ben.folder)).toEqual(['downloads/a.bin'])
})

test.each([
  ['takes with it', privateDisk, []],
  ['leaves alone', nodeDisk, ['downloads/a.bin']],
])('what the sender announces instead %s what was there', async (_, disk, expected) => {
  const { ann, ben, message } = await fetched({ disk })
  const { guid } = message
  const payload = encodeAttachmentMetadata({ name: 'c.bin', hash: 'ab'.repeat(32), sizeBytes: 5 })
  const times = { sendTimeMs: 1, editTimeMs: 2, receivedMs: 2 }
  await ben.store.receive({ peer: ann.key, guid, replyTo: 0n, messageType: MessageType.file, payload, ...times })
  const next = await again(ben, disk)
  void next.transfers.download(ann.key, guid).catch(() => {})
  await next.event(({ state }) => state === 'waiting')
  expect(filesIn(ben.folder)).toEqual(expected)
})

describe('where there is no room to delete a message', () => {
  /** Nothing is deleted from this person's store while this file is there; if it is `''`, whatever is there. */
  function fill(person: Person, file: string): void {
    const remove = person.store.remove.bind(person.store)
    person.store.remove = async (...args) => {
      if (!['', ...filesIn(person.folder)].some((name) => name.startsWith(file))) return remove(...args)
      const cause = new DOMException('full', 'QuotaExceededError')
      throw new MessengerError('store', 'there is no room left', { cause })
    }
  }

  test('its download makes some', async () => {
    const { ann, ben, message } = await fetched()
    fill(ben, 'downloads/')
    expect(await ben.transfers.remove(ann.key, message.guid, false)).toBe(true)
    expect(filesIn(ben.folder)).toEqual([])
    expect(await ben.store.message(ann.key, message.guid, false)).toBeUndefined()
  })

  test('what has come of it makes some, although not even the end of the download can be written down', async () => {
    const { ann, ben, message } = await sent({ bytes, name: 'a.bin' }, { receiver: { disk: privateDisk } })
    const partPath = `files/in/${'a'.repeat(24)}.part`
    void ben.transfers.download(ann.key, message.guid).catch(() => {})
    await ben.event(({ state }) => state === 'waiting')
    await ben.store.changeFile(ann.key, false, message.guid, { partPath })
    mkdirSync(join(ben.folder, 'files/in'), { recursive: true })
    writeFileSync(join(ben.folder, partPath), bytes)
    ben.store.changeFile = () => Promise.reject(new DOMException('full', 'QuotaExceededError'))
    fill(ben, 'files/in')
    expect(await ben.transfers.remove(ann.key, message.guid, false)).toBe(true)
    expect(filesIn(ben.folder)).toEqual([])
  })

  test('our copy of what we sent makes some', async () => {
    const ann = new Person()
    const message = await ann.send('ab'.repeat(32), { bytes, name: 'a.bin' })
    fill(ann, 'files/out')
    expect(await ann.transfers.remove(message.peer, message.guid, true)).toBe(true)
    expect(filesIn(ann.folder)).toEqual([])
  })

  test('and its download makes too little, its place is given to no other file', async () => {
    const { ann, ben, message } = await fetched()
    const remove = ben.store.remove.bind(ben.store)
    fill(ben, '')
    await expect(ben.transfers.remove(ann.key, message.guid, false)).rejects.toMatchObject({ code: 'store' })
    const other = await ann.send(ben.key, { bytes: bytes.subarray(1), name: 'a.bin' })
    await ben.receive(ann.key, other)
    await ben.transfers.download(ann.key, other.guid)
    await expect(ben.transfers.blob(ann.key, message.guid, false)).rejects.toMatchObject({ code: 'file' })
    ben.store.remove = remove
    expect(await ben.transfers.remove(ann.key, message.guid, false)).toBe(true)
    expect((await ben.transfers.blob(ann.key, other.guid, false)).size).toBe(bytes.length - 1)
  })

  test('and after any other failure, the file stays', async () => {
    const { ann, ben, message } = await fetched()
    ben.store.remove = () => Promise.reject(new Error('no'))
    await expect(ben.transfers.remove(ann.key, message.guid, false)).rejects.toMatchObject({ code: 'store' })
    expect(filesIn(ben.folder)).toEqual(['downloads/a.bin'])
  })
})
