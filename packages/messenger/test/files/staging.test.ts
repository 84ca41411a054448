import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createFileDecryptor, encryptedFileSize, sha256 } from '@mimirjs/crypto'
import { createRandom } from '@mimirjs/transport/testing'
import { toHex } from '@mimirjs/wire'
import { decodeAttachmentMetadata } from '@mimirjs/wire/content'
import { MessageType } from '@mimirjs/wire/peer'
import { describe, expect, test } from 'vitest'
import type { FileContent, OutgoingFile } from '../../src/content.js'
import { encryptedPieces, readOutgoing, stage } from '../../src/files/staging.js'
import { breakableDisk } from './support/breakable-disk.js'
import { createContext } from './support/context.js'
import { filesIn, newFolder } from './support/folders.js'
import './support/cleanup.js'

const SERVER = '5e'.repeat(32)
const bytes = createRandom(3).bytes(700_001)

function content(file: OutgoingFile, text = ''): FileContent {
  return {
    kind: 'file',
    messageType: MessageType.file,
    replyTo: 0n,
    file,
    text,
    carriage: 'announced',
    maxInlineBytes: 0,
  }
}

function setUp() {
  const folder = newFolder()
  const disk = breakableDisk()
  const context = createContext(join(folder, 'messenger'), { disk })
  return { folder, disk, context, out: context.places.out }
}

describe('a file in memory', () => {
  test('is on disk, and announced as the originals do it', async () => {
    const { context, out } = setUp()
    const { file, payload, state } = await stage(
      context,
      content({ bytes, name: 'Über uns.PDF', mimeType: 'application/pdf' }, 'look'),
      undefined,
    )
    expect(state).toBeUndefined()
    const announced = decodeAttachmentMetadata(payload)
    expect(announced).toEqual({
      name: expect.stringMatching(/^[A-Za-z0-9]{16}\.PDF$/),
      sizeBytes: bytes.length,
      hash: toHex(sha256(bytes)),
      originalName: 'Über uns.PDF',
      mimeType: 'application/pdf',
      text: 'look',
    })
    expect(file).toEqual({
      name: announced.name,
      hash: announced.hash,
      sizeBytes: bytes.length,
      key: undefined,
      server: '',
      path: expect.stringMatching(/^files\/out\/[a-z2-7]{24}$/),
      state: 'offered',
      doneBytes: 0,
      partPath: '',
    })
    const path = context.places.real(file.path)
    expect(Buffer.compare(readFileSync(path), bytes)).toBe(0)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(statSync(out).mode & 0o777).toBe(0o700)
  })

  test('may be empty', async () => {
    const { context } = setUp()
    const { file, state } = await stage(context, content({ bytes: new Uint8Array(0), name: 'nothing' }), undefined)
    expect(file).toMatchObject({ sizeBytes: 0, hash: toHex(sha256(new Uint8Array(0))), state: 'offered' })
    expect(state).toBeUndefined()
  })
})

describe('a file on disk', () => {
  test('is copied: what becomes of it afterwards does not matter', async () => {
    const { context, folder } = setUp()
    const source = join(folder, 'report.txt')
    writeFileSync(source, bytes, { mode: 0o444 })
    const { file, payload } = await stage(context, content({ path: source }), undefined)
    writeFileSync(source, 'changed')
    const path = context.places.real(file.path)
    expect(Buffer.compare(readFileSync(path), bytes)).toBe(0)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(decodeAttachmentMetadata(payload)).toMatchObject({ originalName: 'report.txt' })
    expect(file.name).toMatch(/\.txt$/)
  })

  test('goes by the name that is given', async () => {
    const { context, folder } = setUp()
    symlinkSync(join(folder, 'target'), join(folder, 'link'))
    writeFileSync(join(folder, 'target'), 'x')
    const { payload, file } = await stage(
      context,
      content({ path: join(folder, 'link'), name: 'photo.jpg' }),
      undefined,
    )
    expect(decodeAttachmentMetadata(payload)).toMatchObject({ originalName: 'photo.jpg', sizeBytes: 1 })
    expect(file.name).toMatch(/\.jpg$/)
  })
})

