import { readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sha256 } from '@mimirjs/crypto'
import { createRandom } from '@mimirjs/transport/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Part } from '../../src/files/part.js'
import { nodeDisk } from '../../src/platform/node/disk.js'
import { breakableDisk } from './support/breakable-disk.js'
import { filesIn, newFolder } from './support/folders.js'
import './support/cleanup.js'

const bytes = createRandom(1).bytes(300_000)

test('bytes that come in pieces are written in order and hashed', async () => {
  const folder = newFolder()
  let files = 0
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(50_000), { maxLength: 20 }), async (sizes) => {
      const path = join(folder, String(files++))
      const part = await Part.open(nodeDisk, path, 0)
      let at = 0
      for (const size of sizes) {
        await part.append(bytes.subarray(at, at + size))
        at = Math.min(bytes.length, at + size)
      }
      await part.settle()
      expect(part.bytes).toBe(at)
      expect(await part.sync()).toBe(at)
      expect(await part.digest()).toEqual(sha256(bytes.subarray(0, at)))
      await part.close()
      expect(Buffer.compare(readFileSync(path), bytes.subarray(0, at))).toBe(0)
    }),
    { seed: 1, numRuns: 30 },
  )
})

test('what is given may be changed afterwards', async () => {
  const path = join(newFolder(), 'a')
  const part = await Part.open(nodeDisk, path, 0)
  const piece = new Uint8Array([1, 2, 3])
  void part.append(piece)
  piece.fill(9)
  await part.settle()
  await part.close()
  expect([...readFileSync(path)]).toEqual([1, 2, 3])
})

test('it goes on where it is known to be on the disk; the rest is cut off, and all of it is hashed again', async () => {
  const path = join(newFolder(), 'a')
  const first = await Part.open(nodeDisk, path, 0)
  await first.append(bytes.subarray(0, 1_000))
  await first.append(new Uint8Array(500))
  await first.settle()
  await first.close()
  const second = await Part.open(nodeDisk, path, 1_000)
  expect(second.bytes).toBe(1_000)
  await second.append(bytes.subarray(1_000, 5_000))
  expect(await second.digest()).toEqual(sha256(bytes.subarray(0, 5_000)))
  await second.close()
  expect(Buffer.compare(readFileSync(path), bytes.subarray(0, 5_000))).toBe(0)
})

test('a file that has less than it should goes on from there', async () => {
  const path = join(newFolder(), 'a')
  writeFileSync(path, bytes.subarray(0, 10))
  const part = await Part.open(nodeDisk, path, 1_000)
  expect(part.bytes).toBe(10)
  await part.close()
})

test('begun anew it is empty, and its hash is that of what comes then', async () => {
  const path = join(newFolder(), 'a')
  const part = await Part.open(nodeDisk, path, 0)
  await part.append(bytes)
  await part.reset()
  expect(part.bytes).toBe(0)
  await part.append(bytes.subarray(7, 9))
  expect(await part.digest()).toEqual(sha256(bytes.subarray(7, 9)))
  await part.close()
  expect(readFileSync(path)).toHaveLength(2)
})

test('the memory it takes is bounded by asking for patience', async () => {
  const part = await Part.open(nodeDisk, join(newFolder(), 'a'), 0)
  let asked = 0
  for (let at = 0; at < 5_000_000; at += 65_536) {
    const patience = part.append(new Uint8Array(65_536))
    if (patience) {
      asked++
      await patience
    }
  }
  // Nobody else could run in between, so each 512 KiB and one piece had to wait.
  expect(asked).toBeGreaterThanOrEqual(Math.floor(5_000_000 / (524_288 + 65_536)))
  await part.settle()
  await part.close()
})

test('a full disk is said where it is asked, in words, and nothing more is taken', async () => {
  const disk = breakableDisk()
  const path = join(newFolder(), 'a')
  const part = await Part.open(disk, path, 0)
  disk.roomBytes = 1_000
  await part.append(bytes.subarray(0, 2_000))
  await expect(part.settle()).rejects.toMatchObject({
    name: 'MessengerError',
    code: 'file',
    message: `cannot write ${path}: the disk is full; free some space`,
  })
  disk.roomBytes = Number.POSITIVE_INFINITY
  expect(part.append(bytes)).toBeUndefined()
  await expect(part.sync()).rejects.toMatchObject({ code: 'file' })
  await part.close()
  expect(readFileSync(path)).toHaveLength(1_000)
  expect(disk.openFiles.size).toBe(0)
})

test.each(['datasync', 'truncate'] as const)('a disk whose %s fails is not believed any more', async (call) => {
  const disk = breakableDisk()
  const part = await Part.open(disk, join(newFolder(), 'a'), 0)
  await part.append(bytes)
  disk.fail(call, 'EIO')
  await expect(call === 'datasync' ? part.sync() : part.reset()).rejects.toMatchObject({ code: 'file' })
  disk.fail(call, undefined)
  await expect(part.settle()).rejects.toMatchObject({ code: 'file' })
  await part.close()
})

test('a symbolic link in its place is not followed', async () => {
  const folder = newFolder()
  writeFileSync(join(folder, 'victim'), 'precious')
  symlinkSync(join(folder, 'victim'), join(folder, 'a'))
  const error = { code: 'file', message: expect.stringContaining('symbolic link') }
  await expect(Part.open(nodeDisk, join(folder, 'a'), 0)).rejects.toMatchObject(error)
  expect(readFileSync(join(folder, 'victim'), 'utf8')).toBe('precious')
  expect(filesIn(folder)).toEqual(['a', 'victim'])
})
