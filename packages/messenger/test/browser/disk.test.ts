import { createRandom } from '@mimirjs/transport/testing'
import { afterEach, describe, expect, test } from 'vitest'
import type { Disk, DiskFile } from '../../src/files/disk.js'
import { done } from '../../src/platform/browser/database.js'
import { openIndexedDbDisk } from '../../src/platform/browser/disk.js'
import { breakableFactory, keptIn, newName } from './support/browser.js'

const CHUNK_BYTES = 262_144

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const disk of open.splice(0)) await disk.close()
})

function newDisk(name = newName(), indexedDB?: IDBFactory): Disk & { close(): Promise<void> } {
  const disk = openIndexedDbDisk(name, indexedDB === undefined ? {} : { indexedDB })
  open.push(disk)
  return disk
}

async function write(disk: Disk, path: string, bytes: Uint8Array): Promise<void> {
  const file = await disk.open(path, 'create')
  await file.write(bytes, 0, bytes.length, 0)
  await file.datasync()
  await file.close()
}

async function read(disk: Disk, path: string): Promise<Uint8Array> {
  const file = await disk.open(path, 'read')
  try {
    return await contents(file)
  } finally {
    await file.close()
  }
}

async function contents(file: DiskFile): Promise<Uint8Array> {
  const { size } = await file.stat()
  const bytes = new Uint8Array(size + 10)
  const { bytesRead } = await file.read(bytes, 0, bytes.length, 0)
  return bytes.slice(0, bytesRead)
}

/** `toEqual` of long arrays takes seconds. */
function expectSame(bytes: Uint8Array, expected: Uint8Array): void {
  expect(bytes.length).toBe(expected.length)
  expect(bytes.findIndex((byte, at) => byte !== expected[at])).toBe(-1)
}

const chunks = (name: string): Promise<unknown[]> => keptIn(`mimir-${name}-files`, 'chunks')
const inodes = (name: string): Promise<unknown[]> => keptIn(`mimir-${name}-files`, 'inodes')