describe('for a file server', () => {
  test('key and hash are chosen at once, and every attempt brings the same bytes', async () => {
    const { context, disk } = setUp()
    const big = createRandom(4).bytes(2_500_000)
    const { file, payload, state } = await stage(context, content({ bytes: big, name: 'a.bin' }), SERVER)
    expect(state).toBe('preparing')
    expect(file).toMatchObject({ state: 'preparing', server: SERVER, sizeBytes: big.length })
    const { key, hash } = file
    if (key === undefined) throw new Error('no key')
    expect(key).toHaveLength(32)
    const announced = decodeAttachmentMetadata(payload)
    expect(announced).toMatchObject({ hash, key, sizeBytes: big.length })
    expect(toHex(announced.server ?? new Uint8Array(0))).toBe(SERVER)
    const path = context.places.real(file.path)
    const attempts: Buffer[] = []
    for (let attempt = 0; attempt < 2; attempt++) {
      const pieces: Uint8Array[] = []
      for await (const piece of encryptedPieces(disk, path, big.length, key)) pieces.push(piece)
      attempts.push(Buffer.concat(pieces))
    }
    expect(attempts[0]).toHaveLength(encryptedFileSize(big.length))
    expect(Buffer.compare(attempts[0]!, attempts[1]!)).toBe(0)
    expect(toHex(sha256(attempts[0]!))).toBe(hash)
    const decryptor = createFileDecryptor(key)
    const plain = decryptor.push(attempts[0]!)
    const { lastChunk } = decryptor.finish()
    expect(Buffer.compare(Buffer.concat([...plain, lastChunk ?? new Uint8Array(0)]), big)).toBe(0)
    expect(disk.openFiles.size).toBe(0)
  })

  test('an empty file is offered by ourselves, for no server can give it back', async () => {
    const { context } = setUp()
    const { file, state } = await stage(context, content({ bytes: new Uint8Array(0), name: 'e' }), SERVER)
    expect(file).toMatchObject({ state: 'offered', server: '', key: undefined })
    expect(state).toBeUndefined()
  })

  test('two files never have the same key', async () => {
    const { context } = setUp()
    const keys = new Set<string>()
    for (let count = 0; count < 5; count++) {
      const { file } = await stage(context, content({ bytes: bytes.subarray(0, 9), name: 'a' }), SERVER)
      keys.add(toHex(file.key ?? new Uint8Array(0)))
    }
    expect(keys.size).toBe(5)
  })
})

describe('what cannot be sent', () => {
  test('is said with its path and what to do, before anything is made', async () => {
    const { context, folder, out } = setUp()
    mkdirSync(join(folder, 'photos'))
    execFileSync('mkfifo', [join(folder, 'pipe')])
    const cases: [string, string][] = [
      ['missing', 'it does not exist; check the path'],
      ['photos', 'it is a folder; name a file'],
      ['pipe', 'it is no ordinary file; name a file'],
      ['photos/x/y', 'it does not exist; check the path'],
    ]
    for (const [name, why] of cases) {
      const path = join(folder, name)
      const error = { name: 'MessengerError', code: 'file', blame: 'local', message: `cannot read ${path}: ${why}` }
      await expect(stage(context, content({ path }), undefined)).rejects.toMatchObject(error)
      await expect(readOutgoing(context.disk, { path }, 10)).rejects.toMatchObject(error)
    }
    expect(filesIn(out)).toEqual([])
  })

  test('a name or caption that is too long is refused before the file is touched', async () => {
    const { context, disk } = setUp()
    for (const file of [
      content({ bytes, name: 'n'.repeat(1_025) }),
      content({ bytes, name: 'a' }, 't'.repeat(65_536)),
    ]) {
      await expect(stage(context, file, undefined)).rejects.toMatchObject({ code: 'too-large' })
    }
    expect(disk.calls).toEqual([])
  })

  test.each([
    ['makeFolder', 'EACCES', 'permission denied'],
    ['copy', 'ENOSPC', 'the disk is full; free some space'],
    ['copy', 'EACCES', 'permission denied'],
    ['datasync', 'EIO', 'the disk reports an error'],
    ['syncFolder', 'EIO', 'the disk reports an error'],
    ['readFile', 'EIO', 'the disk reports an error'],
  ] as const)('a disk whose %s says %s leaves nothing behind', async (call, code, words) => {
    const { context, folder, disk, out } = setUp()
    const source = join(folder, 'a.txt')
    writeFileSync(source, bytes)
    disk.fail(call, code)
    const error = { code: 'file', message: expect.stringContaining(words), cause: expect.objectContaining({ code }) }
    await expect(stage(context, content({ path: source }), undefined)).rejects.toMatchObject(error)
    expect(filesIn(out)).toEqual([])
    expect(disk.openFiles.size).toBe(0)
  })

  test('a disk that fills up while bytes are written leaves nothing behind', async () => {
    const { context, disk, out } = setUp()
    disk.roomBytes = 300_000
    const error = {
      code: 'file',
      message: expect.stringMatching(/^cannot write .*: the disk is full; free some space$/),
    }
    await expect(stage(context, content({ bytes, name: 'a' }), SERVER)).rejects.toMatchObject(error)
    expect(filesIn(out)).toEqual([])
  })
})

describe('a file for a message that carries it', () => {
  test('is read as a whole, if it is not too large', async () => {
    const { folder, disk } = setUp()
    const path = join(folder, 'a.jpg')
    writeFileSync(path, bytes)
    const file = await readOutgoing(disk, { path, mimeType: 'image/jpeg' }, bytes.length)
    expect(file).toMatchObject({ name: 'a.jpg', mimeType: 'image/jpeg' })
    expect(Buffer.compare(file.bytes, bytes)).toBe(0)
    expect(await readOutgoing(disk, { path, name: 'b' }, bytes.length)).toMatchObject({ name: 'b' })
    await expect(readOutgoing(disk, { path }, bytes.length - 1)).rejects.toMatchObject({ code: 'too-large' })
    expect(disk.openFiles.size).toBe(0)
  })
})
