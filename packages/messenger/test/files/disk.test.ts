import { mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { fileError, withFile } from '../../src/files/file-error.js'
import { nodeDisk } from '../../src/platform/node/disk.js'
import './support/cleanup.js'
import { filesIn, newFolder } from './support/folders.js'

describe('a folder', () => {
  test('is made with those above it, by several at once', async () => {
    const folder = newFolder()
    const path = join(folder, 'a', 'b', 'c')
    await Promise.all(Array.from({ length: 8 }, () => nodeDisk.makeFolder(path)))
    expect(statSync(path).mode & 0o777).toBe(0o700)
    expect(statSync(join(folder, 'a')).mode & 0o777).toBe(0o700)
    await nodeDisk.makeFolder(`${path}/`)
  })

  test('cannot be made where there is a file, or where the system makes none', async () => {
    const folder = newFolder()
    writeFileSync(join(folder, 'file'), '')
    await expect(nodeDisk.makeFolder(join(folder, 'file'))).rejects.toMatchObject({ code: 'EEXIST' })
    await expect(nodeDisk.makeFolder(join(folder, 'file', 'a'))).rejects.toThrow()
    if (process.platform === 'linux') await expect(nodeDisk.makeFolder('/proc/no/such/place')).rejects.toThrow()
  })

  test('that is not there has no names in it', async () => {
    expect(await nodeDisk.list(join(newFolder(), 'no'))).toEqual([])
  })

  test('tells how much is free, or nothing', async () => {
    expect(await nodeDisk.freeBytes(newFolder())).toBeGreaterThan(0)
    expect(await nodeDisk.freeBytes(join(newFolder(), 'no'))).toBeUndefined()
  })
})

describe('a file', () => {
  test('is created only where nothing is, and never through a link', async () => {
    const folder = newFolder()
    const at = (name: string): string => join(folder, name)
    writeFileSync(at('there'), 'x')
    symlinkSync(at('nowhere'), at('link'))
    for (const name of ['there', 'link']) {
      await expect(nodeDisk.open(at(name), 'create')).rejects.toMatchObject({ code: 'EEXIST' })
      await expect(nodeDisk.link(at('there'), at(name))).rejects.toMatchObject({ code: 'EEXIST' })
      await expect(nodeDisk.copy(at('there'), at(name))).rejects.toMatchObject({ code: 'EEXIST' })
    }
    symlinkSync(at('there'), at('good'))
    for (const how of ['read', 'update'] as const) {
      await expect(nodeDisk.open(at('good'), how)).rejects.toMatchObject({ code: 'ELOOP' })
    }
    await (await nodeDisk.open(at('good'), 'source')).close()
    expect(filesIn(folder).filter((name) => name === 'nowhere')).toEqual([])
  })

  test('is removed without following a link, and not being there is no failure', async () => {
    const folder = newFolder()
    writeFileSync(join(folder, 'precious'), 'x')
    symlinkSync(join(folder, 'precious'), join(folder, 'link'))
    await nodeDisk.remove(join(folder, 'link'))
    await nodeDisk.remove(join(folder, 'link'))
    expect(readFileSync(join(folder, 'precious'), 'utf8')).toBe('x')
    mkdirSync(join(folder, 'sub'))
    await expect(nodeDisk.remove(join(folder, 'sub'))).rejects.toThrow()
  })
})

describe('what the system says', () => {
  test.each([
    ['ENOSPC', 'cannot write /a: the disk is full; free some space'],
    ['EACCES', 'cannot write /a: permission denied; allow this program to use it, or choose another place'],
    ['ENAMETOOLONG', 'cannot write /a: the name is too long; choose a shorter one'],
    ['EWHAT', 'cannot write /a: EWHAT happened'],
  ])('%s is one sentence', async (code, message) => {
    const cause = Object.assign(new Error(`${code} happened`), { code })
    const failing = withFile('write', '/a', () => Promise.reject(cause))
    await expect(failing).rejects.toMatchObject({
      name: 'MessengerError',
      code: 'file',
      blame: 'local',
      message,
      cause,
    })
  })

  test('an error of ours stays what it is', () => {
    const error = fileError('read', '/a', 'text')
    expect(error.message).toBe('cannot read /a: text')
    expect(fileError('write', '/b', error)).toBe(error)
  })
})
