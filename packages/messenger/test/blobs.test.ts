import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { randomBytes } from '@mimirjs/crypto'
import { describe, expect, test } from 'vitest'
import { type Content, Messenger, type MessengerOptions } from '../src/index.js'
import { collect, newFolder, open } from './support/world.js'

async function openPerson(options: MessengerOptions = {}): Promise<{ messenger: Messenger; folder: string }> {
  const folder = newFolder()
  const messenger = await Messenger.open(folder, { generation: 'current', retry: { minMs: 5, maxMs: 50 }, ...options })
  open.push(messenger)
  return { messenger, folder }
}

async function openTwo(options: MessengerOptions = {}) {
  const [ann, ben] = [await openPerson(options), await openPerson(options)]
  ann.messenger.addAddress(ben.messenger.publicKey, await ben.messenger.listen('tcp://127.0.0.1:0'))
  return { ann, ben, annKey: ann.messenger.publicKey, benKey: ben.messenger.publicKey }
}

async function bytesOf(blob: Blob): Promise<Buffer> {
  return Buffer.from(await blob.arrayBuffer())
}

/** A blob of so many bytes that counts how much of it was asked for at once. */
class WatchedBlob extends Blob {
  longestBytes = 0

  override slice(start = 0, end = this.size, type?: string): Blob {
    this.longestBytes = Math.max(this.longestBytes, end - start)
    return super.slice(start, end, type)
  }

  override arrayBuffer(): Promise<ArrayBuffer> {
    this.longestBytes = Math.max(this.longestBytes, this.size)
    return super.arrayBuffer()
  }
}

describe('a file that is sent as a blob', () => {
  test('arrives whole, and both sides have it as one', async () => {
    const { ann, ben, annKey, benKey } = await openTwo()
    const bytes = randomBytes(3_000_001)
    const blob = new WatchedBlob([new Uint8Array(bytes)], { type: 'video/mp4' })
    const arrived = collect(ben.messenger, 1)
    const { id } = await ann.messenger.send(benKey, { file: { blob, name: 'holiday.mp4' }, text: 'look' })
    const [message] = await arrived
    expect(message?.file).toMatchObject({ name: 'holiday.mp4', mimeType: 'video/mp4', sizeBytes: bytes.length })
    await expect(ben.messenger.fileBlob({ id, peer: annKey })).rejects.toMatchObject({ code: 'unknown-file' })
    await message?.download()
    for (const has of [
      await ben.messenger.fileBlob({ id, peer: annKey }),
      await ann.messenger.fileBlob({ id, peer: benKey, outgoing: true }),
    ]) {
      expect(has.type).toBe('video/mp4')
      expect((await bytesOf(has)).equals(bytes)).toBe(true)
    }
    // It is read in pieces, however long it is.
    expect(blob.longestBytes).toBeLessThanOrEqual(262_144)
  })

  test('has the name and type of a file that a user chose, unless told otherwise', async () => {
    const { ann, ben, benKey } = await openTwo()
    const arrived = collect(ben.messenger, 4)
    const file = new File(['abc'], 'notes.txt', { type: 'text/plain' })
    const contents: Content[] = [
      { file: { blob: file } },
      { image: { blob: file, name: 'a.png', mimeType: 'image/png' } },
      { file: { blob: new Blob(['abc']) } },
      { voice: { blob: new Blob(['abc']) } },
    ]
    for (const content of contents) await ann.messenger.send(benKey, content)
    expect((await arrived).map(({ kind, file }) => [kind, file?.name, file?.mimeType])).toEqual([
      ['file', 'notes.txt', 'text/plain'],
      ['image', 'a.png', 'image/png'],
      ['file', 'unnamed', 'application/octet-stream'],
      ['voice', 'voice_message.m4a', 'audio/mp4'],
    ])
  })

  test('may be empty', async () => {
    const { ann, ben, annKey, benKey } = await openTwo()
    const arrived = collect(ben.messenger, 1)
    const { id } = await ann.messenger.send(benKey, { file: { blob: new Blob([]), name: 'nothing' } })
    const [message] = await arrived
    await message?.download()
    expect((await ben.messenger.fileBlob({ id, peer: annKey })).size).toBe(0)
  })

  test('that cannot be read is not accepted, and leaves nothing behind', async () => {
    const { ann, benKey } = await openTwo()
    const unreadable = new Blob(['abc'])
    unreadable.slice = () => {
      throw new DOMException('it is gone', 'NotReadableError')
    }
    await expect(ann.messenger.send(benKey, { file: { blob: unreadable, name: 'a' } })).rejects.toMatchObject({
      code: 'file',
      message: expect.stringContaining('it is gone'),
    })
    expect(await ann.messenger.history(benKey)).toEqual([])
    expect(readdirSync(join(ann.folder, 'files', 'out'))).toEqual([])
  })

  test.each([
    { blob: 'text' },
    { blob: undefined },
    { blob: new Blob([]), name: 7 },
    { blob: new Blob([]), mimeType: 7 },
    { bytes: new Blob([]) },
  ])('is refused as %j', async (file) => {
    const { ann, benKey } = await openTwo()
    const content = { file } as unknown as Content
    await expect(ann.messenger.send(benKey, content)).rejects.toMatchObject({ code: 'bad-content' })
  })
})