describe('a file', () => {
  test('is what was written to it, whoever has it open', async () => {
    const disk = newDisk()
    const random = createRandom(7)
    const one = await disk.open('/ann/file', 'create')
    const other = await disk.open('/ann/file', 'update')
    let expected = new Uint8Array(0)
    for (let step = 0; step < 60; step++) {
      const file = step % 3 === 0 ? other : one
      const sizeBytes = random.integer(3 * CHUNK_BYTES)
      if (step % 7 === 6) {
        await file.truncate(sizeBytes)
        const cut = new Uint8Array(sizeBytes)
        cut.set(expected.subarray(0, sizeBytes))
        expected = cut
      } else {
        const bytes = random.bytes(random.integer(CHUNK_BYTES + 1_000))
        expect(await file.write(bytes, 0, bytes.length, sizeBytes)).toEqual({ bytesWritten: bytes.length })
        const grown = new Uint8Array(
          bytes.length === 0 ? expected.length : Math.max(expected.length, sizeBytes + bytes.length),
        )
        grown.set(expected)
        grown.set(bytes, sizeBytes)
        expected = grown
      }
      if (step % 5 === 0) await file.datasync()
      if (step % 4 === 0) expectSame(await contents(step % 2 === 0 ? one : other), expected)
    }
    expect((await one.stat()).size).toBe(expected.length)
    await one.close()
    expectSame(await contents(other), expected)
    await other.close()
    expectSame(await read(disk, '/ann/file'), expected)
  })

  test('is read in parts, up to its end', async () => {
    const disk = newDisk()
    const bytes = createRandom(8).bytes(CHUNK_BYTES + 100)
    await write(disk, '/file', bytes)
    const file = await disk.open('/file', 'source')
    const target = new Uint8Array(300)
    expect(await file.read(target, 100, 200, CHUNK_BYTES - 50)).toEqual({ bytesRead: 150 })
    expectSame(target.subarray(100, 250), bytes.subarray(CHUNK_BYTES - 50))
    expect(await file.read(target, 0, 10, bytes.length)).toEqual({ bytesRead: 0 })
    expect(await file.read(target, 0, 10, 10 * bytes.length)).toEqual({ bytesRead: 0 })
    await file.close()
    await file.close()
    await expect(file.read(target, 0, 1, 0)).rejects.toMatchObject({ code: 'EBADF' })
  })

  test('has zeros where nothing was written, and nothing of what was cut off comes back', async () => {
    const disk = newDisk()
    const file = await disk.open('/file', 'create')
    await file.write(new Uint8Array(20).fill(7), 0, 20, 0)
    await file.truncate(5)
    await file.write(new Uint8Array(1).fill(9), 0, 1, 2 * CHUNK_BYTES)
    await file.close()
    const expected = new Uint8Array(2 * CHUNK_BYTES + 1)
    expected.fill(7, 0, 5)
    expected[2 * CHUNK_BYTES] = 9
    expectSame(await read(disk, '/file'), expected)
  })

  test('that was synced is there when the page goes without a word; what was not may be missing, and nothing else', async () => {
    const name = newName()
    const disk = newDisk(name)
    const bytes = createRandom(9).bytes(CHUNK_BYTES + 5_000)
    const file = await disk.open('/file', 'create')
    await file.write(bytes, 0, 5_000, 0)
    await file.datasync()
    await file.write(bytes, 5_000, CHUNK_BYTES, 5_000)
    const there = await read(newDisk(name), '/file')
    expect(there.length).toBeGreaterThanOrEqual(5_000)
    expectSame(there, bytes.subarray(0, there.length))
  })

  test('that was closed, or whose disk was, is there when it is opened again', async () => {
    const name = newName()
    const disk = newDisk(name)
    const bytes = createRandom(10).bytes(CHUNK_BYTES + 1)
    const [closed, left] = [await disk.open('/closed', 'create'), await disk.open('/left', 'create')]
    await closed.write(bytes, 0, bytes.length, 0)
    await left.write(bytes, 0, bytes.length, 0)
    await closed.close()
    await disk.close()
    const next = newDisk(name)
    expectSame(await read(next, '/closed'), bytes)
    expectSame(await read(next, '/left'), bytes)
  })

  test('that grows in small pieces is not written anew with each', async () => {
    const factory = breakableFactory()
    const disk = newDisk(newName(), factory)
    const bytes = createRandom(11).bytes(4 * CHUNK_BYTES)
    const file = await disk.open('/file', 'create')
    for (let at = 0; at < bytes.length; at += 4_096) await file.write(bytes, at, 4_096, at)
    await file.datasync()
    expect(factory.puts('chunks')).toBe(4)
    expectSame(await contents(file), bytes)
    await file.close()
    expect(factory.puts('chunks')).toBe(4)
  })

  test('is on the disk piece by piece: a later one would not bring an earlier one there', async () => {
    const factory = breakableFactory()
    const disk = newDisk(newName(), factory)
    const file = await disk.open('/file', 'create')
    await file.write(new Uint8Array(2 * CHUNK_BYTES), 0, 2 * CHUNK_BYTES, 0)
    await file.truncate(CHUNK_BYTES + 1)
    await file.write(new Uint8Array(1), 0, 1, 0)
    await file.close()
    await disk.copy('/file', '/copy')
    const durabilities = factory.durabilities('chunks')
    expect(durabilities.length).toBeGreaterThan(5)
    expect(new Set(durabilities)).toEqual(new Set(['strict']))
  })
})

