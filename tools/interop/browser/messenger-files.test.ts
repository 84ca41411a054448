// Files between two messengers that live in one real page: they are in IndexedDB, and on the heap only in pieces.
import { createSha256, sha256 } from '@mimirjs/crypto'
import { type FileEvent, Messenger, type MessengerOptions } from '@mimirjs/messenger'
import { Transports } from '@mimirjs/transport'
import { createMemoryNetwork } from '@mimirjs/transport/memory'
import { createRandom } from '@mimirjs/transport/testing'
import { afterEach, describe, expect, test } from 'vitest'

const open: Messenger[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((messenger) => messenger.close()))
})

async function openPerson(name: string, options: MessengerOptions): Promise<Messenger> {
  const messenger = await Messenger.open(name, { retry: { minMs: 5, maxMs: 50 }, ...options })
  open.push(messenger)
  return messenger
}

async function openTwo() {
  const transports = new Transports([createMemoryNetwork().streams])
  const [annName, benName] = [`ann-${crypto.randomUUID()}`, `ben-${crypto.randomUUID()}`]
  const [ann, ben] = [await openPerson(annName, { transports }), await openPerson(benName, { transports })]
  ann.addAddress(ben.publicKey, await ben.listen('memory://ben'))
  return { ann, ben, benName, transports }
}

async function hashOf(blob: Blob): Promise<Uint8Array> {
  const hash = createSha256()
  const reader = blob.stream().getReader()
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) hash.update(piece.value)
  return hash.digest()
}

/** How many of such rows the messenger of this name keeps. */
async function rowsOf(name: string, store: string): Promise<number> {
  const opening = indexedDB.open(`mimir-${name}-files`)
  await new Promise((resolve) => opening.addEventListener('success', resolve))
  const counting = opening.result.transaction([store]).objectStore(store).count()
  await new Promise((resolve) => counting.addEventListener('success', resolve))
  opening.result.close()
  return counting.result
}

function arrival(messenger: Messenger): Promise<{ id: string; peer: string }> {
  return new Promise((resolve) => messenger.on('message', ({ id, from }) => resolve({ id, peer: from })))
}

describe('a file of 24 MB that a user chose', () => {
  test('arrives whole, is there after the page was loaded again, and goes with its message', async () => {
    const { ann, ben, benName, transports } = await openTwo()
    const piece = createRandom(5).bytes(1_048_576)
    const file = new File(
      Array.from({ length: 24 }, () => new Uint8Array(piece)),
      'holiday.mp4',
      { type: 'video/mp4' },
    )
    const expected = await hashOf(file)
    const arriving = arrival(ben)
    const { id } = await ann.send(ben.publicKey, { file: { blob: file }, text: 'look' })
    const message = await arriving
    const events: FileEvent[] = []
    ben.on('file', (event) => events.push(event))
    const { path, name } = await ben.download(message)
    expect([path, name]).toEqual([`/${benName}/downloads/holiday.mp4`, 'holiday.mp4'])
    expect(events.filter(({ state }) => state === 'progress').length).toBeGreaterThan(0)

    const incoming = await ben.fileBlob(message)
    expect([incoming.size, incoming.type]).toEqual([file.size, 'video/mp4'])
    expect(await hashOf(incoming)).toEqual(expected)
    expect(await hashOf(await ann.fileBlob({ id, peer: ben.publicKey, outgoing: true }))).toEqual(expected)

    await ben.close()
    const again = await openPerson(benName, { transports })
    expect(again.publicKey).toBe(ben.publicKey)
    expect((await again.history(ann.publicKey)).map(({ text }) => text)).toEqual(['look'])
    expect(await hashOf(await again.fileBlob(message))).toEqual(expected)
    expect(await rowsOf(benName, 'chunks')).toBe(96)

    await again.deleteMessage(ann.publicKey, message.id, { outgoing: false })
    await expect(again.fileBlob(message)).rejects.toMatchObject({ code: 'unknown-file' })
    expect(await rowsOf(benName, 'chunks')).toBe(0)
  })
})

describe('a file of a messenger', () => {
  test('that has come may be sent on by its path; of the user there is none', async () => {
    const { ann, ben } = await openTwo()
    const bytes = createRandom(6).bytes(700_000)
    const arriving = arrival(ben)
    await ann.send(ben.publicKey, { image: { bytes, name: 'a.png', mimeType: 'image/png' } })
    const { path } = await ben.download(await arriving)
    const back = arrival(ann)
    await ben.send(ann.publicKey, { image: { path, mimeType: 'image/png' } })
    const message = await back
    await ann.download(message)
    expect(await hashOf(await ann.fileBlob(message))).toEqual(sha256(bytes))
    await expect(ben.send(ann.publicKey, { file: { path: '/home/ben/a.png' } })).rejects.toMatchObject({
      code: 'file',
      message: expect.stringContaining('give a file of the user as a blob'),
    })
  })
})
