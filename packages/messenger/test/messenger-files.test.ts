import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { randomBytes } from '@mimirjs/crypto'
import { Transports } from '@mimirjs/transport'
import { tcp } from '@mimirjs/transport/tcp'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Messenger, type MessengerOptions } from '../src/index.js'
import { createFileServer } from '../src/testing/index.js'
import { listenTo } from './support/current.js'
import { collect, newFolder, open } from './support/world.js'

async function openPerson(options: MessengerOptions = {}): Promise<{ messenger: Messenger; folder: string }> {
  const folder = newFolder()
  const messenger = await Messenger.open(folder, { generation: 'current', retry: { minMs: 5, maxMs: 50 }, ...options })
  open.push(messenger)
  return { messenger, folder }
}

/** A file server on loopback, and the options that make somebody use it. */
async function openFileServer(): Promise<Pick<MessengerOptions, 'fileServer' | 'fileServerAddress'>> {
  const key = '0b'.repeat(32)
  const server = await createFileServer({
    transports: new Transports([tcp()]),
    address: 'tcp://127.0.0.1:0',
    folder: newFolder(),
  })
  onTestFinished(() => server.close())
  return { fileServer: { key, address: server.address }, fileServerAddress: () => server.address }
}

describe('files of the current generation', () => {
  test.each(['from the sender', 'from a file server'])('%s: whole, under a harmless name', async (way) => {
    const options = way === 'from the sender' ? {} : await openFileServer()
    const [ann, ben] = [await openPerson(options), await openPerson(options)]
    ann.messenger.addAddress(ben.messenger.publicKey, await ben.messenger.listen('tcp://127.0.0.1:0'))
    const bytes = randomBytes(3_000_000)
    const path = join(ann.folder, 'holiday.mp4')
    writeFileSync(path, bytes)
    const arrived = collect(ben.messenger, 1)
    const sent = await ann.messenger.send(ben.messenger.publicKey, {
      file: { path, mimeType: 'video/mp4' },
      text: 'look',
    })
    // What becomes of the original does not matter any more.
    writeFileSync(path, 'changed')
    const [message] = await arrived
    expect(message).toMatchObject({ kind: 'file', text: 'look' })
    expect(message!.file).toEqual({
      name: 'holiday.mp4',
      mimeType: 'video/mp4',
      sizeBytes: bytes.length,
      bytes: undefined,
      damaged: false,
    })
    const events = listenTo(ben.messenger, 'file')
    const file = await message!.download({ to: ben.folder })
    expect(file).toMatchObject({ path: join(ben.folder, 'holiday.mp4'), sizeBytes: bytes.length })
    expect(Buffer.compare(readFileSync(file.path), bytes)).toBe(0)
    expect(events.at(-1)).toMatchObject({ state: 'complete', id: sent.id, outgoing: false, path: file.path })
    await ann.messenger.whenDelivered(sent)
  })

  test('a file server brings what somebody sent who has gone', async () => {
    const options = await openFileServer()
    const [ann, ben] = [await openPerson(options), await openPerson(options)]
    ann.messenger.addAddress(ben.messenger.publicKey, await ben.messenger.listen('tcp://127.0.0.1:0'))
    const arrived = collect(ben.messenger, 1)
    const bytes = randomBytes(100_000)
    const sent = await ann.messenger.send(ben.messenger.publicKey, { image: { bytes, name: 'a.png' } })
    await ann.messenger.whenDelivered(sent)
    await ann.messenger.close()
    const [message] = await arrived
    const { path } = await message!.download()
    expect(Buffer.compare(readFileSync(path), bytes)).toBe(0)
  })

  test('in a generation that carries them inside, a path is read before send resolves', async () => {
    const [ann, ben] = [await openPerson({ generation: 'overlay' }), await openPerson({ generation: 'overlay' })]
    const path = join(ann.folder, 'note.txt')
    writeFileSync(path, 'hello')
    await ann.messenger.send(ben.messenger.publicKey, { file: { path } })
    writeFileSync(path, 'changed')
    ann.messenger.addAddress(ben.messenger.publicKey, await ben.messenger.listen('tcp://127.0.0.1:0'))
    const [message] = await collect(ben.messenger, 1)
    expect(new TextDecoder().decode(message!.file!.bytes)).toBe('hello')
    expect(message!.file!.name).toBe('note.txt')
    await expect(
      ann.messenger.send(ben.messenger.publicKey, { file: { path: join(ann.folder, 'missing') } }),
    ).rejects.toMatchObject({ code: 'file' })
  })
})