describe('a name', () => {
  test('is given once', async () => {
    const disk = newDisk()
    await write(disk, '/file', new Uint8Array(3))
    await write(disk, '/other', new Uint8Array(4))
    await disk.makeFolder('/folder')
    for (const path of ['/file', '/folder', '/']) {
      await expect(disk.open(path, 'create')).rejects.toMatchObject({ code: 'EEXIST' })
      await expect(disk.link('/other', path)).rejects.toMatchObject({ code: 'EEXIST' })
      await expect(disk.copy('/other', path)).rejects.toMatchObject({ code: 'EEXIST' })
    }
    const made = await Promise.allSettled([1, 2, 3].map(() => disk.open('/new', 'create')))
    expect(made.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect((await disk.find('/file'))?.size).toBe(3)
  })

  test('of nothing says so, and of a folder too', async () => {
    const disk = newDisk()
    await disk.makeFolder('/folder')
    const asks: [string, string][] = [
      ['/no', 'ENOENT'],
      ['/folder', 'EISDIR'],
    ]
    for (const [path, code] of asks) {
      for (const how of ['read', 'update', 'source'] as const)
        await expect(disk.open(path, how)).rejects.toMatchObject({ code })
      await expect(disk.copy(path, '/to')).rejects.toMatchObject({ code })
      await expect(disk.link(path, '/to')).rejects.toMatchObject({ code })
      await expect(disk.rename(path, '/to')).rejects.toMatchObject({ code })
    }
    expect(await disk.find('/no')).toBeUndefined()
    expect(await disk.findName('/to')).toBeUndefined()
    await disk.remove('/no')
    await expect(disk.remove('/folder')).rejects.toMatchObject({ code: 'EISDIR' })
  })

  test('beside another leads to the same file, which is gone with the last, and its room with it', async () => {
    const name = newName()
    const disk = newDisk(name)
    const bytes = createRandom(12).bytes(2 * CHUNK_BYTES + 3)
    await write(disk, '/in/part', bytes)
    await disk.link('/in/part', '/downloads/file')
    await disk.remove('/in/part')
    expectSame(await read(disk, '/downloads/file'), bytes)
    expect(await chunks(name)).toHaveLength(3)
    await disk.remove('/downloads/file')
    expect(await disk.find('/downloads/file')).toBeUndefined()
    expect(await chunks(name)).toEqual([])
    expect(await inodes(name)).toEqual([])
  })

  test('that is given to another file replaces what had it', async () => {
    const name = newName()
    const disk = newDisk(name)
    const [bytes, old] = [createRandom(13).bytes(10), createRandom(14).bytes(2 * CHUNK_BYTES)]
    await write(disk, '/from', bytes)
    await write(disk, '/to', old)
    await disk.rename('/from', '/to')
    expectSame(await read(disk, '/to'), bytes)
    expect(await disk.find('/from')).toBeUndefined()
    expect(await chunks(name)).toHaveLength(1)
    await disk.link('/to', '/same')
    await disk.rename('/to', '/to')
    await disk.rename('/to', '/same')
    expect(await disk.list('/')).toEqual(['same'])
    expectSame(await read(disk, '/same'), bytes)
    await disk.makeFolder('/folder')
    await expect(disk.rename('/same', '/folder')).rejects.toMatchObject({ code: 'EISDIR' })
    expectSame(await read(disk, '/same'), bytes)
  })

  test('may go while its file is open: nothing of it is written any more', async () => {
    const name = newName()
    const disk = newDisk(name)
    const file = await disk.open('/file', 'create')
    await file.write(new Uint8Array(100), 0, 100, 0)
    await disk.remove('/file')
    await file.close()
    const next = await disk.open('/file', 'create')
    await disk.remove('/file')
    await next.write(new Uint8Array(100), 0, 100, 0)
    await next.close()
    expect(await chunks(name)).toEqual([])
    expect(await inodes(name)).toEqual([])
  })
})

describe('a folder', () => {
  test('is there as soon as something is in it', async () => {
    const disk = newDisk()
    await write(disk, '/ann/files/out/x', new Uint8Array(1))
    await disk.makeFolder('/ann/downloads/')
    await disk.makeFolder('/ann/downloads')
    for (const path of ['/', '/ann', '/ann/files/out', '/ann/downloads/']) {
      const found = await disk.find(path)
      expect([path, found?.isDirectory(), found?.isFile()]).toEqual([path, true, false])
    }
    expect((await disk.list('/ann')).sort()).toEqual(['downloads', 'files'])
    expect(await disk.list('/ann/files/out/')).toEqual(['x'])
    expect(await disk.list('/ann/downloads')).toEqual([])
    expect(await disk.list('/no')).toEqual([])
    expect(await disk.list('/')).toEqual(['ann'])
    await disk.syncFolder('/ann')
    await disk.checkWritable('/ann')
  })

  test('is not made where a file is', async () => {
    const disk = newDisk()
    await write(disk, '/file', new Uint8Array(1))
    await expect(disk.makeFolder('/file')).rejects.toMatchObject({ code: 'EEXIST' })
    await expect(disk.makeFolder('/file/below')).rejects.toMatchObject({ code: 'EEXIST' })
    await expect(disk.open('/file/below', 'create')).rejects.toMatchObject({ code: 'EEXIST' })
    expect((await disk.find('/file'))?.isFile()).toBe(true)
  })

  test('tells how much is free', async () => {
    expect(await newDisk().freeBytes('/')).toBeGreaterThan(0)
  })
})

describe('a copy', () => {
  test('is what was written so far', async () => {
    const disk = newDisk()
    const bytes = createRandom(15).bytes(18 * CHUNK_BYTES + 77)
    const file = await disk.open('/from', 'create')
    await file.write(bytes, 0, bytes.length, 0)
    await disk.copy('/from', '/to')
    await file.truncate(0)
    await file.close()
    expectSame(await read(disk, '/to'), bytes)
    expect((await disk.find('/from'))?.size).toBe(0)
  })
})

describe('a disk that is full', () => {
  test('says so, also to those who write on, and loses nothing that it had', async () => {
    const name = newName()
    const factory = breakableFactory()
    const disk = newDisk(name, factory)
    const bytes = createRandom(16).bytes(2 * CHUNK_BYTES)
    await write(disk, '/file', bytes.subarray(0, 1_000))
    const file = await disk.open('/file', 'update')
    factory.isFull = true
    await expect(file.write(bytes, 1_000, bytes.length - 1_000, 1_000)).rejects.toMatchObject({ code: 'ENOSPC' })
    factory.isFull = false
    // What could not be written is missing for good: nobody may believe that it was synced.
    await expect(file.datasync()).rejects.toMatchObject({ code: 'ENOSPC' })
    await expect(file.write(bytes, 0, 1, 0)).rejects.toMatchObject({ code: 'ENOSPC' })
    await file.close()
    expectSame((await read(disk, '/file')).subarray(0, 1_000), bytes.subarray(0, 1_000))
    const again = await disk.open('/file', 'update')
    await again.truncate(1_000)
    await again.write(bytes, 1_000, bytes.length - 1_000, 1_000)
    await again.close()
    expectSame(await read(disk, '/file'), bytes)
  })

  test('makes no file, no folder and no half of a copy', async () => {
    const name = newName()
    const factory = breakableFactory()
    const disk = newDisk(name, factory)
    await write(disk, '/file', new Uint8Array(10))
    factory.isFull = true
    await expect(disk.open('/new', 'create')).rejects.toMatchObject({ code: 'ENOSPC' })
    await expect(disk.makeFolder('/folder')).rejects.toMatchObject({ code: 'ENOSPC' })
    await expect(disk.copy('/file', '/copy')).rejects.toMatchObject({ code: 'ENOSPC' })
    factory.isFull = false
    expect(await disk.list('/')).toEqual(['file'])
    expect(await inodes(name)).toHaveLength(1)
  })

  test('takes away what is not wanted any more, and has room then', async () => {
    const name = newName()
    const factory = breakableFactory()
    const disk = newDisk(name, factory)
    await write(disk, '/file', new Uint8Array(CHUNK_BYTES + 1))
    factory.isFull = true
    await disk.remove('/file')
    factory.isFull = false
    expect(await disk.list('/')).toEqual([])
    expect(await chunks(name)).toEqual([])
    expect(await inodes(name)).toEqual([])
  })

  test('tells who closes what could not be written', async () => {
    const factory = breakableFactory()
    const disk = newDisk(newName(), factory)
    const file = await disk.open('/file', 'create')
    await file.write(new Uint8Array(10), 0, 10, 0)
    factory.isFull = true
    await expect(file.close()).rejects.toMatchObject({ code: 'ENOSPC' })
    factory.isFull = false
    expectSame(await read(disk, '/file'), new Uint8Array(0))
  })
})

test('two pages that no lock keeps apart: the one that opened it last goes on, the other is told', async () => {
  const name = newName()
  const one = newDisk(name)
  const file = await one.open('/file', 'create')
  await file.write(new Uint8Array(10), 0, 10, 0)
  const two = newDisk(name)
  expect(await two.list('/')).toEqual(['file'])
  const refused = { code: 'in-use', message: expect.stringContaining('another page') }
  await expect(file.datasync()).rejects.toMatchObject(refused)
  await expect(one.remove('/file')).rejects.toMatchObject(refused)
  await expect(one.open('/new', 'create')).rejects.toMatchObject(refused)
  await file.close()
  await two.remove('/file')
  expect(await inodes(name)).toEqual([])
})

test('a page that was opened without room takes it over with the first change that has some', async () => {
  const name = newName()
  const factory = breakableFactory()
  const one = newDisk(name)
  await write(one, '/a', new Uint8Array(10))
  await write(one, '/b', new Uint8Array(10))
  factory.isFull = true
  const [two, three] = [newDisk(name, factory), newDisk(name, factory)]
  expect([await two.list('/'), await three.list('/')]).toEqual([
    ['a', 'b'],
    ['a', 'b'],
  ])
  await two.remove('/a')
  factory.isFull = false
  await Promise.all([two.makeFolder('/c'), two.makeFolder('/d')])
  for (const other of [one, three]) await expect(other.remove('/b')).rejects.toMatchObject({ code: 'in-use' })
  expect(await two.list('/')).toEqual(['b', 'c', 'd'])
})

test('a page of an older version that does not let go is told, and nobody waits for it; nothing is kept open behind it', async () => {
  const name = newName()
  const opening = indexedDB.open(`mimir-${name}-files`, 1)
  opening.onupgradeneeded = () => {
    opening.result.createObjectStore('names').createIndex('folder', 'folder')
    opening.result.createObjectStore('inodes', { autoIncrement: true })
    opening.result.createObjectStore('chunks')
  }
  const older = await done(opening)
  const refused = { code: 'in-use', message: expect.stringContaining('close its page') }
  const disk = newDisk(name)
  await expect(disk.list('/')).rejects.toMatchObject(refused)
  await expect(disk.open('/file', 'create')).rejects.toMatchObject(refused)
  older.close()
  const next = newDisk(name)
  expect(await next.list('/')).toEqual([])
  await next.close()
  // Nobody would close it for us.
  await new Promise<void>((resolve, reject) => {
    const deleting = indexedDB.deleteDatabase(`mimir-${name}-files`)
    deleting.onsuccess = () => resolve()
    deleting.onblocked = () => reject(new Error('blocked'))
  })
})

test('where no database can be opened, everything says why', async () => {
  const factory = breakableFactory()
  factory.isBroken = true
  const disk = newDisk(newName(), factory)
  await expect(disk.find('/file')).rejects.toMatchObject({
    code: 'EIO',
    message: expect.stringContaining('said the test'),
  })
  await expect(disk.open('/file', 'create')).rejects.toMatchObject({ code: 'EIO' })
  await disk.close()
})