describe('in a generation whose messages carry their files', () => {
  test('a blob goes inside, and comes out as one', async () => {
    const { ann, ben, annKey, benKey } = await openTwo({ generation: 'overlay' })
    const arrived = collect(ben.messenger, 1)
    const blob = new Blob(['hello'], { type: 'text/plain' })
    const { id } = await ann.messenger.send(benKey, { file: { blob, name: 'note.txt' } })
    await arrived
    for (const has of [
      await ben.messenger.fileBlob({ id, peer: annKey }),
      await ann.messenger.fileBlob({ id, peer: benKey, outgoing: true }),
    ]) {
      expect([await has.text(), has.type]).toEqual(['hello', 'text/plain'])
    }
  })

  test('one that is too large is refused before it is read', async () => {
    const { ann, benKey } = await openTwo({ generation: 'overlay' })
    const blob = new WatchedBlob([new Uint8Array(10_485_761)])
    await expect(ann.messenger.send(benKey, { file: { blob, name: 'a' } })).rejects.toMatchObject({ code: 'too-large' })
    expect(blob.longestBytes).toBe(0)
  })
})

describe('the contents of a file as a blob', () => {
  test('are not there for what has none, or has gone, or is not what it was', async () => {
    const { ann, ben, annKey, benKey } = await openTwo()
    const arrived = collect(ben.messenger, 2)
    const text = await ann.messenger.send(benKey, 'hello')
    const sent = await ann.messenger.send(benKey, { file: { bytes: randomBytes(1_000), name: 'a' } })
    const [, message] = await arrived
    const { path } = await message!.download()
    const incoming = { id: sent.id, peer: annKey }
    const outgoing = { id: sent.id, peer: benKey, outgoing: true }
    for (const none of [
      { id: text.id, peer: annKey },
      { id: '12345', peer: annKey },
      { ...outgoing, outgoing: false },
      { ...incoming, outgoing: true },
    ])
      await expect(ben.messenger.fileBlob(none)).rejects.toMatchObject({ code: 'unknown-file' })
    await expect(ben.messenger.fileBlob({ id: 'no id', peer: annKey })).rejects.toMatchObject({ code: 'bad-content' })

    writeFileSync(path, 'something else')
    await expect(ben.messenger.fileBlob(incoming)).rejects.toMatchObject({
      code: 'file',
      message: expect.stringContaining('something has changed it'),
    })
    rmSync(path)
    await expect(ben.messenger.fileBlob(incoming)).rejects.toMatchObject({ code: 'file' })

    const kept = await ann.messenger.fileBlob(outgoing)
    expect(kept.size).toBe(1_000)
    await ann.messenger.deleteMessage(benKey, sent.id, { outgoing: true })
    await expect(ann.messenger.fileBlob(outgoing)).rejects.toMatchObject({ code: 'unknown-file' })
    await ann.messenger.close()
    await expect(ann.messenger.fileBlob(outgoing)).rejects.toMatchObject({ code: 'closed' })
  })

  test.each([
    ['image/png', 'image/png'],
    ['image/JPEG; quality=high', 'image/jpeg'],
    ['audio/mp4', 'audio/mp4'],
    ['video/webm', 'video/webm'],
    ['text/plain; charset=utf-8', 'text/plain'],
    ['application/pdf', 'application/pdf'],
    ['text/html', 'application/octet-stream'],
    ['image/svg+xml', 'application/octet-stream'],
    ['application/xhtml+xml', 'application/octet-stream'],
    ['text/xml', 'application/octet-stream'],
    ['text/javascript', 'application/octet-stream'],
    ['image/png, text/html', 'application/octet-stream'],
    ['video/text/html', 'application/octet-stream'],
    ['', 'application/octet-stream'],
  ])('of the type %s have the type %s: a browser runs none of it', async (mimeType, type) => {
    const { messenger } = await openPerson()
    const peer = (await openPerson()).messenger.publicKey
    const { id } = await messenger.send(peer, { file: { bytes: new Uint8Array(3), name: 'a', mimeType } })
    expect((await messenger.fileBlob({ id, peer, outgoing: true })).type).toBe(type)
  })

  test('stay on the disk of a user whose message was deleted', async () => {
    const { ann, ben, annKey, benKey } = await openTwo()
    const arrived = collect(ben.messenger, 1)
    const { id } = await ann.messenger.send(benKey, { file: { blob: new Blob(['abc']), name: 'a.txt' } })
    const [message] = await arrived
    const { path } = await message!.download()
    await ben.messenger.deleteMessage(annKey, id, { outgoing: false })
    expect(existsSync(path)).toBe(true)
    expect(readFileSync(path, 'utf8')).toBe('abc')
  })
})

test('a passphrase is refused where keys are files', async () => {
  const folder = newFolder()
  const opening = Messenger.open(join(folder, 'ann'), { passphrase: 'word' })
  await expect(opening).rejects.toMatchObject({ code: 'unsupported' })
  expect(readdirSync(folder)).toEqual([])
})
